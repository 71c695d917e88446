"""Operating characteristics: how often the trial would succeed, how long recruitment would take, who would be lost.

A panel of virtual patients is screened and followed to the decisive visit by the definition's own logic; then many
trials are drawn from that panel at once. Nothing is written anywhere.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from trialwright.evidence.patient import Patient
from trialwright.kernel.errors import DefinitionError, InputError
from trialwright.kernel.truth import Truth
from trialwright.logic import evaluate
from trialwright.science.stats.binomial import SingleArmDesign, single_arm
from trialwright.science.stats.summary import quantiles
from trialwright.simulate.draws import generator
from trialwright.simulate.observation import Observation, evidence
from trialwright.simulate.patient import Given, VirtualPatient
from trialwright.simulate.recruitment import Opening, openings, waited
from trialwright.study.definition import Study
from trialwright.study.endpoints import Endpoint
from trialwright.study.schedule import Visit

PANEL = 500
"""Patients in the panel: the response rate is then known to about 2 percentage points."""
SHARES = (0.05, 0.25, 0.5, 0.75, 0.95)
BLOCK = 2000
"""Trials drawn at once, which bounds memory."""


@dataclass(frozen=True, slots=True)
class Panel:
    """What would become of each of n patients who come: shape (n,). Deaths count to the decisive visit."""

    eligible: NDArray[np.bool_]
    responds: NDArray[np.bool_]
    dies: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Operating:
    """`success`: share of trials whose primary test succeeds; quantiles by share (0.5: the median).

    `duration` in days from the study's start to the last enrolment; `failures` counts patients who came and were not
    enrolled. `design` is exact; `assumed_rate` is the response rate of the enrolled in the panel.
    """

    study: str
    trials: int
    seed: int
    planned: int
    success: float
    success_error: float
    design: SingleArmDesign
    assumed_rate: float
    eligible_rate: float
    death_rate: float
    responders: dict[float, float]
    duration: dict[float, float]
    failures: dict[float, float]
    mean_failures: float
    by_completion: float
    """Share of trials whose last patient is followed up by the planned completion of the study."""


def simulate(
    study: Study,
    seed: int,
    trials: int,
    *,
    panel: int = PANEL,
    progress: Callable[[float], None] | None = None,
) -> Operating:
    """Draw `trials` whole trials. Same study and seed: same answer. `progress` hears the share that is done.

    Raises InputError for no trials; DefinitionError when the primary endpoint has no exact test, or nobody is eligible.
    """
    if trials < 1 or panel < 1:
        raise InputError("At least one trial and one patient are needed.", hint="Try --trials 1000.")
    design = exact_design(study)
    tell = progress or (lambda share: None)
    seen = observe_panel(study, seed, panel, tell)
    if not seen.eligible.any():
        raise DefinitionError("None of the virtual patients is eligible.", where="assumptions.yaml people")
    rng = generator(seed, "trials")
    blocks = [min(BLOCK, trials - start) for start in range(0, trials, BLOCK)]
    drawn = [_draw(study, seen, size, rng) for size in blocks]
    responders, failures, days = (np.concatenate(part) for part in zip(*drawn, strict=True))
    tell(1.0)
    return _summary(study, seed, design, seen, (responders, failures, days))


def exact_design(study: Study) -> SingleArmDesign:
    """The primary endpoint's test as a design. Raises DefinitionError when it has none."""
    test = study.endpoints.primary().test
    if test is None:
        raise DefinitionError("The primary endpoint has no exact test.", where="endpoints.yaml", hint="Give it `test`.")
    planned = study.registration.design.enrolment
    return single_arm(planned, null=test.null, target=test.target, alpha=test.alpha)


# ── One patient at a time ─────────────────────────────────────────────────────────────────────────────────────────────


def observe_panel(study: Study, seed: int, size: int, tell: Callable[[float], None]) -> Panel:
    """Screen `size` patients; follow the eligible ones to the decisive visit of the primary endpoint."""
    start = study.registration.status.start
    sites = [opening.site for opening in openings(study)]
    found = []
    for number in range(1, size + 1):
        site = sites[number % len(sites)]
        patient = VirtualPatient(study, seed, number, site, dt.datetime(start.year, start.month, start.day, 9))
        found.append(_fate(study, patient))
        tell(number / size)
    columns = [np.array(column, dtype=bool) for column in zip(*found, strict=True)]
    return Panel(*columns)


def _fate(study: Study, patient: VirtualPatient) -> tuple[bool, bool, bool]:
    """(eligible, responds, dies before the decisive visit)."""
    if not patient.consents:
        return False, False, False
    day = patient.arrival.date()
    screened = [(seen, day) for seen in patient.screening()]
    if not eligible(study, evidence(study, screened, day)):
        return False, False, False
    endpoint = study.endpoints.primary()
    visit = decisive(study, endpoint)
    leaving = patient.exit
    gone = leaving is not None and leaving.day <= visit.offset
    dies = leaving is not None and gone and leaving.death
    responds = not gone and patient.attends(visit) is not None and _responds(study, patient, visit, screened)
    return True, responds, dies


