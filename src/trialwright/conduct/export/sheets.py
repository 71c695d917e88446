"""Tables written row by row: as CSV (RFC 4180) straight into an archive, or as Parquet, piece by piece."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Literal, Protocol

from trialwright.conduct.export.cells import FIRST, safe
from trialwright.kernel.texts import Text

Cell = str | int | float | None
Row = list[Cell]
PIECE = 700_000
"""Cells of a Parquet table that are held in memory."""
_WRITTEN = (1980, 1, 1, 0, 0, 0)
"""The time that every file of an archive bears: the same data give the same bytes."""
BOM = "\ufeff"
Kind = Literal["text", "integer", "number"]


@dataclass(frozen=True, slots=True)
class Column:
    """`meaning` goes into the data dictionary. `item`: the column is of this item; `part` is number, unit or null.
    `free`: it may hold any text, not only names and codes of ours.
    """

    name: str
    meaning: Text
    kind: Kind = "text"
    item: str = ""
    part: str = ""
    free: bool = False


class Sheet(Protocol):
    """A table while it is written; leaving the block ends it."""

    def __enter__(self) -> Sheet: ...
    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None: ...
    def write(self, rows: Iterable[Row]) -> None: ...


class Archive:
    """A ZIP file of tables and texts. `kind`: csv or parquet."""

    def __init__(self, file: Path, kind: Literal["csv", "parquet"], *, bom: bool = False) -> None:
        self.kind, self.bom = kind, bom
        self.names: list[str] = []
        self._zip = zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, allowZip64=True, compresslevel=3)

    def __enter__(self) -> Archive:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._zip.close()

    def table(self, name: str, columns: Sequence[Column]) -> Sheet:
        """A table named `name`, which is written at once and alone."""
        if self.kind == "parquet":
            return _Parquet(self, name, columns)
        free = [n for n, column in enumerate(columns) if column.free]
        return _Csv(self.open(f"{name}.csv"), [column.name for column in columns], free, bom=self.bom)

    def csv(self, name: str, header: Sequence[str]) -> Sheet:
        """A table as CSV, whatever the others are; all of its columns hold free text."""
        return _Csv(self.open(f"{name}.csv"), header, range(len(header)), bom=self.bom)

    def text(self, name: str, text: str) -> None:
        with self.open(name) as out:
            out.write(text.encode())

    def open(self, name: str, *, packed: bool = True) -> IO[bytes]:
        """A file of the archive, to be written."""
        about = zipfile.ZipInfo(name, _WRITTEN)
        about.compress_type = zipfile.ZIP_DEFLATED if packed else zipfile.ZIP_STORED
        about.external_attr = 0o644 << 16
        self.names.append(name)
        return self._zip.open(about, "w", force_zip64=True)


class _Csv:
    def __init__(self, out: IO[bytes], header: Sequence[str], free: Sequence[int], *, bom: bool) -> None:
        self._free = free
        self._text = io.TextIOWrapper(out, encoding="utf-8", newline="", write_through=False)
        self._text.write(BOM if bom else "")
        self._writer = csv.writer(self._text, lineterminator="\r\n")
        self._writer.writerow(header)

    def __enter__(self) -> _Csv:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._text.close()

    def write(self, rows: Iterable[Row]) -> None:
        self._writer.writerows(map(self._safe, rows))

    def _safe(self, row: Row) -> Row:
        for n in self._free:
            cell = row[n]
            if cell and isinstance(cell, str) and cell[0] in FIRST:
                row[n] = safe(cell)
        return row


class _Parquet:
    """Polars writes a whole table at once, so a large one becomes several files in a folder of its name, which every
    reader of Parquet takes as one: joining them would need the memory that writing them one by one spares.
    """

    def __init__(self, archive: Archive, name: str, columns: Sequence[Column]) -> None:
        self._archive, self._name, self._columns = archive, name, columns
        self._held: list[Row] = []
        self._most = max(1, PIECE // len(columns))
        self._count = 0

    def __enter__(self) -> _Parquet:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        if problem is None and (self._held or not self._count):
            self._put(f"{self._name}/{self._count:04}.parquet" if self._count else f"{self._name}.parquet")

    def write(self, rows: Iterable[Row]) -> None:
        for row in rows:
            if len(self._held) >= self._most:
                self._put(f"{self._name}/{self._count:04}.parquet")
            self._held.append(row)

    def _put(self, name: str) -> None:
        import polars as pl

        kinds: dict[str, Any] = {"text": pl.String, "integer": pl.Int64, "number": pl.Float64}
        schema = {column.name: kinds[column.kind] for column in self._columns}
        frame = pl.DataFrame(self._held, schema, orient="row").with_columns(pl.col(pl.String).replace("", None))
        packed = io.BytesIO()
        frame.write_parquet(packed, compression="zstd")
        with self._archive.open(name, packed=False) as out:
            out.write(packed.getbuffer())
        self._count += 1
        self._held = []
