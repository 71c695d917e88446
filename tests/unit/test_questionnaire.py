"""FHIR Questionnaires: forms go out and come back whole; others' questions become items, conditions and limits."""

from __future__ import annotations

import json
from typing import Any

import pytest

from trialwright.conduct.exchange.folder import Brought
from trialwright.conduct.exchange.questionnaire_data import Answers, response_of
from trialwright.conduct.exchange.questionnaire_in import bring_in
from trialwright.conduct.exchange.questionnaire_out import questionnaire
from trialwright.conduct.exchange.values import Value
from trialwright.formats.questionnaire import addresses as at
from trialwright.formats.questionnaire import read, write, write_response
from trialwright.kernel.errors import InputError
from trialwright.study.items import Item
from trialwright.study.load import load_study

STUDY = load_study("nct07208058")
KEPT = ("id", "label", "type", "unit", "units", "help", "hard", "soft", "partial", "decimals", "molar_mass")
SNOMED = "http://snomed.info/sct"


def brought(*items: dict[str, Any], **more: Any) -> Brought:
    return bring_in(read({"resourceType": "Questionnaire", "title": "Trial", "item": list(items), **more}, "q.json"))


def item_of(source: dict[str, Any], **more: Any) -> Item:
    (item,) = brought(source, **more).study.items
    return item


def shown(found: Brought) -> dict[str, str | None]:
    return {field.item: field.show_when for form in found.study.forms for _, field in form.fields()}


def expression(url: str, text: str) -> dict[str, Any]:
    return {"url": url, "valueExpression": {"language": "text/fhirpath", "expression": text}}


def answer_of(link: str) -> str:
    return f"%resource.descendants().where(linkId='{link}').answer.value"


# --- There and back -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("release", ["R4", "R5"])
@pytest.mark.parametrize("form", STUDY.forms, ids=lambda form: form.id)
def test_a_form_goes_out_and_comes_back_whole(form: Any, release: str) -> None:
    out, _ = questionnaire(STUDY, form, release)
    assert write(out) == write(questionnaire(STUDY, form, release)[0])
    again = bring_in(read(json.loads(write(out)), "form.json")).study
    (back,) = again.forms
    assert (back.id, back.label) == (form.id, form.label)
    assert [(g.id, g.label, g.repeating) for g in back.groups] == [(g.id, g.label, g.repeating) for g in form.groups]
    assert [(f.item, f.required) for _, f in back.fields()] == [(f.item, f.required) for _, f in form.fields()]
    for name in form.item_ids():
        ours, theirs = STUDY.item_by_id[name], again.item_by_id[name]
        assert {k: getattr(theirs, k) for k in KEPT if k != "molar_mass" or ours.units} == {
            k: getattr(ours, k) for k in KEPT if k != "molar_mass" or ours.units
        }
        assert [(c.code, c.label) for c in theirs.choices] == [(c.code, c.label) for c in ours.choices]


def test_conditions_checks_and_computations_come_back() -> None:
    out, left_out = questionnaire(STUDY, STUDY.form_by_id["vitals"])
    again = bring_in(read(json.loads(write(out)), "vitals.json")).study
    assert again.item_by_id["bmi"].derive == "weight / 1 kg / (height / 1 cm * (height / 1 cm)) * 10000 * 1 kg/m2"
    assert {check.logic for check in again.forms[0].checks} == {
        "systolic > diastolic", "bmi >= 12 kg/m2 and bmi <= 45 kg/m2",
    }  # fmt: skip
    assert any("places in SDTM of weight" in sentence for sentence in left_out)


def test_what_fhirpath_cannot_say_is_said_in_a_sentence() -> None:
    _, left_out = questionnaire(STUDY, STUDY.form_by_id["consent"])
    assert "when 'guardian_consent' is asked (age(birth_date) < 18 years): 'age' has no counterpart" in left_out[0]


