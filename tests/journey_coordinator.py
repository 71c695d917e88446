"""A coordinator's day, with an investigator who signs: played by the labels that people read."""

from __future__ import annotations

import re
from typing import Any

from journey_people import SCREENING, Person, code, day, seat, study
from journey_place import SITE, Place

DISEASE = {
    "underlying_disease": "still", "disease_onset": "2025-02", "splenomegaly": "true", "haemophagocytosis": "true",
    "nk_activity_low": "true", "primary_hlh": "false", "infection_induced_hlh": "false",
    "treatment_induced_hlh": "false",
}  # fmt: skip
VITALS = {
    "weight": "58", "height": "163", "body_temperature": "39.1", "systolic": "112", "diastolic": "70", "pulse": "104",
    "respiratory_rate": "20", "oxygen_saturation": "97",
}  # fmt: skip
COMPUTED = 1
"""Fields of the vital signs that are saved along: the body mass index."""
COUNT = {"wbc": "2.4", "haemoglobin": "84", "platelets": "62", "neutrophils": "0.8", "lymphocytes": "1.1"}
MARKERS = {"ferritin": "15300", "scd25": "6630", "cxcl9": "8400"}
BORN = ("1984-06-11", "1991-10-02", "1967-01-23")


def coordinators_day(place: Place, browser: Any) -> None:
    """Three subjects, ten forms, a query answered, a mistake corrected, two people at one form, a signature."""
    li = seat(place, "coordinator", browser)
    li.section("todo")
    li.hears(li.t("todo.nothing"))
    place.notes["subjects"] = subjects = [_register(li, born) for born in BORN]
    assert subjects == [f"{SITE}-00{n}" for n in (1, 2, 3)], "one click registers one subject"
    first, second, third = subjects
    li.section("todo")
    li.look("todo")
    _skips_what_is_not_asked(li, first)
    _fills_rows(li, first)
    _says_why_there_is_nothing(li, first)
    _is_asked_about_a_pulse(li, first)
    _comes_back_to_a_draft(li, first)
    _captures(li, first, "biomarkers", MARKERS)
    _captures(li, second, "vitals", VITALS)
    _captures(li, second, "haematology", COUNT)
    _captures(li, third, "vitals", VITALS | {"pulse": "88"})
    _captures(li, third, "biomarkers", MARKERS)
    li.section("subjects")
    li.look("subjects")
    _answers_the_query(li, first)
    _corrects_a_mistake(li, second)
    wang = seat(place, "investigator", browser)
    _meets_somebody_at_a_form(li, wang, second)
    _signs(wang, first)
    _makes_the_signature_void(li, first)
    assert li.unexpected("409", "422") == []
    assert wang.unexpected() == []
    place.notes["coordinator"] = True


def _register(li: Person, born: str) -> str:
    """From the screening page into the study; the subject's number."""
    t = li.t
    li.section("subjects")
    li.follow(t("screening.patient"))
    li.page.get_by_label(li.label("birth_date"), exact=True).fill(born)
    li.page.locator("#q-sex input[value='female']").check()
    li.page.get_by_label(t("screening.start_site"), exact=True).select_option(SITE)
    li.page.get_by_label(t("screening.start_consent"), exact=True).fill(day(1))
    li.look()
    li.press(t("screening.start_do"))
    li.page.wait_for_url("**/subjects/*/")
    subject = li.page.url.rstrip("/").rpartition("/")[2]
    assert re.fullmatch(rf"{SITE}-\d{{3}}", subject)
    li.look()
    return subject


def _captures(li: Person, subject: str, form: str, answers: dict[str, str]) -> None:
    li.form(subject, SCREENING, form)
    li.fill_in(answers)
    li.save(len(answers) + (COMPUTED if form == "vitals" else 0))


def _skips_what_is_not_asked(li: Person, subject: str) -> None:
    """Which disease it is, is not asked of somebody who has none."""
    li.form(subject, SCREENING, "disease")
    asked = li.line("underlying_disease")
    li.answer("rheumatic_disease", "false")
    asked.wait_for(state="hidden")
    li.answer("rheumatic_disease", "true")
    asked.wait_for()
    li.fill_in(DISEASE)
    li.look()
    li.save(1 + len(DISEASE))


def _fills_rows(li: Person, subject: str) -> None:
    """A group that repeats: a row for each day."""
    li.form(subject, SCREENING, "steroid_history")
    for row in (1, 2, 3):
        if row > 1:
            li.press(li.t("form.add_row"))
        given = {"steroid_agent": "methylprednisolone", "steroid_route": "iv", "steroid_dose": "120"}
        li.fill_in({"steroid_day": day(8 - row)} | given, row)
    li.answer("steroid_outcome", "no_response")
    li.look("rows", top=True)
    li.save(13)


