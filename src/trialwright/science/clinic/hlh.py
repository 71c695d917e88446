"""Haemophagocytic lymphohistiocytosis: HLH-2004, the 2016 classification of MAS, the MS score and the HScore.

None stands for a finding that is not known; the answers are three-valued or intervals, never a guess.
"""

from __future__ import annotations

from dataclasses import dataclass

from trialwright.kernel import truth as kleene
from trialwright.kernel.truth import Truth


def _below(value: float | None, limit: float) -> Truth:
    return Truth.of(None if value is None else value < limit)


def _up_to(value: float | None, limit: float) -> Truth:
    return Truth.of(None if value is None else value <= limit)


def _from(value: float | None, limit: float) -> Truth:
    return Truth.of(None if value is None else value >= limit)


def _above(value: float | None, limit: float) -> Truth:
    return Truth.of(None if value is None else value > limit)


@dataclass(frozen=True, slots=True, kw_only=True)
class Signs:
    """Findings of one time. Units: degC, g/L, 10*9/L, mmol/L, g/L, ug/L, U/mL."""

    temperature: float | None = None
    splenomegaly: bool | None = None
    haemoglobin: float | None = None
    platelets: float | None = None
    neutrophils: float | None = None
    triglycerides: float | None = None
    fibrinogen: float | None = None
    haemophagocytosis: bool | None = None
    nk_activity_low: bool | None = None
    ferritin: float | None = None
    scd25: float | None = None


def hlh_2004_signs(signs: Signs) -> dict[str, Truth]:
    """The eight signs of HLH-2004 (Henter 2007), limits closed as in the guideline's table."""
    lines = (_below(signs.haemoglobin, 90), _below(signs.platelets, 100), _below(signs.neutrophils, 1.0))
    return {
        "fever": _from(signs.temperature, 38.5),
        "splenomegaly": Truth.of(signs.splenomegaly),
        "cytopenia": kleene.at_least(2, lines),
        "lipid_or_fibrinogen": kleene.any_of((_from(signs.triglycerides, 3.0), _up_to(signs.fibrinogen, 1.5))),
        "haemophagocytosis": Truth.of(signs.haemophagocytosis),
        "nk_activity_low": Truth.of(signs.nk_activity_low),
        "ferritin": _from(signs.ferritin, 500),
        "scd25": _from(signs.scd25, 2400),
    }


def hlh_2004(signs: Signs) -> Truth:
    """Five of the eight; unknown while five can still be reached."""
    return kleene.at_least(5, hlh_2004_signs(signs).values())


@dataclass(frozen=True, slots=True, kw_only=True)
class MasFindings:
    """Units: ug/L, 10*9/L, U/L, mg/dL, mg/dL. `sjia`: known or suspected systemic juvenile idiopathic arthritis."""

    fever: bool | None = None
    sjia: bool | None = None
    ferritin: float | None = None
    platelets: float | None = None
    ast: float | None = None
    triglycerides: float | None = None
    fibrinogen: float | None = None


def mas_2016_signs(found: MasFindings) -> dict[str, Truth]:
    """The four laboratory signs, of which two are needed (Ravelli 2016)."""
    return {
        "platelets": _up_to(found.platelets, 181),
        "ast": _above(found.ast, 48),
        "triglycerides": _above(found.triglycerides, 156),
        "fibrinogen": _up_to(found.fibrinogen, 360),
    }


def mas_2016(found: MasFindings) -> Truth:
    """MAS complicating systemic JIA (Ravelli 2016). False outside sJIA means out of its scope, not free of MAS."""
    two = kleene.at_least(2, mas_2016_signs(found).values())
    return kleene.all_of((Truth.of(found.fever), Truth.of(found.sjia), _above(found.ferritin, 684), two))


def ms_score(signs: tuple[bool, bool, bool], platelets: float, ldh: float, fibrinogen: float, ferritin: float) -> float:
    """MS score (Minoia 2019); MAS from -2.1. `signs`: CNS, haemorrhage, arthritis. Units: 10*9/L, U/L, mg/dL, ug/L."""
    cns, haemorrhage, arthritis = signs
    return (
        2.44 * cns
        + 1.54 * haemorrhage
        - 1.30 * arthritis
        - 0.003 * platelets
        + 0.001 * ldh
        - 0.004 * fibrinogen
        + 0.0001 * ferritin
    )