# --- In -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "type_"),
    [
        ("boolean", "boolean"), ("decimal", "quantity"), ("integer", "integer"), ("quantity", "quantity"),
        ("date", "date"), ("dateTime", "datetime"), ("time", "time"), ("string", "text"), ("text", "text"),
        ("url", "text"), ("attachment", "file"), ("reference", "text"), ("question", "text"), ("strange", "text"),
    ],
)  # fmt: skip
def test_each_type_becomes_ours(kind: str, type_: str) -> None:
    item = item_of({"linkId": "q", "type": kind, "text": "What?"})
    assert (item.id, item.type, item.label.en) == ("q", type_, "What?")


def test_choices_keep_codes_labels_and_languages() -> None:
    display = {"extension": [{"url": at.TRANSLATION, "extension": [
        {"url": "lang", "valueCode": "zh-CN"}, {"url": "content", "valueString": "发热"}]}]}  # fmt: skip
    options = [
        {"valueCoding": {"system": SNOMED, "code": "386661006", "display": "Fever", "_display": display}},
        {"valueString": "No; nothing"},
        {"valueInteger": 3},
    ]
    item = item_of({"linkId": "q", "type": "choice", "repeats": True, "answerOption": options})
    assert item.type == "choices"
    assert [(c.code, c.label.en, c.label.zh) for c in item.choices] == [
        ("386661006", "Fever", "发热"), ("no_nothing", "No; nothing", ""), ("3", "3", ""),
    ]  # fmt: skip
    assert item.choices[0].codes.snomed == ("386661006",)


def test_an_open_choice_gets_a_question_for_what_is_typed() -> None:
    options = [{"valueCoding": {"code": "a"}}, {"valueCoding": {"code": "other"}}]
    for source in ({"type": "open-choice"}, {"type": "coding", "answerConstraint": "optionsOrString"}):
        found = brought({"linkId": "q", "text": "Which?", "answerOption": options, **source})
        assert [choice.code for choice in found.study.item_by_id["q"].choices] == ["a", "other", "other_2"]
        assert shown(found)["q_other_2"] == 'q == "other_2"'


VALUE_SET = {"resourceType": "ValueSet", "id": "yn", "url": "http://x/yn"}


@pytest.mark.parametrize(
    ("contained", "reference", "codes"),
    [
        ([{**VALUE_SET, "compose": {"include": [{"system": "s", "concept": [{"code": "y"}, {"code": "n"}]}]}}], "#yn",
         ["y", "n"]),
        ([{**VALUE_SET, "expansion": {"contains": [{"code": "p", "abstract": True, "contains": [{"code": "y"}]}]}}],
         "http://x/yn", ["y"]),
        ([{**VALUE_SET, "compose": {"include": [{"system": "s"}]}},
          {"resourceType": "CodeSystem", "url": "s", "concept": [{"code": "y", "concept": [{"code": "n"}]}]}], "#yn",
         ["y", "n"]),
        ([{**VALUE_SET, "compose": {"include": [{"system": "s", "filter": [{}]}]}}], "#yn", []),
        ([], "http://elsewhere/vs", []),
    ],
)  # fmt: skip
def test_value_sets_are_read_where_the_file_lists_them(contained: list[Any], reference: str, codes: list[str]) -> None:
    found = brought({"linkId": "q", "type": "choice", "answerValueSet": reference}, contained=contained)
    (item,) = found.study.items
    assert [choice.code for choice in item.choices] == codes
    assert (item.type == "text") == (not codes)
    assert codes or any("it is kept as text" in sentence for sentence in found.left_out)


def test_units_and_limits_are_taken_over() -> None:
    unit = [
        {"url": at.UNIT_OPTION, "valueCoding": {"system": "http://unitsofmeasure.org", "code": code}}
        for code in ("kg", "[lb_av]", "cm", "zorkmid")
    ]
    limits = [{"url": at.LOW, "valueDecimal": 30}, {"url": at.HIGH, "valueDecimal": 200.5}]
    found = brought({"linkId": "q", "type": "quantity", "extension": [*unit, *limits]})
    (item,) = found.study.items
    assert (item.unit, item.units) == ("kg", ("[lb_av]",))
    assert item.hard is not None
    assert (item.hard.low, item.hard.high) == (30, 200.5)
    said = " ".join(found.left_out)
    assert "the unit 'cm' cannot be stated in 'kg'" in said
    assert "the unit 'zorkmid' is not UCUM" in said


