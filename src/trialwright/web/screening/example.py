"""An invented patient to try the page with: the first one of the simulation that the criteria let in."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from itertools import islice

from trialwright.screen import verdict
from trialwright.simulate.observation import Observation
from trialwright.simulate.patient import arrivals
from trialwright.study.definition import Study
from trialwright.web.screening.answers import Answers
from trialwright.web.screening.questions import Question, sections
from trialwright.web.screening.shown import EXAMPLE
from trialwright.web.words import Words

SEED = 1
_TRIED = 40
JUDGE = "Dr Example"


_MADE: dict[tuple[str, str, dt.date], dict[str, str]] = {}
"""By id and version of the study and the day; only the latest is kept."""


def typed(study: Study, today: dt.date) -> dict[str, str]:
    """What would be typed for the example, screened today."""
    key = (study.id, study.version, today)
    if key not in _MADE:
        made = _found(study, today)
        _MADE.clear()
        _MADE[key] = made
    return dict(_MADE[key])


def _found(study: Study, today: dt.date) -> dict[str, str]:
    first: dict[str, str] = {}
    for patient in islice(arrivals(study, SEED), _TRIED):
        made = _typed(study, patient.screening(), patient.arrival.date(), today)
        first = first or made
        answers = Answers(study, Words("en"), today, made)
        if not answers.errors and verdict(study, answers.patient()).state == "eligible":
            return made
    return first


def _typed(study: Study, seen: Iterable[Observation], arrival: dt.date, today: dt.date) -> dict[str, str]:
    """The answers of a virtual patient as inputs of the page, all days moved so that screening is today."""
    made = {"screening": str(today), "subject": EXAMPLE}
    by_place = {(o.form, o.group, o.row, o.item): o for o in seen}
    by_item = {o.item: o for o in by_place.values()}
    for section in sections(study):
        for question in section.questions:
            if question.shape == "rows":
                made |= _rows(question, by_place, today - arrival)
            elif question.id in by_item:
                made |= _single(question, by_item[question.id], today - arrival)
        if section.judged:
            made[f"s:{section.id}"] = JUDGE
    return made


def _single(question: Question, seen: Observation, shift: dt.timedelta) -> dict[str, str]:
    name = question.id
    if not seen.value:
        where = {"options": "v", "list": "v", "event": "k"}.get(question.shape, "n")
        return {f"{where}:{name}": question.reason(seen.null_reason)} if seen.null_reason else {}
    if question.shape == "event":
        day = seen.value not in ("none", "current")
        return {f"k:{name}": "date" if day else seen.value, **({f"v:{name}": _moved(seen.value, shift)} if day else {})}
    made = {f"v:{name}": _moved(seen.value, shift) if question.shape == "date" else seen.value}
    if question.shape == "number":
        made[f"u:{name}"] = seen.unit or question.item.unit
        limits = {"low": seen.low, "high": seen.high}
        made |= {f"{k[0]}:{name}": f"{x:g}" for k, x in limits.items() if x is not None and k in question.flags}
    return made


def _rows(
    question: Question, by_place: dict[tuple[str, str, int, str], Observation], shift: dt.timedelta
) -> dict[str, str]:
    made: dict[str, str] = {}
    mine = [o for o in by_place.values() if o.item == question.id and o.value]
    for number, seen in enumerate(sorted(mine, key=lambda o: o.row), 1):
        name = f"r:{question.id}:{number}"
        made |= {f"{name}:value": seen.value, f"{name}:unit": seen.unit or question.item.unit}
        for column, item in question.columns:
            beside = by_place.get((seen.form, seen.group, seen.row, item.id)) if item else None
            if beside:
                made[f"{name}:{column}"] = _moved(beside.value, shift) if column == "when" else beside.value
    return made


def _moved(text: str, shift: dt.timedelta) -> str:
    """A whole day moved by the shift; a month or year alone stays."""
    try:
        return str(dt.date.fromisoformat(text[:10]) + shift)
    except ValueError:
        return text
