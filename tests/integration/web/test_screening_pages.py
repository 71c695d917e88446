"""The public screening page: questions from the definition, the verdict with its reasons, and nothing kept."""

from __future__ import annotations

import datetime as dt
import random
import re
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from trialwright.screen import patient_of, verdict
from trialwright.study.definition import Study
from trialwright.study.load import load_study
from trialwright.web.screening import example, worksheet
from trialwright.web.screening.answers import Answers, spelt
from trialwright.web.screening.questions import Question, sections
from trialwright.web.screening.shown import show
from trialwright.web.words import Words

PAGE = "/studies/NCT07208058/screen/"
TODAY = dt.date(2026, 3, 15)


@pytest.fixture(scope="module")
def study() -> Study:
    return load_study("nct07208058")


@pytest.fixture
def client(trial: Path) -> Client:
    return Client(raise_request_exception=False)


def asked(study: Study) -> dict[str, Question]:
    return {q.id: q for section in sections(study) for q in section.questions}


def answers(study: Study, lang: str = "en", **typed: str) -> Answers:
    named = {name.replace("__", ":"): text for name, text in typed.items()}
    return Answers(study, Words(lang), TODAY, {"screening": str(TODAY), **named})


def text(response: Any) -> str:
    return unescape(re.sub(r"<[^>]+>", " ", response.content.decode()))


# --- Questions -------------------------------------------------------------------------------------------------------


def test_every_item_that_the_criteria_use_is_asked_once(study: Study) -> None:
    logic = [c.logic for c in study.eligibility.criteria]
    used = {item for text in logic for item in study.compile(text).items}
    used = {item for item in used if study.item_by_id[item].derive is None}
    listed = [q.id for section in sections(study) for q in section.questions]
    assert len(listed) == len(set(listed))
    assert used <= set(listed)


def test_questions_come_in_bedside_order(study: Study) -> None:
    order = [section.id for section in sections(study)]
    assert order[:5] == ["I01", "I02", "I03", "I04", "I05"]
    assert [section.kind for section in sections(study)] == ["inclusion"] * 5 + ["exclusion"] * (len(order) - 5)
    assert sections(study)[-1].judged, "judgements come when everything else is on the table"


def test_a_question_is_shaped_by_what_the_criteria_look_at(study: Study) -> None:
    found = asked(study)
    assert "high" in found["creatinine"].flags
    assert "high" not in found["ferritin"].flags
    assert found["splenomegaly"].dated, "the signs of HLH must lie together"
    assert not found["transplant"].dated
    assert "current" in found["alcohol_abuse"].flags
    assert "current" not in found["informed_consent"].flags
    assert found["height"].aside, "only another reading asks for it"
    assert [name for name, _ in found["steroid_dose"].columns] == ["when", "agent", "route"]
    assert found["weight"].shape == "number", "a divisor of a series is not a series"
    assert ("bun:mg/dL", "mg/dL") in found["urea"].units
    assert found["body_temperature"].shape == "number", "another reading that looks at all days makes no table of it"


def test_another_study_brings_its_own_questions(study: Study) -> None:
    """Criteria that look at several values, and at lower limits, of a study that is not ours."""
    first, *_ = study.eligibility.criteria
    criteria = tuple(
        first.model_copy(update={"id": name, "logic": logic, "readings": ()})
        for name, logic in (("I01", "count(ferritin > 500 ug/L) >= 2"), ("E01", "platelets < lln(platelets)"))
    )
    changed = {
        "registration": study.registration.model_copy(update={"version": "other"}),
        "eligibility": study.eligibility.model_copy(update={"criteria": criteria}),
    }
    other = study.model_copy(update=changed)
    found = asked(other)
    assert set(found) == {"ferritin", "platelets"}
    assert [name for name, _ in found["ferritin"].columns] == ["when"]
    assert "low" in found["platelets"].flags
    rows = {f"r__ferritin__{n}__{part}": v for n in (1, 2) for part, v in (("value", "900"), ("when", f"2026-03-0{n}"))}
    shown = show(answers(other, v__platelets="200", l__platelets="125", **rows))
    assert not shown.answers.errors
    assert shown.verdict.state == "eligible"


JUNK = (
    "", "1e99", "-5", "nan", "<0.5", "٣", "\x00", "a" * 5000, "2026-02-30", "0000", "9999-12-31", "none", "current",
    "true", "<script>", "{x}", "38.5", "2026-03-01", "bun:mg/dL", "x:y", "½", "1_000", "unknown",
)  # fmt: skip


