"""Does the history hold? Walks it as the verifier does, replays it, and compares every table with the outcome."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from trialwright.conduct.rules.chain import Key, Tables, event_line, parts_of, replay, sha256, show_key
from trialwright.conduct.store import models as db
from trialwright.conduct.store import triggers
from trialwright.conduct.store.tables import current
from trialwright.conduct.verifier import PublicKey, Walk
from trialwright.conduct.worklists.history import COLUMNS, line_of
from trialwright.kernel.errors import UnknownName


@dataclass(frozen=True, slots=True)
class Anchor:
    """What is remembered of a log outside its database; a chain that was forged as a whole cannot agree with it."""

    events: int
    head: str
    source: str
    """Where it is remembered, for people."""


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


def verify_audit(study_id: str, anchor: Anchor | None = None) -> Verification:
    """Verify one study, against what is remembered outside too if `anchor` is given. Raises UnknownName."""
    trial = db.Trial.objects.filter(study=study_id).first()
    if trial is None:
        return _without_trial(study_id, anchor)
    log, expected, problems = _replayed(trial)
    problems += log.problems()
    found = current(study_id)
    if not log.count and found:
        problems.append("The log is empty, but the tables hold rows.")
    if anchor:
        problems += _outside(anchor, log.count, trial.head)
    problems += _triggers()
    problems += _definitions(trial)
    problems += _differences(expected, found)
    return Verification(study_id, log.count, trial.head, tuple(problems))


def verify_all(anchors: Mapping[str, Anchor] | None = None) -> tuple[Verification, ...]:
    """Verify every study that the database holds anything of, or that `anchors` (by study) remember, in order."""
    remembered = anchors or {}
    return tuple(verify_audit(study, remembered.get(study)) for study in sorted({*_named(), *remembered}))


def _named() -> set[str]:
    """Every study that a row belongs to, whether or not the study's own row is there."""
    named = set(db.Trial.objects.values_list("study", flat=True))
    for model in (db.Event, db.Version, db.Member, db.Site, db.Subject):
        named |= set(model._default_manager.values_list("trial_id", flat=True).distinct())
    return named


def _without_trial(study_id: str, anchor: Anchor | None) -> Verification:
    """The study's own row is not there, though other rows belong to it or it is remembered outside."""
    if anchor is None and study_id not in _named():
        raise UnknownName("study in conduct", study_id, db.Trial.objects.values_list("study", flat=True))
    events = db.Event.objects.filter(trial_id=study_id).count()
    problem = f"The study {study_id} was deleted: its row is missing, and {events} events belong to it."
    return Verification(study_id, events, "", (problem, *_triggers()))


def _replayed(trial: db.Trial) -> tuple[_Log, Tables, list[str]]:
    """The log, walked to its end, and what it says the tables hold; a contradiction in it is the third."""
    log = _Log(trial)
    try:
        return log, replay(log.contents()), []
    except (ValueError, TypeError, AttributeError) as error:
        problem = f"The log contradicts itself at event {log.sequence}: {error}."
    log = _Log(trial)
    readable = [content for content in log.contents() if _has_shape(content)]
    return log, replay(readable, strict=False), [problem]


def _has_shape(content: dict[str, Any]) -> bool:
    """Whether the changes of an event can be folded at all."""
    try:
        replay([content], strict=False)
    except (ValueError, TypeError, AttributeError):
        return False
    return True


def _triggers() -> Iterator[str]:
    for name in triggers.broken():
        yield f"The trigger {name}, which keeps the log append-only, is missing or was changed."


def _outside(anchor: Anchor, events: int, head: str) -> Iterator[str]:
    if events != anchor.events:
        yield f"{anchor.source} remembers {anchor.events} events; the log has {events}."
    if head != anchor.head:
        yield f"{anchor.source} remembers the head {anchor.head[:16]}; the log's is {head[:16] or 'empty'}."


class _Log:
    """Walks the log once, as the verifier of an export does, noting whatever does not fit."""

    def __init__(self, trial: db.Trial) -> None:
        self.trial = trial
        self._seals = {row.size: row for row in trial.checkpoints.order_by("-number")}
        self._walk = Walk(trial.study, [PublicKey.read(text) for text in {row.key for row in self._seals.values()}])
        self._last = ""

    @property
    def count(self) -> int:
        return self._walk.tree.size

    @property
    def sequence(self) -> int:
        return self._walk.sequence

    def contents(self) -> Iterator[dict[str, Any]]:
        events = db.Event.objects.filter(trial=self.trial).order_by("sequence")
        for *columns, digest in events.values_list(*COLUMNS, "hash").iterator(chunk_size=2000):
            fields: dict[str, Any] = {"study": self.trial.study, **dict(zip(COLUMNS, columns, strict=True))}
            content = self._content(fields)
            try:
                parts = parts_of(content, fields["reason"])
            except ValueError:
                content, parts = {}, []
            self._walk.event(event_line(fields, parts), b"\n".join(parts), digest)
            self._last = digest
            if seal := self._seals.pop(self._walk.tree.size, None):
                self._walk.checkpoint(line_of(seal))
            yield content

    def _content(self, fields: dict[str, Any]) -> dict[str, Any]:
        try:
            content = json.loads(fields["content"])
        except json.JSONDecodeError:
            content = {}
        return content if isinstance(content, dict) else {}

    def problems(self) -> list[str]:
        """What was found, and whether the end of the log is the end that the study's row remembers."""
        for seal in sorted(self._seals.values(), key=lambda row: row.number):
            self._walk.checkpoint(line_of(seal))
        self._walk.finish(whole=False)
        found = list(self._walk.problems)
        if self.sequence != self.trial.sequence:
            found.append(f"The log ends at event {self.sequence}; {self.trial.sequence} events were written.")
        elif self._last != self.trial.head:
            found.append(f"The last event ({self.sequence}) is not the one that was written.")
        if self._walk.sealed != self.trial.sealed:
            found.append(f"{self._walk.sealed} events are sealed; {self.trial.sealed} were.")
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