def test_the_first_and_the_last_day_are_checks() -> None:
    days = [{"url": at.LOW, "valueDate": "2000-01-01"}, {"url": at.HIGH, "valueDate": "2030-12-31"}]
    (form,) = brought({"linkId": "born", "type": "date", "text": "Born", "extension": days}).study.forms
    assert [check.logic for check in form.checks] == ["born >= 2000-01-01", "born <= 2030-12-31"]
    assert form.checks[0].message.en == "Born is before 2000-01-01."


def test_answers_count_for_the_numbers_that_the_file_gives_them() -> None:
    numbers = [[{"url": at.SCORES[0], "valueDecimal": n}] for n in (0, 3)]
    options = [{"valueCoding": {"code": c, "extension": n}} for c, n in zip("ab", numbers, strict=True)]
    beside = [{"valueCoding": {"code": c}, "extension": n} for c, n in zip("ab", numbers, strict=True)]
    total = f"{answer_of('q')}.ordinal() + {answer_of('r')}.weight()"
    found = brought(
        {"linkId": "q", "type": "choice", "answerOption": options}, {"linkId": "r", "type": "choice",
        "answerOption": beside}, {"linkId": "t", "type": "decimal", "extension": [expression(at.CALCULATED, total)]},
        {"linkId": "u", "type": "choice", "answerOption": [{"valueCoding": {"code": "a"}}]},
        {"linkId": "v", "type": "decimal", "extension": [expression(at.CALCULATED, f"{answer_of('u')}.ordinal()")]},
    )  # fmt: skip
    derived = {item.id: item.derive for item in found.study.items}
    assert derived["t"] == '(if q == "a" then 0 else 3) + (if r == "a" then 0 else 3)'
    assert derived["v"] is None
    assert any("not every answer to 'u' stands for a number" in sentence for sentence in found.left_out)


def test_answers_that_are_numbers_have_an_order() -> None:
    found = brought(
        {"linkId": "n", "type": "choice", "answerOption": [{"valueInteger": number} for number in (1, 2, 3)]},
        {"linkId": "q", "type": "string", "enableWhen": [{"question": "n", "operator": ">", "answerInteger": 1}]},
    )
    assert shown(found)["q"] == 'n in ("2", "3")'


ASKED: tuple[dict[str, Any], ...] = (
    {"linkId": "flag", "type": "boolean"}, {"linkId": "n", "type": "integer"},
    {"linkId": "w", "type": "decimal", "extension": [{"url": at.UNIT, "valueCoding": {"code": "kg"}}]},
    {"linkId": "m", "type": "quantity", "extension": [{"url": at.UNIT_OPTION, "valueCoding": {"code": "kg"}}]},
    {"linkId": "one", "type": "choice", "answerOption": [{"valueCoding": {"code": code}} for code in "ab"]},
    {"linkId": "many", "type": "choice", "repeats": True, "answerOption": [{"valueString": "Yes, often"}]},
    {"linkId": "day", "type": "date"}, {"linkId": "word", "type": "string"},
)  # fmt: skip


