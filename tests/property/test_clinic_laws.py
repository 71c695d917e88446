"""Laws of the calculators: units do not matter, missing findings only widen an answer, formulas are monotone."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trialwright.kernel import units
from trialwright.kernel.truth import Truth
from trialwright.science.clinic import CARDS, SHELF, Card
from trialwright.science.clinic.ctcae import VERSIONS, Lab, Rule, grade, rules
from trialwright.science.clinic.hlh import (
    HScoreInput,
    MasFindings,
    Signs,
    hlh_2004,
    hscore,
    hscore_positive,
    mas_2016,
)
from trialwright.screen.calculators import calculate


def measured(low: float, high: float) -> st.SearchStrategy[float]:
    """As a laboratory prints a value: one decimal place."""
    return st.integers(round(low * 10), round(high * 10)).map(lambda tenths: tenths / 10)


HSCORE: dict[str, st.SearchStrategy[Any]] = {
    "immunosuppressed": st.booleans(),
    "temperature": measured(36, 41),
    "organs": st.integers(0, 2),
    "haemoglobin": measured(40, 150),
    "wbc": measured(0, 12),
    "platelets": measured(0, 300),
    "ferritin": measured(10, 9000),
    "triglycerides": measured(0.5, 6),
    "fibrinogen": measured(0.1, 5),
    "ast": measured(10, 100),
    "haemophagocytosis": st.booleans(),
}
SIGNS: dict[str, st.SearchStrategy[Any]] = {
    **{k: v for k, v in HSCORE.items() if k in Signs.__dataclass_fields__},
    "splenomegaly": st.booleans(),
    "neutrophils": measured(0, 5),
    "nk_activity_low": st.booleans(),
    "scd25": measured(1000, 4000),
}
MAS: dict[str, st.SearchStrategy[Any]] = {
    **{k: HSCORE[k] for k in ("ferritin", "platelets", "ast")},
    "fever": st.booleans(),
    "sjia": st.booleans(),
    "triglycerides": measured(50, 300),
    "fibrinogen": measured(100, 600),
}


@given(st.fixed_dictionaries(HSCORE), st.sets(st.sampled_from(sorted(HSCORE))))
def test_every_completion_lies_in_the_interval_of_hscore(whole: dict[str, Any], hidden: set[str]) -> None:
    part = HScoreInput(**{name: value for name, value in whole.items() if name not in hidden})
    low, high = hscore(part)
    score, same = hscore(HScoreInput(**whole))
    assert score == same
    assert low <= score <= high
    if hscore_positive(part) is not Truth.UNKNOWN:
        assert hscore_positive(part) is Truth.of(score >= 169)


@given(st.sets(st.sampled_from(sorted(HSCORE))), st.fixed_dictionaries(HSCORE))
def test_both_ends_of_the_interval_of_hscore_can_be_reached(hidden: set[str], whole: dict[str, Any]) -> None:
    lowest = {"immunosuppressed": False, "temperature": 36.0, "organs": 0, "haemoglobin": 150.0, "wbc": 12.0,
              "platelets": 300.0, "ferritin": 10.0, "triglycerides": 0.5, "fibrinogen": 5.0, "ast": 10.0,
              "haemophagocytosis": False}  # fmt: skip
    highest = {"immunosuppressed": True, "temperature": 41.0, "organs": 2, "haemoglobin": 40.0, "wbc": 0.0,
               "platelets": 0.0, "ferritin": 9000.0, "triglycerides": 6.0, "fibrinogen": 0.1, "ast": 100.0,
               "haemophagocytosis": True}  # fmt: skip
    known = {name: value for name, value in whole.items() if name not in hidden}
    ends = [hscore(HScoreInput(**{**end, **known}))[0] for end in (lowest, highest)]
    assert hscore(HScoreInput(**known)) == tuple(ends)


@given(st.fixed_dictionaries({}, optional=SIGNS), st.fixed_dictionaries(SIGNS))
def test_more_findings_never_undo_hlh_2004(some: dict[str, Any], rest: dict[str, Any]) -> None:
    early, late = hlh_2004(Signs(**some)), hlh_2004(Signs(**{**rest, **some}))
    assert late is not Truth.UNKNOWN
    assert early in (Truth.UNKNOWN, late)


@given(st.fixed_dictionaries({}, optional=MAS), st.fixed_dictionaries(MAS))
def test_more_findings_never_undo_the_classification_of_mas(some: dict[str, Any], rest: dict[str, Any]) -> None:
    early, late = mas_2016(MasFindings(**some)), mas_2016(MasFindings(**{**rest, **some}))
    assert late is not Truth.UNKNOWN
    assert early in (Truth.UNKNOWN, late)


OTHER_UNITS = {
    "ug/L": ("ng/mL", "mg/L"), "g/L": ("g/dL", "mg/dL"), "mg/dL": ("g/L", "mg/L"), "mmol/L": ("umol/L",),
    "10*9/L": ("/uL", "10*3/uL"), "Cel": ("[degF]", "K"), "cm": ("m", "[in_i]"), "kg": ("g", "[lb_av]"),
    "a": ("mo",), "U/L": ("U/mL",), "mg/d": ("g/d",), "L": ("mL",), "U/mL": ("U/L",),
}  # fmt: skip


@pytest.mark.parametrize("card", SHELF.values(), ids=lambda card: card.id)
def test_stating_a_value_in_another_unit_changes_no_answer(card: Card) -> None:
    typed: dict[str, Any] = {}
    for name, value in card.example[0].items():
        typed[name] = f"{value.value} {value.unit}" if hasattr(value, "unit") else value
    typed = {n: ("yes" if v else "no") if isinstance(v, bool) else v for n, v in typed.items()}
    plain = calculate(card.id, typed)
    for wanted in (i for i in card.all_inputs if i.name in typed and i.kind == "number"):
        unit = wanted.unit if not wanted.any_unit else card.example[0][wanted.name].unit  # type: ignore[union-attr]  # a Quantity
        number = float(str(typed[wanted.name]).split()[0])
        others = [u for u in (*OTHER_UNITS.get(unit, ()), "umol/L") if units.same_kind(unit, u, wanted.molar_mass)]
        for other in others:
            told = f"{units.convert(number, unit, other, wanted.molar_mass)!r} {other}"
            again = calculate(card.id, {**typed, wanted.name: told})
            assert again.value == (pytest.approx(plain.value) if isinstance(plain.value, float) else plain.value)
            assert [p.value for p in again.parts] == [
                pytest.approx(p.value) if isinstance(p.value, float) else p.value for p in plain.parts
            ]


@given(st.fixed_dictionaries(HSCORE))
def test_hscore_s_bands_do_not_slip_between_units(whole: dict[str, Any]) -> None:
    card = SHELF["hscore"]
    typed = {n: ("yes" if v else "no") if isinstance(v, bool) else str(v) for n, v in whole.items()}
    told = dict(typed)
    for wanted in card.inputs:
        for other in OTHER_UNITS.get(wanted.unit, ())[:1]:
            told[wanted.name] = f"{units.convert(whole[wanted.name], wanted.unit, other)!r} {other}"
    assert calculate("hscore", told).value == calculate("hscore", typed).value == hscore(HScoreInput(**whole))[0]


EGFR = ("mdrd_egfr", "mdrd_186", "mdrd_175", "mdrd_175_chinese", "ckd_epi_2021")


@given(
    name=st.sampled_from(EGFR),
    a=measured(0.3, 10),
    b=measured(0.3, 10),
    age=st.integers(18, 90),
    sex=st.sampled_from(("female", "male")),
)
def test_filtration_falls_as_creatinine_and_age_rise(name: str, a: float, b: float, age: int, sex: str) -> None:
    low, high = sorted((a, b))
    card = SHELF[name]
    at_low, at_high = (card.compute(creatinine=c, age=age, sex=sex) or 0 for c in (low, high))
    assert at_low >= at_high
    assert (card.compute(creatinine=low, age=age + 1, sex=sex) or 0) < at_low


@pytest.mark.parametrize("name", ["bsa_mosteller", "bsa_dubois"])
@given(height=measured(60, 200), weight=measured(5, 150), more=measured(0.1, 20))
def test_surface_grows_with_either_size(name: str, height: float, weight: float, more: float) -> None:
    card = CARDS[name]
    base = card.compute(height=height, weight=weight) or 0
    assert base < (card.compute(height=height + more, weight=weight) or 0)
    assert base < (card.compute(height=height, weight=weight + more) or 0)


def _falls(rule: Rule) -> bool:
    return next(iter(rule.words.values()))[0].split(": ")[-1].startswith("<")


ALL_RULES = [(v, term, rule) for v in VERSIONS for term, rule in rules(v).items() if rule.start is None]


@settings(max_examples=400)
@given(st.sampled_from(ALL_RULES), st.tuples(measured(0.1, 600), measured(0.1, 600)), st.data())
def test_a_worse_value_never_has_a_lower_grade(
    ruled: tuple[str, str, Rule], two: tuple[float, float], data: st.DataObject
) -> None:
    version, term, rule = ruled
    milder, worse = sorted(two, reverse=_falls(rule))
    low, high = data.draw(st.tuples(measured(1, 200), measured(1, 200)).map(sorted))
    lab = Lab(milder, rule.unit or "U/L", low, high, data.draw(st.none() | measured(0.1, 400)))
    mild, bad = grade(term, lab, version), grade(term, replace(lab, value=worse), version)
    assert mild is None or bad is None or mild <= bad