MS_SCORE_MAS = -2.1


@dataclass(frozen=True, slots=True, kw_only=True)
class HScoreInput:
    """Units: degC, g/L, 10*9/L, 10*9/L, ug/L, mmol/L, g/L, U/L.

    `organs`: of liver and spleen, how many are large; where that is not given, each of the two may be.
    """

    immunosuppressed: bool | None = None
    temperature: float | None = None
    organs: int | None = None
    haemoglobin: float | None = None
    wbc: float | None = None
    platelets: float | None = None
    ferritin: float | None = None
    triglycerides: float | None = None
    fibrinogen: float | None = None
    ast: float | None = None
    haemophagocytosis: bool | None = None
    hepatomegaly: bool | None = None
    splenomegaly: bool | None = None


HSCORE_CUT_OFF = 169


def hscore(found: HScoreInput) -> tuple[int, int]:
    """Lowest and highest HScore (Fardet 2014) that the findings allow; equal when all are known. Range 0 to 337."""
    parts = list(hscore_points(found).values())
    return sum(low for low, _ in parts), sum(high for _, high in parts)


def hscore_points(found: HScoreInput) -> dict[str, tuple[int, int]]:
    """Lowest and highest points of each part. ValueError for a number of organs that cannot be."""
    if found.organs not in (None, 0, 1, 2):
        raise ValueError("of liver and spleen none, one or both can be large")
    cells = (_up_to(found.haemoglobin, 92), _up_to(found.wbc, 5.0), _up_to(found.platelets, 110))
    large = (Truth.of(found.hepatomegaly), Truth.of(found.splenomegaly))
    organs = _tally(large) if found.organs is None else (found.organs, found.organs)
    return {
        "immunosuppressed": _yes(found.immunosuppressed, 18),
        "temperature": _banded(found.temperature, (38.4, 39.4), (0, 33, 49)),
        "organs": _counted(organs, (0, 23, 38)),
        "cytopenia": _counted(_tally(cells), (0, 0, 24, 34)),
        "ferritin": _banded(found.ferritin, (2000, 6000), (0, 35, 50)),
        "triglycerides": _banded(found.triglycerides, (1.5, 4.0), (0, 44, 64)),
        "fibrinogen": _yes(None if found.fibrinogen is None else found.fibrinogen <= 2.5, 30),
        "ast": _yes(None if found.ast is None else found.ast >= 30, 19),
        "haemophagocytosis": _yes(found.haemophagocytosis, 35),
    }


def hscore_positive(found: HScoreInput) -> Truth:
    """Whether the score passes its cut-off; decided only if both ends of the interval fall on one side."""
    low, high = hscore(found)
    if low >= HSCORE_CUT_OFF:
        return Truth.TRUE
    return Truth.FALSE if high < HSCORE_CUT_OFF else Truth.UNKNOWN


def hscore_band(score: int) -> str:
    """Probability of HLH as published: only the ends are stated, between them the curve of the paper must be read."""
    if score <= 90:
        return "below 1 %"
    return "above 99 %" if score >= 250 else "between 1 and 99 %"


def _yes(found: bool | None, points: int) -> tuple[int, int]:
    return (0, points) if found is None else (points * found, points * found)


def _tally(truths: tuple[Truth, ...]) -> tuple[int, int]:
    """How many are true at least, and at most."""
    sure = sum(t is Truth.TRUE for t in truths)
    return sure, sure + sum(t is Truth.UNKNOWN for t in truths)


def _counted(count: tuple[int, int], points: tuple[int, ...]) -> tuple[int, int]:
    return points[count[0]], points[count[1]]


def _banded(value: float | None, edges: tuple[float, float], points: tuple[int, int, int]) -> tuple[int, int]:
    """Below the first edge, up to the second (closed), above it."""
    if value is None:
        return points[0], points[2]
    found = points[0] if value < edges[0] else points[1] if value <= edges[1] else points[2]
    return found, found