@pytest.mark.parametrize("seed", range(20))
def test_nothing_that_can_be_typed_breaks_the_page(study: Study, seed: int) -> None:
    draw = random.Random(seed)
    names = [f"{letter}__{name}" for name in asked(study) for letter in "vukwnlh"]
    names += [f"r__steroid_dose__1__{part}" for part in ("value", "when", "agent", "route", "unit")]
    typed = {name: draw.choice(JUNK) for name in (*names, "screening", "enrolment", "subject") if draw.random() < 0.6}
    shown = show(answers(study, "zh" if seed % 2 else "en", **typed))
    assert worksheet.content(shown)["state"] in ("eligible", "not_eligible", "undetermined")
    assert len(str(shown.answers.errors)) < 60_000, "an error does not repeat a long text"


def test_an_odd_screening_number_is_said_at_its_own_field(study: Study) -> None:
    found = answers(study, subject="a\x00b", v__ferritin="800")
    assert set(found.errors) == {"subject"}
    assert "ferritin" in found.facts


# --- Answers become facts ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("typed", "reason"), [("not_done", "not done"), ("unknown", "unknown")])
def test_a_finding_that_was_not_assessed_is_unknown_for_that_reason(study: Study, typed: str, reason: str) -> None:
    for name in ("nk_activity_low", "splenomegaly", "pregnant", "nyha_class", "steroid_outcome"):
        found = answers(study, **{f"v__{name}": typed})
        assert found.errors == {}
        fact = next(f for f in found.patient().facts if f.item == name)
        assert (fact.value, fact.reason) == (None, reason)


def test_each_choice_offers_why_it_is_open(client: Client, study: Study) -> None:
    page = client.get(PAGE).content.decode()
    for name, question in asked(study).items():
        if question.shape not in ("options", "list"):
            continue
        where = page[page.index(f'id="q-{name}"') :]
        block = where[: where.index('id="e-')]
        offered = [code for code in ("not_done", "unknown") if f'value="{code}"' in block]
        assert offered == (["unknown"] if name == "sex" else ["not_done", "unknown"]), name
    assert "Not assessed" in page
    assert "未评估" in client.get(PAGE, headers={"accept-language": "zh-CN"}).content.decode()


@pytest.mark.parametrize(
    ("name", "typed", "said"),
    [
        ("v__body_temperature", "385", "Is a point missing (38.5)?"),
        ("v__body_temperature", "38,5", "decimal point"),
        ("v__body_temperature", "warm", "is not a number"),
        ("v__weight", "0", "0 kg is impossible"),
        ("v__birth_date", "2030-01-01", "lies in the future"),
        ("v__birth_date", "yesterday", "is not a day"),
        ("v__live_vaccine", "2026-13", "is not a day"),
    ],
)
def test_a_mistake_is_said_beside_its_field_and_counts_as_unknown(
    study: Study, name: str, typed: str, said: str
) -> None:
    found = answers(study, **{name: typed})
    slot = name.split("__")[1]
    assert said in found.errors[slot]
    assert slot not in found.facts
    assert show(found).verdict.state == "undetermined"


def test_the_range_is_said_in_the_unit_that_was_chosen(study: Study) -> None:
    found = answers(study, v__body_temperature="39.1", u__body_temperature="[degF]")
    assert "77–113 °F" in found.errors["body_temperature"]


def test_mistakes_are_said_in_chinese(study: Study) -> None:
    found = answers(study, "zh", v__body_temperature="385", v__ferritin="many")
    assert "是否漏了小数点（38.5）" in found.errors["body_temperature"]
    assert "不是数字" in found.errors["ferritin"]


@pytest.mark.parametrize(
    ("typed", "kept"),
    [("2026/3/5", "2026-03-05"), ("2026.03", "2026-03"), ("2026年3月5日", "2026-03-05"), ("2026", "2026"), ("x", "x")],
)
def test_a_day_may_be_written_as_people_write_it(typed: str, kept: str) -> None:
    assert spelt(typed) == kept


def test_full_width_figures_are_figures(study: Study) -> None:
    assert answers(study, v__ferritin="１５３００").facts["ferritin"]["value"] == 15300


def test_not_done_is_an_answer_and_contradicts_a_value(study: Study) -> None:
    assert answers(study, n__ferritin="not_done").facts["ferritin"] == {
        "item": "ferritin", "value": None, "reason": "not done", "unit": "",
    }  # fmt: skip
    assert "ferritin" in answers(study, n__ferritin="not_done", v__ferritin="800").errors
    assert "malignancy" in answers(study, k__malignancy="none", v__malignancy="2025").errors


