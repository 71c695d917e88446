"""Kleene's three-valued truth: what is not known stays unknown until something decides."""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum


class Truth(Enum):
    """True, false, or not known yet. Never used as a Python bool: `if truth` is a mistake and raises."""

    TRUE = "true"
    FALSE = "false"
    UNKNOWN = "unknown"

    def __bool__(self) -> bool:
        raise TypeError("a Truth has three values; compare it with Truth.TRUE, FALSE or UNKNOWN")

    @classmethod
    def of(cls, value: bool | None) -> Truth:
        return cls.UNKNOWN if value is None else (cls.TRUE if value else cls.FALSE)

    def negate(self) -> Truth:
        return {Truth.TRUE: Truth.FALSE, Truth.FALSE: Truth.TRUE}.get(self, Truth.UNKNOWN)


def at_least(k: int, truths: Iterable[Truth]) -> Truth:
    """True once `k` are true, false once `k` can no longer be reached, else unknown."""
    seen = list(truths)
    sure = seen.count(Truth.TRUE)
    if sure >= k:
        return Truth.TRUE
    return Truth.UNKNOWN if sure + seen.count(Truth.UNKNOWN) >= k else Truth.FALSE


def all_of(truths: Iterable[Truth]) -> Truth:
    """Kleene `and`: false if any is false, true if all are true."""
    seen = list(truths)
    return at_least(len(seen), seen)


def any_of(truths: Iterable[Truth]) -> Truth:
    """Kleene `or`: true if any is true, false if all are false."""
    return at_least(1, truths)
