"""What every index needs to know of a request: the words that matter for relevance, and the order."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from trialwright.record.query.leaves import Every, Leaf, OneElement, Sequences, Some
from trialwright.record.search.request import SearchRequest


def order_of(request: SearchRequest) -> tuple[str, bool]:
    """The sort and its direction; without words to be relevant for, the latest update comes first."""
    return ("updated", True) if request.sort == "relevance" else (request.sort, request.descending)


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
