"""What every domain needs to know of a snapshot: subjects, visits, doses, and study days and epochs that follow."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from trialwright.analyse.sdtm.terms import iso, submission
from trialwright.analyse.spec import Record
from trialwright.evidence.snapshot import Snapshot, SubjectRow, ValueRow, VisitRow
from trialwright.study.definition import Study
from trialwright.study.items import Item, Sdtm
from trialwright.study.schedule import BeyondPlan, Visit, base_of

DAY = 10
"""Length of a complete ISO day."""


@dataclass(frozen=True, slots=True)
class Exposure:
    """First and last dose above zero of a subject, as ISO texts."""

    first: str
    last: str


@dataclass(frozen=True)
class Context:
    """A study and its snapshot, with look-ups. Cheap to make; what is looked up is kept."""

    study: Study
    snapshot: Snapshot

    @property
    def study_id(self) -> str:
        return self.study.registration.identity.org_study_id

    def usubjid(self, subject: str) -> str:
        return f"{self.study_id}-{subject}"

    @cached_property
    def subjects(self) -> dict[str, SubjectRow]:
        return {row.subject: row for row in sorted(self.snapshot.subjects, key=lambda row: row.subject)}

    @cached_property
    def scheduled(self) -> dict[str, Visit]:
        """Planned visits by id, with each time at which one takes place."""
        plan = self.study.schedule
        found = {visit.id: visit for visit in plan.planned()}
        for name in sorted({row.visit for row in self.snapshot.visits} - found.keys()):
            visit = plan.plan(name)
            if visit is not None and not isinstance(visit, BeyondPlan):
                found[name] = visit
        return found

    @cached_property
    def beyond(self) -> dict[str, BeyondPlan]:
        """Visits beyond the plan by id, those that took place."""
        plans = {row.visit: self.study.schedule.plan(row.visit) for row in self.snapshot.visits}
        return {name: plan for name, plan in plans.items() if isinstance(plan, BeyondPlan)}

    @cached_property
    def visits(self) -> dict[tuple[str, str], VisitRow]:
        return {(row.subject, row.visit): row for row in self.snapshot.visits}

    @cached_property
    def items(self) -> dict[str, Item]:
        """Items by their id and by the ids of their synonyms, with the places that other parts imply."""
        synonyms = {synonym.id: item for item in self.study.items for synonym in item.synonyms}
        return synonyms | self.study.item_by_id | _implied(self.study)

    @cached_property
    def by_domain(self) -> dict[str, list[tuple[Item, ValueRow]]]:
        """Captured values of items that have a place in SDTM, by domain: by subject, in the order of their visits."""
        found: dict[str, list[tuple[Item, ValueRow]]] = defaultdict(list)
        for row in sorted(self.snapshot.values, key=self._place):
            item = self.items.get(row.item)
            if item and item.sdtm and row.subject in self.subjects:
                found[item.sdtm.domain].append((item, row))
        return dict(found)

    def _place(self, row: ValueRow) -> tuple[str, str, str, int, str, str, int, str]:
        day = self.visit_date(row.subject, row.visit)
        return (row.subject, day, *base_of(row.visit), row.form, row.group, row.row, row.item)

    def variable(self, domain: str, variable: str) -> dict[str, str]:
        """The last value captured for a variable, by subject."""
        return {
            row.subject: value
            for item, row in self.by_domain.get(domain, ())
            if item.sdtm and item.sdtm.variable == variable and (value := submission(item, row))
        }

    @cached_property
    def sexes(self) -> dict[str, str]:
        """`female` or `male`, as reference ranges name them, by subject."""
        words = {"F": "female", "M": "male"}
        return {subject: words.get(value, "") for subject, value in self.variable("DM", "SEX").items()}

    # ── Visits ────────────────────────────────────────────────────────────────────────────────────────────────────

    @cached_property
    def unscheduled(self) -> dict[tuple[str, str], float]:
        """Numbers of visits that the schedule does not know: a hundredth above the visit before them, in turn."""
        numbers: dict[tuple[str, str], float] = {}
        for subject in self.subjects:
            last, count = 0.0, 0
            for row in self._in_time(subject):
                if row.visit in self.scheduled:
                    last, count = self.scheduled[row.visit].number, 0
                elif row.visit not in self.beyond:
                    count += 1
                    numbers[subject, row.visit] = round(last + count / 100, 2)
        return numbers

    def _in_time(self, subject: str) -> Iterator[VisitRow]:
        rows = [row for row in self.visits_of.get(subject, []) if row.actual]
        late = dt.date.max
        yield from sorted(rows, key=lambda r: (r.actual or late, r.visit not in self.scheduled, base_of(r.visit)))

    @cached_property
    def visits_of(self) -> dict[str, list[VisitRow]]:
        found: dict[str, list[VisitRow]] = defaultdict(list)
        for row in self.snapshot.visits:
            found[row.subject].append(row)
        return dict(found)

    def visit(self, subject: str, visit: str) -> Record:
        """VISITNUM, VISIT, VISITDY and the epoch of a scheduled visit, without a day for one beyond the plan; nothing
        for a log form.
        """
        planned = self.scheduled.get(visit)
        if planned:
            return {
                "VISITNUM": planned.number,
                "VISIT": planned.label.en.upper(),
                "VISITDY": planned_day(planned),
                "EPOCH": planned.epoch,
            }
        extra = self.beyond.get(visit)
        if extra is not None and extra.kind == "early_termination":
            return {"VISITNUM": extra.number, "VISIT": extra.label.en.upper(), "EPOCH": extra.epoch}
        number = extra.number if extra is not None else self.unscheduled.get((subject, visit))
        return {"VISITNUM": number, "VISIT": f"UNSCHEDULED {number:g}"} if number is not None else {}

    def visit_date(self, subject: str, visit: str) -> str:
        row = self.visits.get((subject, visit))
        return row.actual.isoformat() if row and row.actual else ""

    # ── Doses, days, epochs ───────────────────────────────────────────────────────────────────────────────────────

    @cached_property
    def doses(self) -> dict[tuple[str, str], str]:
        """Start of the dose given at a visit, by subject and visit, as ISO text."""
        return {key: start for key, (dose, start, _) in self._given.items() if dose > 0 and start}

    @cached_property
    def _dose_starts(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = defaultdict(list)
        for (subject, _), start in self.doses.items():
            found[subject].append(start)
        return {subject: sorted(starts) for subject, starts in found.items()}

    def dose_for(self, subject: str, visit: str, when: str) -> str:
        """Start of the dose to which a sample belongs: that of its visit, else the last one before it."""
        own = self.doses.get((subject, visit))
        return own or max((s for s in self._dose_starts.get(subject, []) if s < when), default="")

    @cached_property
    def _given(self) -> dict[tuple[str, str], tuple[float, str, str]]:
        """(dose, start, end) of each administration; the visit's day where no start was captured."""
        captured: dict[tuple[str, str], Record] = defaultdict(dict)
        for item, row in self.by_domain.get("EX", ()):
            if item.sdtm and item.sdtm.variable:
                captured[row.subject, row.visit][item.sdtm.variable] = submission(item, row)
        return {
            key: (
                number(values.get("EXDOSE", "")) or 0.0,
                values.get("EXSTDTC") or self.visit_date(*key),
                values.get("EXENDTC") or values.get("EXSTDTC") or self.visit_date(*key),
            )
            for key, values in captured.items()
        }

    @cached_property
    def exposure(self) -> dict[str, Exposure]:
        """Subjects who received anything."""
        starts: dict[str, list[tuple[str, str]]] = defaultdict(list)
        for (subject, _), (dose, start, end) in self._given.items():
            if dose > 0 and start:
                starts[subject].append((start, end))
        return {
            subject: Exposure(min(start for start, _ in given), max(end for _, end in given))
            for subject, given in starts.items()
        }

    def reference(self, subject: str) -> str:
        """RFSTDTC."""
        exposure = self.exposure.get(subject)
        return exposure.first if exposure else ""

    def _of_an_epoch(self, visit: str) -> Visit | None:
        """The plan of a visit whose epoch the definition tells."""
        extra = self.beyond.get(visit)
        return extra if extra is not None and extra.kind == "early_termination" else self.scheduled.get(visit)

    @cached_property
    def follow_up_after(self) -> dict[str, str]:
        """Last day of treatment of subjects who are past it: their last visit of that epoch, or as long after the
        last dose as its element goes on, if that is later."""
        treatment = next((e for e in self.study.schedule.epochs if e.id == "TREATMENT"), None)
        goes_on = dt.timedelta(days=(treatment.days_after_last_dose if treatment else None) or 0)
        found: dict[str, str] = {}
        for subject, row in self.subjects.items():
            visits = [(self._of_an_epoch(v.visit), v.actual) for v in self._in_time(subject)]
            done = [(visit, actual) for visit, actual in visits if visit]
            days = [actual for visit, actual in done if visit.epoch == "TREATMENT" and actual]
            starts = self._dose_starts.get(subject, [])
            past = bool(row.ended) or any(visit.epoch == "FOLLOW-UP" for visit, _ in done)
            if starts:
                days.append(dt.date.fromisoformat(starts[-1][:DAY]) + goes_on)
            if days and (past or len(starts) >= self.study.dosing.doses):
                found[subject] = max(days).isoformat()
        return found

    def epoch(self, subject: str, when: str) -> str:
        """The epoch of a day; "" for a partial one."""
        if len(when) < DAY:
            return ""
        reference = self.reference(subject)
        if not reference or when[:DAY] < reference[:DAY]:
            return "SCREENING"
        last = self.follow_up_after.get(subject)
        return "FOLLOW-UP" if last and when[:DAY] > last else "TREATMENT"

    def study_day(self, subject: str, when: str) -> int | None:
        """Days from RFSTDTC, plus 1 from that day on: there is no day 0. None where either is missing or partial."""
        return study_day(when, self.reference(subject))


