"""Redaction: takes words that should never have been typed (a name in a free text) out of the log and the tables.

The event that brought them keeps its hash: what was taken out is replaced by a tombstone, and the redaction is an event
of its own that names every tombstone, who, when and why. The triggers let exactly that change of the log pass.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from django.db import transaction

from trialwright.conduct.actions.attachments import forget_file
from trialwright.conduct.actions.ledger import Deed, deed
from trialwright.conduct.actions.signing import void
from trialwright.conduct.actions.verification import counted
from trialwright.conduct.rules.chain import canonical_json, parts_of
from trialwright.conduct.rules.policy import Person
from trialwright.conduct.rules.values import Place
from trialwright.conduct.store import models as db
from trialwright.conduct.store.erase import erasing
from trialwright.conduct.store.rows import rows
from trialwright.conduct.verifier import REDACTED, canonical, fold
from trialwright.kernel.errors import Refused, UnknownName

WORDS: dict[str, tuple[type[db.Projection], str]] = {
    "query": (db.Query, "text"),
    "message": (db.Message, "text"),
    "visit": (db.Visit, "reason"),
}
"""Tables beside the values that hold words as typed, and the column that does."""
SHORT = 3
"""Words shorter than this are not looked for elsewhere: they stand everywhere."""


@dataclass(frozen=True, slots=True)
class Redacted:
    """What a redaction did. `sequence`: its own event; `events`: those from which something was taken out.

    `elsewhere`: events of the subject that still hold the same words at another place, to be looked at.
    """

    sequence: int
    events: tuple[int, ...]
    elsewhere: tuple[int, ...]


def redact_value(
    study_id: str, subject_id: str, form_id: str, item: str, *, visit: str = "", group: str = "", row: int = 1,
    sequence: int | None = None, reason: str, by: Person, at: dt.datetime | None = None,
) -> Redacted:  # fmt: skip
    """Take a captured value out of the log, wherever this field held it, and out of the table.

    `sequence`: the event that brought the value; None: the value that the field holds now.
    One that was emptied since is named by its event alone. Raises Refused, UnknownName.
    """
    with erasing(), transaction.atomic():
        with deed(study_id, "redact_value", by=by, at=at, reason=_reason(reason)) as doing:
            subject = doing.subject(subject_id, visit=visit, form=form_id)
            form = rows(db.Form).get(subject=subject, visit=visit, form=form_id)
            held = _field(form, group, row, item) if form else None
            key = held.natural_key() if held else _emptied(doing, sequence, (group, row, item))
            if form is None or key is None:
                raise UnknownName("value", f"{form_id} {item}", ())
            doing.demand_open(visit, form_id, *key[4:])
            field = _Field(doing, db.Value.TABLE, key, "value")
            words = held.value if held and sequence is None else field.brought(sequence or 0)
            field.take_out(words)
            if held and held.value == words:
                held.value = REDACTED
                doing.change(held, value="", null_reason="redacted")
                _redacted(doing, form, held)
            forget_file(doing.trial, words)
        return field.finish(words)


def _redacted(doing: Deed, form: db.Form, value: db.Value) -> None:
    """Consequences for the form: it is another one than was signed, and than was verified in that field."""
    void(doing, form)
    columns: dict[str, Any] = {"version": form.version + 1}
    if form.state == "signed":
        columns["state"] = "complete"
    if form.verified:
        held = [(v.group, v.row, v.item) for v in rows(db.Value).all(form=form)]
        fields = doing.under(form.definition).form(form.form)
        columns |= counted(doing, form, fields, [(value.group, value.row, value.item)], held)
    doing.change(form, **columns)


def redact_words(
    study_id: str, subject_id: str, table: str, key: tuple[Any, ...], *,
    reason: str, by: Person, at: dt.datetime | None = None,
) -> Redacted:  # fmt: skip
    """Take words out of one of the tables WORDS; `key` names the row within the subject: (query, message), (visit,).

    Raises Refused, UnknownName.
    """
    if table not in WORDS:
        raise UnknownName("table of words", table, WORDS)
    model, column = WORDS[table]
    with erasing(), transaction.atomic():
        with deed(study_id, "redact_value", by=by, at=at, reason=_reason(reason)) as doing:
            subject = doing.subject(subject_id)
            names = dict(zip(model.KEY, (study_id, subject.subject, *key), strict=False))
            held = model._default_manager.filter(**names).first() if len(names) == len(model.KEY) else None
            if held is None:
                raise UnknownName(table, " ".join(map(str, key)), ())
            field = _Field(doing, table, held.natural_key(), column)
            words = getattr(held, column)
            field.take_out(words)
            setattr(held, column, REDACTED)
            rows(type(held)).update(held, [column])  # the log says so from the beginning: nothing changes in it
        return field.finish(words)


def redact_reason(
    study_id: str, sequence: int, *, reason: str, by: Person, at: dt.datetime | None = None
) -> Redacted:  # fmt: skip
    """Take the reason out that was given with an event. Raises Refused, UnknownName."""
    with erasing(), transaction.atomic():
        with deed(study_id, "redact_value", by=by, at=at, reason=_reason(reason)) as doing:
            event = doing.trial.events.filter(sequence=sequence).first()
            if event is None:
                raise UnknownName("event", str(sequence), ())
            _at_the_place_of(doing, event)
            words = event.reason
            if words in ("", REDACTED):
                raise Refused(f"Event {sequence} has no reason that could be redacted.")
            _unrepeated(doing, words)
            content = json.loads(event.content)
            content["salt"] = _stone(event.content, words, ["reason", words, content["salt"]])
            told = {"event": sequence, "table": "reason", "path": ["salt"], "row": [REDACTED, content["salt"]]}
            doing.details["redacts"] = [told]
        doing.trial.events.filter(sequence=sequence).update(content=canonical_json(content), reason=REDACTED)
        return Redacted(doing.trial.sequence, (sequence,), _elsewhere(doing, event.subject, words))


def _reason(reason: str) -> str:
    if not reason.strip():
        raise Refused("A redaction needs a reason.", hint="Say why, without the words that are redacted.")
    return reason.strip()


def _unrepeated(doing: Deed, words: str) -> None:
    if len(words) >= SHORT and words in doing.reason:
        raise Refused("The reason repeats what is to be redacted.", hint="Say why without those words.")


def _stone(content: str, reason: str, part: list[Any]) -> dict[str, str]:
    """What stands in the place of a part's salt once it is redacted: its hash, and that of all parts as they were."""
    folded = fold(parts_of(json.loads(content), reason))
    return {"content": folded.content, "redacted": sha256(canonical(part)).hexdigest()}


