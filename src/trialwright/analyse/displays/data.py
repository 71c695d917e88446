"""The derived data as displays read them: subjects with their populations, readings of items, rows of domains.

Rows are plain dicts: a trial's tables are small, and each display says in a few lines what it counts.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from trialwright.analyse.adam.subject_level import flag
from trialwright.evidence.dataset import Dataset
from trialwright.evidence.snapshot import Snapshot, SubjectRow
from trialwright.kernel.errors import InputError, UnknownName
from trialwright.study.definition import Study
from trialwright.study.endpoints import Population
from trialwright.study.items import Item
from trialwright.study.schedule import Visit

Rows = Sequence[Mapping[str, Any]]
_SAS_EPOCH = dt.date(1960, 1, 1)


@dataclass(frozen=True, slots=True)
class Subject:
    """A screened subject. `key` is USUBJID, `number` the subject's id at the site; `reason` a code of the end form."""

    key: str
    number: str
    site: str
    state: str
    reason: str
    age: int | None
    sex: str
    screened: dt.date
    enrolled: dt.date | None
    ended: dt.date | None
    first_dose: dt.date | None
    last_dose: dt.date | None
    died: bool
    populations: frozenset[str]
    row: Mapping[str, Any] = field(default_factory=dict, repr=False)

    def day(self, date: dt.date) -> int | None:
        """Days from the first dose: 0 is the day of the first dose."""
        return (date - self.first_dose).days if self.first_dose else None


@dataclass(frozen=True, slots=True)
class Reading:
    """One result of an item in its own unit. `day` counts from the first dose (0), with the time of day where it is
    known; `hours` is the planned time from the dose of its visit. A result `below` the limit of quantification has
    the value that the analysis data set gives it."""

    subject: str
    visit: str
    day: float | None
    value: float | None
    text: str
    base: bool
    below: bool = False
    hours: float | None = None
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class Data:
    """Everything that displays are made from."""

    study: Study
    snapshot: Snapshot
    sdtm: Mapping[str, Dataset]
    adam: Mapping[str, Dataset]
    _rows: dict[str, Rows] = field(default_factory=dict, repr=False)
    _readings: dict[str, tuple[Reading, ...]] = field(default_factory=dict, repr=False)

    def rows(self, name: str) -> Rows:
        """The rows of a data set of either standard, empty if it was not derived. Read once."""
        if name not in self._rows:
            every = {key.upper(): ds for source in (self.sdtm, self.adam) for key, ds in source.items()}
            self._rows[name] = every[name].frame.to_dicts() if name in every else ()
        return self._rows[name]

    @cached_property
    def subjects(self) -> tuple[Subject, ...]:
        """All screened subjects in the order of ADSL."""
        captured = {row.subject: row for row in self.snapshot.subjects}
        known = [p.id for p in self.study.endpoints.populations]
        return tuple(_subject(row, captured, known) for row in self.rows("ADSL"))

    @cached_property
    def by_key(self) -> dict[str, Subject]:
        return {s.key: s for s in self.subjects}

    @cached_property
    def enrolled(self) -> tuple[Subject, ...]:
        return tuple(s for s in self.subjects if s.enrolled is not None)

    def of(self, population: str) -> tuple[Subject, ...]:
        return tuple(s for s in self.subjects if population in s.populations)

    def dosed(self) -> tuple[Subject, ...]:
        return tuple(s for s in self.subjects if s.first_dose is not None)

    def population(self, population_id: str) -> Population:
        for population in self.study.endpoints.populations:
            if population.id == population_id:
                return population
        raise UnknownName("population", population_id, [p.id for p in self.study.endpoints.populations])

    def named(self, population_id: str) -> str:
        """ "Full analysis set (N = 30)"."""
        return f"{self.population(population_id).label.en} (N = {len(self.of(population_id))})"

    @cached_property
    def visit_by_number(self) -> dict[float, Visit]:
        return {v.number: v for v in self.study.schedule.planned()}

    def readings(self, item: Item) -> tuple[Reading, ...]:
        """All results of a finding, from its analysis data set, else from its domain.

        Raises InputError for an item that is no finding.
        """
        if item.sdtm is None or not item.sdtm.testcd:
            what = f"Item '{item.id}' is not a finding, so it has no course over visits."
            raise InputError(what, where="endpoints.yaml")
        if item.id not in self._readings:
            analysed = [r for r in self.rows(f"AD{item.sdtm.domain}") if r.get("PARAMCD") == item.sdtm.testcd]
            if analysed:
                found = [self._reading(item, row, _ANALYSIS) for row in analysed]
            else:
                domain = item.sdtm.domain
                names = {key: f"{domain}{name}" for key, name in _DOMAIN.items()} | {"visit": "VISITNUM"}
                rows = (r for r in self.rows(domain) if r[f"{domain}TESTCD"] == item.sdtm.testcd)
                found = [self._reading(item, row, names) for row in rows]
            self._readings[item.id] = tuple(found)
        return self._readings[item.id]

    def _reading(self, item: Item, row: Mapping[str, Any], names: Mapping[str, str]) -> Reading:
        """`names`: which variable holds what."""
        visit = self.visit_by_number.get(_float(row.get(names["visit"])) or -1.0)
        value, text = _float(row.get(names["value"])), str(row.get(names["text"]) or "")
        elapsed = _float(row.get("AFRLT"))
        return Reading(
            subject=row["USUBJID"],
            visit=visit.id if visit else "",
            day=elapsed / 24 if elapsed is not None else _from_first_dose(row.get(names["day"])),
            value=item.lloq / 2 if value is None and text.startswith("<") and item.lloq else value,
            text=text,
            base=row.get(names["base"]) == "Y",
            below=text.startswith("<"),
            hours=self._hours(item, visit, _float(row.get(names["point"]))),
            low=_float(row.get(names["low"])),
            high=_float(row.get(names["high"])),
        )

    def _hours(self, item: Item, visit: Visit | None, point: float | None) -> float | None:
        """Planned hours of the n-th sample of a visit."""
        planned = [s.hours for s in self.study.schedule.samples if visit and (s.item, s.visit) == (item.id, visit.id)]
        return planned[int(point) - 1] if point and 1 <= point <= len(planned) else None