def test_a_judgement_counts_only_with_a_name(study: Study) -> None:
    section = next(s for s in sections(study) if s.judged)
    states = []
    for name in ("", "Li Wei"):
        shown = show(answers(study, v__judged_uncontrolled_infection="true", **{f"s__{section.id}": name}))
        states.append(next(j.result.state for j in shown.judged if j.criterion.id == "E07"))
    assert states == ["unknown", "met"]


def test_steroid_days_become_facts_and_an_unfinished_row_says_what_it_lacks(study: Study) -> None:
    rows = {
        f"r__steroid_dose__{n}__{part}": value
        for n in (1, 2, 3)
        for part, value in {
            "when": f"2026-03-0{n}",
            "agent": "methylprednisolone",
            "value": "80",
            "unit": "mg/d",
        }.items()
    }
    whole = answers(study, v__weight="60", v__steroid_outcome="no_response", **rows)
    assert not whole.errors
    assert next(j.result.state for j in show(whole).judged if j.criterion.id == "I05") == "met"
    del rows["r__steroid_dose__2__agent"]
    assert answers(study, **rows).errors == {"steroid_dose-2": "Name the drug of this row."}
    assert answers(study, k__steroid_dose="none", **rows).errors.keys() == {"steroid_dose"}


def test_bun_is_a_unit_to_choose_for_urea(study: Study) -> None:
    found = answers(study, v__urea="28", u__urea="bun:mg/dL", h__urea="20")
    assert found.facts["urea"]["item"] == "bun"
    assert next(j.result.state for j in show(found).judged if j.criterion.id == "E08") == "unknown"
    higher = answers(study, v__urea="31", u__urea="bun:mg/dL", h__urea="20")
    assert next(j.result.state for j in show(higher).judged if j.criterion.id == "E08") == "met"


def test_the_page_judges_as_the_facts_file_does(study: Study) -> None:
    found = Answers(study, Words("en"), TODAY, example.typed(study, TODAY))
    document = {"screening": str(TODAY), "facts": list(found.facts.values())}
    plain = verdict(study, patient_of(document, study))
    shown = show(found).verdict
    assert [c.state for c in shown.criteria] == [c.state for c in plain.criteria]


# --- The pages --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_the_page_is_public_and_nothing_is_kept(client: Client, lang: str) -> None:
    response = client.get(PAGE, {"lang": lang})
    assert response.status_code == 200
    assert response.headers["Cache-Control"] == "no-store"
    sent = client.post(PAGE, {"screening": "2026-03-15", "v:ferritin": "15300"})
    assert sent.status_code == 200
    assert sent.headers["Cache-Control"] == "no-store"
    assert set(client.cookies) <= {"lang"}, "no session, no token"
    assert 'value="15300"' in sent.content.decode(), "typed text stays"


