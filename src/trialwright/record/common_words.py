"""How telling a word is: document frequencies over registry records, counted once and kept with the package."""

from __future__ import annotations

import json
import math
from functools import cache
from importlib import resources

RARE = 1.5
"""The count that stands in for a word that the table does not have."""


class Counted:
    """Inverse document frequency from a table of counts. The table is the same wherever the program runs, so a ranking
    does not change with the collection at hand."""

    def __init__(self, counts: dict[str, int], records: int) -> None:
        self._idf = {word: _idf(count, records) for word, count in counts.items()}
        self._rare = _idf(RARE, records)

    def idf(self, word: str) -> float:
        """About 0 for a word that is everywhere, about 9 for one that hardly any record has."""
        return self._idf.get(word, self._rare)


def _idf(count: float, records: int) -> float:
    return math.log(1 + (records - count + 0.5) / (count + 0.5))


@cache
def counted() -> Counted:
    """The table that ships with the package: under each count, the words that this many records have."""
    table = json.loads((resources.files(__package__) / "word_counts.json").read_text(encoding="utf-8"))
    counts = {word: int(count) for count, listed in table["words"].items() for word in listed.split()}
    return Counted(counts, table["records"])
