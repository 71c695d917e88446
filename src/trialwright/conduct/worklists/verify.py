"""Does the history hold? Walks it as the verifier does, replays it, and compares every table with the outcome."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from trialwright.conduct.rules.chain import event_line, read_event, sha256
from trialwright.conduct.rules.locks import Scope
from trialwright.conduct.store import models as db
from trialwright.conduct.store import triggers
from trialwright.conduct.store.rows import rows
from trialwright.conduct.store.streams import one_moment
from trialwright.conduct.verifier import PublicKey, Walk
from trialwright.conduct.worklists.history import COLUMNS, line_of
from trialwright.conduct.worklists.replaying import Replaying
from trialwright.conduct.worklists.signatures import disagreeing
from trialwright.kernel.errors import UnknownName
from trialwright.kernel.texts import JOINT


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
    """Verify one study, against what is remembered outside too if `anchor` is given. Raises UnknownName.

    Log and tables are read as they stood in one moment, for people may be at work meanwhile.
    """
    with one_moment():
        return _verify(study_id, anchor)


def _verify(study_id: str, anchor: Anchor | None) -> Verification:
    trial = db.Trial.objects.filter(study=study_id).first()
    if trial is None:
        return _without_trial(study_id, anchor)
    log, replaying = _Log(trial), Replaying(trial)
    for sequence, subject, content in log.events():
        replaying.take(sequence, subject, content)
    differences = replaying.differences()
    problems = [*replaying.contradictions(), *log.problems()]
    if not log.count:
        problems.append("The log is empty, but the tables hold rows.")
    if anchor:
        problems += _outside(anchor, log.count, trial.head)
    problems += _triggers()
    problems += _definitions(trial)
    problems += differences
    problems += _signatures(trial)
    problems += _files(trial)
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


def broken_triggers() -> list[str]:
    """Triggers of the log that are missing from the database, or do something else than they should."""
    return triggers.broken()


def _triggers() -> Iterator[str]:
    for name in broken_triggers():
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
        seals = trial.checkpoints.order_by("-number")
        self._seals: dict[int, int] = dict(seals.values_list("size", "pk"))
        keys = seals.order_by("key").values_list("key", flat=True).distinct()
        self._walk = Walk(trial.study, [PublicKey.read(text) for text in keys])
        self._last = ""

    @property
    def count(self) -> int:
        return self._walk.tree.size

    @property
    def sequence(self) -> int:
        return self._walk.sequence

    def events(self) -> Iterator[tuple[int, str, Mapping[str, Any] | None]]:
        """(sequence, subject, content) of each event; the content is None where it cannot be read."""
        events = db.Event.objects.filter(trial=self.trial).order_by("sequence")
        for *columns, digest in events.values_list(*COLUMNS, "hash").iterator(chunk_size=500):
            fields: dict[str, Any] = {"study": self.trial.study, **dict(zip(COLUMNS, columns, strict=True))}
            try:
                content, parts, line = read_event(fields, digest)
            except ValueError:
                content, parts, line = None, [], event_line(fields, [])
            self._walk.event(line, b"\n".join(parts), digest)
            self._last = digest
            if seal := self._seals.pop(self._walk.tree.size, None):
                self._walk.checkpoint(_line_of(seal))
            yield fields["sequence"], fields["subject"], content

    def problems(self) -> list[str]:
        """What was found, and whether the end of the log is the end that the study's row remembers."""
        for seal in db.Checkpoint.objects.filter(pk__in=self._seals.values()).order_by("number"):
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


def _line_of(seal: int) -> bytes:
    row = rows(db.Checkpoint).get(id=seal)
    assert row is not None, "it was there in the same moment"
    return line_of(row)


def _signatures(trial: db.Trial) -> Iterator[str]:
    for signature in disagreeing(trial):
        form = signature.form
        where = str(Scope("", form.subject.subject, form.visit, form.form))
        yield f"The signature {signature.number} under {where} no longer fits what the form holds."


def _files(trial: db.Trial) -> Iterator[str]:
    """The log knows a file by the SHA-256 of its content."""
    found = db.Attachment.objects.filter(trial=trial).order_by("id").values_list("sha256", "size", "content")
    for digest, size, content in found.iterator(chunk_size=4):
        if len(content) != size or hashlib.sha256(content).hexdigest() != digest:
            yield f"The file {digest[:16]} was edited: its hash does not fit."
    kept = set(db.Attachment.objects.filter(trial=trial).values_list("sha256", flat=True))
    named = db.Value.objects.filter(form__subject__trial=trial, item__in=_items_with_files(trial)).exclude(value="")
    places = ("form__subject__subject", "form__visit", "form__form", "item")
    for value, *place in named.order_by("id").values_list("value", *places):
        digest = value.rpartition(JOINT)[2]
        if digest not in kept:
            yield f"The file {digest[:16]} of {' '.join(filter(None, place))} is missing: deleted, or never attached."


def _items_with_files(trial: db.Trial) -> set[str]:
    """Items that are answered by a file in any version of the definition; one that was edited has its own problem."""
    found: set[str] = set()
    for definition in trial.versions.values_list("definition", flat=True):
        with suppress(ValueError, LookupError, TypeError, AttributeError):
            found |= {item["id"] for item in json.loads(definition)["items"] if item.get("type") == "file"}
    return found


def _definitions(trial: db.Trial) -> Iterator[str]:
    for version in trial.versions.order_by("version"):
        if sha256(version.definition) != version.sha256:
            yield f"The definition of version {version.version} was edited: its hash does not fit."
    if not trial.versions.filter(version=trial.version, sha256=trial.definition).exists():
        yield f"The definition in force (version {trial.version}) is not among those kept."
