"""The site's desk: types what is seen into forms, slips now and then, and answers the queries that follow."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from trialwright.conduct import actions
from trialwright.conduct.actions import Entry, Person
from trialwright.rehearse.cast import Cast
from trialwright.rehearse.clock import Process
from trialwright.simulate.draws import number
from trialwright.simulate.observation import Observation
from trialwright.study.definition import Study

EVENING = 17
"""Hour after which queries wait for the next day."""
PROMPTLY = dt.timedelta(minutes=5)
"""After which a value on which a dose hangs is looked at again."""
ANSWER_AFTER = dt.timedelta(minutes=3)
"""From a correction to the answer that tells of it."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """One form of one subject at one visit ("" for a log)."""

    subject: str
    form: str
    visit: str = ""


@dataclass(frozen=True, slots=True)
class Slip:
    """A number typed wrong, and what it should be."""

    right: Entry


class Desk:
    """All writing of one site's staff about one subject. `spawn` starts a process of its own for each query."""

    def __init__(self, study: Study, cast: Cast, site: str, spawn: Callable[[Process], None]) -> None:
        self.study, self.cast, self.team, self.spawn = study, cast, cast.teams[site], spawn
        self._closed: set[tuple[str, int]] = set()

    def write(
        self,
        sheet: Sheet,
        seen: Iterable[Observation],
        at: dt.datetime,
        rng: np.random.Generator,
        *,
        careful: bool = True,
        prompt: bool = False,
        reason: str = "",
    ) -> None:
        """Save a form. Unless `careful`, numbers may be typed wrong. Queries that arise are seen to later; if `prompt`
        within minutes, for a dose waits for them. `reason`: of the change of what was written before."""
        entries = [entry(o) for o in seen]
        if not entries:
            return
        slips = [] if careful else self._slips(entries, rng)
        wrong = {(s.right.group, s.right.row, s.right.item): s for s in slips}
        typed = [self._misplaced(e, rng) if (e.group, e.row, e.item) in wrong else e for e in entries]
        saved = actions.save_form(
            self.study.id, sheet.subject, sheet.form, typed, visit=sheet.visit, reason=reason,
            by=self._author(sheet.form), at=at,
        )  # fmt: skip
        self._closed |= {(sheet.subject, n) for n in saved.closed}
        corrected = [s.right for s in slips]
        if saved.opened:
            answered = at + PROMPTLY if prompt else self._later(at, rng)
            self.spawn(self._answered(sheet, saved.opened, corrected, answered, rng))
        elif corrected:
            self.spawn(self._found_by_monitor(sheet, corrected, at, rng))
        elif rng.random() < self.study.assumptions.entry.manual_query:
            self.spawn(self._asked_by_monitor(sheet, entries, at, rng))

    def _author(self, form: str) -> Person:
        """Judgements count only when an investigator gives them."""
        items = self.study.form_by_id[form].item_ids()
        judged = any(self.study.item_by_id[item].type == "judgement" for item in items)
        return self.team.investigator if judged else self.team.coordinator

    def _slips(self, entries: Sequence[Entry], rng: np.random.Generator) -> list[Slip]:
        chance = self.study.assumptions.entry.slip
        numbers = [e for e in entries if self.study.item_by_id[e.item].type == "quantity" and _plain(e.value)]
        return [Slip(e) for e in numbers if rng.random() < chance and self._possible(e)]

    def _possible(self, right: Entry) -> bool:
        """Whether the form would take the wrong number: an impossible one it refuses at once."""
        item = self.study.item_by_id[right.item]
        hard = item.hard
        tenfold = float(right.value) * 10
        return (
            right.unit in ("", item.unit) and float(right.value) > 0 and (hard is None or tenfold <= (hard.high or 0))
        )

    def _misplaced(self, right: Entry, rng: np.random.Generator) -> Entry:
        return replace(right, value=f"{float(right.value) * 10:.10g}")

    def _later(self, at: dt.datetime, rng: np.random.Generator) -> dt.datetime:
        days = max(1, round(number(self.study.assumptions.entry.answer_days, rng)))
        moment = at + dt.timedelta(days=days)
        return moment.replace(hour=9 + int(rng.integers(EVENING - 9)), minute=int(rng.integers(60)))

    def _correct(self, sheet: Sheet, right: Sequence[Entry], at: dt.datetime) -> None:
        saved = actions.save_form(
            self.study.id, sheet.subject, sheet.form, right, visit=sheet.visit,
            reason=self.study.assumptions.entry.reason_slip.en, by=self._author(sheet.form), at=at,
        )  # fmt: skip
        self._closed |= {(sheet.subject, n) for n in saved.closed}

    def _answered(
        self, sheet: Sheet, queries: Sequence[int], right: Sequence[Entry], at: dt.datetime, rng: np.random.Generator
    ) -> Process:
        """Checks asked: the site corrects what was wrong, then answers what that has not closed."""
        yield at
        if right:
            self._correct(sheet, right, at)
        for query in queries:
            self.spawn(self._settled(sheet.subject, query, at + ANSWER_AFTER, rng, corrected=bool(right)))

    def _settled(
        self, subject: str, query: int, at: dt.datetime, rng: np.random.Generator, *, corrected: bool = False
    ) -> Process:
        """Answer and close, unless a correction has closed the query already."""
        yield at
        if (subject, query) in self._closed:
            return
        habits = self.study.assumptions.entry
        text = habits.answer_corrected if corrected and habits.answer_corrected else habits.answer
        actions.answer_query(self.study.id, subject, query, text.en, by=self.team.coordinator, at=at)
        closed = self._later(at, rng)
        yield closed
        if (subject, query) not in self._closed:
            actions.close_query(self.study.id, subject, query, by=self.cast.monitor, at=closed)

    def _found_by_monitor(
        self, sheet: Sheet, right: Sequence[Entry], at: dt.datetime, rng: np.random.Generator
    ) -> Process:
        """No check noticed: the monitor compares with the source."""
        asked = self._later(at, rng)
        yield asked
        query = self._ask(sheet, right[0], asked)
        answered = self._later(asked, rng)
        yield answered
        self._correct(sheet, right, answered)
        yield from self._settled(sheet.subject, query, answered + ANSWER_AFTER, rng, corrected=True)

    def _asked_by_monitor(
        self, sheet: Sheet, entries: Sequence[Entry], at: dt.datetime, rng: np.random.Generator
    ) -> Process:
        about = entries[int(rng.integers(len(entries)))]
        asked = self._later(at, rng)
        yield asked
        query = self._ask(sheet, about, asked)
        answered = self._later(asked, rng)
        yield answered
        yield from self._settled(sheet.subject, query, answered, rng)

    def _ask(self, sheet: Sheet, about: Entry, at: dt.datetime) -> int:
        return actions.open_query(
            self.study.id, sheet.subject, sheet.form, about.item, self.study.assumptions.entry.query.en,
            visit=sheet.visit, group=about.group, row=about.row, by=self.cast.monitor, at=at,
        )  # fmt: skip


def entry(seen: Observation) -> Entry:
    """An observation as the form takes it."""
    return Entry(
        seen.item, seen.value, seen.unit, seen.group, seen.row, seen.low, seen.high, seen.null_reason, seen.when
    )


def _plain(text: str) -> bool:
    return text.replace(".", "", 1).isdigit()
