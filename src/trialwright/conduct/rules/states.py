"""State tables: what may happen to a subject, visit, form, query, site or lock in each of its states.

A table is data: state -> action -> next state. Every pair that it does not list is refused, with a sentence.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from trialwright.kernel.errors import Refused


@dataclass(frozen=True, slots=True)
class Machine:
    """`actions` gives each action its words ("enrol the subject"), `table` the transitions."""

    thing: str
    start: str
    actions: Mapping[str, str]
    table: Mapping[str, Mapping[str, str]]

    def allowed(self, state: str, action: str) -> bool:
        return action in self.table[state]

    def after(self, state: str, action: str, name: str = "") -> str:
        """The state after `action`; raises Refused, saying when the action would be possible."""
        if self.allowed(state, action):
            return self.table[state][action]
        possible = [words(s) for s, row in self.table.items() if action in row]
        when = f"This is possible while {' or '.join(possible)}." if possible else "This is never possible."
        title = f"{self.thing} {name}".strip()
        raise Refused(f"{title} is {words(state)}: cannot {self.actions[action]}.", hint=when)


def words(state: str) -> str:
    return state.replace("_", " ")


SUBJECT = Machine(
    "Subject",
    "screening",
    {
        "consent": "record consent", "capture": "save a form", "decide": "decide eligibility", "enrol": "enrol",
        "visit": "start or miss a visit", "closing_visit": "start or miss the last visit", "dose": "plan a dose",
        "complete": "complete the study", "end": "end participation",
    },
    {
        "screening": {
            "consent": "screening", "capture": "screening", "decide": "screening", "enrol": "enrolled",
            "visit": "screening", "end": "screen_failed",
        },
        "screen_failed": {"capture": "screen_failed"},
        "enrolled": {
            "consent": "enrolled", "capture": "enrolled", "visit": "enrolled", "closing_visit": "enrolled",
            "dose": "enrolled", "complete": "completed", "end": "discontinued",
        },
        "completed": {"capture": "completed"},
        "discontinued": {"capture": "discontinued", "closing_visit": "discontinued"},
    },
)  # fmt: skip
"""Data may still be completed after the end; visits (but for that of early termination), doses and consent may not."""

VISIT = Machine(
    "Visit",
    "planned",
    {"start": "start it", "miss": "mark it as missed", "capture": "save its forms"},
    {
        "planned": {"start": "done", "miss": "missed"},
        "done": {"capture": "done"},
        "missed": {"start": "done"},
    },
)

FORM = Machine(
    "Form",
    "empty",
    {"save_part": "save it", "save_whole": "save it", "sign": "sign it"},
    {
        state: {"save_part": "in_progress", "save_whole": "complete"} | signs
        for state, signs in {
            "empty": {}, "in_progress": {}, "complete": {"sign": "signed"}, "signed": {"sign": "signed"},
        }.items()
    },
)  # fmt: skip
"""A save of a signed form makes its signatures void."""

QUERY = Machine(
    "Query",
    "open",
    {"answer": "answer it", "close": "close it", "reopen": "reopen it", "cancel": "cancel it", "pass": "resolve it"},
    {
        "open": {"answer": "answered", "close": "closed", "cancel": "cancelled", "pass": "closed"},
        "answered": {"answer": "answered", "close": "closed", "reopen": "open", "pass": "closed"},
        "closed": {"reopen": "open"},
        "cancelled": {},
    },
)
"""pass: the automatic check that raised the query no longer fails."""

SITE = Machine(
    "Site",
    "planned",
    {"activate": "activate it", "register": "register a subject", "close": "close it"},
    {
        "planned": {"activate": "active"},
        "active": {"register": "active", "close": "closed"},
        "closed": {"activate": "active"},
    },
)

LOCK = Machine(
    "Lock",
    "open",
    {"freeze": "freeze it", "lock": "lock it", "unlock": "unlock it"},
    {
        "open": {"freeze": "frozen", "lock": "locked"},
        "frozen": {"lock": "locked", "unlock": "open"},
        "locked": {"unlock": "open"},
    },
)
"""Of a place: a study, site, subject, visit, form or field. What each state refuses: `rules.locks`."""

MACHINES = (SUBJECT, VISIT, FORM, QUERY, SITE, LOCK)
