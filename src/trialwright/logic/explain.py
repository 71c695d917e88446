"""Why an expression has its value: the atoms with the facts that decided them, and what is missing.

An atom is a part with a truth of its own that no connective splits further: a comparison, a window, a yes-or-no item.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from trialwright.kernel.dates import PartialDate
from trialwright.kernel.truth import Truth
from trialwright.logic.context import Context, Reading
from trialwright.logic.deciding import distances, named, open_part, opened
from trialwright.logic.evaluate import truth_of, value_of
from trialwright.logic.nodes import Call, Expr, ItemRef, Node, TermRef, children
from trialwright.logic.scope import FactLike, Facts
from trialwright.logic.values import Value


@dataclass(frozen=True, slots=True)
class Used:
    """A fact that an atom looked at; `value` in the item's unit."""

    ref: ItemRef
    value: Value
    fact: FactLike


@dataclass(frozen=True, slots=True)
class Atom:
    """`missing`: items that the atom needs and that are not known. `computed`: the left side of a comparison."""

    node: Node
    truth: Truth
    used: tuple[Used, ...]
    missing: tuple[ItemRef, ...]
    computed: Value = None
    term: TermRef | None = None
    """The innermost named term around the atom."""
    positive: bool = True
    """False where the atom being true speaks against the whole (under `not`)."""

    @property
    def supports(self) -> Truth:
        """What the atom says for the whole."""
        return self.truth if self.positive else self.truth.negate()


@dataclass(frozen=True, slots=True)
class Missing:
    """An item whose value would help. `decides`: the answers that knowing it alone could bring."""

    ref: ItemRef
    decides: frozenset[Truth]
    others: int = 0
    """How many other items must be known with it, at best, for an answer."""


@dataclass(frozen=True, slots=True)
class Explanation:
    truth: Truth
    atoms: tuple[Atom, ...]
    missing: tuple[Missing, ...]
    """Empty once decided; else the items in the order of how far each could decide."""


def explain(expr: Expr, facts: Facts | Context) -> Explanation:
    """Explain a truth-valued expression for a patient."""
    context = Context.of(facts)
    truth = truth_of(expr.root, context)
    atoms = tuple(_atoms(expr.root, context, None))
    missing = _missing(expr.root, context, atoms) if truth is Truth.UNKNOWN else ()
    return Explanation(truth, atoms, missing)


_TURNS = frozenset({"not", "at_most"})


def _atoms(node: Node, context: Context, term: TermRef | None, positive: bool = True) -> Iterator[Atom]:
    if isinstance(node, TermRef):
        yield from _atoms(node.body, context, node, positive)
    elif isinstance(node, Call) and node.kind.name == "truth" and (seen := opened(node, context)) is not None:
        for child in node.args:
            if child.kind.name == "truth":
                yield from _atoms(child, seen, term, positive != (node.op in _TURNS))
    elif isinstance(node, (Call, ItemRef)) and node.kind.name == "truth":
        yield replace(_atom(node, context), term=term, positive=positive)


def _atom(node: Call | ItemRef, context: Context) -> Atom:
    truth = truth_of(node, context)
    refs = list({ref.id: ref for ref in _looked_at(node, context)}.values())
    used = tuple(Used(ref, r.value, r.fact) for ref in refs for r in _counting(node, ref, context))
    missing = tuple(ref for ref in refs if not context.readings(ref)) if truth is Truth.UNKNOWN else ()
    if truth is Truth.UNKNOWN and not missing:
        missing = _not_enough(node, refs, context)
    formula = (
        isinstance(node, Call) and isinstance(node.args[0], (Call, TermRef)) and node.args[0].kind.name == "number"
    )
    computed = value_of(node.args[0], context) if formula and isinstance(node, Call) else None
    return Atom(node, truth, used, missing, computed)


def _not_enough(node: Node, refs: list[ItemRef], context: Context) -> tuple[ItemRef, ...]:
    """Items that are known, yet not enough: days not on file, a partial date, values that disagree, no limits."""
    if isinstance(node, Call) and node.op in _OVER_ALL:
        return tuple(refs[:1])
    vague = tuple(ref for ref in refs if _is_vague(context.latest(ref)))
    return vague or tuple(refs)


def _is_vague(reading: Reading | None) -> bool:
    return reading is None or (isinstance(reading.value, PartialDate) and not reading.value.exact)


def _looked_at(node: Node, context: Context) -> Iterator[ItemRef]:
    """Items that matter; a derived one only by its own facts if it has any, else by what it is derived from."""
    if isinstance(node, ItemRef):
        if node.derived is None or context.readings(node):
            yield node
        else:
            yield from _looked_at(node.derived, context)
        return
    for child in children(node):
        yield from _looked_at(child, context)


_OVER_ALL = frozenset({"any", "all", "count", "max", "min", "within", "occurred", "consecutive_days", "earliest"})


def _counting(node: Node, ref: ItemRef, context: Context) -> tuple[Reading, ...]:
    readings = context.readings(ref)
    if not readings:
        return ()
    if _mentions(node, ref, over_all=False):
        return tuple(sorted(readings, key=lambda r: r.when))
    return tuple(r for r in readings if r.when == readings[0].when)


def _mentions(node: Node, ref: ItemRef, *, over_all: bool) -> bool:
    """Whether `ref` stands inside an operator that goes over all its readings."""
    if node == ref:
        return over_all
    deeper = over_all or (isinstance(node, Call) and node.op in _OVER_ALL)
    return any(_mentions(child, ref, over_all=deeper) for child in children(node))


def _missing(root: Node, context: Context, atoms: tuple[Atom, ...]) -> tuple[Missing, ...]:
    """Each missing item with the answers that it alone could bring; the nearest to an answer come first."""
    refs = {ref.id: ref for atom in atoms for ref in atom.missing}
    needs = {id(atom.node): [ref.id for ref in atom.missing] for atom in atoms}
    part = open_part(root, context, lambda node, _: needs.get(id(node), ()))
    asked = set(named(part))
    far = distances(part, [name for name in refs if name in asked])  # the rest is for parts that are decided already
    found = []
    for name, (true, false) in far.items():
        decides = frozenset(t for t, cost in ((Truth.TRUE, true), (Truth.FALSE, false)) if cost == 0)
        found.append(Missing(refs[name], decides, min(true, false)))
    return tuple(sorted(found, key=lambda m: (-len(m.decides), m.others, sum(far[m.ref.id]))))
