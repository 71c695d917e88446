"""Answers drawn from assumptions: numbers, choices, dates, each as the text that somebody would type."""

from __future__ import annotations

import datetime as dt
import math
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from trialwright.kernel.dates import add_months
from trialwright.study.assumptions import Draw, FormRows, Rows, Spread
from trialwright.study.definition import Study
from trialwright.study.items import Item

NOT_DONE = "not_done"


@dataclass(frozen=True, slots=True)
class Answer:
    """A text as typed; "" with a null flavour is an answer without a value."""

    value: str
    null_reason: str = ""


Answers = dict[str, Answer]


@dataclass(frozen=True, slots=True)
class Row:
    """One drawn row of a repeating group."""

    form: str
    group: str
    answers: Answers


def generator(seed: int, *parts: int | str) -> np.random.Generator:
    """An own stream of random numbers for each patient and purpose: none depends on what else was drawn."""
    words = [part if isinstance(part, int) else zlib.crc32(part.encode()) for part in parts]
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed, *words])))


def number(spread: Spread, rng: np.random.Generator, z: float | None = None) -> float:
    """One value of a spread; `z` is a standard normal deviate drawn elsewhere (for correlated values)."""
    if spread.uniform:
        return float(rng.uniform(spread.low or 0.0, spread.high or 0.0))
    deviate = float(rng.standard_normal()) if z is None else z
    if spread.median is not None:
        value = spread.median * math.exp(spread.omega * deviate)
    else:
        value = (spread.mean or 0.0) + spread.sd * deviate
    return clip(value, spread.low, spread.high)


def clip(value: float, low: float | None, high: float | None) -> float:
    return max(value if high is None else min(value, high), -math.inf if low is None else low)


def typed(item: Item, value: float) -> str:
    """A number as a person would type it: within what is possible, with the item's decimals."""
    if item.hard is not None:
        value = clip(value, item.hard.low, item.hard.high)
    if item.type == "integer":
        return str(round(value))
    if item.decimals is not None:
        return f"{value:.{item.decimals}f}"
    digits = 3 if value == 0 else max(0, 2 - math.floor(math.log10(abs(value))))
    return f"{value:.{digits}f}"


def holds(when: Mapping[str, tuple[str, ...]], answers: Mapping[str, Answer]) -> bool:
    """Whether earlier answers are among those listed."""
    return all(item in answers and answers[item].value in wanted for item, wanted in when.items())


def answer(study: Study, draw: Draw, rng: np.random.Generator, day: dt.date) -> Answer:
    """Draw one answer. `day` is the reference of `day` draws and the day on which an `age` is reached."""
    missing = draw.missing > 0 and rng.random() < draw.missing
    value = _value(study.item_by_id[draw.item], draw, rng, day)
    return Answer("", NOT_DONE) if missing else Answer(value)


def _value(item: Item, draw: Draw, rng: np.random.Generator, day: dt.date) -> str:
    if draw.value is not None:
        return draw.value
    if draw.chance is not None:
        return "true" if rng.random() < draw.chance else "false"
    if draw.choices is not None:
        return choose(draw.choices, rng)
    if draw.number is not None:
        return typed(item, number(draw.number, rng))
    if draw.age is not None:
        months = number(draw.age, rng) * 12
        born = add_months(day, -int(months)) - dt.timedelta(days=round((months - int(months)) * 30))
        return born.isoformat()
    assert draw.day is not None
    return (day + dt.timedelta(days=round(number(draw.day, rng)))).isoformat()


def choose(chances: Mapping[str, float], rng: np.random.Generator) -> str:
    """One key, each as probable as its value says (they add up to 1)."""
    point, total = float(rng.random()), 0.0
    for code, chance in chances.items():
        total += chance
        if point < total:
            return code
    return list(chances)[-1]


def draw_all(
    study: Study,
    draws: Iterable[Draw],
    rng: np.random.Generator,
    day: dt.date,
    known: Mapping[str, Answer] | None = None,
) -> Answers:
    """Draw in order; a later draw replaces an earlier one, `when` sees everything `known` and drawn so far."""
    seen: Answers = dict(known or {})
    drawn: Answers = {}
    for draw in draws:
        if holds(draw.when, seen):
            seen[draw.item] = drawn[draw.item] = answer(study, draw, rng, day)
    return drawn


def draw_rows(
    study: Study, forms: Iterable[FormRows], rng: np.random.Generator, day: dt.date, known: Mapping[str, Answer]
) -> list[Row]:
    """Rows of repeating groups for one patient."""
    found: list[Row] = []
    for form in forms:
        for rows in form.rows:
            if holds(rows.when, known) and rng.random() < rows.chance:
                first = draw_all(study, rows.answers, rng, day, known)
                found += [Row(form.form, form.group, _days_later(rows, first, i)) for i in range(rows.repeat)]
    return found


def _days_later(rows: Rows, first: Answers, days: int) -> Answers:
    """The same row some days later: its dates move on."""
    if days == 0:
        return first
    dated = {draw.item for draw in rows.answers if draw.day is not None}
    shift = dt.timedelta(days=days)
    return {
        item: Answer((dt.date.fromisoformat(a.value) + shift).isoformat()) if item in dated and a.value else a
        for item, a in first.items()
    }