def _implied(study: Study) -> dict[str, Item]:
    """Items without a place of their own that the definition calls the dose, or a part of an adverse event."""
    events = study.endpoints.event_forms
    variables = {
        study.dosing.dose_item: "EXDOSE",
        events.term: "AETERM",
        events.organ_class: "AEBODSYS",
        events.grade: "AETOXGR",
        events.serious: "AESER",
        events.related: "AEREL",
        events.start: "AESTDTC",
        events.end: "AEENDTC",
        events.outcome: "AEOUT",
    }
    return {
        name: item.model_copy(update={"sdtm": Sdtm(domain=variable[:2], variable=variable)})
        for name, variable in variables.items()
        if (item := study.item_by_id.get(name)) is not None and item.sdtm is None
    }


def study_day(when: str, reference: str) -> int | None:
    """The study day of an ISO date or date-time."""
    if len(when) < DAY or len(reference) < DAY:
        return None
    days = (dt.date.fromisoformat(when[:DAY]) - dt.date.fromisoformat(reference[:DAY])).days
    return days + 1 if days >= 0 else days


def planned_day(visit: Visit) -> int | None:
    """VISITDY; visits anchored at screening have none, since the first dose is not yet known there."""
    if visit.anchor != "first_dose":
        return None
    return visit.offset + 1 if visit.offset >= 0 else visit.offset


def number(text: str) -> float | None:
    """The number that a text states, None for anything else."""
    try:
        value = float(text)
    except ValueError:
        return None
    return value if abs(value) != float("inf") and value == value else None


def moment(row: ValueRow) -> str:
    """The captured moment of an observation, "" where it is the visit's."""
    return iso(row.when) if row.when else ""
