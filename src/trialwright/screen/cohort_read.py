"""Facts of a batch as the columnar evaluator takes them, item by item; what cannot be right is left out and counted.

Texts are read by the functions that read one patient, once for each distinct text; only plain numbers and whole days
have a way of their own.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from trialwright.kernel import units
from trialwright.kernel.errors import InputError
from trialwright.kernel.truth import Truth
from trialwright.logic.build import kind_of
from trialwright.logic.columnar import Cohort, Column, Days, Numbers, Source, Table, Vocabulary, day_column, exact
from trialwright.logic.columnar.algebra import convert
from trialwright.logic.columnar.columns import known, parts, take
from trialwright.logic.columnar.plain import column_of, overlaid
from trialwright.logic.columnar.table import offsets_of
from trialwright.logic.values import Value
from trialwright.screen.cohort_batch import Batch, Ints
from trialwright.screen.cohort_rows import Floats, Rows
from trialwright.screen.values import fact_of, value_of
from trialwright.study.items import Item, Limits

Mask = npt.NDArray[np.bool_]
LeftOut = Counter[tuple[str, str]]
"""(item, why) -> rows."""

_FAR = 1 << 22
"""More than the calendar has days."""
_WRONG = object()


def read(items: Mapping[str, Item], wanted: Sequence[str], batch: Batch, today: int = 0) -> tuple[Cohort, LeftOut]:
    """The cohort of a batch with the readings of the wanted items. `today`: ordinal of a day that facts may have."""
    reader = _Reader(items, wanted, batch, today)
    tables = {name: reader.table(items[name]) for name in wanted}
    anchors = {name: day_column(days) for name, days in reader.anchors.items()}
    cohort = Cohort(anchors, tables, reader.vocabulary)
    cohort.times = reader.rows.whens.times
    return cohort, reader.left_out


@dataclass(frozen=True)
class _Parsed:
    """What some rows say, stated in the item's unit. `at`: their places in `Rows`."""

    at: Ints | slice
    value: Column
    low: Floats
    high: Floats


def _names(item: Item) -> list[str]:
    return [item.id, *(synonym.id for synonym in item.synonyms)]


