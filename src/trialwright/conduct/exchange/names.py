"""Ids in our form from the names that other systems give."""

from __future__ import annotations

import re
import unicodedata

LONGEST = 40
RESERVED = frozenset({
    "and", "or", "not", "in", "if", "then", "else", "true", "false", "screening", "enrolment", "first_dose",
})  # fmt: skip
"""Words of the language, and its days."""
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


class Names:
    """Gives each thing of one kind an id of its own: the words of its name, else of its key."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self.taken: set[str] = set(RESERVED) if kind == "item" else set()

    def give(self, *candidates: str) -> str:
        base = next((found for found in map(words, candidates) if found), "")
        if not re.match(r"[a-z]", base):
            base = f"{self.kind}_{base}".strip("_")
        name, number = base, 2
        while name in self.taken:
            name, number = f"{base}_{number}", number + 1
        self.taken.add(name)
        return name


def words(text: str) -> str:
    """`HeartAttackStents` is heart_attack_stents, `WHO-5 Score` who_5_score; "" where no letter or digit is in it."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    plain = _CAMEL.sub("_", plain) if not plain.isupper() else plain
    return re.sub(r"[^a-z0-9]+", "_", plain.lower()).strip("_")[:LONGEST].strip("_")
