"""Redaction: takes words that should never have been typed (a name in a free text) out of the log and the tables.

The event that brought them keeps its hash: what was taken out is replaced by a tombstone, and the redaction is an event
of its own that names every tombstone, who, when and why. The triggers let exactly that change of the log pass.

A tombstone tells its row as it stands, and what else that row holds may have to go later: then what the earlier
redaction tells becomes a tombstone itself, and the later one tells the rest of it again.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from django.db import transaction

from trialwright.conduct.actions.attachments import forget_file
from trialwright.conduct.actions.drafts import forget_drafts
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
REPEATING: dict[str, tuple[type[db.Projection], str]] = {
    "visit": (db.Visit, "reason"),
    "subject": (db.Subject, "end_reason"),
    "lock": (db.Lock, "reason"),
    "version": (db.Version, "note"),
}
"""Tables whose rows repeat the reason of the event that wrote them, and the column that does: both go together."""
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
            out = _Removal(doing, words)
            out.of_field(field)
            if held and held.value == words:
                held.value = REDACTED
                doing.change(held, value="", null_reason="redacted")
                _redacted(doing, form, held)
            forget_file(doing.trial, words)
            forget_drafts(doing.trial, (subject_id, visit, form_id), words)
        return out.finish()


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
            _heed_locks(doing, held)
            out = _Removal(doing, getattr(held, column))
            out.of_field(_Field(doing, table, held.natural_key(), column))
            if table in REPEATING:
                out.of_reasons()
            _blank(held, column)
        return out.finish()


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
            if event.reason in ("", REDACTED):
                raise Refused(f"Event {sequence} has no reason that could be redacted.")
            out = _Removal(doing, event.reason.strip())
            out.of_reason(event)
            for table, key, column in _repeated(event):
                out.of_field(_Field(doing, table, key, column))
                held = _standing(table, key)
                if held is not None and getattr(held, column) == out.words:
                    _blank(held, column)
            out.of_reasons()
        return out.finish()


def _repeated(event: db.Event) -> Iterator[tuple[str, list[Any], str]]:
    """(table, key, column) of the rows that repeat the event's reason."""
    tables: Mapping[str, Any] = json.loads(event.content)["rows"]
    for table, (_, column) in REPEATING.items():
        for key, _, new, *_ in tables.get(table, ()):
            if new and new.get(column) == event.reason.strip():
                yield table, key, column


def _standing(table: str, key: list[Any]) -> db.Projection | None:
    model, _ = REPEATING[table]
    return model._default_manager.filter(**dict(zip(model.KEY, key, strict=True))).first()


def _blank(held: db.Projection, column: str) -> None:
    """The log says so from the beginning: nothing changes in it."""
    setattr(held, column, REDACTED)
    rows(type(held)).update(held, [column])


def _heed_locks(doing: Deed, held: db.Projection) -> None:
    """Words at a place that is locked stay, as values do. Raises Refused."""
    query = held.query if isinstance(held, db.Message) else held
    if isinstance(query, db.Query):
        doing.demand_open(query.visit, query.form, query.group, query.row, query.item)
    elif isinstance(held, db.Visit):
        doing.demand_open(held.visit)


def _reason(reason: str) -> str:
    if not reason.strip():
        raise Refused("A redaction needs a reason.", hint="Say why, without the words that are redacted.")
    return reason.strip()


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
        self.doing, self.table, self.key, self.column = doing, table, key, column

    def brought(self, sequence: int) -> str:
        """The words that an event brought into the field. Raises Refused."""
        for event, _, row in self.written():
            if event.sequence == sequence and (row[2] or {}).get(self.column):
                return str(row[2][self.column])
        raise Refused(f"Event {sequence} brought nothing into this field.", hint="The audit trail names the events.")

    def written(self) -> Iterator[tuple[db.Event, int, list[Any]]]:
        """(event, index of the row, row) of everything that was written to the row of this field, in order."""
        for event in self.doing.trial.events.filter(subject=self.doing.place.subject).order_by("sequence"):
            for index, row in enumerate(json.loads(event.content)["rows"].get(self.table, ())):
                if row[0] == self.key:
                    yield event, index, row

    def without(self, row: list[Any], words: str) -> list[Any]:
        """The row with a tombstone for the words, before or after; itself where the field did not hold them."""
        return [row[0], *(self._without(side, words) for side in row[1:3]), *row[3:]]

    def _without(self, side: dict[str, Any] | None, words: str) -> dict[str, Any] | None:
        return {**side, self.column: REDACTED} if side and side.get(self.column) == words else side