class _Reader:
    def __init__(self, items: Mapping[str, Item], wanted: Sequence[str], batch: Batch, today: int) -> None:
        self.batch, self.vocabulary = batch, Vocabulary()
        self.left_out: LeftOut = Counter()
        screening, enrolment, dose = (batch.days(name) for name in ("screening", "enrolment", "first_dose"))
        enrolment = np.where(enrolment > 0, enrolment, screening)
        self.anchors = {"screening": screening, "enrolment": enrolment, "first_dose": dose}
        self.latest = np.maximum.reduce([screening, enrolment, dose, np.full_like(dose, today)])
        names = [name for item in wanted for name in _names(items[item])]
        numeric = [name for item in wanted if kind_of(items[item]).name == "number" for name in _names(items[item])]
        self.rows = Rows(batch, names, numeric)
        self._count_strangers({name for item in items.values() for name in _names(item)})

    def _count_strangers(self, known_names: set[str]) -> None:
        coded = self.batch.coded("item")
        counts = np.bincount(coded.codes + 1, minlength=len(coded.words) + 1)[1:].tolist()
        strange = sum(n for word, n in zip(coded.words, counts, strict=True) if word not in known_names)
        if strange:
            self.left_out["", "items that the study does not know"] += strange

    def table(self, item: Item) -> Table:
        """The item's readings, by patient, latest first."""
        found = [self._parse(item, self.rows.slices[name], name) for name in _names(item) if name in self.rows.slices]
        if not found:
            nothing = np.zeros(0)
            found = [_Parsed(slice(0, 0), column_of([], kind_of(item), self.vocabulary), nothing, nothing)]
        return self._sorted(_joined(found))

    def _parse(self, item: Item, rows: slice, name: str) -> _Parsed:
        numeric = kind_of(item).name == "number"
        found = self._numbers(item, rows, name) if numeric else self._others(item, rows)
        return self._dated(item, found)

    def _drop(self, item: Item, found: _Parsed, bad: Mask, why: str = "") -> _Parsed:
        """Without the bad rows, which are counted if there is a reason."""
        if not bad.any():
            return found
        if why:
            self.left_out[item.id, why] += int(bad.sum())
        kept = np.flatnonzero(~bad)
        at = found.at.start + kept if isinstance(found.at, slice) else found.at[kept]
        return _Parsed(at, take(found.value, kept), found.low[kept], found.high[kept])

    # --- values ------------------------------------------------------------------------------------------------

    def _numbers(self, item: Item, rows: slice, name: str) -> _Parsed:
        values = self.rows.numbers[rows]
        wrong = np.zeros(len(values), np.bool_)
        odd = ~np.isfinite(values)
        if odd.any():
            values = values.copy()
            at = np.flatnonzero(odd)
            column, refused, lookup = self._told(item, self.rows.texts.codes[rows][at])
            values[at], wrong[at] = _low(column)[lookup], refused[lookup]
        if item.type == "integer":
            wrong |= np.isfinite(values) & (values % 1 != 0)
        found = _Parsed(rows, exact(values), self.rows.low[rows], self.rows.high[rows])
        found = self._drop(item, found, wrong, "values that the item cannot have")
        found = self._drop(item, found, found.low > found.high, "limits of normal the wrong way round")
        found = self._stated(item, found, name)
        return self._drop(item, found, ~known(found.value))

    def _stated(self, item: Item, found: _Parsed, name: str) -> _Parsed:
        """Values and limits in the item's unit, by distinct unit, and without those that cannot be."""
        coded = self.rows.coded("unit")
        codes = coded.codes[found.at]
        values, low, high = _low(found.value), found.low, found.high
        unfit = np.zeros(len(values), np.bool_)
        for code in np.flatnonzero(np.bincount(codes + 1)).tolist():
            here, unit = codes == code - 1, coded.words[code - 1] if code else ""
            rule = _unit_rule(item, unit, name)
            if rule is None:
                unfit |= here
            elif rule.assay:
                values = np.where(here, np.nan, values)
            else:
                values, low, high = (rule.stated(side, here) for side in (values, low, high))
        found = self._drop(item, _Parsed(found.at, exact(values), low, high), unfit, "units that the item cannot have")
        if item.hard is None:
            return found
        outside = _outside(_low(found.value), item.hard)
        return self._drop(item, found, outside, "impossible values")

    def _others(self, item: Item, rows: slice) -> _Parsed:
        column, wrong, lookup = self._told(item, self.rows.texts.codes[rows])
        nothing = np.full(len(lookup), np.nan)
        bad = wrong[lookup] | (self.rows.coded("unit").codes[rows] >= 0)
        found = _Parsed(rows, take(column, lookup), nothing, nothing)
        found = self._drop(item, found, bad, "values that the item cannot have")
        silent = ~known(found.value)
        if item.type == "judgement":
            signed = self.rows.coded("signed_by")
            real = np.array([*(bool(word.strip()) for word in signed.words), False])
            silent |= ~real[signed.codes[found.at]]
        return self._drop(item, found, silent)

    def _told(self, item: Item, codes: npt.NDArray[np.int32]) -> tuple[Column, Mask, Ints]:
        """What the distinct texts say, which of them the item cannot have, and for each row which one it holds."""
        texts = self.rows.texts
        present = np.flatnonzero(np.bincount(codes + 1, minlength=len(texts.words) + 1)) - 1  # -1: no text
        lookup = np.zeros(len(texts.words) + 1, np.int64)
        lookup[present] = np.arange(len(present))
        dates = kind_of(item).name in ("date", "event")
        days = self.rows.whole_days[present] if dates else np.zeros(len(present), np.int64)
        odd = np.flatnonzero(days == 0)
        answers = [_answer(item, texts.words[code]) if code >= 0 else None for code in present[odd].tolist()]
        wrong = np.zeros(len(present), np.bool_)
        wrong[odd] = [answer is _WRONG for answer in answers]
        said = [None if answer is _WRONG else answer for answer in answers]
        column = column_of(said, kind_of(item), self.vocabulary)
        return overlaid(day_column(days), odd, column) if dates else column, wrong, lookup[codes]

    # --- days and order ----------------------------------------------------------------------------------------

    def _dated(self, item: Item, found: _Parsed) -> _Parsed:
        """Without rows whose day is no date, or lies in the future."""
        whens = self.rows.whens
        if not whens.all_good:
            codes = self.rows.coded("when").codes[found.at]
            found = self._drop(item, found, (codes >= 0) & (whens.first[codes] == 0), "days that are no dates")
        if whens.first.max() > self.latest.min():
            late = whens.first[self.rows.coded("when").codes[found.at]] > self.latest[self.rows.owner[found.at]]
            found = self._drop(item, found, late, "days in the future")
        if isinstance(found.value, Days):
            late = (found.value.word == 0) & (found.value.first > self.latest[self.rows.owner[found.at]])
            found = self._drop(item, found, late, "days in the future")
        return found

    def _sorted(self, found: _Parsed) -> Table:
        owner = self.rows.owner[found.at].astype(np.int64)
        source = self._source(found, owner)
        counts = np.bincount(owner, minlength=len(self.batch.starts))
        if (owner[1:] > owner[:-1]).all():  # one reading each, in the order of patients
            return Table(source, None, offsets_of(counts))
        width = source.last - source.first
        key = (((owner << 22 | (_FAR - 1 - source.last)) << 9 | width) << 17) | ((1 << 17) - 1 - source.time)
        ordered = bool((key[1:] >= key[:-1]).all())
        order = np.arange(len(key)) if ordered else np.argsort(key, kind="stable")
        key = key if ordered else key[order]
        tied = key[1:] == key[:-1]
        if tied.any():
            order = order[self._first_of_its_kind(found, source, order, tied)]
            counts = np.bincount(owner[order], minlength=len(self.batch.starts))
        whole = ordered and len(order) == len(key)
        return Table(source, None if whole else order, offsets_of(counts))

    def _source(self, found: _Parsed, owner: Ints) -> Source:
        whens, codes = self.rows.whens, self.rows.coded("when").codes[found.at]
        dated = codes >= 0
        first, last = whens.first[codes], whens.last[codes]
        if not dated.all():
            undated = self.anchors["screening"][owner]
            first, last = np.where(dated, first, undated), np.where(dated, last, undated)
        time = np.broadcast_to(np.int64(0), len(codes))
        if len(whens.times) > 1:
            own = whens.own_time[codes]
            time = np.where(own > 0, own, whens.given_time[self.rows.coded("time").codes[found.at]])
        agent, route = (self._words(name, found.at) for name in ("agent", "route"))
        return Source(found.value, first, last, dated, time, found.low, found.high, agent, route)

    def _words(self, column: str, at: Ints | slice) -> Ints:
        """A column's texts by the vocabulary."""
        coded, none = self.rows.coded(column), self.vocabulary.code("")
        codes = coded.codes[at]
        if not (codes >= 0).any():
            return np.broadcast_to(np.int64(none), len(codes))
        return np.array([*(self.vocabulary.code(word) for word in coded.words), none], np.int64)[codes]

    def _first_of_its_kind(self, found: _Parsed, source: Source, order: Ints, tied: Mask) -> Mask:
        """Rows that do not say the very same as another of their moment. `tied`: a row has its predecessor's moment."""
        some = np.flatnonzero(np.concatenate((tied, [False])) | np.concatenate(([False], tied)))
        rows = order[some]
        owner = self.rows.owner[found.at].astype(np.int64)
        cells = (owner, source.first, source.last, source.time, source.dated, *parts(found.value),
                 found.low, found.high, source.agent, source.route)  # fmt: skip
        said = {f"cell{n}": cell[rows] for n, cell in enumerate(cells)}
        places = self.rows.rows[found.at][rows]
        given = {name: self.batch.frame[name].gather(places) for name in ("unit", "signed_by", "reason")}
        first = pl.DataFrame({**said, **given}).select(pl.struct(pl.all()).is_first_distinct()).to_series()
        keep = np.ones(len(order), np.bool_)
        keep[some] = first.to_numpy()
        return keep


