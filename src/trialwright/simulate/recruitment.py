"""When patients arrive where: each site opens on its own day and recruits at its own, rising pace."""

from __future__ import annotations

import datetime as dt
import heapq
from collections.abc import Iterator
from dataclasses import dataclass
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from trialwright.kernel.errors import DefinitionError
from trialwright.simulate.draws import generator
from trialwright.study.assumptions import SitePace
from trialwright.study.definition import Study

MONTH = 365.25 / 12
ROUNDS_FROM, ROUNDS_TO = 8.0, 17.0
"""Hours of the day at which patients are first seen."""


@dataclass(frozen=True, slots=True)
class Opening:
    """`day` counts from the study's start."""

    site: str
    zone: str
    day: float
    rate: float
    ramp: float


def openings(study: Study) -> list[Opening]:
    """Every site that recruits, in the order of the definition. Raises DefinitionError if none does."""
    recruitment = study.assumptions.recruitment
    paces = {pace.site: pace for pace in recruitment.sites}
    found = []
    for site in study.registration.sites:
        pace = paces.get(site.id, recruitment.other_sites) or SitePace(site=site.id, opens=0, rate=0)
        if pace.rate > 0:
            found.append(Opening(site.id, site.timezone, pace.opens, pace.rate, recruitment.ramp_months * MONTH))
    if not found:
        raise DefinitionError("No site recruits.", where="assumptions.yaml", hint="Give recruitment.sites a rate.")
    return found


def opening_date(study: Study, opening: Opening) -> dt.date:
    return study.registration.status.start + dt.timedelta(days=int(opening.day))


def arrival_days(opening: Opening, rng: np.random.Generator) -> Iterator[float]:
    """Days from the study's start at which patients come: a Poisson process whose rate rises over the ramp."""
    work = 0.0
    while True:
        work += float(rng.exponential())
        yield opening.day + float(waited(opening, np.asarray(work)))


def waited(opening: Opening, work: NDArray[np.float64]) -> NDArray[np.float64]:
    """Days from opening by which `work` patients are expected: the inverse of the cumulative rate. Any shape."""
    per_day = opening.rate / MONTH
    during = np.sqrt(2 * opening.ramp * work / per_day)
    return np.where(during < opening.ramp, during, work / per_day + opening.ramp / 2)


def schedule(study: Study, seed: int) -> Iterator[tuple[str, dt.datetime]]:
    """(site, moment) of each arrival, in order of time, for ever. The moment is the site's own clock time."""
    start = study.registration.status.start
    streams = [_moments(start, opening, generator(seed, "arrivals", opening.site)) for opening in openings(study)]
    for moment, site in heapq.merge(*streams):
        yield site, moment


def _moments(start: dt.date, opening: Opening, rng: np.random.Generator) -> Iterator[tuple[dt.datetime, str]]:
    zone = ZoneInfo(opening.zone)
    for day in arrival_days(opening, rng):
        hours = ROUNDS_FROM + (day % 1) * (ROUNDS_TO - ROUNDS_FROM)
        minutes = int(hours * 60)
        date = start + dt.timedelta(days=int(day))
        yield dt.datetime(date.year, date.month, date.day, minutes // 60, minutes % 60, tzinfo=zone), opening.site
