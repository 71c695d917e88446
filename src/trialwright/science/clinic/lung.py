"""Spirometry against reference values. The equations and their tables come from the package `pyspiro` (MIT)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

from trialwright.kernel.errors import UserError
from trialwright.kernel.texts import Text
from trialwright.kernel.truth import Truth
from trialwright.science.clinic.card import Card, Finding, Input, Part, Value, no_formula

Measure = Literal["FVC", "FEV1", "FEV1FVC"]


@dataclass(frozen=True, slots=True)
class Equation:
    """A published set: its class in pyspiro, the group's number there, the ages it covers, how FEV1/FVC is stated."""

    class_: str
    group: int | None
    ages: tuple[float, float]
    in_percent: bool = False


EQUATIONS: dict[str, Equation] = {
    "jian_2017": Equation("JIAN_2017", None, (4, 80), in_percent=True),
    "gli_2012_north_east_asian": Equation("GLI_2012", 3, (3, 95)),
    "gli_2012_south_east_asian": Equation("GLI_2012", 4, (3, 95)),
    "gli_2012_caucasian": Equation("GLI_2012", 1, (3, 95)),
    "gli_2012_african_american": Equation("GLI_2012", 2, (3, 95)),
    "gli_2012_other": Equation("GLI_2012", 5, (3, 95)),
    "gli_2022": Equation("BOWERMAN_2022", None, (3, 95)),
}
"""Jian 2017 (China), GLI-2012 (Quanjer 2012) by group, GLI-2022 (Bowerman 2023, without groups)."""


@dataclass(frozen=True, slots=True)
class Person:
    """sex: female or male; age in years, height in cm."""

    sex: str
    age: float
    height: float


def percent_predicted(measure: Literal["FVC", "FEV1"], litres: float, person: Person, equation: str) -> float | None:
    """A measured volume (L) in percent of its predicted median; None outside the equation's ages.

    Raises UserError where the package with the equations is not installed.
    """
    found = _ask("lms", measure, person, equation)
    return None if found is None else float(100 * litres / found[1])


def ratio_lower_limit(person: Person, equation: str) -> float | None:
    """Lower limit of normal (5th percentile) of FEV1/FVC, in percent; None outside the equation's ages."""
    found = _ask("lln", "FEV1FVC", person, equation)
    return None if found is None else float(found) * (1 if EQUATIONS[equation].in_percent else 100)


def _ask(question: str, measure: Measure, person: Person, equation: str) -> Any:
    about = EQUATIONS[equation]
    if not about.ages[0] <= person.age <= about.ages[1] or person.height <= 0:
        return None
    reference = _reference(about.class_)
    given: dict[str, Any] = {
        "sex": int(person.sex == "male"),
        "age": person.age,
        "height": person.height,
        "parameter": reference.Parameters[measure],
        "value": 1.0,  # asked for by every question, used by none of ours
    }
    if about.group is not None:
        given["ethnicity"] = about.group
    return getattr(reference, question)(**given)


@lru_cache(maxsize=4)
def _reference(class_: str) -> Any:
    try:
        import pyspiro
    except ImportError:
        raise UserError(
            "Reference values of spirometry need the package pyspiro.", hint="Install trialwright[spirometry]."
        ) from None
    return getattr(pyspiro, class_)()


def _volume(measure: Literal["FVC", "FEV1"]) -> Card:
    name = measure.lower()

    def finding(values: Mapping[str, Value]) -> Finding:
        equation = str(values["equation"])
        found = percent_predicted(measure, _number(values[name]), _person(values), equation)
        return Finding(found, notes=_ages(found, equation))

    return Card(
        f"{name}_percent_predicted",
        Text(en=f"{measure} in percent of its predicted value", zh=f"{measure}占预计值百分比"),
        (Input(name, Text(en=f"measured {measure}", zh=f"实测{measure}"), unit="L", possible=(0.1, 12)), *_PERSON),
        "%",
        no_formula,
        _SOURCE,
        (
            {name: 3.9 if measure == "FVC" else 3.2, "sex": "male", "age": 40.0, "height": 175.0, "equation": _CHINA},
            80.99 if measure == "FVC" else 80.77,
        ),
        _NOTE,
        finding=finding,
    )


def _ratio(values: Mapping[str, Value]) -> Finding:
    equation = str(values["equation"])
    limit = ratio_lower_limit(_person(values), equation)
    parts = []
    if "fev1_fvc" in values and limit is not None:
        measured = _number(values["fev1_fvc"])
        below = Text(en="measured ratio below its lower limit", zh="实测比值低于正常下限")
        fixed = Text(en="measured ratio below 70 %", zh="实测比值低于70%")
        parts = [Part("below_lln", below, Truth.of(measured < limit)), Part("below_70", fixed, Truth.of(measured < 70))]
    return Finding(limit, parts=tuple(parts), notes=_ages(limit, equation))


def _ages(found: float | None, equation: str) -> tuple[Text, ...]:
    low, high = EQUATIONS[equation].ages
    words = Text(en=f"{equation} covers {low:g} to {high:g} years only.", zh=f"{equation}仅适用于{low:g}至{high:g}岁。")
    return (words,) if found is None else ()


def _number(value: Value) -> float:
    assert isinstance(value, (int, float))
    return float(value)


def _person(values: Mapping[str, Value]) -> Person:
    return Person(str(values["sex"]), _number(values["age"]), _number(values["height"]))


_CHINA = "jian_2017"
_PERSON = (
    Input("sex", Text(en="sex", zh="性别"), "code", codes=("female", "male")),
    Input("age", Text(en="age", zh="年龄"), unit="a", possible=(0, 130)),
    Input("height", Text(en="height", zh="身高"), unit="cm", possible=(20, 260)),
    Input("equation", Text(en="reference equation", zh="参考方程"), "code", codes=tuple(EQUATIONS)),
)
_SOURCE = (
    "Jian 2017, J Thorac Dis 9:4538; GLI-2012: Quanjer 2012, Eur Respir J 40:1324; "
    "GLI-2022: Bowerman 2023, Am J Respir Crit Care Med 207:768; computed by pyspiro"
)
_NOTE = Text(
    en="Equations differ by several points and can change an answer near a limit: name the one in use. pyspiro is "
    "meant for research, not for the diagnosis of a patient.",
    zh="各参考方程可相差数个百分点，在界限附近可能改变结论，请注明所用方程。pyspiro仅供研究使用，不用于诊断。",
)

LUNG = (
    _volume("FVC"),
    _volume("FEV1"),
    Card(
        "fev1_fvc_lln",
        Text(en="lower limit of normal of FEV1/FVC", zh="FEV1/FVC正常下限"),
        (
            *_PERSON,
            Input(
                "fev1_fvc",
                Text(en="measured FEV1/FVC", zh="实测FEV1/FVC"),
                unit="%",
                possible=(5, 100),
                optional=True,
            ),
        ),
        "%",
        no_formula,
        _SOURCE,
        ({"sex": "male", "age": 40.0, "height": 175.0, "equation": _CHINA, "fev1_fvc": 68.0}, 72.82),
        _NOTE,
        finding=_ratio,
    ),
)
