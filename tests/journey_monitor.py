"""A monitor's day, with a coordinator who is refused and a data manager who locks and unlocks."""

from __future__ import annotations

from typing import Any

from journey_coordinator import VITALS, after_coordinators_day
from journey_people import SCREENING, Person, seat, study
from journey_place import Place


def monitors_day(place: Place, browser: Any) -> None:
    """Values verified, a query asked and one closed, a visit frozen, locked and opened again."""
    first, second = after_coordinators_day(place, browser)
    zhao = seat(place, "monitor", browser)
    zhao.section("todo")
    zhao.look("todo-monitor")
    _verifies(zhao, first)
    _closes_what_was_answered(zhao, first)
    _asks(zhao, second)
    li = seat(place, "coordinator", browser)
    li.form(first, SCREENING, "vitals")
    li.answer("oxygen_saturation", "96")
    li.why("oxygen_saturation", "Misread")
    _closes(zhao, first, "freeze", "Verified against the chart", "freeze")
    _is_refused(li)
    chen = seat(place, "data_manager", browser)
    chen.section("todo")
    chen.look()
    _closes(chen, first, "lock", "Clean")
    li.form(first, SCREENING, "vitals")
    assert not li.page.get_by_role("button", name=li.t("form.save"), exact=True).is_visible()
    li.look("locked", top=True)
    _closes(chen, first, "unlock", "The site found another sheet")
    li.form(first, SCREENING, "vitals")
    li.answer("oxygen_saturation", "96")
    li.why("oxygen_saturation", "Misread")
    li.save()
    li.hears("Misread")
    assert zhao.unexpected() == []
    assert chen.unexpected("422") == []


def _verifies(zhao: Person, subject: str) -> None:
    """Critical values first, then a single one, then whatever else the form holds."""
    t, name = zhao.t, zhao.label("height")
    zhao.waiting("to_verify", subject, t.say(study().form_by_id["vitals"].label))
    zhao.press(t("form.verify_critical"))
    zhao.hears(t.count("form.verified_now", 1))
    zhao.press(f"{t('form.verify')} {name}")
    zhao.line("height").get_by_text(t("form.verified_by", who="").strip()).wait_for()
    zhao.look("verify", top=True)
    zhao.press(t("form.verify_all"))
    zhao.hears(t.count("form.verified_now", len(VITALS) - 2))


def _closes_what_was_answered(zhao: Person, subject: str) -> None:
    zhao.waiting("to_close", subject)
    line, name = zhao.line("pulse"), zhao.label("pulse")
    line.locator("summary").filter(has_text=f"{zhao.t('queries.close')} {name}").click()
    zhao.press(zhao.t("queries.close"), line)
    line.get_by_text(zhao.t.count("queries.past", 1)).wait_for()


def _asks(zhao: Person, subject: str) -> None:
    zhao.form(subject, SCREENING, "haematology")
    line, name = zhao.line("platelets"), zhao.label("platelets")
    line.locator("summary").filter(has_text=f"{zhao.t('queries.ask')} {name}").click()
    line.get_by_label(f"{zhao.t('queries.text')}, {name}").fill("The print-out says 26. Which one is right?")
    line.scroll_into_view_if_needed()
    zhao.look("ask")
    zhao.press(zhao.t("queries.ask"), line)
    line.get_by_text(zhao.t.code("query_state", "open"), exact=True).wait_for()
    zhao.section("queries")
    zhao.look("queries")


def _closes(person: Person, subject: str, step: str, reason: str, picture: str = "") -> None:
    """Freeze, lock or unlock the screening visit; not without a reason."""
    t = person.t
    person.section("subjects")
    person.follow(subject)
    visit = t.say(study().schedule.visits[0].label)
    person.page.locator(f"#{SCREENING}").get_by_role("link", name=f"{t('closing.short')} {visit}").click()
    if step == "lock":
        person.press(t(f"closing.step.{step}"))
        person.hears(t("closing.say"))
    person.page.get_by_label(t("closing.reason"), exact=True).fill(reason)
    person.look(picture)
    person.press(t(f"closing.step.{step}"))
    person.page.wait_for_url(f"**/{subject}/")
    person.hears(t(f"closing.done.{step}").partition("{")[0])


def _is_refused(li: Person) -> None:
    """The visit was frozen while the form was open: a sentence says so, and what was typed stands."""
    li.save()
    said = li.page.get_by_role("alert").first
    said.wait_for()
    assert "Verified against the chart" in said.inner_text()
    assert li.page.get_by_label(li.label("oxygen_saturation"), exact=True).input_value() == "96"
    li.look("refused")
