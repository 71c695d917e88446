"""Incidence: subjects with an event of a kind, or with a result of a kind that they did not have at baseline."""

from __future__ import annotations

from trialwright.analyse.displays import words
from trialwright.analyse.displays.courses import item_of
from trialwright.analyse.displays.data import Data, Reading
from trialwright.analyse.displays.safety import events
from trialwright.evidence.results import Display, Outcome, Row, Stat, Table
from trialwright.science.stats.binomial import proportion
from trialwright.study.endpoints import Endpoint
from trialwright.study.items import Item


def is_finding(data: Data, endpoint: Endpoint) -> bool:
    """Whether the endpoint's item is a result of a test (antibodies), not a field of an event form."""
    item = item_of(data, endpoint)
    return item.sdtm is not None and bool(item.sdtm.testcd)


def _counted(item: Item, endpoint: Endpoint) -> frozenset[str] | None:
    """SDTM values that count; None: any value does."""
    if not endpoint.counts:
        return frozenset({"Y"}) if item.type == "boolean" else None
    choices = [item.choice(code) for code in endpoint.counts]
    return frozenset((c.submission or c.code.upper()) for c in choices if c is not None)


def affected(data: Data, endpoint: Endpoint) -> set[str]:
    """Subjects of the population who count."""
    item, members = item_of(data, endpoint), {s.key for s in data.of(endpoint.population)}
    wanted = _counted(item, endpoint)
    if is_finding(data, endpoint):
        found = {r.subject for r in _readings(data, endpoint) if not r.base and _after(r) and _is(r, wanted)}
        return (found - {r.subject for r in _readings(data, endpoint) if r.base and _is(r, wanted)}) & members
    variable = item.sdtm.variable if item.sdtm else ""
    having = (e for e in events(data) if e.row.get(variable))
    return {e.subject for e in having if wanted is None or str(e.row[variable]) in wanted} & members


def _readings(data: Data, endpoint: Endpoint) -> list[Reading]:
    members = {s.key for s in data.of(endpoint.population)}
    return [r for r in data.readings(item_of(data, endpoint)) if r.subject in members and r.text]


def _after(reading: Reading) -> bool:
    return reading.day is not None and reading.day > 0


def _is(reading: Reading, wanted: frozenset[str] | None) -> bool:
    return wanted is None or reading.text.upper() in wanted


def incidence(data: Data, endpoint: Endpoint, number: str) -> Display:
    """Results by visit and the subjects who turned after the first dose, with an exact interval."""
    item = item_of(data, endpoint)
    wanted, readings = _counted(item, endpoint), _readings(data, endpoint)
    n, turned = len(data.of(endpoint.population)), affected(data, endpoint)
    found = proportion(len(turned), n)
    limits = (
        words.NONE if found.low is None or found.high is None else words.interval(100 * found.low, 100 * found.high)
    )
    rows = [_at("Baseline", [r for r in readings if r.base], wanted)]
    for visit in data.study.schedule.planned():
        here = [r for r in readings if r.visit == visit.id and not r.base]
        if here:
            rows.append(_at(visit.label.en, here, wanted))
    rows.append(
        Row("Any time after the first dose, and not at baseline", (str(n), words.share(len(turned), n), limits))
    )
    finding = (
        f"{len(turned)} of {n} subjects ({words.percent(len(turned), n)}; exact 95 % interval {limits} %) "
        f"were positive after the first dose and not before it."
    )
    return Display(
        f"incidence-{endpoint.id}".replace("_", "-"),
        number,
        endpoint.title.en,
        finding,
        data.named(endpoint.population),
        Table(item.label.en, ("Tested", "Positive", "95 % interval, %"), tuple(rows)),
        None,
        ("Baseline is the last sample before the first dose; a missing one counts as negative.",),
        ("ADSL", item.sdtm.domain if item.sdtm else ""),
    )


def _at(label: str, readings: list[Reading], wanted: frozenset[str] | None) -> Row:
    tested = {r.subject for r in readings}
    positive = {r.subject for r in readings if _is(r, wanted)}
    return Row(label, (str(len(tested)), words.share(len(positive), len(tested)), ""))


def incidence_outcome(data: Data, endpoint: Endpoint) -> Outcome:
    """Count of affected subjects over the population."""
    n = len(data.of(endpoint.population))
    return Outcome(
        endpoint=endpoint.id,
        rank=endpoint.rank,
        title=endpoint.title.en,
        description=endpoint.description.en,
        time_frame=endpoint.time_frame.en,
        population=data.named(endpoint.population),
        analysed=n,
        param="COUNT_OF_PARTICIPANTS",
        dispersion="",
        unit="Participants",
        stats=(Stat("", len(affected(data, endpoint)), n=n),),
    )
