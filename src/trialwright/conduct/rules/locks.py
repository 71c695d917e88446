"""Freezing and locking: which place a lock holds, which deeds it lets pass, and the sentence for those that it refuses.

A place is held by any lock that covers it: on itself, or on something wider (form, visit, subject, site, the study).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

from trialwright.kernel.errors import Refused

CLOSED = ("frozen", "locked")


@dataclass(frozen=True, slots=True)
class Scope:
    """A place in a study; empty parts stand for the whole. `row` counts from 1, 0 is every row."""

    site: str = ""
    subject: str = ""
    visit: str = ""
    form: str = ""
    group: str = ""
    row: int = 0
    item: str = ""

    @property
    def parts(self) -> tuple[str | int, ...]:
        return self.site, self.subject, self.visit, self.form, self.group, self.row, self.item

    def covers(self, place: Scope) -> bool:
        """Whether `place` lies wholly in here."""
        return all(own in ("", 0, other) for own, other in zip(self.parts, place.parts, strict=True))

    def meets(self, place: Scope) -> bool:
        """Whether the two have a field in common."""
        pairs = zip(self.parts, place.parts, strict=True)
        return all(own in ("", 0, other) or other in ("", 0) for own, other in pairs)

    @property
    def narrowness(self) -> int:
        return sum(part not in ("", 0) for part in self.parts)

    def __str__(self) -> str:
        """Words for people: `form vitals at week1 of subject 01-001`."""
        what = self._field() or (f"form {self.form}" if self.form else "")
        if self.visit:
            what = f"{what} at {self.visit}" if what else f"visit {self.visit}"
        whose = f"subject {self.subject}" if self.subject else f"site {self.site}" if self.site else ""
        if not what:
            return whose or "the study"
        return f"{what} of {whose}" if whose else what

    def _field(self) -> str:
        if not (self.item or self.group):
            return ""
        field = f"field {self.item}" if self.item else f"group {self.group}"
        return f"{field}{f' (row {self.row})' if self.row else ''} of form {self.form}"


@dataclass(frozen=True, slots=True)
class Held:
    """A place that is frozen or locked: by whom, since when and why."""

    scope: Scope
    state: str
    reason: str = ""
    by: str = ""
    at: dt.datetime | None = None
    zone: str = field(default="UTC", compare=False)
    """Of the place where it is told: its day is that one's."""

    def __str__(self) -> str:
        name = str(self.scope)
        since = f" by {self.by}" if self.by else ""
        since += f" since {self.at.astimezone(ZoneInfo(self.zone)):%Y-%m-%d}" if self.at else ""
        why = f": {self.reason.rstrip('.')}" if self.reason else ""
        return f"{name[0].upper()}{name[1:]} is {self.state}{since}{why}."


PASSES: Mapping[str, frozenset[str]] = {
    "open_query": frozenset({"frozen"}),
    "answer_query": frozenset({"frozen"}),
    "close_query": frozenset({"frozen"}),
    "reopen_query": frozenset({"frozen"}),
    "cancel_query": frozenset({"frozen"}),
    "verify_value": frozenset({"frozen"}),
    "sign": frozenset({"frozen"}),
    "redact_value": frozenset({"frozen"}),
    "activate_site": frozenset(CLOSED),
    "approve_version": frozenset(CLOSED),
    "freeze": frozenset(CLOSED),
    "lock": frozenset(CLOSED),
    "unlock": frozenset(CLOSED),
}
"""action -> states of a lock that let it pass. An action that is not listed changes data: it passes none."""


def covering(locks: Iterable[Held], place: Scope) -> Held | None:
    """The lock that holds `place`: a locked one before a frozen one, then the narrowest; None when it is open."""
    found = [held for held in locks if held.state in CLOSED and held.scope.covers(place)]
    return max(found, key=lambda held: (held.state == "locked", held.scope.narrowness), default=None)


def refusing(locks: Iterable[Held], place: Scope, action: str) -> Held | None:
    """The lock that refuses `action` at `place`; None when it may be done."""
    held = covering(locks, place)
    return None if held is None or held.state in PASSES.get(action, ()) else held


def demand_open(locks: Iterable[Held], place: Scope, action: str) -> None:
    """Raises Refused with the lock's sentence where it does not let the action pass."""
    if held := refusing(locks, place, action):
        raise refusal(held)


def refusal(held: Held) -> Refused:
    return Refused(str(held), hint="A data manager can unlock it.")
