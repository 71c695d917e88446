"""ADRS: the parts of each composite endpoint at each of its visits, and the whole.

A part is an expression of the definition; it is evaluated on the results of that visit, with the subject's results
up to the first dose beside them as baseline. A result that is missing at the visit leaves its part unknown: an
earlier one never stands in for it.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from trialwright.analyse.adam import measures
from trialwright.analyse.adam.dates import relative_day, sas_date
from trialwright.analyse.adam.names import Names
from trialwright.analyse.adam.subject_level import flag
from trialwright.analyse.spec import Record
from trialwright.evidence.dataset import Dataset
from trialwright.evidence.patient import Fact, Patient, Value
from trialwright.kernel.dates import PartialDate
from trialwright.kernel.truth import Truth, all_of
from trialwright.logic.evaluate import evaluate
from trialwright.study.definition import Study
from trialwright.study.endpoints import Endpoint
from trialwright.study.items import Item

YES_NO = {Truth.TRUE: "Y", Truth.FALSE: "N", Truth.UNKNOWN: ""}
DAY = 10
Key = TypeVar("Key")


@dataclass(frozen=True, slots=True)
class Assessment:
    """What an endpoint says of one subject at one visit. `day` "": the visit did not take place."""

    subject: str
    visit: str
    day: str
    parts: tuple[Truth, ...]

    @property
    def whole(self) -> Truth:
        return all_of(self.parts)


@dataclass(frozen=True)
class Findings:
    """Results of all findings domains as facts, by subject and visit number."""

    study: Study
    facts: Mapping[tuple[str, float], tuple[Fact, ...]]
    before: Mapping[str, tuple[Fact, ...]]
    """Facts up to the first dose, by subject."""
    subjects: Mapping[str, Record]
    """Records of DM."""
    days: Mapping[tuple[str, float], str]
    """Day of each visit that took place."""

    def patient(self, subject: str, visit: float) -> Patient:
        """The subject at a visit. Baseline facts only of items that have a result at the visit as well."""
        now = self.facts.get((subject, visit), ())
        of_visit: dict[str, list[Fact]] = {}
        for fact in now:
            of_visit.setdefault(fact.item, []).append(fact)
        earlier = tuple(f for f in self.before.get(subject, ()) if f not in of_visit.get(f.item, [f]))
        dm = self.subjects[subject]
        first = dm["RFXSTDTC"][:DAY]
        screening = dt.date.fromisoformat((dm["RFICDTC"] or dm["RFXSTDTC"])[:DAY])
        return Patient(
            subject=subject,
            screening=screening,
            first_dose=dt.date.fromisoformat(first) if first else None,
            facts=now + earlier,
        )


def collect(study: Study, sdtm: Mapping[str, Dataset]) -> Findings:
    """All findings of a study as facts."""
    places = {(i.sdtm.domain, i.sdtm.testcd): i for i in study.items if i.sdtm and i.sdtm.testcd}
    dm = {row["USUBJID"]: row for row in sdtm["DM"].frame.iter_rows(named=True)}
    facts: dict[tuple[str, float], list[Fact]] = defaultdict(list)
    before: dict[str, list[Fact]] = defaultdict(list)
    for domain in sorted({domain for domain, _ in places} & sdtm.keys()):
        for row in sdtm[domain].frame.iter_rows(named=True):
            item = places.get((domain, row[f"{domain}TESTCD"]))
            when = row[f"{domain}DTC"][:DAY]
            if item is None or not row[f"{domain}STRESC"] or len(when) < DAY:
                continue
            fact = _fact(item, domain, row, when)
            facts[row["USUBJID"], row["VISITNUM"]].append(fact)
            first = dm[row["USUBJID"]]["RFXSTDTC"][:DAY]
            if first and when <= first:
                before[row["USUBJID"]].append(fact)
    days = {(r["USUBJID"], r["VISITNUM"]): r["SVSTDTC"] for r in sdtm["SV"].frame.iter_rows(named=True) if r["SVSTDTC"]}
    return Findings(study, _frozen(facts), _frozen(before), dm, days)


def _frozen(found: Mapping[Key, list[Fact]]) -> dict[Key, tuple[Fact, ...]]:
    return {key: tuple(facts) for key, facts in found.items()}


def _fact(item: Item, domain: str, row: Record, when: str) -> Fact:
    return Fact(
        item=item.id,
        value=_value(item, row[f"{domain}STRESN"], row[f"{domain}STRESC"]),
        unit=item.unit if item.type == "quantity" else "",
        low=row.get(f"{domain}STNRLO"),
        high=row.get(f"{domain}STNRHI"),
        when=PartialDate.parse(when),
        origin=f"{domain} {row[f'{domain}SEQ']}",
    )


def _value(item: Item, number: float | None, text: str) -> Value:
    """The result as the language has it; None for a number that is only known to be below a limit."""
    if item.type in ("quantity", "integer"):
        return number
    if item.type in ("boolean", "judgement"):
        return text == "Y"
    if item.type == "choice":
        codes = {choice.submission or choice.code.upper(): choice.code for choice in item.choices}
        return codes.get(text, text)
    return text


def assess(endpoint: Endpoint, findings: Findings, subject: str) -> list[Assessment]:
    """The endpoint's parts at each of its visits, in their order."""
    study = findings.study
    expressions = [study.compile(part.logic) for part in endpoint.parts]
    assessed = []
    for visit_id in endpoint.visits:
        number = study.schedule.visit(visit_id).number
        patient = findings.patient(subject, number)
        truths = tuple(_truth(evaluate(expression, patient)) for expression in expressions)
        assessed.append(Assessment(subject, visit_id, findings.days.get((subject, number), ""), truths))
    return assessed