@pytest.mark.parametrize(
    ("when", "ours"),
    [
        ({"question": "flag", "operator": "=", "answerBoolean": True}, "flag"),
        ({"question": "flag", "operator": "=", "answerBoolean": False}, "not (flag)"),
        ({"question": "flag", "operator": "exists", "answerBoolean": True}, "known(flag)"),
        ({"question": "n", "operator": "exists", "answerBoolean": False}, "not (known(n))"),
        ({"question": "n", "hasAnswer": True}, "known(n)"),
        ({"question": "n", "operator": ">", "answerInteger": 3}, "n > 3"),
        ({"question": "n", "operator": ">=", "answerDecimal": 3.5}, "n >= 3.5"),
        ({"question": "w", "operator": "<", "answerDecimal": 40}, "w < 40 kg"),
        ({"question": "m", "operator": "<=", "answerQuantity": {"value": 500, "code": "g"}}, "m <= 500 g"),
        ({"question": "one", "operator": "=", "answerCoding": {"code": "a"}}, 'one == "a"'),
        ({"question": "one", "operator": "!=", "answerCoding": {"code": "b"}}, 'one != "b"'),
        ({"question": "many", "operator": "=", "answerString": "Yes, often"}, 'includes(many, "Yes, often")'),
        ({"question": "many", "operator": "!=", "answerString": "Yes, often"}, 'not (includes(many, "Yes, often"))'),
        ({"question": "day", "operator": ">", "answerDate": "2026-01-31"}, "day > 2026-01-31"),
        ({"question": "word", "operator": "=", "answerString": "x"}, 'word == "x"'),
    ],
)  # fmt: skip
def test_each_operator_of_enable_when(when: dict[str, Any], ours: str) -> None:
    found = brought(*ASKED, {"linkId": "q", "type": "string", "enableWhen": [when]})
    assert shown(found)["q"] == ours


def test_all_or_any_and_what_surrounds_a_question() -> None:
    first = {"question": "n", "operator": ">", "answerInteger": 1}
    second = {"question": "flag", "operator": "=", "answerBoolean": True}
    inner = {"linkId": "q", "type": "string", "enableWhen": [first, second], "enableBehavior": "any"}
    group = {"linkId": "g", "type": "group", "text": "Group", "enableWhen": [second, first], "enableBehavior": "all"}
    found = brought(*ASKED, {**group, "item": [inner, {"linkId": "p", "type": "string"}]})
    assert shown(found)["q"] == "flag and n > 1 and (n > 1 or flag)"
    assert shown(found)["p"] == "flag and n > 1"
    old = brought(*ASKED, {**inner, "enableBehavior": None, "option": []})
    assert shown(old)["q"] == "n > 1 or flag"


@pytest.mark.parametrize(
    ("when", "why"),
    [
        ({"question": "gone", "operator": "exists"}, "it asks of 'gone', which is no question of this form"),
        ({"question": "one", "operator": "=", "answerCoding": {"code": "z"}}, "'z' is no choice of 'one'"),
        ({"question": "one", "operator": ">", "answerCoding": {"code": "a"}}, "the codes of 'one' have no order"),
        ({"question": "n", "operator": "=~", "answerInteger": 1}, "'=~' is no operator"),
        ({"question": "n", "operator": "="}, "it names no answer to compare with"),
        ({"question": "n", "operator": "=", "answerString": "x"}, "'x' is no number"),
        ({"question": "day", "operator": ">", "answerDate": "2026"}, "'2026' is no day"),
        ({"question": "q", "operator": "exists"}, "its condition depends on itself"),
    ],
)  # fmt: skip
def test_a_condition_that_is_not_certain_is_left_out_and_said(when: dict[str, Any], why: str) -> None:
    found = brought(*ASKED, {"linkId": "q", "type": "string", "enableWhen": [when]})
    assert shown(found)["q"] is None
    assert any("'q': its condition" in s and why in s and "always asked" in s for s in found.left_out)


