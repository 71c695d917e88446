"""How far a count has come: "4 of the 8 signs, 5 are needed"."""

from __future__ import annotations

from dataclasses import dataclass

from trialwright.kernel.truth import Truth
from trialwright.logic.context import Context
from trialwright.logic.evaluate import truth_of
from trialwright.logic.nodes import Call, Literal, Node, TermRef
from trialwright.logic.table import TABLE


@dataclass(frozen=True, slots=True)
class Tally:
    """`sure` of `n` parts are true and `open` unknown; `k` are needed. `term`: the name of the count, if it has one."""

    k: int
    n: int
    sure: int
    open: int
    term: TermRef | None


def tally(root: Node, context: Context) -> Tally | None:
    """The count that an expression comes down to; None where it is no count of several."""
    node: Node = root
    term: TermRef | None = None
    while True:
        if isinstance(node, TermRef):
            term, node = node, node.body
        elif isinstance(node, Call) and node.op in ("concurrent", "during"):
            inside = TABLE[node.op].inside
            context = inside(node, context) if inside else context
            node = node.args[0]
        else:
            break
    if not isinstance(node, Call) or node.op != "at_least" or not isinstance(node.args[0], Literal):
        return None
    k, parts = int(float(node.args[0].value)), [truth_of(part, context) for part in node.args[1:]]  # type: ignore[arg-type]  # a number, by its typing
    if k < 2:
        return None
    return Tally(k, len(parts), parts.count(Truth.TRUE), parts.count(Truth.UNKNOWN), term)
