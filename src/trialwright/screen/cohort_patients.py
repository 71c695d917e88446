"""The patients of a table of facts, one by one: to explain one of a cohort, and to compare with the plain evaluator."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

import polars as pl

from trialwright.evidence.patient import Fact, Patient
from trialwright.kernel.dates import PartialDate
from trialwright.kernel.errors import InputError
from trialwright.screen.cohort_batch import batches
from trialwright.screen.values import fact_of
from trialwright.study.definition import Study
from trialwright.study.items import Item

_KEYS = ("value", "unit", "low", "high", "when", "agent", "route", "signed_by", "reason")


def patients_of(
    study: Study, facts: pl.DataFrame | Iterable[pl.DataFrame], *, today: dt.date | None = None
) -> Iterator[Patient]:
    """Each patient, in the order of the table. What cannot be right is left out, as `screen_cohort` does."""
    named = {name: (item, alias) for item in study.items for name, alias in _names(item)}
    for batch in batches(facts):
        for part in batch.frame.partition_by("subject", maintain_order=True):
            yield _patient(part.to_dicts(), named, today)


def _names(item: Item) -> Iterator[tuple[str, str]]:
    yield item.id, ""
    yield from ((synonym.id, synonym.id) for synonym in item.synonyms)


def _patient(rows: list[dict[str, Any]], named: Mapping[str, tuple[Item, str]], today: dt.date | None) -> Patient:
    first = rows[0]
    anchors = first["screening"], first["enrolment"], first["first_dose"]
    latest = max(day for day in (*anchors, today) if day)
    facts = [fact for row in rows if (fact := _fact(row, named)) is not None and not _late(fact, latest)]
    unique = {replace(fact, origin=""): fact for fact in facts}
    return Patient(str(first["subject"]), *anchors, tuple(unique.values()))


def _fact(row: dict[str, Any], named: Mapping[str, tuple[Item, str]]) -> Fact | None:
    if row["item"] not in named:
        return None
    item, alias = named[row["item"]]
    try:
        fact = fact_of(item, {key: row[key] for key in _KEYS}, synonym=alias)
    except InputError:
        return None
    return fact if fact.time or not row["time"] else replace(fact, time=row["time"])


def _late(fact: Fact, latest: dt.date) -> bool:
    return any(isinstance(day, PartialDate) and day.first > latest for day in (fact.when, fact.value))
