"""Clinical formulas against worked examples that came from the published definitions, not from this program."""

from __future__ import annotations

import datetime as dt
import json
import sys
from pathlib import Path
from typing import Any

import pytest

from trialwright.kernel import units
from trialwright.kernel.dates import completed_years
from trialwright.kernel.errors import UnitError, UserError
from trialwright.kernel.truth import Truth
from trialwright.science.clinic import CARDS, SHELF, Card
from trialwright.science.clinic.heart import nyha_at_least
from trialwright.science.clinic.hlh import (
    HScoreInput,
    MasFindings,
    Signs,
    hlh_2004,
    hlh_2004_signs,
    hscore,
    hscore_band,
    hscore_points,
    hscore_positive,
    mas_2016,
    mas_2016_signs,
    ms_score,
)
from trialwright.science.clinic.kidney import UMOL_PER_MG, mdrd
from trialwright.science.clinic.lung import EQUATIONS, Person, _reference, percent_predicted, ratio_lower_limit
from trialwright.science.clinic.steroids import is_pulse, is_systemic, prednisone_equivalent
from trialwright.science.clinic.substances import convert


@pytest.fixture(scope="session")
def worked(shared: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((shared / "clinic" / "worked_examples.json").read_text(encoding="utf-8"))
    return found


@pytest.mark.parametrize("card", SHELF.values(), ids=lambda card: card.id)
def test_each_card_reproduces_its_own_example(card: Card) -> None:
    inputs, answer = card.example
    found = card.answer(inputs)
    value = found.value if found.interval is None else found.interval
    assert value == (pytest.approx(answer, rel=2e-3) if isinstance(answer, float) else answer)


@pytest.mark.parametrize("card", SHELF.values(), ids=lambda card: card.id)
def test_each_card_says_what_a_reader_needs(card: Card) -> None:
    assert card.source
    assert all(text.en and text.zh for text in (card.label, *(i.label for i in card.all_inputs)))
    assert card.note is not None
    assert card.note.zh
    for wanted in card.all_inputs:
        units.check(wanted.unit)
    assert {i.name for i in card.inputs if not i.optional} <= set(card.example[0])
    if card.id in CARDS:
        assert card.compute() is None


def test_hlh_2004(worked: dict[str, Any]) -> None:
    keys = {
        "temp_C": "temperature",
        "spleno": "splenomegaly",
        "hb_gL": "haemoglobin",
        "plt": "platelets",
        "anc": "neutrophils",
        "tg_mmolL": "triglycerides",
        "fib_gL": "fibrinogen",
        "hemoph": "haemophagocytosis",
        "nk_low": "nk_activity_low",
        "ferritin": "ferritin",
        "scd25_U": "scd25",
    }
    for case in worked["hlh2004"]:
        signs = Signs(**{keys[k]: v for k, v in case["input"].items()})
        assert hlh_2004(signs) is Truth.of(case["met"]), case["id"]
        assert list(hlh_2004_signs(signs).values()) == [Truth.of(v) for v in case["criteria"].values()], case["id"]


def test_mas_2016(worked: dict[str, Any]) -> None:
    for case in worked["mas2016"]:
        given = case["input"]
        found = MasFindings(
            fever=given["fever"],
            sjia=given["sjia"],
            ferritin=given["ferritin"],
            platelets=given["plt"],
            ast=given["ast"],
            triglycerides=given["tg_mgdl"],
            fibrinogen=given["fib_mgdl"],
        )
        assert mas_2016(found) is Truth.of(case["met"]), case["id"]
        assert list(mas_2016_signs(found).values()) == [Truth.of(sign) for sign in case["sub"]], case["id"]


def test_ms_score(worked: dict[str, Any]) -> None:
    for case in worked["ms_score"]:
        signs = (bool(case["cns"]), bool(case["hemorrhage"]), bool(case["arthritis"]))
        score = ms_score(signs, case["plt"], case["ldh"], case["fib_mgdl"], case["ferritin"])
        assert score == pytest.approx(case["score"], abs=0.005), case["id"]
        assert (score >= -2.1) == case["mas"]


def hscore_input(given: dict[str, Any]) -> HScoreInput:
    return HScoreInput(
        immunosuppressed=bool(given["immuno"]),
        temperature=given["temp"],
        organs=given["organ"],
        haemoglobin=given["hb"] * 10,
        wbc=given["wbc"],
        platelets=given["plt"],
        ferritin=given["ferritin"],
        triglycerides=given["tg"],
        fibrinogen=given["fib"],
        ast=given["ast"],
        haemophagocytosis=bool(given["hemoph"]),
    )


def test_hscore(worked: dict[str, Any]) -> None:
    for case in worked["hscore"]:
        found = hscore_input(case["input"])
        assert hscore(found) == (case["score"], case["score"]), case["id"]
        assert [low for low, _ in hscore_points(found).values()] == list(case["points"].values()), case["id"]


def test_hscore_is_an_interval_while_items_are_missing() -> None:
    assert hscore(HScoreInput()) == (0, 337)
    assert hscore_positive(HScoreInput()) is Truth.UNKNOWN
    sure = HScoreInput(temperature=40, organs=2, ferritin=9000, triglycerides=5)
    assert hscore(sure)[0] == 49 + 38 + 50 + 64
    assert hscore_positive(sure) is Truth.TRUE
    assert [hscore_band(s) for s in (90, 169, 250)] == ["below 1 %", "between 1 and 99 %", "above 99 %"]


def test_mdrd_in_the_form_of_the_record(worked: dict[str, Any]) -> None:
    for case in worked["mdrd"]:
        found = mdrd(case["scr_umolL"] / UMOL_PER_MG, case["age"], "female" if case["female"] else "male")
        assert found == pytest.approx(case["seed_186x1_233"], abs=0.01), case["id"]
    for name, creatinine in worked["mdrd_cutoff_scr_umolL"].items():
        sex = "female" if name[0] == "F" else "male"
        low, high = (mdrd((creatinine + d) / UMOL_PER_MG, int(name[1:]), sex) for d in (-0.1, 0.1))
        assert low is not None
        assert high is not None
        assert high < 60 < low, name


def test_body_surface(worked: dict[str, Any]) -> None:
    for case in worked["bsa"]:
        size = {"height": case["cm"], "weight": case["kg"]}
        assert CARDS["bsa_mosteller"].compute(**size) == pytest.approx(case["mosteller"], abs=1e-3)
        assert CARDS["bsa_dubois"].compute(**size) == pytest.approx(case["dubois"], abs=1e-3)


def test_steroid_equivalents(worked: dict[str, Any]) -> None:
    for case in worked["steroid"]:
        found = prednisone_equivalent(case["mg_per_day"], case["drug"])
        assert found == pytest.approx(case["pred_eq_mg"], abs=1e-3)
        per_kg = (found or 0) / case["kg"]
        assert (per_kg >= 1.5) == case["day_qualifies_1_5"], case["id"]
        assert (per_kg >= 2.0) == case["day_qualifies_2_0"], case["id"]


def test_steroid_agents_routes_and_tables() -> None:
    assert prednisone_equivalent(4, "Methylprednisolone sodium succinate") == 5
    assert prednisone_equivalent(4, "budesonide") is None
    assert prednisone_equivalent(0.75, "betamethasone", "bnf") == 5
    assert [is_systemic(route) for route in ("iv", "Oral", "inhaled", "topical")] == [True, True, False, False]


def test_all_forms_of_mdrd_and_the_record_s_limit_of_60(worked: dict[str, Any]) -> None:
    forms = {"mdrd_egfr": "seed_186x1_233", "mdrd_186": "mdrd186", "mdrd_175": "mdrd175",
             "mdrd_175_chinese": "china175x1_234"}  # fmt: skip
    for case in worked["mdrd"]:
        sex = "female" if case["female"] else "male"
        given = {"creatinine": case["scr_umolL"] / UMOL_PER_MG, "age": case["age"], "sex": sex}
        for card, key in forms.items():
            assert SHELF[card].compute(**given) == pytest.approx(case[key], abs=0.01), (case["id"], card)
        assert ((CARDS["mdrd_egfr"].compute(**given) or 0) < 60) == case["excluded"], case["id"]
        assert given["creatinine"] == pytest.approx(case["scr_mgdl"], abs=1e-4)


def test_a_steroid_day_can_be_a_pulse(worked: dict[str, Any]) -> None:
    for case in worked["steroid"]:
        assert is_pulse(case["mg_per_day"], case["drug"], case["kg"]) == case["mp_pulse"], case["id"]
        per_kg = (prednisone_equivalent(case["mg_per_day"], case["drug"]) or 0) / case["kg"]
        assert per_kg == pytest.approx(case["mgkg"], abs=1e-4)
    assert is_pulse(900, "methylprednisolone", 60)
    assert not is_pulse(899, "methylprednisolone", 60)
    assert not is_pulse(1000, "prednisone", 60)


def test_a_dose_by_surface(worked: dict[str, Any]) -> None:
    for case in worked["bsa"]:
        surface = CARDS["bsa_mosteller"].compute(height=case["cm"], weight=case["kg"])
        assert 10 * (surface or 0) == pytest.approx(case["dex10mgm2_mg"], abs=0.01), case["id"]


def test_spirometry_by_four_reference_equations(worked: dict[str, Any]) -> None:
    names = {"GLI12_Cauc": "gli_2012_caucasian", "GLI12_NEA": "gli_2012_north_east_asian", "GLI22": "gli_2022",
             "Jian2017": "jian_2017"}  # fmt: skip
    for case in worked["spirometry"]:
        age, sex, height = case["id"][:2], case["id"][2], case["id"][3:]
        person = Person("female" if sex == "F" else "male", float(age), float(height))
        for key, equation in names.items():
            found = percent_predicted("FVC", case["measured_FVC"], person, equation)
            assert found == pytest.approx(case["pct"][key], abs=0.006), (case["id"], key)
            assert (found < 80) == case["fvc_lt80"][key], (case["id"], key)


def test_spirometry_s_predicted_value_is_100_percent_and_the_ages_are_those_of_the_equation() -> None:
    import pyspiro

    jian = pyspiro.JIAN_2017()
    median = jian.lms(1, 50, 170, jian.Parameters.FEV1)[1]
    assert percent_predicted("FEV1", median, Person("male", 50, 170), "jian_2017") == pytest.approx(100)
    assert percent_predicted("FEV1", 3.0, Person("male", 81, 170), "jian_2017") is None
    assert percent_predicted("FEV1", 3.0, Person("male", 81, 170), "gli_2022") is not None
    assert all(60 < (ratio_lower_limit(Person("male", 50, 170), e) or 0) < 80 for e in EQUATIONS)


def test_spirometry_without_its_package_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyspiro", None)
    _reference.cache_clear()
    with pytest.raises(UserError, match=r"Install trialwright\[spirometry\]"):
        percent_predicted("FVC", 3.0, Person("male", 50, 170), "gli_2022")


def test_unit_conversions_by_substance(worked: dict[str, Any]) -> None:
    substances = {"TG": "triglycerides", "Hb": "haemoglobin", "ferritin": "ferritin", "bilirubin": "bilirubin"}
    for case in worked["units"]:
        substance = substances.get(case["id"].split()[1], "") if "mol" in case["to"] else ""
        found = convert(case["value"], case["frm"], case["to"].replace("(Fe)", ""), substance)
        assert found == pytest.approx(case["result"], rel=1e-3), case["id"]
    assert convert(10, "mmol/L", "mg/dL", "urea_nitrogen") == pytest.approx(28.014)
    with pytest.raises(UnitError, match="Name the substance"):
        convert(265, "mg/dL", "mmol/L")


def test_no_section_of_the_worked_examples_is_left_out(worked: dict[str, Any]) -> None:
    """Windows and limits are asked through the language, beside; all others here."""
    here = {"hlh2004", "mas2016", "ms_score", "hscore", "steroid", "mdrd", "mdrd_cutoff_scr_umolL", "units", "bsa",
            "age", "spirometry"}  # fmt: skip
    assert set(worked) == here | {"windows", "uln"}


def test_ages_decide_on_guardians(worked: dict[str, Any]) -> None:
    for case in worked["age"]:
        age = completed_years(dt.date.fromisoformat(case["birth"]), dt.date.fromisoformat(case["date"]))
        assert age == case["age_years"]
        assert (16 <= age < 18) == case["guardian_consent"], case["id"]


def test_the_published_bands_hold_where_a_curve_was_fitted(worked: dict[str, Any]) -> None:
    """We show bands, not a curve; a fitted probability never leaves them."""
    bands = {"below 1 %": (0, 0.01), "between 1 and 99 %": (0.01, 0.99), "above 99 %": (0.99, 1)}
    for case in worked["hscore"]:
        low, high = bands[hscore_band(case["score"])]
        assert low <= case["prob_fit"] <= high, case["id"]


@pytest.mark.parametrize(
    ("part", "value", "points"),
    [
        ("temperature", 38.39, 0), ("temperature", 38.4, 33), ("temperature", 39.4, 33), ("temperature", 39.41, 49),
        ("ferritin", 1999.9, 0), ("ferritin", 2000, 35), ("ferritin", 6000, 35), ("ferritin", 6000.1, 50),
        ("triglycerides", 1.49, 0), ("triglycerides", 1.5, 44), ("triglycerides", 4.0, 44), ("triglycerides", 4.01, 64),
        ("fibrinogen", 2.5, 30), ("fibrinogen", 2.51, 0), ("ast", 29.9, 0), ("ast", 30, 19),
    ],
)  # fmt: skip
def test_hscore_at_the_edges_of_its_bands(part: str, value: float, points: int) -> None:
    assert hscore_points(HScoreInput(**{part: value}))[part] == (points, points)  # type: ignore[arg-type]  # numbers


@pytest.mark.parametrize(
    ("field", "inside", "outside"), [("haemoglobin", 92, 92.1), ("wbc", 5.0, 5.01), ("platelets", 110, 110.1)]
)
def test_hscore_s_cell_lines_are_closed_at_their_limits(field: str, inside: float, outside: float) -> None:
    normal = {"haemoglobin": 140.0, "wbc": 8.0, "platelets": 250.0}
    two_low = {"haemoglobin": 50.0, "wbc": 1.0, "platelets": 10.0, field: inside}
    assert hscore_points(HScoreInput(**two_low))["cytopenia"] == (34, 34)
    assert hscore_points(HScoreInput(**{**two_low, field: outside}))["cytopenia"] == (24, 24)
    assert hscore_points(HScoreInput(**{**normal, field: inside}))["cytopenia"] == (0, 0)


def test_hscore_knows_one_organ_without_the_other() -> None:
    assert hscore_points(HScoreInput(splenomegaly=True))["organs"] == (23, 38)
    assert hscore_points(HScoreInput(splenomegaly=False))["organs"] == (0, 23)
    assert hscore_points(HScoreInput(splenomegaly=True, hepatomegaly=True))["organs"] == (38, 38)


@pytest.mark.parametrize(("low", "high", "answer"), [(169, 200, True), (168, 200, None), (100, 168, False)])
def test_hscore_decides_only_if_both_ends_fall_on_one_side(low: int, high: int, answer: bool | None) -> None:
    seen = {hscore(f): hscore_positive(f) for f in _some_hscores()}
    for (a, b), truth in seen.items():
        if (a >= 169, b >= 169) == (low >= 169, high >= 169):
            assert truth is Truth.of(answer), (a, b)


def _some_hscores() -> list[HScoreInput]:
    return [
        HScoreInput(temperature=t, ferritin=f, organs=o, triglycerides=g, haemophagocytosis=h)
        for t in (None, 37, 40) for f in (None, 100, 9000) for o in (None, 0, 2) for g in (None, 1, 5)
        for h in (None, True, False)
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("sign", "given", "answer"),
    [
        ("fever", {"temperature": 38.5}, True), ("fever", {"temperature": 38.4}, False),
        ("ferritin", {"ferritin": 500}, True), ("ferritin", {"ferritin": 499}, False),
        ("scd25", {"scd25": 2400}, True), ("scd25", {"scd25": 2399}, False),
        ("lipid_or_fibrinogen", {"triglycerides": 3.0}, True), ("lipid_or_fibrinogen", {"triglycerides": 2.99}, None),
        ("lipid_or_fibrinogen", {"fibrinogen": 1.5}, True),
        ("lipid_or_fibrinogen", {"fibrinogen": 1.51, "triglycerides": 2.99}, False),
        ("cytopenia", {"haemoglobin": 89.9, "platelets": 99.9}, True),
        ("cytopenia", {"haemoglobin": 90, "platelets": 100}, False),
        ("cytopenia", {"haemoglobin": 90, "neutrophils": 0.99}, None),
    ],
)  # fmt: skip
def test_hlh_2004_at_its_limits(sign: str, given: dict[str, float], answer: bool | None) -> None:
    assert hlh_2004_signs(Signs(**given))[sign] is Truth.of(answer)  # type: ignore[arg-type]  # numbers


@pytest.mark.parametrize(("found", "limit", "answer"), [("III", "III", True), ("II", "III", False), ("IV", "III", True),
                                                        ("none", "I", False), (None, "III", None)])  # fmt: skip
def test_nyha_classes_are_ordered_and_an_absent_one_is_unknown(
    found: str | None, limit: str, answer: bool | None
) -> None:
    assert nyha_at_least(found, limit) is Truth.of(answer)
