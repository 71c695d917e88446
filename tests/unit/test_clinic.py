"""Clinical formulas against worked examples that came from the published definitions, not from this program."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from trialwright.kernel.errors import UnknownName
from trialwright.kernel.truth import Truth
from trialwright.science.clinic import CARDS
from trialwright.science.clinic.ctcae import RULES, Lab, grade
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
    ms_score,
)
from trialwright.science.clinic.kidney import UMOL_PER_MG, mdrd
from trialwright.science.clinic.steroids import is_systemic, prednisone_equivalent


@pytest.fixture(scope="session")
def worked(shared: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((shared / "clinic" / "worked_examples.json").read_text(encoding="utf-8"))
    return found


@pytest.mark.parametrize("card", CARDS.values(), ids=lambda card: card.id)
def test_each_card_reproduces_its_own_example(card: Any) -> None:
    inputs, answer = card.example
    assert card.compute(**inputs) == pytest.approx(answer, rel=2e-3)
    assert card.compute() is None
    assert card.source


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


@pytest.mark.parametrize(
    ("term", "lab", "v5", "v6"),
    [
        ("Platelet count decreased", Lab(20, "10*9/L", low=125), 4, 3),
        ("Platelet count decreased", Lab(75, "10*9/L", low=125), 1, 1),
        ("Platelet count decreased", Lab(130, "10*9/L", low=125), 0, 0),
        ("Platelet count decreased", Lab(80, "10*9/L"), None, None),
        ("Neutrophil count decreased", Lab(0.4, "10*9/L", low=1.8), 4, 3),
        ("Neutrophil count decreased", Lab(400, "/uL", low=1800), 4, 3),
        ("Anemia", Lab(7.9, "g/dL", low=12), 3, 3),
        ("Alanine aminotransferase increased", Lab(130, "U/L", high=40, baseline=30), 2, 2),
        ("Alanine aminotransferase increased", Lab(200, "U/L", high=40, baseline=100), 1, 2),
        ("Alanine aminotransferase increased", Lab(120, "U/L", high=40, baseline=100), 0, 1),
        ("Blood bilirubin increased", Lab(35, "umol/L", high=20), 2, 2),
        ("Creatinine increased", Lab(130, "umol/L", high=100, baseline=60), 2, 1),
        ("Creatinine increased", Lab(130, "umol/L", low=50, high=100, baseline=40), 3, 3),
        ("Fibrinogen decreased", Lab(0.45, "g/L", low=2), 4, 4),
        ("Fibrinogen decreased", Lab(1.9, "g/L", low=2, baseline=4), 3, 3),
        ("Hypertriglyceridemia", Lab(1.71, "mmol/L"), 1, 1),
        ("Hypoalbuminemia", Lab(29, "g/L", low=35), 2, 2),
    ],
)
def test_ctcae_grades_differ_by_version(term: str, lab: Lab, v5: int | None, v6: int | None) -> None:
    assert (grade(term, lab, "5"), grade(term, lab, "6")) == (v5, v6)


def test_ctcae_terms_agree_with_the_published_rules(shared: Path) -> None:
    for version in ("5", "6"):
        published = {rule["TERM"] for rule in json.loads((shared / "ctcae" / f"ncictcaev{version}.json").read_text())}
        ours = set(RULES[version]) - ({"Platelet count decreased"} if version == "6" else set())
        assert ours <= published


def test_ctcae_names_are_checked() -> None:
    with pytest.raises(UnknownName, match="Did you mean Anemia"):
        grade("anemias", Lab(1, "g/L"))
    assert grade("Lymphocyte count decreased", Lab(0.1, "10*9/L"), "6") is None
