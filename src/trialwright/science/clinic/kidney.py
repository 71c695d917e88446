"""Glomerular filtration rate estimated from serum creatinine."""

from __future__ import annotations

from trialwright.kernel.texts import Text
from trialwright.science.clinic.card import Card, Input

UMOL_PER_MG = 88.42
"""umol/L of creatinine in 1 mg/dL."""

MOLAR_MASS = 10_000 / UMOL_PER_MG
"""g/mol that gives that very factor."""

_SEX = Input("sex", Text(en="sex", zh="性别"), "code", codes=("female", "male"))
_ADULT = Input("age", Text(en="age", zh="年龄"), unit="a", valid=(18, None), possible=(0, 130))
_CHILD = Input("age", Text(en="age", zh="年龄"), unit="a", valid=(1, 16), possible=(0, 130), optional=True)
_CREATININE = Input(
    "creatinine", Text(en="serum creatinine", zh="血肌酐"), unit="mg/dL", molar_mass=MOLAR_MASS, possible=(0.05, 50)
)


def mdrd(creatinine: float, age: float, sex: str) -> float | None:
    """mL/min per 1.73 m2 from creatinine (mg/dL) and age (years), as the study's record writes it."""
    return mdrd_with(186 * 1.233, creatinine, age, sex)


def mdrd_with(coefficient: float, creatinine: float, age: float, sex: str) -> float | None:
    """The MDRD equation with another coefficient: 186 (original), 175 (IDMS), 175 x 1.234 (China, Ma 2006)."""
    if creatinine <= 0 or age <= 0:
        return None
    return coefficient * float(creatinine**-1.154 * age**-0.203) * (0.742 if sex == "female" else 1.0)


def ckd_epi_2021(creatinine: float, age: float, sex: str) -> float | None:
    """mL/min per 1.73 m2 from creatinine (mg/dL) and age (years), race-free."""
    if creatinine <= 0 or age <= 0:
        return None
    kappa, alpha, factor = (0.7, -0.241, 1.012) if sex == "female" else (0.9, -0.302, 1.0)
    ratio = creatinine / kappa
    return 142 * float(min(ratio, 1.0) ** alpha * max(ratio, 1.0) ** -1.200 * 0.9938**age) * factor


def bedside_schwartz(creatinine: float, height: float) -> float | None:
    """mL/min per 1.73 m2 from creatinine (mg/dL) and height (cm)."""
    return 0.413 * height / creatinine if creatinine > 0 and height > 0 else None


_UNDER_18 = Text(en="Not validated below 18 years.", zh="未在18岁以下人群验证。")


def _mdrd_variant(id_: str, names: tuple[str, str], coefficient: float, source: str, example: float) -> Card:
    def formula(creatinine: float, age: float, sex: str) -> float | None:
        return mdrd_with(coefficient, creatinine, age, sex)

    return Card(
        id_,
        Text(en=f"eGFR ({names[0]})", zh=f"eGFR（{names[1]}）"),
        (_CREATININE, _ADULT, _SEX),
        "mL/min/{1.73_m2}",
        formula,
        source,
        ({"creatinine": 1.0, "age": 40, "sex": "male"}, example),
        note=_UNDER_18,
    )


KIDNEY = (
    Card(
        "mdrd_egfr",
        Text(en="eGFR (MDRD 186 with the Chinese coefficient 1.233)", zh="eGFR（MDRD 186，中国系数1.233）"),
        (_CREATININE, _ADULT, _SEX),
        "mL/min/{1.73_m2}",
        mdrd,
        "Levey 1999 (coefficient 186) with the factor of Ma 2006, J Am Soc Nephrol 17:2937",
        ({"creatinine": 1.0, "age": 40, "sex": "male"}, 108.46),
        note=Text(
            en="Not validated below 18 years. 186 belongs to creatinine assays before the IDMS calibration.",
            zh="未在18岁以下人群验证；系数186适用于IDMS校准前的肌酐测定。",
        ),
    ),
    Card(
        "ckd_epi_2021",
        Text(en="eGFR (CKD-EPI 2021, creatinine)", zh="eGFR（CKD-EPI 2021，肌酐）"),
        (_CREATININE, _ADULT, _SEX),
        "mL/min/{1.73_m2}",
        ckd_epi_2021,
        "Inker 2021, N Engl J Med 385:1737",
        ({"creatinine": 1.0, "age": 50, "sex": "male"}, 91.7),
        note=_UNDER_18,
    ),
    Card(
        "bedside_schwartz",
        Text(en="eGFR (bedside Schwartz)", zh="eGFR（床旁Schwartz公式）"),
        (_CREATININE, Input("height", Text(en="height", zh="身高"), unit="cm", possible=(20, 260))),
        "mL/min/{1.73_m2}",
        bedside_schwartz,
        "Schwartz 2009, J Am Soc Nephrol 20:629 (1 to 16 years)",
        ({"creatinine": 0.5, "height": 120}, 99.12),
        note=Text(en="For 1 to 16 years, with an enzymatic assay.", zh="适用于1至16岁，酶法测定肌酐。"),
        beside=(_CHILD,),
    ),
)
"""Those that expressions can call."""

MDRD_VARIANTS = (
    _mdrd_variant("mdrd_186", ("MDRD 186", "MDRD 186"), 186, "Levey 1999, Ann Intern Med 130:461", 87.96),
    _mdrd_variant(
        "mdrd_175", ("MDRD 175, IDMS", "MDRD 175，IDMS校准"), 175, "Levey 2006, Ann Intern Med 145:247", 82.76
    ),
    _mdrd_variant(
        "mdrd_175_chinese",
        ("MDRD 175 with the Chinese coefficient 1.234", "MDRD 175，中国系数1.234"),
        175 * 1.234,
        "Ma 2006, J Am Soc Nephrol 17:2937",
        102.13,
    ),
)
"""The same equation with other coefficients, for comparison."""
