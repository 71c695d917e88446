"""For every atom of the criteria: patients just inside, at and just outside its limit, and what they get."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from trialwright.evidence.patient import Fact, Patient
from trialwright.kernel import units
from trialwright.kernel.dates import PartialDate
from trialwright.kernel.truth import Truth
from trialwright.logic import Expr, evaluate, explain, prose
from trialwright.logic.context import Context
from trialwright.logic.evaluate import number_of, truth_of, value_of
from trialwright.logic.nodes import Anchor, Call, ItemRef, Literal, Node, TermRef, children, item_refs
from trialwright.logic.operators.calendar import step
from trialwright.logic.prose import quantity
from trialwright.logic.values import ends
from trialwright.screen.check_patient import whole_patient, without
from trialwright.screen.words import text
from trialwright.study.definition import Study
from trialwright.study.eligibility import Criterion
from trialwright.study.items import Item

Given = tuple[str, tuple[Fact, ...]]
"""What a patient is given, in words and as the facts of one item."""


@dataclass(frozen=True, slots=True)
class Trial:
    """One made patient: what was given, what the atom says, and the criterion where all hangs on this atom."""

    given: str
    atom: Truth
    criterion: Truth


@dataclass(frozen=True, slots=True)
class Probe:
    """The made patients of one atom. `text`: the atom in words."""

    criterion: str
    text: str
    trials: tuple[Trial, ...]


def probes(study: Study, base: Patient | None, lang: str = "en") -> Iterator[Probe]:
    """All atoms of all criteria, each once for a criterion. `base`: whose other facts are used."""
    maker = _Maker(study, whole_patient(study, base), lang)
    patient = maker.patient
    for criterion in study.eligibility.criteria:
        expr = study.compile(criterion.logic)
        nodes = {id(atom.node): atom.node for atom in explain(expr, patient).atoms}
        for node in nodes.values():
            others = _decisive(expr, node, list(nodes.values()), patient)
            yield _probe(maker, criterion, node, others)


def _probe(maker: _Maker, criterion: Criterion, node: Node, others: Mapping[int, Truth]) -> Probe:
    root, patient, trials = maker.study.compile(criterion.logic).root, maker.patient, []
    for words, item, facts in maker.givens(node):
        made = replace(patient, facts=(*without(patient, item), *facts))
        atom = truth_of(node, Context(made))
        trials.append(Trial(words, atom, truth_of(root, Context(made).assuming(others))))
    return Probe(criterion.id, prose(node, maker.lang), tuple(trials))


def _decisive(expr: Expr, node: Node, nodes: Sequence[Node], patient: Patient) -> Mapping[int, Truth]:
    """Answers of the other atoms under which this one decides the criterion; none where it never does alone."""
    rest = [other for other in nodes if other is not node]
    for first in range(max(len(rest), 1)):
        assumed = {id(other): Truth.FALSE for other in rest}
        for other in (None, *rest[first:], *rest[:first]):
            if other is not None:
                assumed[id(other)] = Truth.TRUE
            answers = [
                truth_of(expr.root, Context(patient).assuming({**assumed, id(node): answer}))
                for answer in (Truth.TRUE, Truth.FALSE)
            ]
            if Truth.UNKNOWN not in answers and answers[0] is not answers[1]:
                return assumed
    return {}


@dataclass(frozen=True)
class _Maker:
    """Makes what patients are given, from the kind of an atom."""

    study: Study
    patient: Patient
    lang: str

    def _said(self, key: str, *parts: object) -> str:
        return text(key, self.lang, *map(str, parts))

    def givens(self, node: Node) -> Iterator[tuple[str, str, tuple[Fact, ...]]]:
        """(words, item, facts of that item) for each patient of an atom."""
        ref = _driver(node)
        if ref is None:
            return
        item = self.study.item_by_id[ref.id]
        for words, facts in self._of_kind(node, item, ref):
            yield words, item.id, facts
        yield self._said("not_known"), item.id, ()

    def _of_kind(self, node: Node, item: Item, ref: ItemRef) -> Iterator[Given]:
        match node:
            case ItemRef():
                yield from self._truths(item)
            case Call("in" | "==" | "!=") if ref.kind.name == "code":
                yield from ((c.label.to(self.lang), (self._fact(item, c.code),)) for c in item.choices)
            case Call("includes", (_, Literal(str(code)))):
                others = [c for c in item.choices if c.code != code][:1]
                chosen = [c for c in item.choices if c.code == code]
                yield from ((c.label.to(self.lang), (self._fact(item, c.code),)) for c in (*chosen, *others))
            case Call("within", (_, length, anchor)):
                yield from self._days(item, length, anchor, node.names[2] == "before")
            case Call("occurred"):
                yield self._said("a_day"), (self._fact(item, PartialDate.day(self.patient.screening)),)
                yield self._said("none"), (self._fact(item, "none"),)
            case Call("consecutive_days", (count, condition)):
                yield from self._runs(item, count, condition)
            case Call("<" | "<=" | ">" | ">=" | "==" | "!=", (left, right)) if ref.kind.name == "number":
                yield from ((w, (f,)) for w, f in self._numbers(item, left, right))
            case Call("<" | "<=" | ">" | ">=", (left, right)):
                yield from self._moments(item, left, right)

    def _truths(self, item: Item) -> Iterator[Given]:
        for value in (True, False):
            yield self._said("true" if value else "false"), (self._fact(item, value),)
        if item.type == "judgement":
            yield self._said("yes_not_signed"), (replace(self._fact(item, True), signed_by=""),)

    def _days(self, item: Item, length: Node, anchor: Node, before: bool) -> Iterator[Given]:
        days = {"screening": self.patient.screening, "enrolment": self.patient.enrolment_or_screening}
        name = anchor.name if isinstance(anchor, Anchor) else ""
        end = days.get(name, self.patient.first_dose)
        if end is None or not isinstance(length, Literal) or not isinstance(length.value, float):
            return
        sign = -1 if before else 1
        far, day = step(end, sign * int(length.value), length.kind.unit), dt.timedelta(days=sign)
        around = (self._said("day_outside", far + day), far + day), (self._said("at_limit", far), far)
        for words, when in (*around, (self._said("day_of", prose(anchor, self.lang), end), end)):
            yield words, (self._fact(item, PartialDate.day(when)),)
        month = PartialDate.parse(f"{far:%Y-%m}")
        yield self._said("some_day", month), (self._fact(item, month),)
        yield self._said("current"), (self._fact(item, "current"),)
        yield self._said("none"), (self._fact(item, "none"),)

    def _moments(self, item: Item, left: Node, right: Node) -> Iterator[Given]:
        """Birthdays around the limit of an age; else the days around the one that is compared with."""
        limit = value_of(right, Context(self.patient))
        if isinstance(limit, PartialDate) and limit.exact:
            for shift in (-1, 0, 1):
                day = limit.first + dt.timedelta(days=shift)
                yield str(day), (self._fact(item, PartialDate.day(day)),)
        if not isinstance(left, Call) or left.op != "age" or not isinstance(right, Literal):
            return
        years = int(float(right.value))  # type: ignore[arg-type]  # a number, by its typing
        for key, shift in (("before_birthday", 1), ("birthday", 0), ("after_birthday", -1)):
            born = step(self.patient.screening, -years, "a") + dt.timedelta(days=shift)
            yield self._said(key, years), (self._fact(item, PartialDate.day(born)),)

    def _runs(self, item: Item, count: Node, condition: Node) -> Iterator[Given]:
        k = int(float(count.value)) if isinstance(count, Literal) else 1  # type: ignore[arg-type]  # a number, by its typing
        compared = next((n for n in _walk(condition) if isinstance(n, Call) and n.op in ("<", "<=", ">", ">=")), None)
        if compared is None:
            return
        around = list(self._numbers(item, *compared.args))
        for words, fact in around:
            yield self._said("on_days", words, k), self._on_days(fact, [True] * k)
        best = max((f for _, f in around), key=lambda f: self._holds(condition, f), default=None)
        if best is not None and k > 1:
            yield self._said("days_then_none", k - 1), self._on_days(best, [False, *[True] * (k - 1), False])

    def _holds(self, condition: Node, fact: Fact) -> bool:
        return evaluate(Expr(condition), self._with(fact)) is Truth.TRUE

    def _on_days(self, fact: Fact, held: list[bool]) -> tuple[Fact, ...]:
        start = self.patient.screening - dt.timedelta(days=len(held))
        days = [PartialDate.day(start + dt.timedelta(days=n)) for n in range(len(held))]
        return tuple(
            replace(fact, when=day, value=fact.value if yes else 0.0) for day, yes in zip(days, held, strict=True)
        )

    def _numbers(self, item: Item, left: Node, right: Node) -> Iterator[tuple[str, Fact]]:
        limit = self._limit(item, left, right)
        if limit is None:
            return
        size = (
            10.0**-item.decimals if item.decimals is not None else 10.0 ** (math.floor(math.log10(abs(limit) or 1)) - 2)
        )
        near = round(limit / size) * size
        exact = math.isclose(near, limit, rel_tol=1e-6)
        low = near - size if exact else math.floor(limit / size) * size
        for value in (low, *([near] if exact else []), low + (2 if exact else 1) * size):
            tidy = float(f"{value:.9g}")
            yield quantity(tidy, item.unit, self.lang), self._fact(item, tidy)

    def _limit(self, item: Item, left: Node, right: Node) -> float | None:
        """The value of the item at which both sides are equal, by halving; None where there is none above zero."""
        low, high = 1e-6, 1e6
        if item.hard is not None:
            low, high = item.hard.low or low, item.hard.high or high
        below = self._gap(item, left, right, low)
        above = self._gap(item, left, right, high)
        if below is None or above is None or (below > 0) == (above > 0):
            return None
        for _ in range(100):
            middle = (low + high) / 2
            gap = self._gap(item, left, right, middle)
            if gap is None:
                return None
            low, high = (middle, high) if (gap > 0) == (below > 0) else (low, middle)
        return (low + high) / 2

    def _gap(self, item: Item, left: Node, right: Node, value: float) -> float | None:
        context = Context(self._with(self._fact(item, value)))
        a = number_of(left, context)
        b = number_of(right, context, left.kind.unit, left.kind.molar_mass)
        return None if a is None or b is None else ends(a)[0] - ends(b)[0]

    def _with(self, fact: Fact) -> Patient:
        return replace(self.patient, facts=(*without(self.patient, fact.item), fact))

    def _fact(self, item: Item, value: object) -> Fact:
        """The patient's own fact of the item with another value, in the item's unit."""
        own = next(f for f in self.patient.facts if f.item == item.id)
        if item.type not in ("quantity", "integer"):
            return replace(own, value=value)  # type: ignore[arg-type]  # a value of the item's own type
        unit = item.unit or "1"
        limits = [
            None if x is None else units.convert(x, own.unit or unit, unit, item.molar_mass)
            for x in (own.low, own.high)
        ]
        return replace(own, value=value, unit=unit, low=limits[0], high=limits[1])  # type: ignore[arg-type]  # as above


def _driver(node: Node) -> ItemRef | None:
    """The item that is varied: the first that the atom names and that is not derived from others."""
    return next((ref for ref in item_refs(node) if ref.derived is None), None)


def _walk(node: Node) -> Iterator[Node]:
    inner = node.body if isinstance(node, TermRef) else node
    yield inner
    for child in children(inner):
        yield from _walk(child)
