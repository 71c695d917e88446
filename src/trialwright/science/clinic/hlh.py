"""Haemophagocytic lymphohistiocytosis: HLH-2004, the 2016 classification of MAS, the MS score and the HScore.

None stands for a finding that is not known; the answers are three-valued or intervals, never a guess.
"""

from __future__ import annotations

from dataclasses import dataclass

from trialwright.kernel import truth as kleene
from trialwright.kernel.texts import Text
from trialwright.kernel.truth import Truth
from trialwright.science.clinic.card import Card, Input


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

    fever: bool | None
    sjia: bool | None
    ferritin: float | None
    platelets: float | None
    ast: float | None
    triglycerides: float | None
    fibrinogen: float | None


def mas_2016(found: MasFindings) -> Truth:
    """MAS complicating systemic JIA (Ravelli 2016). False outside sJIA means out of its scope, not free of MAS."""
    two = kleene.at_least(
        2,
        (
            _up_to(found.platelets, 181),
            _above(found.ast, 48),
            _above(found.triglycerides, 156),
            _up_to(found.fibrinogen, 360),
        ),
    )
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


def _ms_card(cns: bool, haemorrhage: bool, arthritis: bool, *labs: float) -> float:
    return ms_score((cns, haemorrhage, arthritis), *labs)


@dataclass(frozen=True, slots=True, kw_only=True)
class HScoreInput:
    """Units: degC, g/L, 10*9/L, 10*9/L, ug/L, mmol/L, g/L, U/L. `organs`: of liver and spleen, how many are large."""

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


HSCORE_CUT_OFF = 169


def hscore(found: HScoreInput) -> tuple[int, int]:
    """Lowest and highest HScore (Fardet 2014) that the findings allow; equal when all are known. Range 0 to 337."""
    parts = list(hscore_points(found).values())
    return sum(low for low, _ in parts), sum(high for _, high in parts)


def hscore_points(found: HScoreInput) -> dict[str, tuple[int, int]]:
    """Lowest and highest points of each part."""
    cells = (_up_to(found.haemoglobin, 92), _up_to(found.wbc, 5.0), _up_to(found.platelets, 110))
    sure = sum(t is Truth.TRUE for t in cells)
    possible = sure + sum(t is Truth.UNKNOWN for t in cells)
    lines = (0, 0, 24, 34)
    return {
        "immunosuppressed": _yes(found.immunosuppressed, 18),
        "temperature": _banded(found.temperature, (38.4, 39.4), (0, 33, 49)),
        "organs": _counted(found.organs, (0, 23, 38)),
        "cytopenia": (lines[sure], lines[possible]),
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


def _counted(count: int | None, points: tuple[int, ...]) -> tuple[int, int]:
    return (points[0], points[-1]) if count is None else (points[count], points[count])


def _banded(value: float | None, edges: tuple[float, float], points: tuple[int, int, int]) -> tuple[int, int]:
    """Below the first edge, up to the second (closed), above it."""
    if value is None:
        return points[0], points[2]
    found = points[0] if value < edges[0] else points[1] if value <= edges[1] else points[2]
    return found, found


def _hscore_card(*values: float | bool) -> float:
    immune, temperature, organs, hb, wbc, platelets, ferritin, tg, fibrinogen, ast, phago = values
    low, _ = hscore(
        HScoreInput(
            immunosuppressed=bool(immune),
            temperature=temperature,
            organs=round(organs),
            haemoglobin=hb,
            wbc=wbc,
            platelets=platelets,
            ferritin=ferritin,
            triglycerides=tg,
            fibrinogen=fibrinogen,
            ast=ast,
            haemophagocytosis=bool(phago),
        )
    )
    return float(low)


def _in(name: str, en: str, zh: str, unit: str = "") -> Input:
    return Input(name, Text(en=en, zh=zh), "number" if unit else "truth", unit=unit)


_PLATELETS = _in("platelets", "platelets", "血小板", "10*9/L")
_FERRITIN = _in("ferritin", "ferritin", "铁蛋白", "ug/L")
_FIBRINOGEN_MG = _in("fibrinogen", "fibrinogen", "纤维蛋白原", "mg/dL")

HLH = (
    Card(
        "ms_score",
        Text(en="MS score for MAS in systemic JIA", zh="MS评分（sJIA相关MAS）"),
        (
            _in("cns", "central nervous system dysfunction", "中枢神经系统受累"),
            _in("haemorrhage", "haemorrhage", "出血"),
            _in("arthritis", "active arthritis", "活动性关节炎"),
            _PLATELETS,
            _in("ldh", "LDH", "乳酸脱氢酶", "U/L"),
            _FIBRINOGEN_MG,
            _FERRITIN,
        ),
        "1",
        _ms_card,
        "Minoia 2019, Ann Rheum Dis 78:1357; MAS from -2.1",
        (
            {
                "cns": False,
                "haemorrhage": False,
                "arthritis": False,
                "platelets": 90,
                "ldh": 1500,
                "fibrinogen": 200,
                "ferritin": 12000,
            },
            1.63,
        ),
    ),
    Card(
        "hscore",
        Text(en="HScore for reactive haemophagocytic syndrome", zh="HScore评分"),
        (
            _in("immunosuppressed", "known immunosuppression", "已知免疫抑制"),
            _in("temperature", "temperature", "体温", "Cel"),
            _in("organs", "enlarged liver, spleen (0 to 2)", "肝脾肿大（0至2）", "1"),
            _in("haemoglobin", "haemoglobin", "血红蛋白", "g/L"),
            _in("wbc", "white cells", "白细胞", "10*9/L"),
            _PLATELETS,
            _FERRITIN,
            _in("triglycerides", "triglycerides", "甘油三酯", "mmol/L"),
            _in("fibrinogen", "fibrinogen", "纤维蛋白原", "g/L"),
            _in("ast", "AST", "天冬氨酸氨基转移酶", "U/L"),
            _in("haemophagocytosis", "haemophagocytosis in marrow", "骨髓噬血现象"),
        ),
        "1",
        _hscore_card,
        "Fardet 2014, Arthritis Rheumatol 66:2613; cut-off 169",
        (
            {
                "immunosuppressed": False,
                "temperature": 39.4,
                "organs": 1,
                "haemoglobin": 92,
                "wbc": 5.1,
                "platelets": 110,
                "ferritin": 6000,
                "triglycerides": 4.0,
                "fibrinogen": 2.51,
                "ast": 29,
                "haemophagocytosis": False,
            },
            159,
        ),
    ),
)