class _Removal:
    """Words on their way out of the log: each tombstone is told in the deed, and set once its event is written."""

    def __init__(self, doing: Deed, words: str) -> None:
        """Raises Refused where nothing is to be redacted, and where the reason of the deed repeats it."""
        if words in ("", REDACTED):
            raise Refused("There is nothing in this field that could be redacted.")
        if len(words) >= SHORT and words in doing.reason:
            raise Refused("The reason repeats what is to be redacted.", hint="Say why without those words.")
        self.doing, self.words, self.subject = doing, words, doing.place.subject
        self.told: list[dict[str, Any]] = []
        self._events: dict[int, db.Event] = {}
        self._reasons: set[int] = set()
        doing.details["redacts"] = self.told

    def of_field(self, field: _Field) -> None:
        """Every row in which the field held the words, and what earlier redactions told of such rows."""
        for event, index, row in field.written():
            changed = field.without(row, self.words)
            if changed != row:
                stone = row[3] if isinstance(row[3], dict) else _stone(event, [field.table, *row])
                self._tell(event, field.table, ["rows", field.table, index], [*changed[:3], stone])
        earlier = self.doing.trial.events.filter(action="redact_value", subject=self.subject).order_by("sequence")
        for event in earlier:
            self._retell(event, field)

    def _retell(self, event: db.Event, field: _Field) -> None:
        """What a redaction told holds the words, if one of its rows does: tell the rest of it in its place."""
        content = json.loads(event.content)
        redacts = content.get("redacts", ())
        held = (each["row"] for each in redacts if each["table"] == field.table and each["row"][0] == field.key)
        if all(field.without(row, self.words) == row for row in held):
            return
        details = {name: value for name, value in content.items() if name not in ("rows", "salt")}
        stays = {name: value for name, value in details.items() if name not in ("redacts", "noise")}
        self._tell(event, "details", ["redacts"], [stays | _stone(event, ["details", details])])
        now = {(each["event"], *each["path"]) for each in self.told}
        self.told += [each for each in redacts if (each["event"], *each["path"]) not in now]

    def of_reason(self, event: db.Event) -> None:
        if event.sequence not in self._reasons:
            self._reasons.add(event.sequence)
            stone = _stone(event, ["reason", event.reason, json.loads(event.content)["salt"]])
            self._tell(event, "reason", ["salt"], [REDACTED, stone])

    def of_reasons(self) -> None:
        """The reasons of the events that are touched already, where they are the words."""
        for event in list(self._events.values()):
            if event.reason.strip() == self.words:
                self.of_reason(event)

    def _tell(self, event: db.Event, table: str, path: list[Any], row: list[Any]) -> None:
        self._events[event.sequence] = event
        self.told.append({"event": event.sequence, "table": table, "path": path, "row": row})

    def finish(self) -> Redacted:
        """Change the log as the redaction's own event tells, which is written by now."""
        for each in self.told:
            if each["event"] in self._events:
                _set(self._events[each["event"]], each)
        return Redacted(self.doing.trial.sequence, tuple(sorted(self._events)), self._elsewhere())

    def _elsewhere(self) -> tuple[int, ...]:
        """Events of the subject that hold the words still, as part of another text or at another place."""
        if len(self.words) < SHORT:
            return ()
        escaped = canonical_json(self.words)[1:-1]
        events = self.doing.trial.events.filter(subject=self.subject).order_by("sequence")
        found = events.values_list("sequence", "content", "reason")
        return tuple(number for number, content, reason in found if escaped in content or self.words in reason)


def _set(event: db.Event, told: Mapping[str, Any]) -> None:
    """Set one tombstone, as the triggers let it pass: one at a time."""
    content, row = json.loads(event.content), told["row"]
    if told["table"] == "reason":
        event.reason, content["salt"] = row
    elif told["table"] == "details":
        content = {name: content[name] for name in ("rows", "salt") if name in content} | row[0]
    else:
        content["rows"][told["table"]][told["path"][2]] = row
    event.content = canonical_json(content)
    type(event).objects.filter(pk=event.pk).update(content=event.content, reason=event.reason)


def _stone(event: db.Event, part: list[Any]) -> dict[str, str]:
    """What stands in the place of a part's salt once it is redacted: its hash, and that of all parts as they were."""
    folded = fold(parts_of(json.loads(event.content), event.reason))
    return {"content": folded.content, "redacted": sha256(canonical(part)).hexdigest()}
