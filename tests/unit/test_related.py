"""What two records have in common is said in words, and counts by what it is."""

from __future__ import annotations

from typing import Any

import pytest
from related_records import about, record

from trialwright.record.common_words import counted
from trialwright.record.related.drugs import class_of, code_key, names_in, targets_of
from trialwright.record.related.profile import Profile, profile_of
from trialwright.record.related.related import closest
from trialwright.record.related.score import likeness


def reasons(a: dict[str, Any], b: dict[str, Any], lang: str = "en") -> dict[str, str]:
    found = likeness(profile_of(a), profile_of(b), counted())
    return {reason.kind: reason.words.to(lang) for reason in found.reasons}


def test_one_drug_under_its_name_its_code_and_another_code() -> None:
    first = record(1, "A study of plonmarlimab", drugs=["Plonmarlimab"])
    for name in ("TJM2", "TJ003234", "TJ-003234", "Plonmarlimab 10 mg/kg IV", "plonmarlimab injection"):
        found = reasons(first, record(2, "A study", drugs=[name]))
        assert found["drug"] == "same drug: Plonmarlimab", name
    assert reasons(first, record(2, "A study", drugs=["TJM2"]), "zh")["drug"] == "同一药物：Plonmarlimab"


def test_other_names_are_names_too() -> None:
    first = record(1, "A study", drugs=["XYZ-12345"])
    second = record(2, "A study", drugs=["somethingmab"], other_names=["XYZ12345"])
    assert "drug" in reasons(first, second)


def test_placebo_and_doses_make_no_drug() -> None:
    assert [key for key, _ in names_in("Placebo 10 mg")] == []
    assert [key for key, _ in names_in("Metformin hydrochloride 500 mg tablet plus placebo")] == ["metformin"]
    assert code_key("NI-0501") == "ni0501"


def test_one_target_is_read_from_the_drug_and_from_the_text() -> None:
    assert list(targets_of(["plonmarlimab"])) == ["GM-CSF"]
    assert list(targets_of([], "an anti-GM-CSF antibody")) == ["GM-CSF"]
    assert list(targets_of([], "sargramostim is GM-CSF")) == []
    found = reasons(record(1, "A", drugs=["plonmarlimab"]), record(2, "B", drugs=["otilimab"]))
    assert found["target"] == "same target: GM-CSF"
    assert "drug" not in found


def test_the_end_of_a_name_says_the_class() -> None:
    found = class_of("newtinib")
    assert found is not None
    assert (found.en, found.zh) == ("kinase inhibitor", "激酶抑制剂")
    assert class_of("vir") is None


@pytest.mark.parametrize(
    ("phase", "words"), [("PHASE2", "earlier phase"), ("PHASE3", "same phase"), ("PHASE4", "later phase")]
)
def test_the_phase_is_told_from_the_first_records_side(phase: str, words: str) -> None:
    a, b = record(1, "A", phase="PHASE3"), record(2, "B", phase=phase)
    assert reasons(a, b)["phase"] == words


def test_conditions_same_alike_and_one_step_up() -> None:
    mas = record(1, "A", conditions=["Macrophage Activation Syndrome"])
    assert reasons(mas, record(2, "B", conditions=["Macrophage activation syndrome"]))["condition"].startswith("same")
    flu, cold = record(1, "A", mesh=["Influenza"]), record(2, "B", mesh=["Orthomyxoviridae Infections"])
    flu["derivedSection"]["conditionBrowseModule"]["ancestors"] = [{"id": "x", "term": "Orthomyxoviridae Infections"}]
    cold["derivedSection"]["conditionBrowseModule"]["meshes"] = [{"id": "x", "term": "Orthomyxoviridae Infections"}]
    assert reasons(flu, cold)["parent"] == "condition one step up: Orthomyxoviridae Infections"
    assert reasons(cold, flu)["parent"].startswith("a form of the condition")


def test_a_heading_that_is_too_broad_is_no_reason() -> None:
    one, two = (record(n, t, mesh=["Neoplasms"]) for n, t in ((1, "A"), (2, "B")))
    assert reasons(one, two).keys() & {"condition", "parent"} == set()


def test_records_that_name_each_other_and_series() -> None:
    one = record(1, "A", summary="This extends NCT00000002.")
    assert reasons(one, record(2, "B"))["cites"] == "this record names NCT00000002"
    assert reasons(record(2, "B"), one)["cites"] == "names NCT00000002"
    a, b = record(1, "A", acronym="KEYNOTE-001"), record(2, "B", acronym="KEYNOTE-042")
    assert reasons(a, b)["family"] == "same family of studies: KEYNOTE"


def test_parts_add_up_to_the_score() -> None:
    found = likeness(*map(profile_of, about("asthma", "budesonide", 1, 2)), counted())
    told = sum(reason.points for reason in found.reasons)
    assert 0 < told <= found.score + 1e-9
    assert list(found.reasons) == sorted(found.reasons, key=lambda r: (-r.points, r.kind, r.words.en))


def test_what_has_only_ages_phase_and_design_in_common_is_no_relative() -> None:
    ages = ("18 Years", "75 Years")
    asked, near = (record(n, f"T{n}", ["Asthma"], phase="PHASE2", ages=ages) for n in (1, 2))
    far = record(3, "Something else", ["Psoriasis"], phase="PHASE2", ages=ages)
    assert {"population", "phase"} <= reasons(asked, far).keys()
    assert [row.nct_id for row in closest(profile_of(asked), map(profile_of, (far, near)), 10)] == ["NCT00000002"]


def test_same_title_by_the_same_sponsor_is_shown_once() -> None:
    asked, first, copy = about("asthma", "budesonide", 1, 2, 3)
    copy["protocolSection"]["identificationModule"]["briefTitle"] = "Budesonide in asthma, 2"
    found = closest(profile_of(asked), map(profile_of, (first, copy)), 10)
    assert [row.nct_id for row in found] == ["NCT00000002"]


def test_former_numbers_lead_to_no_second_entry() -> None:
    asked, first, other = about("asthma", "budesonide", 1, 2, 3)
    other["protocolSection"]["identificationModule"]["nctIdAliases"] = ["NCT00000002", "NCT00000001"]
    assert [row.nct_id for row in closest(profile_of(asked), map(profile_of, (first, other)), 10)] == ["NCT00000002"]


def test_one_sponsors_programme_does_not_fill_the_list_before_others_as_close() -> None:
    own = [record(n, f"Budesonide asthma part {n}x", ["Asthma"], ["Budesonide"], sponsor="One") for n in range(2, 14)]
    else_ = [
        record(n, f"Budesonide asthma part {n}x", ["Asthma"], ["Budesonide"], sponsor=f"S{n}") for n in range(20, 26)
    ]
    asked = record(1, "Budesonide asthma", ["Asthma"], ["Budesonide"], sponsor="One")
    found = closest(profile_of(asked), map(profile_of, own + else_), 10)
    assert sum("same sponsor" in str(row.reasons) for row in found) < 10


def test_wrong_shapes_in_a_record_count_as_empty() -> None:
    odd: dict[str, Any] = {
        "protocolSection": {
            "identificationModule": {"nctId": "NCT00000009", "briefTitle": ["x"]},
            "conditionsModule": {"conditions": "asthma"},
            "designModule": None,
            "armsInterventionsModule": {"interventions": ["x", {"name": 3}]},
        },
        "derivedSection": {"conditionBrowseModule": {"meshes": "none"}},
    }
    found = profile_of(odd)
    assert isinstance(found, Profile)
    assert (found.title, found.conditions, found.drugs) == ("", {}, {})
