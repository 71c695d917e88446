"""What an event holds that could be redacted: words as somebody typed them, each named as its redaction needs it."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from trialwright.conduct.actions import studies
from trialwright.conduct.actions.redaction import WORDS
from trialwright.conduct.rules import policy
from trialwright.conduct.rules.policy import Person
from trialwright.conduct.store import models as db
from trialwright.conduct.verifier import REDACTED
from trialwright.conduct.worklists.audit import AuditLine
from trialwright.conduct.worklists.masks import BLINDED, Veil, hidden_of
from trialwright.kernel.errors import UnknownName

_COLUMNS: Mapping[str, str] = {"value": "value", **{table: column for table, (_, column) in WORDS.items()}}
"""Table -> the column that holds words as typed."""
_NONE = (None, "", REDACTED)


@dataclass(frozen=True, slots=True)
class Typed:
    """Words that an event brought. `table`: "value", "reason" or one of `actions.redaction.WORDS`.

    `key`: the row within the subject. `text`: the words; None where the person may redact but not read them.
    """

    table: str
    key: tuple[Any, ...]
    text: str | None

    @property
    def name(self) -> str:
        """The same for the same words of the same event."""
        return ":".join(str(part) for part in (self.table, *self.key))

    @property
    def item(self) -> str:
        return str(self.key[-1]) if self.table == "value" else ""


@dataclass(frozen=True, slots=True)
class EventWords:
    sequence: int
    at: dt.datetime
    who: str
    action: str
    site: str
    subject: str
    visit: str
    form: str
    words: tuple[Typed, ...]


def event_words(study_id: str, sequence: int, by: Person) -> EventWords:
    """What could be redacted of an event. Raises UnknownName, also for an event where the person may not redact, and
    NotPermitted for who may nowhere.
    """
    trial = studies.trial(study_id)
    event = trial.events.filter(sequence=sequence).first()
    if event is None or by.role_for("redact_value", event.site) is None:
        may = (role.site for role in by.roles if by.role_for("redact_value", role.site))
        policy.demand(by, "redact_value", next(may, next((role.site for role in by.roles if role.site), "")))
        raise UnknownName("event", str(sequence), ())
    return EventWords(
        event.sequence, event.at, event.who, event.action, event.site, event.subject, event.visit, event.form,
        tuple(_typed(event, _shown(trial, event, by))),
    )  # fmt: skip


def has_words(line: AuditLine) -> bool:
    """Whether an entry of the audit trail brought words that `event_words` would name."""
    told = any(c.column == _COLUMNS.get(c.table) and c.new not in _NONE for c in line.changes)
    return line.reason not in _NONE or (told and bool(line.subject))


def _shown(trial: db.Trial, event: db.Event, by: Person) -> tuple[Mapping[str, Any], str] | None:
    """Rows and reason of the event as the person may read them; None for one who reads no audit trail there."""
    if by.role_for("read_audit", event.site) is None:
        return None
    veil = Veil.over(trial, hidden_of(trial, by), {event.subject})
    return veil.event(json.loads(event.content)["rows"], event.reason)


def _typed(event: db.Event, shown: tuple[Mapping[str, Any], str] | None) -> Iterator[Typed]:
    if event.reason not in _NONE:
        yield Typed("reason", (), shown[1] if shown else None)
    for table, rows in json.loads(event.content)["rows"].items():
        for index, (key, _, new, *_) in enumerate(rows):
            text = (new or {}).get(_COLUMNS.get(table, ""))
            if text not in _NONE and event.subject:
                yield Typed(table, tuple(key[2:]), _read(shown, table, index, _COLUMNS[table]))


def _read(shown: tuple[Mapping[str, Sequence[Any]], str] | None, table: str, index: int, column: str) -> str | None:
    text = shown[0][table][index][2][column] if shown else None
    return None if text in (None, BLINDED) else str(text)