@pytest.mark.parametrize(
    ("path", "ours"),
    [
        (f"{answer_of('n')} > 3 and {answer_of('flag')}.not()", "n > 3 and not (flag)"),
        (f"{answer_of('w')} < 40", "w < 40 kg"),
        (f"{answer_of('m')} < 500 'g'", "m < 500 g"),
        (f"{answer_of('m')}.value < 5", "m < 5 kg"),
        (f"%resource.item.where(linkId='one').answer.value.code = 'a' or {answer_of('n')}.exists()",
         'one == "a" or known(n)'),
        ("%resource.repeat(item).where(linkId='many').answer.where(value = 'Yes, often').exists()",
         'includes(many, "Yes, often")'),
        (f"{answer_of('flag')} implies {answer_of('n')} = 2", "not (flag) or n == 2"),
        ("%known_n", "known(n)"),
    ],
)  # fmt: skip
def test_fhirpath_is_read_where_every_word_is_certain(path: str, ours: str) -> None:
    variable = expression(at.VARIABLE, f"{answer_of('n')}.exists()")
    variable["valueExpression"]["name"] = "known_n"
    source = {"linkId": "q", "type": "string", "extension": [expression(at.ENABLE_WHEN, path)]}
    assert shown(brought(*ASKED, source, extension=[variable]))["q"] == ours


@pytest.mark.parametrize(
    ("path", "why"),
    [
        ("today() > @2026-01-01", "'today' has no certain counterpart"),
        (f"{answer_of('word')}.matches('x')", "'matches' has no certain counterpart"),
        ("%loop", "the variable 'loop' is defined by itself"),
        (f"{answer_of('n')} >", "it ends too early"),
        ("(" * 500 + "true" + ")" * 500, "nested too deeply"),
    ],
)
def test_fhirpath_that_is_not_certain_is_left_out_and_said(path: str, why: str) -> None:
    variable = expression(at.VARIABLE, "%loop")
    variable["valueExpression"]["name"] = "loop"
    source = {"linkId": "q", "type": "string", "extension": [expression(at.ENABLE_WHEN, path)]}
    found = brought(*ASKED, source, extension=[variable])
    assert shown(found)["q"] is None
    assert any(why in sentence for sentence in found.left_out)


def test_computations_are_in_the_unit_of_their_item_and_circles_are_broken() -> None:
    calc = [
        expression(at.CALCULATED, f"({answer_of('w')} * 1000).round(1)"),
        {"url": at.UNIT, "valueCoding": {"code": "g"}},
    ]
    found = brought(*ASKED, {"linkId": "q", "type": "decimal", "extension": calc})
    assert found.study.item_by_id["q"].derive == "round(w / 1 kg * 1000, 1) * 1 g"
    pair = [
        {"linkId": a, "type": "integer", "extension": [expression(at.CALCULATED, f"{answer_of(b)} + 1")]}
        for a, b in (("x", "y"), ("y", "x"))
    ]
    circle = brought(*pair)
    assert [item.derive for item in circle.study.items] == [None, None]
    assert sum("goes round in a circle" in sentence for sentence in circle.left_out) == 2


def test_groups_rows_hidden_questions_and_texts() -> None:
    rows = {"linkId": "rows", "type": "group", "repeats": True, "text": "Rows", "item": [
        {"linkId": "a", "type": "string"},
        {"linkId": "inner", "type": "group", "text": "Inner", "item": [{"linkId": "b", "type": "string"}]},
        {"linkId": "c", "type": "string", "text": "C", "item": [
            {"linkId": "c.1", "type": "display", "text": "Write it."}]},
    ]}  # fmt: skip
    hidden = {"url": at.HIDDEN, "valueBoolean": True}
    found = brought(
        {"linkId": "first", "type": "string", "required": True}, rows, {"linkId": "last", "type": "string"},
        {"linkId": "h", "type": "string", "required": True, "extension": [hidden]},
        {"linkId": "several", "type": "date", "repeats": True},
    )  # fmt: skip
    (form,) = found.study.forms
    assert [(g.id, g.repeating, [f.item for f in g.fields]) for g in form.groups] == [
        ("main", False, ["first"]), ("rows", True, ["a", "b", "c"]), ("main_2", False, ["last", "h"]),
        ("several", True, ["several"]),
    ]  # fmt: skip
    assert str(found.study.item_by_id["c"].help) == "Write it."
    assert shown(found)["h"] == "false"
    assert not any(field.required for _, field in form.fields() if field.item == "h")