_ANALYSIS = {
    "visit": "AVISITN",
    "value": "AVAL",
    "text": "AVALC",
    "day": "ADY",
    "base": "ABLFL",
    "point": "ATPTN",
    "low": "ANRLO",
    "high": "ANRHI",
}
_DOMAIN = {
    "value": "STRESN",
    "text": "STRESC",
    "day": "DY",
    "base": "LOBXFL",
    "point": "TPTNUM",
    "low": "STNRLO",
    "high": "STNRHI",
}


def _from_first_dose(study_day: object) -> int | None:
    """CDISC study days have no day 0: day 1 is the day of the first dose, day -1 the one before it."""
    day = _float(study_day)
    return None if day is None else int(day) - 1 if day > 0 else int(day)


def _subject(row: Mapping[str, Any], captured: Mapping[str, SubjectRow], populations: Iterable[str]) -> Subject:
    state = captured.get(str(row["SUBJID"]))
    if state is None:
        raise InputError(f"Subject {row['SUBJID']} of ADSL is not in the snapshot.", where="ADSL")
    return Subject(
        key=row["USUBJID"],
        number=state.subject,
        site=state.site,
        state=state.state,
        reason=state.end_reason,
        age=None if _float(row.get("AGE")) is None else int(row["AGE"]),
        sex=str(row.get("SEX") or "U"),
        screened=state.screened,
        enrolled=state.enrolled,
        ended=state.ended,
        first_dose=as_date(row.get("TRTSDT")),
        last_dose=as_date(row.get("TRTEDT")),
        died=row.get("DTHFL") == "Y",
        populations=frozenset(p for p in populations if row.get(flag(p)) == "Y"),
        row=row,
    )


def as_date(value: object) -> dt.date | None:
    """A SAS day number, ISO text or date as a date; None where it is missing or partial."""
    if isinstance(value, dt.datetime):
        return value.date()
    if isinstance(value, dt.date):
        return value
    if isinstance(value, str):
        return dt.date.fromisoformat(value[:10]) if len(value) >= 10 else None
    days = _float(value)
    return None if days is None else _SAS_EPOCH + dt.timedelta(days=int(days))


def _float(value: object) -> float | None:
    if not isinstance(value, (int, float)) or isinstance(value, bool) or not math.isfinite(value):
        return None
    return float(value)
