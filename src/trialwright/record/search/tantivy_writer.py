"""Writes the embedded index: one writer for a folder, commits by the thousand, small files beside it."""

from __future__ import annotations

import json
import os
import shutil
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import tantivy
from tantivy import Query

from trialwright.kernel.errors import Refused, TrialwrightError
from trialwright.record.search.entry import Entry, entry
from trialwright.record.search.synonyms import Gathered
from trialwright.record.search.tantivy_schema import ELEMENTS, FORM, STUDIES, documents, schemas
from trialwright.record.store.base import Record

_STANDS, _NAMES = "stands.json", "names.json"
_HEAP = {STUDIES: 250_000_000, ELEMENTS: 50_000_000}
_COMMIT = 20_000
"""Records between two commits: an interruption costs no more."""
_GROWN = 0.02
"""Share of new records from which on the names are kept again; they are counts, and a few records change nothing."""


@dataclass(frozen=True, slots=True)
class Files:
    """The folder of an index, and the small files in it: where it stands, and the names that its records use."""

    folder: Path

    def prepare(self) -> None:
        """Make the folder; throw away an index of another form."""
        self.folder.mkdir(parents=True, exist_ok=True)
        if self.stands()["form"] != FORM:
            for name in schemas():
                shutil.rmtree(self.folder / name, ignore_errors=True)
            for name in (_STANDS, _NAMES):
                (self.folder / name).unlink(missing_ok=True)

    def stands(self) -> dict[str, int]:
        try:
            found: dict[str, int] = json.loads((self.folder / _STANDS).read_text())
        except FileNotFoundError:
            return {"form": FORM, "upto": 0}
        return found

    def stamp(self) -> tuple[int, int]:
        """Changes with every commit."""
        try:
            stat = (self.folder / _STANDS).stat()
        except FileNotFoundError:
            return 0, 0
        return stat.st_mtime_ns, stat.st_ino

    def names(self) -> Gathered:
        file = self.folder / _NAMES
        return Gathered(**json.loads(file.read_text())) if file.exists() else Gathered()

    def keep_stand(self, upto: int) -> None:
        self._keep(_STANDS, {"form": FORM, "upto": upto})

    def keep_names(self, names: Gathered) -> None:
        self._keep(_NAMES, names.counts())

    def _keep(self, name: str, values: Mapping[str, Any]) -> None:
        """Write a small file whole or not at all."""
        fresh = self.folder / f"{name}.new"
        fresh.write_text(json.dumps(values))
        os.replace(fresh, self.folder / name)


class Writer:
    """Adds records; takes the folder's lock with the first one and gives it back with `close`."""

    def __init__(self, files: Files, indexes: Mapping[str, tantivy.Index]) -> None:
        self._files, self._indexes = files, indexes
        self._lock = threading.RLock()
        self._writers: dict[str, tantivy.IndexWriter] = {}
        self._pending: set[int] = set()
        self._upto = -1
        self._names: Gathered | None = None
        self._unkept = 0

    def upto(self) -> int:
        return self._upto if self._pending else self._files.stands()["upto"]

    def add(self, records: Iterable[Record | Entry], upto: int) -> int:
        """Add records. When it fails, everything since the last commit is gone, and `upto` says so."""
        with self._lock:
            self._open()
            try:
                count = self._write(records)
                self._upto = upto
                if len(self._pending) >= _COMMIT or not count:
                    self._commit()
            except ValueError as error:
                self._undo()
                where, hint = str(self._files.folder), "Is the disk full?"
                raise TrialwrightError(f"The index cannot be written: {error}.", where=where, hint=hint) from None
            except BaseException:
                self._undo()
                raise
            return count

    def commit(self) -> None:
        """Make what was added visible to everybody."""
        if self._pending:
            with self._lock:
                if self._pending:
                    self._commit()

    def close(self) -> None:
        """Commit, keep the names and give the lock back."""
        with self._lock:
            if not self._writers:
                return
            self.commit()
            if self._names and self._unkept:
                self._files.keep_names(self._names)
                self._unkept = 0
            for writer in self._writers.values():
                writer.wait_merging_threads()
            self._writers.clear()

    def _open(self) -> None:
        for name, index in self._indexes.items():
            if name not in self._writers:
                try:
                    self._writers[name] = index.writer(_HEAP[name], 1)
                except ValueError:
                    where, hint = str(self._files.folder), "Wait until it is done."
                    raise Refused("Another process is writing this index.", where=where, hint=hint) from None
        self._names = self._names or self._files.names()

    def _write(self, records: Iterable[Record | Entry]) -> int:
        index, known = schemas(), self._committed()
        count = 0
        for record in records:
            made = entry(record)
            found = made.found
            if found.number in self._pending or known.doc_freq("number", found.number):
                for name, writer in self._writers.items():
                    writer.delete_documents_by_query(Query.term_query(index[name], "number", found.number))
            elif self._names is not None:
                self._names.take(made.names)
                self._unkept += 1
            self._pending.add(found.number)
            study, elements = documents(made)
            self._writers[STUDIES].add_document(study)
            for each in elements:
                self._writers[ELEMENTS].add_document(each)
            count += 1
        return count

    def _committed(self) -> tantivy.Searcher:
        index = self._indexes[STUDIES]
        index.reload()
        return index.searcher()

    def _commit(self) -> None:
        for writer in self._writers.values():
            writer.commit()
        if self._names and self._unkept > _GROWN * self._committed().num_docs:
            self._files.keep_names(self._names)
            self._unkept = 0
        self._files.keep_stand(self._upto)
        self._pending.clear()

    def _undo(self) -> None:
        """Forget what is not committed; a writer that cannot even do that is thrown away."""
        self._pending.clear()
        self._names, self._unkept = None, 0
        try:
            for writer in self._writers.values():
                writer.rollback()
        except ValueError:
            self._writers.clear()
