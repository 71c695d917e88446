"""ADaM: analysis data sets from SDTM and the definition's endpoints, populations and grading rules."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from trialwright.analyse import spec
from trialwright.analyse.adam import events, measures, response, subject_level, time_to_event
from trialwright.analyse.adam.grading import grader
from trialwright.analyse.adam.names import Names
from trialwright.analyse.spec import DatasetSpec, Record
from trialwright.evidence.dataset import Dataset
from trialwright.study.definition import Study


def derive(study: Study, sdtm: Mapping[str, Dataset]) -> dict[str, Dataset]:
    """Every analysis data set by its name in capitals, ADSL first."""
    adsl = spec.build(specification("ADSL", study), subject_level.records(study, sdtm))
    subjects = subject_level.carried(study, adsl)
    findings = response.collect(study, sdtm)
    assessed = response.assess_all(findings, subjects)
    names = Names(study, taken=_test_codes(sdtm))
    first_doses = {row["USUBJID"]: row["RFXSTDTC"] for row in sdtm["DM"].frame.iter_rows(named=True)}
    rows: dict[str, Iterable[Record]] = {
        "ADAE": events.records(sdtm["AE"], subjects),
        "ADLB": measures.records(sdtm["LB"], subjects, grade=grader(study, "LB")),
        "ADVS": measures.records(sdtm["VS"], subjects),
        "ADIS": measures.records(sdtm["IS"], subjects),
        "ADPC": measures.concentrations(sdtm["PC"], subjects, first_doses, _planned_hours(study)),
        "ADRS": [*response.records(study, assessed, subjects, names), *response.assessments(study, sdtm, subjects)],
        "ADTTE": time_to_event.records(study, assessed, adsl, subjects, names),
    }
    return {"ADSL": adsl} | {name: spec.build(specification(name, study), found) for name, found in rows.items()}


def specification(name: str, study: Study) -> DatasetSpec:
    """The specification of an analysis data set, with one flag for each population of the study."""
    entry: dict[str, Any] = dict(spec.load(__name__)["datasets"][name])
    entry["variables"] = list(_with_flags(entry["variables"], study))
    return spec.dataset_spec(name, entry, "ADaM")


def _with_flags(rows: Iterable[Any], study: Study) -> Iterable[Any]:
    for row in rows:
        if row and isinstance(row[0], list):
            yield list(_with_flags(row, study))
        elif row == ["FLAGS"]:
            yield [_flag_row(study, p.id, str(p.label)) for p in study.endpoints.populations]
        else:
            yield row


def _flag_row(study: Study, population: str, label: str) -> list[str]:
    rule = next(p.rule for p in study.endpoints.populations if p.id == population)
    name = subject_level.flag(population)
    words = subject_level.FLAG_LABELS.get(name) or (f"{label} Flag" if len(f"{label} Flag".encode()) <= 40 else label)
    method = f"Y by the rule '{rule}' of population {population}, else N"
    return [name, words[:40], "text", "Exp", "Derived", "NY", method]


def _test_codes(sdtm: Mapping[str, Dataset]) -> set[str]:
    """Codes that assessments bring into ADRS."""
    return {
        code
        for name, dataset in sdtm.items()
        if f"{name}TESTCD" in dataset.frame.columns
        for code in dataset.frame[f"{name}TESTCD"].unique().to_list()
    }


def _planned_hours(study: Study) -> dict[tuple[float, float], float]:
    """Hours from the first dose to each planned sample, by numbers of the visit and the time point."""
    planned: dict[tuple[float, float], float] = {}
    for visit in study.schedule.visits:
        samples = [sample for sample in study.schedule.samples if sample.visit == visit.id]
        for item in dict.fromkeys(sample.item for sample in samples):
            for order, sample in enumerate((s for s in samples if s.item == item), 1):
                after = sample.hours if visit.dose else 0.0
                planned[visit.number, float(order)] = 24.0 * visit.offset + after
    return planned