def _at_the_place_of(doing: Deed, event: db.Event) -> None:
    if event.subject:
        doing.subject(event.subject, visit=event.visit, form=event.form)
    elif event.site:
        doing.site(event.site)
    else:
        doing.permit()


def _field(form: db.Form, group: str, row: int, item: str) -> db.Value | None:
    """The value of a field; `group` "" where the item stands in one group only."""
    fitting = [v for v in rows(db.Value).all(form=form) if v.item == item and v.row == row and group in ("", v.group)]
    return fitting[0] if len(fitting) == 1 else None


def _emptied(doing: Deed, sequence: int | None, field: Place) -> list[Any] | None:
    """The key of a value that an event brought and that is gone by now; None when it brought none."""
    found = doing.trial.events.filter(sequence=sequence or 0, subject=doing.place.subject).values_list(
        "content", flat=True
    )
    place, (group, row, item) = doing.place, field
    for content in found:
        for key, *_ in json.loads(content)["rows"].get(db.Value.TABLE, ()):
            if (
                key[1:4] == [place.subject, place.visit, place.form]
                and key[5:] == [row, item]
                and group in ("", key[4])
            ):
                return list(key)
    return None


class _Field:
    """One column of one row, and all events that ever wrote it."""

    def __init__(self, doing: Deed, table: str, key: list[Any], column: str) -> None:
        self.doing, self.column, self.table, self.key = doing, column, table, key
        self.subject = doing.place.subject
        self.changed: dict[int, list[str]] = {}
        """Event -> its contents, one tombstone after the other."""

    def brought(self, sequence: int) -> str:
        """The words that an event brought into the field. Raises Refused."""
        for number, _, row in self._written():
            if number == sequence and (row[2] or {}).get(self.column):
                return str(row[2][self.column])
        raise Refused(f"Event {sequence} brought nothing into this field.", hint="The audit trail names the events.")

    def take_out(self, words: str) -> None:
        """Note a tombstone in the deed for every row in which the field held the words, before or after."""
        if words in ("", REDACTED):
            raise Refused("There is nothing in this field that could be redacted.")
        _unrepeated(self.doing, words)
        told: list[dict[str, Any]] = []
        for number, index, row in self._written():
            old, new = (self._without(side, words) for side in row[1:3])
            if [old, new] == row[1:3]:
                continue
            stone = row[3] if isinstance(row[3], dict) else _stone(*self._texts(number), [self.table, *row])
            place = ["rows", self.table, index]
            told.append({"event": number, "table": self.table, "path": place, "row": [row[0], old, new, stone]})
        self.doing.details["redacts"] = told

    def finish(self, words: str) -> Redacted:
        """Change the log as the redaction's own event tells, which is written by now."""
        told = self.doing.details["redacts"]
        events = self.doing.trial.events
        for each in told:
            event = events.filter(sequence=each["event"])
            content = json.loads(event.values_list("content", flat=True)[0])
            content["rows"][self.table][each["path"][2]] = each["row"]
            event.update(content=canonical_json(content))
        numbers = tuple(sorted({each["event"] for each in told}))
        return Redacted(self.doing.trial.sequence, numbers, _elsewhere(self.doing, self.subject, words))

    def _written(self) -> Iterator[tuple[int, int, list[Any]]]:
        """(event, index of the row, row) of everything that was written to the row of this field, in order."""
        events = self.doing.trial.events.filter(subject=self.subject).order_by("sequence")
        for sequence, content in events.values_list("sequence", "content"):
            for index, row in enumerate(json.loads(content)["rows"].get(self.table, ())):
                if row[0] == self.key:
                    yield sequence, index, row

    def _texts(self, sequence: int) -> tuple[str, str]:
        """Content and reason of an event."""
        found = self.doing.trial.events.filter(sequence=sequence).values_list("content", "reason")[0]
        return found[0], found[1]

    def _without(self, side: dict[str, Any] | None, words: str) -> dict[str, Any] | None:
        return {**side, self.column: REDACTED} if side and side.get(self.column) == words else side


def _elsewhere(doing: Deed, subject: str, words: str) -> tuple[int, ...]:
    """Events of the subject that hold the words still, as part of another text or at another place."""
    if len(words) < SHORT:
        return ()
    escaped = canonical_json(words)[1:-1]
    events = doing.trial.events.filter(subject=subject).order_by("sequence")
    found = events.values_list("sequence", "content", "reason")
    return tuple(number for number, content, reason in found if escaped in content or words in reason)
