"""Why a study is shown: a kind, words for people, and how much it counted."""

from __future__ import annotations

from dataclasses import dataclass

from trialwright.kernel.texts import Text


@dataclass(frozen=True, slots=True)
class Reason:
    """`points`: its part of the score; below zero it speaks against."""

    kind: str
    words: Text
    points: float = 0.0


def reason(kind: str, en: str, zh: str, points: float = 0.0) -> Reason:
    return Reason(kind, Text(en=en, zh=zh), points)
