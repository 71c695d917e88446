"""Two versions of a study compared: what differs is said in words, in both languages, and what must not differ."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from trialwright.study.definition import Study
from trialwright.study.load import load_study
from trialwright.study.versions import difference, incompatible

STUDY = load_study("nct07208058")
Edit = Callable[[dict[str, Any]], None]


def edited(*edits: Edit) -> Study:
    plain = STUDY.model_dump(mode="json", by_alias=True)
    plain["study"]["version"] = "2.0"
    for edit in edits:
        edit(plain)
    return Study.model_validate(plain)


def part(plain: dict[str, Any], kind: str, name: str) -> dict[str, Any]:
    found: dict[str, Any] = next(each for each in plain[kind] if each["id"] == name)
    return found


def field(plain: dict[str, Any], form: str, item: str) -> dict[str, Any]:
    fields = (f for group in part(plain, "forms", form)["groups"] for f in group["fields"])
    return next(f for f in fields if f["item"] == item)


def told(*edits: Edit, lang: str = "en") -> list[str]:
    return [change.sentence(lang) for change in difference(STUDY, edited(*edits)).changes]


def test_a_version_with_nothing_but_another_number_differs_in_nothing() -> None:
    assert difference(STUDY, edited()).empty


@pytest.mark.parametrize(
    ("edit", "en", "zh"),
    [
        (
            lambda p: part(p, "items", "weight").update(soft={"low": 35, "high": 140}),
            "Item weight (Weight): usual range was “35 to 130”, is “35 to 140”.",
            "项目 weight（体重）：常见范围由“35 至 130”改为“35 至 140”。",
        ),
        (
            lambda p: field(p, "vitals", "height").update(required=True),
            "Field vitals.body.height (Height): required was “no”, is “yes”.",
            "字段 vitals.body.height（身高）：必填由“否”改为“是”。",
        ),
        (
            lambda p: part(p, "forms", "vitals")["checks"].pop(0),
            "Check vitals.pressure_order (The systolic pressure is not above the diastolic one.) is gone.",
            "删除核查 vitals.pressure_order（收缩压应高于舒张压。）。",
        ),
        (
            lambda p: field(p, "ada", "ada_titre").update(show_when='ada_result == "negative"'),
            "Field ada.antibodies.ada_titre (Titre of antibodies against plonmarlimab): asked when was “",
            "字段 ada.antibodies.ada_titre（",
        ),
        (
            lambda p: part(p["schedule"], "visits", "week2").update(window={"before": 2, "after": 2}),
            "Visit week2 (Week 2): window was “after 2, before 1”, is “after 2, before 2”.",
            "访视 week2（第2周）：窗口由“后 2，前 1”改为“后 2，前 2”。",
        ),
        (
            lambda p: part(p, "items", "pulse")["label"].update(en="Heart rate", zh="心率"),
            "Text pulse (Heart rate): label was “Pulse”, is “Heart rate”.",
            "文字 pulse（心率）：名称由“",
        ),
        (
            lambda p: p["schedule"]["extra"].pop(),
            "Visit unscheduled (Unscheduled visit) is gone.",
            "删除访视 unscheduled（计划外访视）。",
        ),
        (
            lambda p: p["study"]["design"].update(enrolment=40),
            "Study study (study.yaml): design.enrolment was “30”, is “40”.",
            "研究 study（study.yaml）：design.enrolment由“30”改为“40”。",
        ),
    ],
)
def test_one_change_is_one_sentence_in_each_language(edit: Edit, en: str, zh: str) -> None:
    (sentence,), (satz,) = told(edit), told(edit, lang="zh")
    assert sentence.startswith(en)
    assert satz.startswith(zh)


def test_what_comes_and_goes_is_told_once_and_the_order_of_the_rest_is_no_change() -> None:
    def another(plain: dict[str, Any]) -> None:
        plain["items"].append({**part(plain, "items", "pulse"), "id": "pulse_standing"})
        part(plain, "forms", "vitals")["groups"][1]["fields"].append({"item": "pulse_standing"})

    found = difference(STUDY, edited(another))
    assert [(c.kind, c.id, c.what) for c in found.changes] == [
        ("item", "pulse_standing", "added"),
        ("field", "vitals.signs.pulse_standing", "added"),
    ]
    assert found.counts() == {("item", "added"): 1, ("field", "added"): 1}
    back = difference(edited(another), STUDY)
    assert {(c.kind, c.id, c.what) for c in back.changes} == {
        ("item", "pulse_standing", "removed"),
        ("field", "vitals.signs.pulse_standing", "removed"),
    }


def test_fields_in_another_order_are_one_change_of_their_group() -> None:
    (sentence,) = told(lambda p: part(p, "forms", "biomarkers")["groups"][0]["fields"].reverse())
    assert sentence == (
        "Form biomarkers.markers (Biomarkers): order was “ferritin, scd25, cxcl9”, is “cxcl9, scd25, ferritin”."
    )


def test_choices_are_told_by_code_and_by_label() -> None:
    def other(plain: dict[str, Any]) -> None:
        choices = part(plain, "items", "ada_result")["choices"]
        choices[0]["label"]["en"] = "Other word"
        choices.append({"code": "unclear", "label": {"en": "Unclear"}})

    kinds = [(c.kind, c.part) for c in difference(STUDY, edited(other)).changes]
    assert kinds == [("item", "choices"), ("text", kinds[1][1]), ("text", "choice unclear")]
    assert kinds[1][1].startswith("choice ")


@pytest.mark.parametrize(
    ("edit", "sentence"),
    [
        (lambda p: part(p, "items", "sex").update(type="text", choices=[]), "The item sex was of type choice"),
        (lambda p: part(p, "items", "weight").update(unit="cm", units=[]), "The unit of weight was kg and is cm now"),
        (lambda p: part(p, "items", "bmi").update(derive=None), "The item bmi was computed and is captured now"),
        (lambda p: part(p, "forms", "concomitant").update(kind="visit"), "The form concomitant was a running log"),
        (lambda p: p["study"]["sites"].pop(0), "The site "),
        (
            lambda p: part(p["schedule"], "extra", "unscheduled").update(kind="early_termination"),
            "The visit unscheduled was unscheduled and is for early termination now",
        ),
    ],
)
def test_what_would_give_captured_values_another_meaning_is_named(edit: Edit, sentence: str) -> None:
    (found,) = incompatible(STUDY, edited(edit))
    assert found.startswith(sentence)


@pytest.mark.parametrize(
    "edit",
    [
        lambda p: part(p, "items", "weight").update(unit="g"),
        lambda p: part(p, "items", "ada_result").update(type="choices"),
        lambda p: part(p, "items", "weight").update(hard={"low": 1, "high": 200}),
        lambda p: part(p, "forms", "vitals")["groups"][1]["fields"].clear(),
    ],
)
def test_what_widens_or_narrows_the_same_thing_may_follow(edit: Edit) -> None:
    assert list(incompatible(STUDY, edited(edit))) == []