def eligible(study: Study, facts: Patient) -> bool:
    """Whether every inclusion criterion holds and no exclusion criterion can: the verdict without its reasons."""
    wanted = {"inclusion": Truth.TRUE, "exclusion": Truth.FALSE}
    return all(evaluate(study.compile(c.logic), facts) is wanted[c.kind] for c in study.eligibility.criteria)


def decisive(study: Study, endpoint: Endpoint) -> Visit:
    """The visit that decides a binary endpoint: its last one."""
    if not endpoint.visits:
        raise DefinitionError(f"Endpoint '{endpoint.id}' names no visit.", where="endpoints.yaml")
    return study.schedule.visit(endpoint.visits[-1])


def _responds(study: Study, patient: VirtualPatient, visit: Visit, screened: list[tuple[Observation, dt.date]]) -> bool:
    """Whether every part of the primary endpoint holds at the visit, after doses as planned."""
    endpoint = study.endpoints.primary()
    first = patient.arrival + dt.timedelta(days=patient.days_to_enrolment)
    when = first + dt.timedelta(days=visit.offset)
    doses = planned_doses(study, patient, first)
    items = {item.id for item in study.items}
    forms = [f for f in visit.forms if items.intersection(study.form_by_id[f].item_ids())]
    seen = [(o, when.date()) for form in forms for o in patient.observe(visit, form, when, doses)]
    facts = evidence(study, [*screened, *seen], patient.arrival.date(), first.date())
    return all(evaluate(study.compile(part.logic), facts) is Truth.TRUE for part in endpoint.parts)


def planned_doses(study: Study, patient: VirtualPatient, first: dt.datetime) -> list[Given]:
    """Every dose of the regimen on its planned day, by the weight at screening."""
    weight = patient.baseline.value(study.dosing.weight.item) or 60.0
    dosed = [v for v in study.schedule.visits if v.dose]
    return [
        Given(
            first + dt.timedelta(days=v.offset, hours=2),
            study.dosing.step(v.dose or 1).per_kg * weight,
            study.dosing.infusion.minutes,
            weight,
        )
        for v in dosed
    ]


# ── Many trials at once ───────────────────────────────────────────────────────────────────────────────────────────────


def _draw(
    study: Study, panel: Panel, trials: int, rng: np.random.Generator
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """(responders, failures, day of the last enrolment) of each trial, shape (trials,)."""
    planned = study.registration.design.enrolment
    share = float(panel.eligible.mean())
    comers = math.ceil(planned / share + 8 * math.sqrt(planned * (1 - share)) / share) + 5
    who = rng.integers(panel.eligible.size, size=(trials, comers))
    eligible = panel.eligible[who]
    place = np.cumsum(eligible, axis=1)
    enrolled = eligible & (place <= planned)
    last = np.argmax(place >= planned, axis=1)
    responders = (panel.responds[who] & enrolled).sum(axis=1)
    days = arrival_days(openings(study), trials, comers, rng)
    return responders, last + 1 - planned, days[np.arange(trials), last]


def arrival_days(sites: list[Opening], trials: int, comers: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """Days from the study's start of the first `comers` arrivals over all sites, shape (trials, comers), ascending."""
    all_rates = sum(site.rate for site in sites)
    columns = []
    for site in sites:
        # Far more than this site can contribute before the others have made up the number.
        expected = comers * site.rate / all_rates
        count = math.ceil(expected + 8 * math.sqrt(expected) + 8)
        work = np.cumsum(rng.exponential(size=(trials, min(count, comers))), axis=1)
        columns.append(site.day + waited(site, work))
    together = np.concatenate(columns, axis=1)
    return np.sort(together, axis=1)[:, :comers]


def _summary(
    study: Study,
    seed: int,
    design: SingleArmDesign,
    panel: Panel,
    drawn: tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]],
) -> Operating:
    responders, failures, days = drawn
    wins = responders >= design.critical
    success = float(wins.mean())
    status = study.registration.status
    followed = max((v.offset for v in study.schedule.visits if v.anchor == "first_dose"), default=0)
    in_time = days + followed <= (status.completion - status.start).days
    return Operating(
        study=study.id,
        trials=int(responders.size),
        seed=seed,
        planned=design.n,
        success=success,
        success_error=math.sqrt(success * (1 - success) / responders.size),
        design=design,
        assumed_rate=float(panel.responds[panel.eligible].mean()),
        eligible_rate=float(panel.eligible.mean()),
        death_rate=float(panel.dies[panel.eligible].mean()),
        responders=_quantiles(responders),
        duration=_quantiles(days),
        failures=_quantiles(failures),
        mean_failures=float(failures.mean()),
        by_completion=float(in_time.mean()),
    )


def _quantiles(values: NDArray[np.int64] | NDArray[np.float64]) -> dict[float, float]:
    return dict(zip(SHARES, quantiles([float(v) for v in values], SHARES), strict=True))