def _low(column: Column) -> Floats:
    assert isinstance(column, Numbers)
    return column.low


def _answer(item: Item, text: str) -> Value:
    """What a text says of an item, as logic takes it; `_WRONG` where it can say nothing."""
    try:
        found = value_of(item, text)
    except InputError:
        return _WRONG  # type: ignore[return-value]  # told apart by its identity
    return Truth.of(found) if isinstance(found, bool) else found


@dataclass(frozen=True)
class _Rule:
    """How values in a unit are stated in the item's own. `assay`: only the assay's maker knows the factor."""

    given: str
    own: str
    molar_mass: float | None
    assay: bool

    def stated(self, values: Floats, here: Mask) -> Floats:
        if self.given == self.own:
            return values
        out = values.copy()
        found = convert(values[here], self.given, self.own, self.molar_mass)
        out[here] = np.where(np.isfinite(found), found, np.nan)
        return out


def _unit_rule(item: Item, unit: str, name: str) -> _Rule | None:
    """None for a unit that the item cannot have; what reads one patient decides."""
    synonym = next((s for s in item.synonyms if s.id == name), None)
    own, mass = item.unit or "1", (synonym.molar_mass if synonym else None) or item.molar_mass
    given = unit or (synonym.unit if synonym else own)
    try:
        fact_of(item, {"value": None, "unit": unit}, synonym=synonym.id if synonym else "")
    except InputError:
        return None
    return _Rule(given, own, mass, not units.same_kind(given, own, mass))


def _outside(values: Floats, limits: Limits) -> Mask:
    outside = np.zeros(len(values), np.bool_)
    if limits.low is not None:
        outside |= (values <= limits.low) if limits.open_low else (values < limits.low)
    if limits.high is not None:
        outside |= (values >= limits.high) if limits.open_high else (values > limits.high)
    return outside


def _joined(found: Sequence[_Parsed]) -> _Parsed:
    """What an item was told under several names, as one."""
    if len(found) == 1:
        return found[0]
    at = np.concatenate([np.arange(p.at.start, p.at.stop) if isinstance(p.at, slice) else p.at for p in found])
    low, high = (np.concatenate([getattr(p, side) for p in found]) for side in ("low", "high"))
    return _Parsed(at, exact(np.concatenate([_low(p.value) for p in found])), low, high)
