"""Visits, their windows and forms (`schedule.yaml`)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Literal

from pydantic import Field, model_validator

from trialwright.kernel.provenance import Source
from trialwright.kernel.texts import Text
from trialwright.study.base import Id, Node

Anchor = Literal["screening", "first_dose"]

MOST_TIMES = 100
"""How often a visit can take place: each further time is a hundredth more in VISITNUM."""


def base_of(visit_id: str) -> tuple[str, int]:
    """The id in the definition, and the how manieth time it is: `("unscheduled", 2)` for `unscheduled.2`."""
    name, dot, count = visit_id.partition(".")
    return (name, int(count)) if dot and _COUNT.fullmatch(count) else (visit_id, 1)


_COUNT = re.compile(r"[1-9][0-9]{0,2}", re.ASCII)


class Window(Node):
    """Days allowed before and after the target day; closed at both ends."""

    before: int = Field(default=0)
    after: int = Field(default=0)

    @model_validator(mode="after")
    def _around_its_day(self) -> Window:
        if self.after < -self.before:
            raise ValueError(f"the window ends (day {self.after:+}) before it begins (day {-self.before:+})")
        if self.before < 0 or self.after < 0:
            raise ValueError("the window leaves out its own target day; 'before' and 'after' count days from 0 up")
        return self


class Epoch(Node):
    """CDISC epoch with the element a subject passes in it (TE, TA)."""

    id: Literal["SCREENING", "TREATMENT", "FOLLOW-UP"]
    element: str
    element_code: str
    starts: Text
    ends: Text
    days_after_last_dose: int | None = Field(default=None, ge=0)
    """For the treatment: it goes on at least this long after the last dose, whatever visits take place."""


class Visit(Node):
    id: Id
    number: float
    """VISITNUM."""
    label: Text
    epoch: Literal["SCREENING", "TREATMENT", "FOLLOW-UP"]
    anchor: Anchor = "first_dose"
    offset: int
    """Days from the anchor: 0 is the anchor's day itself."""
    window: Window = Window()
    forms: tuple[Id, ...]
    dose: int | None = None
    """Which dose of the regimen is given here (1 for the first)."""
    week: int | None = None
    every: int | None = Field(default=None, ge=1)
    """It takes place again after so many days, up to `times` (or for as long as the subject takes part)."""
    times: int | None = Field(default=None, ge=2, le=MOST_TIMES)
    source: Source

    @model_validator(mode="after")
    def _times_of_what(self) -> Visit:
        if self.times is not None and self.every is None:
            raise ValueError(f"visit '{self.id}' says how many times it takes place but not every how many days")
        return self

    def occurrence(self, count: int) -> Visit:
        """The visit as it takes place for the `count`-th time; the first one keeps its name."""
        if count == 1 or self.every is None:
            return self
        label = Text(en=f"{self.label.en} {count}", zh=f"{self.label.zh} {count}" if self.label.zh else "")
        number = round(self.number + (count - 1) / 100, 2)
        offset = self.offset + (count - 1) * self.every
        return self.model_copy(update={"id": f"{self.id}.{count}", "label": label, "number": number, "offset": offset})


class BeyondPlan(Visit):
    """A visit that takes place though no plan gives it a day: it has no target day and no window."""

    id: str
    """Of an occurrence, so that it may hold a dot."""
    kind: Literal["unscheduled", "early_termination"]


class ExtraVisit(Node):
    """A visit that no plan foresees: it takes place when there is a reason, as often as there is one.

    unscheduled: `<id>.<n>`, at any time from consent on. early_termination: once, under its own id, when participation
    ends before its time.
    """

    id: Id
    number: float
    """VISITNUM of the first one; each further one is a hundredth more."""
    label: Text
    kind: Literal["unscheduled", "early_termination"] = "unscheduled"
    epoch: Literal["SCREENING", "TREATMENT", "FOLLOW-UP"] = "TREATMENT"
    forms: tuple[Id, ...]
    source: Source

    def occurrence(self, count: int) -> BeyondPlan:
        once = self.kind == "early_termination"
        label = (
            self.label
            if once
            else Text(en=f"{self.label.en} {count}", zh=f"{self.label.zh} {count}" if self.label.zh else "")
        )
        return BeyondPlan(
            id=self.id if once else f"{self.id}.{count}", number=round(self.number + (count - 1) / 100, 2), label=label,
            epoch=self.epoch, offset=0, forms=self.forms, source=self.source, kind=self.kind,
        )  # fmt: skip


class Schedule(Node):
    epochs: tuple[Epoch, ...]
    visits: tuple[Visit, ...]
    """Those that are planned; one that repeats stands here once."""
    extra: tuple[ExtraVisit, ...] = ()
    logs: tuple[Id, ...]
    """Running forms, open from consent to the end."""
    samples: tuple[Sample, ...] = ()

    def visit(self, visit_id: str) -> Visit:
        return next(v for v in self.visits if v.id == visit_id)

    def plan(self, visit_id: str) -> Visit | None:
        """The visit that an id names, be it an occurrence (`unscheduled.2`); None where no such visit can be."""
        name, dot, written = visit_id.partition(".")
        if dot and not _COUNT.fullmatch(written):
            return None
        count = int(written) if dot else 1
        planned = next((v for v in self.visits if v.id == name), None)
        if planned is not None:
            most = (planned.times or MOST_TIMES) if planned.every else 1
            return planned.occurrence(count) if count <= most and (not dot or count > 1) else None
        extra = next((v for v in self.extra if v.id == name), None)
        fits = extra is not None and (extra.kind == "unscheduled") == bool(dot) and count <= MOST_TIMES
        return extra.occurrence(count) if extra is not None and fits else None

    def extra_of(self, visit_id: str) -> ExtraVisit | None:
        """The visit beyond the plan that an id names; None for a planned one."""
        name, _ = base_of(visit_id)
        return next((v for v in self.extra if v.id == name), None)

    def following(self, visit_id: str) -> Visit | None:
        """The next occurrence of a repeating visit; None after its last one, and for any other visit."""
        name, count = base_of(visit_id)
        planned = next((v for v in self.visits if v.id == name), None)
        return self.plan(f"{name}.{count + 1}") if planned is not None and planned.every else None

    def planned(self) -> Iterator[Visit]:
        """The planned visits with each time at which they take place; one without a last time stands here once."""
        for visit in self.visits:
            for count in range(1, (visit.times or 1) + 1 if visit.every else 2):
                yield visit.occurrence(count)

    def position(self, visit_id: str) -> tuple[int, int]:
        """Where a visit stands among all: by the definition, its occurrences in turn, those beyond the plan last."""
        name, count = base_of(visit_id)
        names = [*(v.id for v in self.visits), *(v.id for v in self.extra)]
        return (names.index(name) if name in names else len(names), count)

    @property
    def days_on_study(self) -> int:
        """Days from the first dose to the last planned visit."""
        return max((v.offset for v in self.planned() if v.anchor == "first_dose"), default=0)


class Sample(Node):
    """A timed blood sample: hours from the start of the infusion at a visit; 0 and below are pre-dose.

    At a visit without a dose the hours count from the planned start of the last infusion before it. The samples of a
    visit are, in their order, the rows of the repeating group that holds `item`.
    """

    item: Id
    visit: Id
    label: Text
    hours: float
    source: Source


Schedule.model_rebuild()