def test_answers_never_appear_in_a_log(client: Client, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level("DEBUG"):
        client.post(
            f"{PAGE}verdict", {"screening": "2026-03-15", "v:ferritin": "987654", "v:birth_date": "1999-09-09x"}
        )
    assert "987654" not in caplog.text
    assert "1999" not in caplog.text


def test_an_error_that_nobody_foresaw_is_logged_without_the_answers(
    client: Client, caplog: pytest.LogCaptureFixture, monkeypatch: Any
) -> None:
    from trialwright.web.screening import views

    def fails(*_args: object) -> None:
        raise ValueError("could not convert 987654")

    monkeypatch.setattr(views, "show", fails)
    response = client.post(f"{PAGE}verdict", {"screening": "2026-03-15", "v:ferritin": "987654"})
    assert response.status_code == 500
    assert "ValueError" in caplog.text
    assert "987654" not in caplog.text


def test_the_verdict_updates_with_errors_and_hidden_questions(client: Client) -> None:
    typed = {"v:sex": "male", "v:creatinine": "160", "v:body_temperature": "385", "v:birth_date": "1970-06-15"}
    said = client.post(f"{PAGE}verdict", {"screening": "2026-03-15", **typed}).content.decode()
    assert "Not eligible" in said
    assert "Is a point missing (38.5)?" in said
    assert re.search(r'data-hide="[^"]*pregnant', said), "a man is not asked for pregnancy"


def test_an_update_answers_get_with_405_and_unknown_studies_with_404(client: Client) -> None:
    assert client.get(f"{PAGE}verdict").status_code == 405
    assert client.get("/studies/NCT00000000/screen/").status_code == 404


def test_the_example_is_invented_and_eligible(client: Client) -> None:
    said = text(client.get(PAGE, {"example": "1"}))
    assert "An invented patient" in said
    assert "22 in favour, 0 against, 0 open" in said


def test_a_row_is_added_without_a_script(client: Client) -> None:
    said = client.post(PAGE, {"screening": "2026-03-15", "add": "steroid_dose"}).content.decode()
    body = said.split('id="rows-steroid_dose"')[1].split("</tbody>")[0]
    assert body.count("data-row=") == 4


# --- The worksheet ----------------------------------------------------------------------------------------------------


def sheet(study: Study, lang: str, typed: dict[str, str]) -> dict[str, Any]:
    return worksheet.content(show(Answers(study, Words(lang), TODAY, typed)))


def test_the_worksheet_is_one_page_and_the_same_bytes(study: Study) -> None:
    pytest.importorskip("typst")
    for typed in ({"screening": str(TODAY)}, example.typed(study, TODAY)):
        made = worksheet.pdf(sheet(study, "en", typed))
        assert made.startswith(b"%PDF")
        assert made == worksheet.pdf(sheet(study, "en", typed))
        assert len(re.findall(rb"/Type\s*/Page\b", made)) == 1


def test_a_chinese_worksheet_needs_a_font_and_says_so(study: Study, client: Client, monkeypatch: Any) -> None:
    pytest.importorskip("typst")
    monkeypatch.setattr(worksheet, "_chinese_font", lambda: "")
    with pytest.raises(worksheet.NoFont):
        worksheet.pdf(sheet(study, "zh", {"screening": str(TODAY)}))
    response = client.post(f"{PAGE}worksheet.pdf?lang=zh", {"screening": str(TODAY)})
    assert response.status_code == 503
    assert "fonts-noto-cjk" in text(response)


def test_the_worksheet_has_a_place_for_the_signature(client: Client) -> None:
    response = client.post(f"{PAGE}worksheet", {"screening": "2026-03-15", "subject": "S-7"})
    assert response.headers["Cache-Control"] == "no-store"
    said = text(response)
    assert "S-7" in said
    assert "Signature" in said
    assert client.post(f"{PAGE}worksheet.pdf", {"screening": "2026-03-15"}).headers["Content-Type"] == "application/pdf"


# --- Into the study ---------------------------------------------------------------------------------------------------


def test_a_coordinator_starts_a_screening_and_the_answers_enter_the_forms(log_in: Any, study: Study) -> None:
    from trialwright.conduct import actions, worklists

    browser = log_in("coordinator")
    assert "Start a screening" in text(browser.get(PAGE))
    typed = example.typed(study, dt.date.today())
    response = browser.post(f"{PAGE}start", {**typed, "site": "01"})
    assert response.status_code == 302, text(response)
    subject = response.headers["Location"].rstrip("/").split("/")[-1]
    assert subject == "01-003"
    by = actions.person(study.id, "coordinator")
    form = worklists.form_view(study.id, subject, "chemistry", by, visit="screening")
    held = {f.item: f for group in form.groups for row in group.rows for f in row.fields}
    assert held["creatinine"].value == typed["v:creatinine"]
    assert held["creatinine"].high == float(typed["h:creatinine"])
    steroids = worklists.form_view(study.id, subject, "steroid_history", by, visit="screening")
    doses = [f.value for group in steroids.groups for row in group.rows for f in row.fields if f.item == "steroid_dose"]
    assert len([dose for dose in doses if dose]) >= 3
    judged = worklists.form_view(study.id, subject, "eligibility", by, visit="screening")
    signed = [f.signed_by for g in judged.groups for r in g.rows for f in r.fields if f.type == "judgement"]
    assert set(signed) == {""}, "a typed name is no signature in the study"


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"site": ""}, "Choose the site"),
        ({"k:informed_consent": "none", "v:informed_consent": ""}, "before consent"),
        ({"v:body_temperature": "385"}, "Correct the marked fields first"),
    ],
)
def test_what_cannot_start_says_why_keeps_the_answers_and_registers_nobody(
    log_in: Any, study: Study, more: dict[str, str], said: str
) -> None:
    from trialwright.conduct.store import models

    browser = log_in("investigator")
    before = models.Subject.objects.count()
    typed = {**example.typed(study, dt.date.today()), "site": "01", **more}
    response = browser.post(f"{PAGE}start", typed)
    assert response.status_code == 422
    assert said in text(response)
    assert f'value="{typed["v:ferritin"]}"' in response.content.decode()
    assert models.Subject.objects.count() == before


def test_nobody_else_is_offered_a_start(log_in: Any, client: Client) -> None:
    assert client.post(f"{PAGE}start", {}).status_code == 302, "to the log-in"
    monitor = log_in("monitor")
    assert "Start a screening" not in text(monitor.get(PAGE))
    assert monitor.post(f"{PAGE}start", {"site": "01"}).status_code == 422