def _truth(value: object) -> Truth:
    return value if isinstance(value, Truth) else Truth.UNKNOWN


Assessments = Mapping[tuple[str, str], Sequence[Assessment]]
"""By endpoint and subject."""


def assess_all(findings: Findings, subjects: Mapping[str, Record]) -> Assessments:
    """Every endpoint made of parts at visits, for each dosed subject of its population."""
    return {
        (endpoint.id, subject): assess(endpoint, findings, subject)
        for endpoint in findings.study.endpoints.endpoints
        if endpoint.parts and endpoint.visits
        for subject, carried in subjects.items()
        if carried[flag(endpoint.population)] == "Y" and carried["TRTSDT"] is not None
    }


def records(study: Study, assessed: Assessments, subjects: Mapping[str, Record], names: Names) -> Iterator[Record]:
    """One record for each part and one for the whole, for each visit and subject of the endpoint's population."""
    endpoints = {endpoint.id: endpoint for endpoint in study.endpoints.endpoints}
    for (endpoint_id, subject), at_visits in assessed.items():
        for assessment in at_visits:
            yield from _records(study, endpoints[endpoint_id], assessment, subjects[subject], names)


def _records(
    study: Study, endpoint: Endpoint, assessment: Assessment, carried: Record, names: Names
) -> Iterator[Record]:
    visit = study.schedule.visit(assessment.visit)
    day = sas_date(assessment.day)
    shared = carried | {
        "AVISIT": visit.label.en.upper(),
        "AVISITN": visit.number,
        "ADT": day,
        "ADY": relative_day(day, carried["TRTSDT"]),
        "ONTRTFL": "Y" if day is not None else "",
        "ENDPTID": endpoint.id,
    }
    for part, truth in zip(endpoint.parts, assessment.parts, strict=True):
        yield (
            shared
            | _answer(truth)
            | {
                "PARAM": str(part.label),
                "PARAMCD": names.part(endpoint, part),
                "PARCAT1": "COMPONENT",
                "PARTID": part.id,
            }
        )
    imputes = endpoint.test is None or endpoint.test.missing == "non_response"
    missing = assessment.whole is Truth.UNKNOWN
    whole = Truth.FALSE if missing and imputes else assessment.whole
    decides = endpoint.measure == "binary" and assessment.visit == endpoint.visits[-1]
    yield (
        shared
        | _answer(whole)
        | {
            "PARAM": str(endpoint.title),
            "PARAMCD": names.endpoint(endpoint),
            "PARCAT1": "COMPOSITE",
            "DTYPE": "NRI" if missing and imputes else "",
            "ANL01FL": "Y" if decides else "",
        }
    )


def _answer(truth: Truth) -> Record:
    return {"AVAL": {Truth.TRUE: 1.0, Truth.FALSE: 0.0}.get(truth), "AVALC": YES_NO[truth]}


def assessments(study: Study, sdtm: Mapping[str, Dataset], subjects: Mapping[str, Record]) -> Iterator[Record]:
    """Findings behind endpoints that have no analysis data set of their own (scales, doses), as measured."""
    used = {item.sdtm.domain for item in _items(study) if item.sdtm and item.sdtm.testcd}
    for domain in sorted((used - set(OWN)) & sdtm.keys()):
        yield from measures.records(sdtm[domain], subjects)


OWN = ("LB", "VS", "PC", "IS")
"""Domains with an analysis data set of their own."""


def _items(study: Study) -> Iterator[Item]:
    """Items that endpoints summarise or that their parts speak of."""
    for endpoint in study.endpoints.endpoints:
        named = [endpoint.item] if endpoint.item else []
        named += [item for part in endpoint.parts for item in study.compile(part.logic).items]
        yield from (study.item_by_id[name] for name in named if name in study.item_by_id)
