"""Plausible snapshots of any study, made from its definition and a seed: for tests of what is derived from them."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Iterator
from dataclasses import dataclass, field

from trialwright.evidence.snapshot import CriterionRow, Snapshot, SubjectRow, ValueRow, VisitRow
from trialwright.kernel import units
from trialwright.study.definition import Study
from trialwright.study.forms import Form, Group
from trialwright.study.items import Item
from trialwright.study.schedule import Visit

CUT = dt.datetime(2027, 12, 1, 12, 0, tzinfo=dt.UTC)
FIRST = dt.date(2026, 1, 5)


def make_snapshot(study: Study, seed: int, subjects: int = 6) -> Snapshot:
    """A cut with screen failures, completers, early ends, a death at times, missed and unscheduled visits, nulls."""
    maker = Maker(study, random.Random(seed))
    for number in range(subjects):
        maker.subject(number)
    maker.values.sort(key=lambda row: (row.subject, row.visit, row.form, row.group, row.row, row.item))
    return Snapshot(
        study=study.id,
        version=study.version,
        cut=CUT,
        virtual=True,
        audit_head="0" * 64,
        subjects=tuple(maker.subjects),
        visits=tuple(maker.visits),
        values=tuple(maker.values),
        criteria=tuple(maker.criteria),
        queries=(),
    )


@dataclass
class Maker:
    study: Study
    rng: random.Random
    subjects: list[SubjectRow] = field(default_factory=list)
    visits: list[VisitRow] = field(default_factory=list)
    values: list[ValueRow] = field(default_factory=list)
    criteria: list[CriterionRow] = field(default_factory=list)

    def subject(self, number: int) -> None:
        site = self.study.registration.sites[number % len(self.study.registration.sites)]
        subject = f"{site.id}-{number + 1:03}"
        screened = FIRST + dt.timedelta(days=5 * number)
        failing = self.rng.choice(self.study.eligibility.criteria) if self.rng.random() < 0.3 else None
        for criterion in self.study.eligibility.criteria:
            good = "met" if criterion.kind == "inclusion" else "not_met"
            bad = "not_met" if criterion.kind == "inclusion" else "met"
            self.criteria.append(CriterionRow(subject, criterion.id, bad if criterion is failing else good, ""))
        first_dose = screened + dt.timedelta(days=3)
        reason = "" if failing else self._reason()
        stop = len(self.study.schedule.visits) if reason in ("", "completed") else self.rng.randrange(2, 6)
        planned = self.study.schedule.visits[: 1 if failing else stop]
        last = screened
        for visit in planned:
            anchor = screened if visit.anchor == "screening" else first_dose
            last = self._visit(subject, visit, anchor + dt.timedelta(days=visit.offset)) or last
        if self.rng.random() < 0.3:
            self.visits.append(VisitRow(subject, "unscheduled_1", None, last, "done"))
        ended = last if failing or reason else None
        self._logs(subject, screened, last, reason)
        self.subjects.append(
            SubjectRow(
                subject=subject,
                site=site.id,
                state=_state(failing is not None, reason),
                screened=screened,
                consented=screened,
                enrolled=None if failing else first_dose - dt.timedelta(days=1),
                ended=ended,
                end_reason=reason,
                arm="" if failing else self.study.dosing.arm,
            )
        )

    def _reason(self) -> str:
        item = next((i for i in self.study.items if i.sdtm and i.sdtm.variable == "DSDECOD"), None)
        others = [c.code for c in item.choices if c.code != "completed"] if item else []
        drawn = self.rng.random()
        return "completed" if drawn < 0.6 else ("" if drawn < 0.7 or not others else self.rng.choice(others))

    def _visit(self, subject: str, visit: Visit, day: dt.date) -> dt.date | None:
        if visit.dose != 1 and visit.epoch != "SCREENING" and self.rng.random() < 0.1:
            self.visits.append(VisitRow(subject, visit.id, day, None, "missed"))
            return None
        actual = day + dt.timedelta(days=self.rng.choice((0, 0, visit.window.after)))
        self.visits.append(VisitRow(subject, visit.id, day, actual, "done"))
        for form_id in visit.forms:
            form = self.study.form_by_id[form_id]
            for group in form.groups:
                for row in range(1, self._rows(group, visit) + 1):
                    self._group(subject, visit.id, form, group, row, (actual, actual))
        return actual

    def _rows(self, group: Group, visit: Visit) -> int:
        if not group.repeating:
            return 1
        planned = [s for s in self.study.schedule.samples if s.visit == visit.id and s.item in _items(group)]
        return len(planned) or self.rng.randrange(1, 3)

    def _logs(self, subject: str, first: dt.date, last: dt.date, reason: str) -> None:
        for form_id in self.study.schedule.logs:
            form = self.study.form_by_id[form_id]
            for group in form.groups:
                rows = self.rng.randrange(0, 4) if group.repeating else int(bool(reason))
                for row in range(1, rows + 1):
                    self._group(subject, "", form, group, row, (first, last))

    def _group(
        self, subject: str, visit: str, form: Form, group: Group, row: int, days: tuple[dt.date, dt.date]
    ) -> None:
        for item_id in _items(group):
            item = self.study.item_by_id[item_id]
            null = self.rng.random() < 0.05 and not _needed(item)
            value, unit = ("", "") if null else self._value(item, days)
            low, high = self._limits(item, unit) if item.normal and value else (None, None)
            self.values.append(
                ValueRow(
                    subject, visit, form.id, group.id, row, item.id, value, unit, low, high, "not_done" if null else ""
                )
            )

    def _value(self, item: Item, days: tuple[dt.date, dt.date]) -> tuple[str, str]:
        first, last = days
        target = item.sdtm.variable if item.sdtm else ""
        if item.type in ("quantity", "integer"):
            return self._number(item)
        if item.type == "choice":
            return self.rng.choice(item.choices).code, ""
        if item.type in ("boolean", "judgement"):
            return self.rng.choice(("true", "false")), ""
        if target == "BRTHDTC":
            return dt.date(1950 + self.rng.randrange(50), 3, 15).isoformat(), ""
        if item.type == "event" and self.rng.random() < 0.5 and not _needed(item):
            return "none", ""
        day = last if target.endswith("ENDTC") else first + (last - first) * self.rng.random()
        if item.type == "datetime":
            return f"{day}T{'10' if target.endswith('ENDTC') else '09'}:00", ""
        return (day.isoformat(), "") if item.type in ("date", "event") else (f"Term {self.rng.randrange(5)}", "")

    def _number(self, item: Item) -> tuple[str, str]:
        if item.lloq is not None and self.rng.random() < 0.1:
            return f"<{item.lloq:g}", item.unit
        limits = item.soft or item.hard or item.normal
        low = limits.low if limits and limits.low is not None else 1.0
        high = limits.high if limits and limits.high is not None else low + 10.0
        value = self.rng.uniform(low, high)
        unit = self.rng.choice((item.unit, *item.units))
        text = f"{units.convert(value, item.unit, unit, item.molar_mass):.4g}"
        return (text, unit) if "e" not in text else (f"{value:.1f}", item.unit)

    def _limits(self, item: Item, unit: str) -> tuple[float | None, float | None]:
        """A laboratory's limits, given for half of the values."""
        if item.normal is None or self.rng.random() < 0.5:
            return None, None
        return tuple(  # type: ignore[return-value]  # a pair
            None if v is None else units.convert(v, item.unit, unit or item.unit, item.molar_mass)
            for v in (item.normal.low, item.normal.high)
        )


def _items(group: Group) -> Iterator[str]:
    return (f.item for f in group.fields)


def _needed(item: Item) -> bool:
    """Items without which there is no record at all."""
    target = item.sdtm.variable if item.sdtm else ""
    return target.endswith(("TERM", "TRT", "DOSE", "STDTC", "BRTHDTC", "SEX", "RFICDTC", "DSDECOD"))


def _state(failed: bool, reason: str) -> str:
    if failed:
        return "screen_failed"
    return {"": "enrolled", "completed": "completed"}.get(reason, "discontinued")