def test_two_questions_with_one_link_id_are_both_there() -> None:
    found = brought({"linkId": "q", "type": "string"}, {"linkId": "q", "type": "integer"})
    assert [item.id for item in found.study.items] == ["q", "q_2"]
    assert any("this linkId stands twice; the second question is 'q_2'" in s for s in found.left_out)


def test_a_bundle_brings_questionnaires_value_sets_and_answers() -> None:
    source = {"resourceType": "Questionnaire", "url": "http://x/q", "title": "Trial", "item": [
        {"linkId": "1", "text": "Which", "type": "choice", "answerValueSet": "http://x/yn"},
        {"linkId": "2", "type": "group", "repeats": True, "item": [{"linkId": "n", "type": "integer"}]},
    ]}  # fmt: skip
    vs = {**VALUE_SET, "compose": {"include": [{"system": "s", "concept": [{"code": "y", "display": "Yes"}]}]}}
    rows = [{"linkId": "2", "item": [{"linkId": "n", "answer": [{"valueInteger": n}]}]} for n in (7, 8)]
    answers = {
        "resourceType": "QuestionnaireResponse", "questionnaire": "http://x/q|1",
        "subject": {"reference": "Patient/p1"},
        "item": [{"linkId": "1", "answer": [{"valueCoding": {"system": "s", "code": "y"}}]}, *rows],
    }  # fmt: skip
    bundle = {"resourceType": "Bundle", "entry": [{"resource": part} for part in (source, vs, answers)]}
    captured = bring_in(read(bundle, "bundle.json")).captured
    assert [person.subject for person in captured.people] == ["p1"]
    assert [(v.item, v.row, v.value) for v in captured.values] == [("which", 1, "y"), ("n", 1, "7"), ("n", 2, "8")]


def test_captured_answers_go_out_and_come_back() -> None:
    form = STUDY.form_by_id["vitals"]
    groups = {f.item: g.id for g, f in form.fields()}
    values = [
        Value("01-001", "screening", "vitals", groups[item], 1, item, value, unit)
        for item, value, unit in (("weight", "60.50", "kg"), ("height", "1.61", "m"))
    ]
    out = write_response(response_of(STUDY, form, values, "01-001"))
    (response,) = read(json.loads(out), "r.json").responses
    back = Answers(STUDY).values(response, form, "01-001")
    assert [(v.item, float(v.value), v.unit, v.group, v.row) for v in back] == [
        (v.item, float(v.value), v.unit, v.group, v.row) for v in values
    ]


@pytest.mark.parametrize(
    ("found", "why"),
    [
        ({"resourceType": "Patient"}, "a FHIR resource of the kind 'Patient'"),
        ({"resourceType": "Bundle"}, "holds no Questionnaire"),
        ({"resourceType": "Questionnaire"}, "asks no question"),
        ({"resourceType": "QuestionnaireResponse"}, "answers and no Questionnaire"),
    ],
)
def test_what_is_no_questionnaire_is_refused(found: dict[str, Any], why: str) -> None:
    with pytest.raises(InputError, match=why):
        bring_in(read(found, "x.json"))


def test_items_that_are_nested_too_deeply_are_refused() -> None:
    item: dict[str, Any] = {"linkId": "q", "type": "string"}
    for number in range(150):
        item = {"linkId": f"g{number}", "type": "group", "item": [item]}
    with pytest.raises(InputError, match="nested more than 100 levels deep"):
        brought(item)


def test_parts_of_the_wrong_kind_are_left_out_and_said_with_their_place() -> None:
    found = brought({"linkId": "q", "type": "string", "required": "yes", "text": 7, "item": [3]})
    assert {s for s in found.left_out if s.startswith("q.json: item")} == {
        "q.json: item[0].required: this is not true or false; it is left out.",
        "q.json: item[0].text: this is not a text; it is left out.",
        "q.json: item[0].item[0]: this is not an object; it is left out.",
    }
