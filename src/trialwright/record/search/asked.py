"""What every index needs to know of a request: the words that matter for relevance, and the order."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from trialwright.kernel.errors import UnknownName
from trialwright.record.query.leaves import Every, Leaf, OneElement, Sequences, Some
from trialwright.record.search.extract import SORTABLE, VALUED
from trialwright.record.search.request import SearchRequest

HIGHEST = 2**63 - 1
"""No sort key is beyond this one."""


def order_of(request: SearchRequest) -> tuple[str, bool]:
    """The sort and its direction; without words to be relevant for, the latest update comes first."""
    return ("updated", True) if request.sort == "relevance" else (request.sort, request.descending)


def columns_of(request: SearchRequest) -> list[tuple[str, bool]]:
    """The columns of a sort by fields and whether downwards. Raises UnknownName."""
    for piece, _ in request.order:
        if piece not in SORTABLE:
            raise UnknownName("field to sort by", piece[:80], SORTABLE)
    return [(f"{piece}_first", downwards) for piece, downwards in request.order]


def stretches(request: SearchRequest, after: int | None) -> list[tuple[int, int]]:
    """The sort keys that come after a key (None: all of them), as (lowest, highest) of each run, run after run.

    Records without a value come last, whatever the direction.
    """
    sort, descending = order_of(request)
    runs = [(0, HIGHEST)] if descending or sort == "nct_id" else [(VALUED, HIGHEST), (0, VALUED - 1)]
    if after is None:
        return runs
    at, (low, high) = next((at, run) for at, run in enumerate(runs) if run[0] <= after <= run[1])
    rest = (low, after - 1) if descending else (after + 1, high)
    return [(low, high) for low, high in (rest, *runs[at + 1 :]) if low <= high]


def words_asked(leaf: Leaf) -> Iterator[Sequences]:
    """The words that a record is wanted for; not those that it must not have."""
    match leaf:
        case Every(parts) | Some(parts):
            for part in parts:
                yield from words_asked(part)
        case Sequences():
            yield leaf
        case OneElement(_, part):
            yield from words_asked(part)
        case _:
            return


def most_first(counts: Iterable[tuple[str, int]]) -> tuple[tuple[str, int], ...]:
    """Values and their counts in the order in which facets are shown."""
    return tuple(sorted(counts, key=lambda pair: (-pair[1], pair[0])))
