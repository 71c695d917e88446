"""The whole analysis of a snapshot: SDTM, ADaM, and the results with every display, driven by the definition."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from trialwright.analyse import adam as adam_room
from trialwright.analyse import sdtm as sdtm_room
from trialwright.analyse.displays import (
    concentrations,
    courses,
    disposition,
    incidence,
    laboratory,
    population,
    responses,
    safety,
    subjects,
)
from trialwright.analyse.displays.data import Data
from trialwright.evidence.dataset import Dataset
from trialwright.evidence.results import Display, Outcome, Results
from trialwright.evidence.snapshot import Snapshot
from trialwright.study.definition import Study
from trialwright.study.endpoints import Endpoint


@dataclass(frozen=True, slots=True)
class Analysis:
    """Data sets by name, and what was found in them."""

    sdtm: dict[str, Dataset]
    adam: dict[str, Dataset]
    results: Results


def analyse(study: Study, snapshot: Snapshot) -> Analysis:
    """Derive the data sets and make all displays. Raises InputError where the snapshot does not fit the study."""
    sdtm = sdtm_room.derive(study, snapshot)
    adam = adam_room.derive(study, sdtm)
    return Analysis(sdtm, adam, results(Data(study, snapshot, sdtm, adam)))


def results(data: Data) -> Results:
    """Flow, baseline, outcomes, events and displays; counts that do not close raise TrialwrightError."""
    flow = disposition.flow(data)
    return Results(
        study=data.study.id,
        version=data.study.version,
        virtual=data.snapshot.virtual,
        flow=flow,
        baseline_n=flow.started,
        baseline=population.baseline_measures(data),
        outcomes=tuple(_outcome(data, e) for e in data.study.endpoints.endpoints),
        events=safety.registry_events(data, _time_frame(data)),
        displays=tuple(_numbered(data)),
    )


def _outcome(data: Data, endpoint: Endpoint) -> Outcome:
    makers: dict[str, Callable[[Data, Endpoint], Outcome]] = {
        "binary": responses.response_outcome,
        "time_to_event": responses.time_outcome,
        "continuous": courses.continuous_outcome,
        "concentration": concentrations.concentration_outcome,
        "incidence": incidence.incidence_outcome,
    }
    return makers[endpoint.measure](data, endpoint)


def _time_frame(data: Data) -> str:
    """The widest time in which events were collected: that of the safety endpoint, else from the schedule."""
    for endpoint in data.study.endpoints.endpoints:
        if endpoint.aim == "safety":
            return endpoint.time_frame.en
    last = max((v.offset for v in data.study.schedule.visits if v.anchor == "first_dose"), default=0)
    return f"First dose to day {last}"


_Maker = Callable[[Data, str], Display]


def _numbered(data: Data) -> Iterator[Display]:
    """Displays in the order of a clinical study report: 14.1 subjects, 14.2 efficacy, 14.3 safety, 14.4 the rest."""
    sections: dict[int, list[_Maker]] = {1: _about_subjects(data), 2: [], 3: _about_safety(data), 4: []}
    for endpoint in data.study.endpoints.endpoints:
        for section, maker in _of_endpoint(data, endpoint):
            sections[section].append(maker)
    for section, makers in sections.items():
        for place, maker in enumerate(makers, 1):
            yield maker(data, f"14.{section}.{place}")


def _about_subjects(data: Data) -> list[_Maker]:
    return [
        lambda d, n: disposition.disposition(d, disposition.flow(d), n),
        disposition.recruitment,
        population.demography,
        population.exposure,
        subjects.swimmer,
    ]


def _about_safety(data: Data) -> list[_Maker]:
    makers: list[_Maker] = [safety.overview, safety.by_term]
    if laboratory.laboratory_items(data):
        makers.append(laboratory.shifts)
    if laboratory.has_grades(data):
        makers.append(laboratory.grades)
    return makers


def _of_endpoint(data: Data, endpoint: Endpoint) -> list[tuple[int, _Maker]]:
    """The displays of one endpoint with their section. Incidences of events stand in the safety tables already."""
    section = {"efficacy": 2, "safety": 3, "tolerability": 3, "immunogenicity": 3}.get(endpoint.aim, 4)
    makers: dict[str, list[Callable[[Data, Endpoint, str], Display]]] = {
        "binary": [responses.response, *([responses.components] if endpoint.parts else [])],
        "time_to_event": [responses.time_to_event],
        "continuous": [courses.course],
        "concentration": [concentrations.concentration],
        "incidence": [incidence.incidence] if _is_finding(data, endpoint) else [],
    }
    return [(section, _bound(make, endpoint)) for make in makers[endpoint.measure]]


def _is_finding(data: Data, endpoint: Endpoint) -> bool:
    return endpoint.measure == "incidence" and incidence.is_finding(data, endpoint)


def _bound(make: Callable[[Data, Endpoint, str], Display], endpoint: Endpoint) -> _Maker:
    return lambda data, number: make(data, endpoint, number)
