"""Does the history hold? Recomputes the hash chain, replays the log, and compares every table with the outcome."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from trialwright.conduct.rules.chain import Key, Tables, event_hash, replay, sha256, show_key
from trialwright.conduct.store import models as db
from trialwright.conduct.store.tables import current
from trialwright.kernel.errors import UnknownName

_COLUMNS = (
    "sequence", "at", "local", "zone", "who", "role", "action", "site", "subject", "visit", "form", "reason", "content",
    "version", "previous",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Verification:
    """`problems` is empty when nothing was changed behind the log's back; each names the event or the value."""

    study: str
    events: int
    head: str
    problems: tuple[str, ...]

    @property
    def verified(self) -> bool:
        return not self.problems


def verify_audit(study_id: str) -> Verification:
    """Verify one study. Raises UnknownName."""
    trial = db.Trial.objects.filter(study=study_id).first()
    if trial is None:
        raise UnknownName("study in conduct", study_id, db.Trial.objects.values_list("study", flat=True))
    log = _Log(trial)
    problems: list[str] = []
    expected: Tables = {}
    try:
        expected = replay(log.contents())
    except ValueError as error:
        problems.append(f"The log contradicts itself at event {log.sequence}: {error}.")
    problems = [*log.problems(), *problems]
    if expected:
        problems += _differences(expected, current(study_id))
    problems += _definitions(trial)
    return Verification(study_id, log.count, trial.head, tuple(problems))


def verify_all() -> tuple[Verification, ...]:
    """Verify every study of the database, in order of id."""
    return tuple(verify_audit(study) for study in db.Trial.objects.order_by("study").values_list("study", flat=True))


class _Log:
    """Walks the log once, noting every broken link."""

    def __init__(self, trial: db.Trial) -> None:
        self.trial = trial
        self.count = self.sequence = 0
        self._last = ""
        self._broken: list[str] = []

    def contents(self) -> Iterator[dict[str, Any]]:
        events = db.Event.objects.filter(trial=self.trial).order_by("sequence")
        for *columns, digest in events.values_list(*_COLUMNS, "hash").iterator(chunk_size=2000):
            fields: dict[str, Any] = {"study": self.trial.study, **dict(zip(_COLUMNS, columns, strict=True))}
            self._check(fields, digest)
            yield self._content(fields)

    def _check(self, fields: dict[str, Any], digest: str) -> None:
        expected, self.sequence = self.sequence + 1, fields["sequence"]
        if self.sequence != expected:
            self._broken.append(f"Event {expected} is missing: event {self.sequence} follows {expected - 1}.")
        if event_hash(fields) != digest:
            self._broken.append(f"Event {self.sequence} ({fields['action']}) was edited: its hash does not fit.")
        if fields["previous"] != self._last:
            self._broken.append(f"Event {self.sequence} does not follow on the event before it.")
        self._last, self.count = digest, self.count + 1

    def _content(self, fields: dict[str, Any]) -> dict[str, Any]:
        try:
            content = json.loads(fields["content"])
        except json.JSONDecodeError:
            content = {}
        return content if isinstance(content, dict) else {}

    def problems(self) -> list[str]:
        """Broken links, and whether the end of the log is the end that the study's row remembers."""
        found = list(self._broken)
        if self.sequence != self.trial.sequence:
            found.append(f"The log ends at event {self.sequence}; {self.trial.sequence} events were written.")
        elif self._last != self.trial.head:
            found.append(f"The last event ({self.sequence}) is not the one that was written.")
        return found


def _differences(expected: Tables, found: Tables) -> Iterator[str]:
    for table in sorted({*expected, *found}):
        rows, held = expected.get(table, {}), found.get(table, {})
        for key in sorted({*rows, *held}, key=str):
            yield from _difference(table, key, rows.get(key), held.get(key))


def _difference(table: str, key: Key, logged: dict[str, Any] | None, held: dict[str, Any] | None) -> Iterator[str]:
    name = f"The {table} {show_key(key)}"
    if held is None:
        yield f"{name} was deleted: the log has it, the table has not."
    elif logged is None:
        yield f"{name} was inserted: the table has it, the log has not."
    else:
        for column in held:
            if held[column] != logged.get(column):
                yield f"{name} was edited: {column} is {held[column]!r}, by the log it is {logged.get(column)!r}."


def _definitions(trial: db.Trial) -> Iterator[str]:
    for version in trial.versions.order_by("version"):
        if sha256(version.definition) != version.sha256:
            yield f"The definition of version {version.version} was edited: its hash does not fit."
    if not trial.versions.filter(version=trial.version, sha256=trial.definition).exists():
        yield f"The definition in force (version {trial.version}) is not among those kept."