def _says_why_there_is_nothing(li: Person, subject: str) -> None:
    li.form(subject, SCREENING, "lung_function")
    li.answer("lung_disease", "false")
    li.none("fvc_percent_predicted", "not_done")
    li.none("fev1_fvc", "refused")
    li.look("no-value", top=True)
    li.save(3)


def _is_asked_about_a_pulse(li: Person, subject: str) -> None:
    """An unusual value is said at once, kept when it is saved, and asked about."""
    li.form(subject, SCREENING, "vitals")
    li.fill_in(VITALS | {"pulse": "152"})
    warned = li.line("pulse").locator(".field-warning")
    warned.wait_for()
    assert warned.inner_text().startswith(li.t("form.unusual").partition("{")[0])
    warned.scroll_into_view_if_needed()
    li.look("unusual")
    li.save(len(VITALS) + COMPUTED)
    li.hears(li.t.count("form.opened", 1))


def _comes_back_to_a_draft(li: Person, subject: str) -> None:
    """Called away in the middle: what was typed waits on the list of drafts."""
    li.form(subject, SCREENING, "haematology")
    li.fill_in({"wbc": "2.4", "haemoglobin": "84"})
    li.hears(li.t("form.drafted", time=""))
    li.waiting("drafts", subject)
    li.hears(li.t("form.restored_at").partition("{")[0].strip())
    assert li.page.get_by_label(li.label("haemoglobin"), exact=True).input_value() == "84"
    li.look("draft")
    li.fill_in(COUNT)
    li.save(len(COUNT))


def _answers_the_query(li: Person, subject: str) -> None:
    li.waiting("to_answer", subject)
    line, name = li.line("pulse"), li.label("pulse")
    line.locator("summary").filter(has_text=f"{li.t('queries.answer')} {name}").click()
    line.get_by_label(f"{li.t('queries.your_answer')}, {name}").fill("Counted twice; the chart says 152.")
    line.scroll_into_view_if_needed()
    li.look("answer")
    li.press(li.t("queries.answer"), line)
    line.get_by_text(li.t.code("query_state", "answered"), exact=True).wait_for()


def _corrects_a_mistake(li: Person, subject: str) -> None:
    li.form(subject, SCREENING, "vitals")
    li.answer("height", "168")
    li.why("height", "Read off the wrong line")
    li.look()
    li.save()
    li.hears("Read off the wrong line")


def _meets_somebody_at_a_form(li: Person, wang: Person, subject: str) -> None:
    """Two people change the pulse: the second sees both values, and chooses."""
    for person, pulse, reason in ((li, "96", "Counted again at noon"), (wang, "90", "Counted by myself")):
        person.form(subject, SCREENING, "vitals")
        person.answer("pulse", pulse)
        person.why("pulse", reason)
    wang.save()
    wang.hears("Counted by myself")
    li.save()
    li.page.get_by_role("heading", name=li.t("form.conflict")).wait_for()
    clash = li.page.locator("table.clashes")
    assert ("90" in clash.inner_text(), "96" in clash.inner_text()) == (True, True)
    li.look("conflict")
    clash.locator("input[value='mine']").check()
    li.save()
    li.hears("Counted again at noon")
    assert li.page.get_by_label(li.label("pulse"), exact=True).input_value() == "96"


def _signs(wang: Person, subject: str) -> None:
    t = wang.t
    wang.waiting("to_sign", subject, t.say(study().form_by_id["demographics"].label))
    wang.follow(t("signing.do"))
    wang.page.get_by_label(t("account.password"), exact=True).fill("not the password")
    wang.page.get_by_label(t("account.code"), exact=True).fill("000000")
    wang.look("sign")
    wang.page.get_by_label(t("account.password"), exact=True).fill(wang.account.password)
    wang.page.get_by_label(t("account.code"), exact=True).fill(code(wang.account))
    wang.press(t("signing.do"))
    wang.page.locator("#signatures").get_by_text(t("signing.state.valid"), exact=True).wait_for()
    wang.look()


def _makes_the_signature_void(li: Person, subject: str) -> None:
    li.form(subject, SCREENING, "demographics")
    li.answer("birth_date", "1984-06-21")
    li.why("birth_date", "The identity card says 21")
    li.save()
    li.page.locator("#signatures").get_by_text(li.t("signing.state.void"), exact=True).wait_for()
    li.look("void", top=True)


def after_coordinators_day(place: Place, browser: Any) -> tuple[str, str]:
    """The first two subjects of that day, which is played now unless it was."""
    if not place.notes.get("coordinator"):
        coordinators_day(place, browser)
    first, second, _ = place.notes["subjects"]
    return first, second
