"""A made cohort: facts of the study's own items, around the limits that its criteria name. Same seed, same table."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

import numpy as np
import polars as pl

from trialwright.kernel import units
from trialwright.logic.nodes import Call, ItemRef, Literal, Node, children, item_refs
from trialwright.study.definition import Study
from trialwright.study.items import Item

SCREENING = dt.date(2026, 3, 15)


def table(study: Study, patients: int, seed: int = 1, facts: int = 60) -> pl.DataFrame:
    """About `facts` facts for each patient, sorted by subject; low-cardinality texts are Categorical."""
    rng = np.random.default_rng(seed)
    exprs = [study.compile(c.logic) for c in study.eligibility.criteria]
    refs = {ref.id: ref for e in exprs for ref in item_refs(e.root) if ref.derived is None}
    limits = _limits(exprs)
    named = [study.item_by_id[name] for name in refs]
    fillers = [i for i in study.items if i.type == "quantity" and i.id not in refs and not i.derive]
    plan = [(item, day) for item in named for day in range(4 if item.unit == "mg/d" else 1)]
    again = [item for item in named if item.type == "quantity" and item.unit != "mg/d"]
    rest = [*((item, 1) for item in again), *((item, day) for day in range(3) for item in fillers)]
    plan += rest[: max(facts - len(plan), 0)]
    exclusions = {r.id for c, e in zip(study.eligibility.criteria, exprs, strict=True) if c.kind == "exclusion"
                  for r in item_refs(e.root)}  # fmt: skip
    drawn = [_column(item, day, patients, limits.get(item.id, []), item.id in exclusions, rng) for item, day in plan]
    return pl.concat(drawn).sort("number", maintain_order=True).drop("number")


def _limits(exprs: list) -> dict[str, list[float]]:
    """Limits that the criteria compare an item with, in its unit."""
    found: dict[str, list[float]] = {}
    for node in (n for e in exprs for n in _below(e.root)):
        if isinstance(node, Call) and len(node.args) == 2:
            item, limit = node.args
            if isinstance(item, ItemRef) and isinstance(limit, Literal) and isinstance(limit.value, float):
                kind = item.kind
                value = units.convert(limit.value, limit.kind.unit, kind.unit, kind.molar_mass)
                found.setdefault(item.id, []).append(value)
    return found


def _below(node: Node) -> Iterator[Node]:
    yield node
    for child in children(node):
        yield from _below(child)


def _column(
    item: Item, day: int, n: int, limits: list[float], excludes: bool, rng: np.random.Generator
) -> pl.DataFrame:
    keep = np.flatnonzero(rng.random(n) < 0.97)
    n = len(keep)
    words = lambda series: series.cast(pl.Categorical)  # noqa: E731
    none = pl.Series([None], dtype=pl.String).new_from_index(0, n)
    value, unit, low, high = _values(item, n, limits, excludes, rng)
    ago = rng.integers(0, 5, n) + (0 if item.unit == "mg/d" else 3 * day)
    if item.unit == "mg/d":
        ago = ago // 5 + day + 1
    when = pl.Series([(SCREENING - dt.timedelta(d)).isoformat() for d in range(40)]).gather(ago)
    agent = route = signed = none
    if item.unit == "mg/d":
        agent = pl.Series(["prednisone", "methylprednisolone", "dexamethasone"]).gather(rng.integers(0, 3, n))
        route = pl.Series(["oral", "iv", "inhaled"]).gather(rng.choice(3, n, p=[0.5, 0.48, 0.02]))
    if item.type == "judgement":
        signed = pl.Series(["Dr A", ""]).gather((rng.random(n) < 0.02).astype(int))
    return pl.DataFrame({
        "number": keep,
        "subject": "P-" + pl.Series(keep).cast(pl.String).str.zfill(7),
        "screening": pl.Series([SCREENING]).new_from_index(0, n),
        "enrolment": pl.Series([SCREENING + dt.timedelta(3)]).new_from_index(0, n),
        "item": words(pl.Series([item.id]).new_from_index(0, n)), "value": value, "unit": words(unit),
        "low": low, "high": high, "when": words(when), "time": words(none),
        "agent": words(agent), "route": words(route), "signed_by": words(signed),
        "reason": words(none),
    })  # fmt: skip


def _values(item: Item, n: int, limits: list[float], excludes: bool, rng: np.random.Generator) -> tuple:
    blank = pl.Series([None], dtype=pl.Float64).new_from_index(0, n)
    unit = pl.Series([""]).new_from_index(0, n)
    match item.type:
        case "quantity" | "integer":
            return _numbers(item, n, limits, rng)
        case "boolean" | "judgement":
            yes = rng.random(n) < (0.01 if excludes else 0.9)
            return pl.Series(["false", "true"]).gather(yes.astype(int)), unit, blank, blank
        case "choice":
            codes = pl.Series([c.code for c in item.choices])
            return codes.gather(rng.integers(0, len(codes), n)), unit, blank, blank
        case "event" if excludes:
            texts = ["none"] * 96 + ["2024-05", "2019", "2025-10-01", "2026-01-10"]
            return pl.Series(texts).gather(rng.integers(0, 100, n)), unit, blank, blank
        case "event":
            return (
                pl.Series(["2026-03-14", "2026-03-15", "none"]).gather(rng.choice(3, n, p=[0.5, 0.48, 0.02])),
                unit,
                blank,
                blank,
            )
    days = pl.Series(np.datetime64("1946-01-01") + rng.integers(0, 24000, n))
    return days.dt.to_string("%Y-%m-%d"), unit, blank, blank


def _numbers(item: Item, n: int, limits: list[float], rng: np.random.Generator) -> tuple:
    """Half around a limit that a criterion names, one in twelve on it; the others in the usual range."""
    low = item.soft.low if item.soft and item.soft.low is not None else 1.0
    high = item.soft.high if item.soft and item.soft.high is not None else max(100.0, 2 * low)
    value = np.exp(rng.uniform(np.log(max(low, 0.05)), np.log(high), n))
    if limits:
        near = np.array(limits)[rng.integers(0, len(limits), n)] * rng.choice([0.9, 0.99, 1.0, 1.0, 1.01, 1.1], n)
        value = np.where(rng.random(n) < 0.5, near, value)
    digits = item.decimals if item.decimals is not None else 2
    value = np.clip(np.round(value, digits), *((item.hard.low or 0, item.hard.high or 1e9) if item.hard else (0, 1e9)))
    other = next((u for u in item.units), "")
    elsewhere = (rng.random(n) < 0.15) if other else np.zeros(n, bool)
    if elsewhere.any():
        stated = [round(units.convert(v, item.unit, other, item.molar_mass), 6) for v in value[elsewhere].tolist()]
        value[elsewhere] = stated
    unit = pl.Series([item.unit, other]).gather(elsewhere.astype(int))
    top = item.normal.high if item.normal and item.normal.high else None
    limit = np.full(n, np.nan) if top is None else np.full(n, top)
    if top is not None:
        limit[elsewhere] = units.convert(top, item.unit, other, item.molar_mass) if other else np.nan
    upper = pl.Series(limit).fill_nan(None)
    blank = pl.Series([None], dtype=pl.Float64).new_from_index(0, n)
    return pl.Series(value).cast(pl.String), unit, blank, upper
