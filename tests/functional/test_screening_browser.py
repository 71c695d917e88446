"""Screening at the bedside, in a browser: with the keyboard, on the phone, with slips, with and without a script."""

from __future__ import annotations

import re
from typing import Any

import pytest

PAGE = "/studies/NCT07208058/screen/"
PHONE = {"viewport": {"width": 390, "height": 844}}


def settled(page: Any, act: Any) -> None:
    """Do something that changes an answer, and wait until the verdict has followed."""
    with page.expect_response(lambda r: r.url.endswith("/screen/verdict")):
        act()
    page.locator("form.screening:not(.htmx-request)").wait_for(state="attached")
    page.locator("#verdict:not(.htmx-swapping):not(.htmx-settling)").wait_for(state="attached")


def shows(page: Any, word: str) -> bool:
    """Whether the verdict comes to be this one; leaving a field asks once more, so another may come before it."""
    page.locator("#verdict .verdict-word").get_by_text(word, exact=True).wait_for()
    return True


def test_the_verdict_follows_as_one_types(page: Any, site: Any, axe: Any, picture: Any) -> None:
    page.goto(site.url + PAGE)
    assert shows(page, "Undetermined")
    assert axe(page) == []
    settled(page, lambda: page.get_by_label("Date of birth", exact=True).fill("1970-06-15"))
    assert page.locator("#verdict .counts").inner_text() == "1 in favour, 0 against, 21 open"
    settled(page, lambda: page.get_by_label("Body temperature", exact=True).fill("385"))
    slip = page.locator("#e-body_temperature")
    assert "Is a point missing (38.5)?" in slip.inner_text()
    assert page.get_by_label("Body temperature", exact=True).get_attribute("aria-invalid") == "true"
    assert axe(page) == []
    picture(page, "screening-slip")
    settled(page, lambda: page.get_by_label("Body temperature", exact=True).fill("38.5"))
    assert not slip.is_visible()
    settled(page, lambda: page.locator("#q-sex").get_by_label("Male", exact=True).check())
    assert not page.locator("#q-pregnant").is_visible(), "what does not apply is not asked"
    settled(page, lambda: page.get_by_label("Creatinine", exact=True).fill("160"))
    assert shows(page, "Not eligible")
    page.locator("#c-E08 summary").click()
    assert "160 µmol/L" in page.locator("#c-E08").inner_text()
    settled(page, lambda: page.get_by_label("Creatinine", exact=True).fill("60"))
    assert shows(page, "Undetermined")
    assert page.locator("#c-E08").evaluate("d => d.open"), "what was opened stays open"
    assert page.problems == []


def test_an_open_test_leads_to_its_question(page: Any, site: Any) -> None:
    page.goto(f"{site.url}{PAGE}?example=1")
    assert shows(page, "Eligible")
    settled(page, lambda: page.locator("#q-primary_hlh").get_by_label("Not known").check())
    page.locator("#verdict .tests a").first.click()
    page.locator("#q-primary_hlh input:focus").wait_for()
    for _ in ("not assessed", "no"):
        settled(page, lambda: page.locator("#q-primary_hlh input:checked").press("ArrowUp"))
    assert shows(page, "Eligible"), "arrows choose among the answers"
    assert page.problems == []


def test_enter_keeps_the_place_and_a_row_is_added(page: Any, site: Any) -> None:
    page.goto(site.url + PAGE)
    weight = page.get_by_label("Weight", exact=True)
    weight.fill("60")
    weight.press("Enter")
    assert page.url.endswith(PAGE)
    assert weight.input_value() == "60"
    assert weight.evaluate("e => e === document.activeElement")
    page.get_by_role("button", name="Add a row").click()
    assert page.locator("#rows-steroid_dose tr").count() == 4
    page.keyboard.type("2026-03-04")
    assert page.locator("[name='r:steroid_dose:4:when']").input_value() == "2026-03-04"


def test_another_language_shows_the_same_answers(page: Any, site: Any, axe: Any) -> None:
    page.goto(site.url + PAGE)
    settled(page, lambda: page.get_by_label("Ferritin", exact=True).fill("15300"))
    page.get_by_role("link", name="中文").click()
    page.get_by_role("heading", name="筛选患者").wait_for()
    assert page.locator("[name='v:ferritin']").input_value() == "15300"
    assert shows(page, "未定")
    assert axe(page) == []


@pytest.mark.parametrize("page", [PHONE, {**PHONE, "color_scheme": "dark"}], indirect=True)
def test_on_the_phone_the_verdict_is_a_bar_that_opens(page: Any, site: Any, axe: Any, picture: Any) -> None:
    page.goto(f"{site.url}{PAGE}?example=1")
    bar = page.locator("#verdict > summary")
    box = bar.bounding_box()
    assert box["y"] + box["height"] <= 845
    assert box["y"] > 700, "a bar at the foot"
    assert not page.locator("#verdict .reasons").is_visible()
    assert axe(page) == []
    dark = page.evaluate("matchMedia('(prefers-color-scheme: dark)').matches")
    picture(page, "screening-phone-dark" if dark else "screening-phone")
    bar.click()
    assert page.locator("#c-I04").is_visible()
    assert axe(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= 390, "nothing runs out of the page"


def test_a_lost_connection_is_said_and_nothing_typed_is_lost(page: Any, site: Any) -> None:
    page.goto(site.url + PAGE)
    page.context.set_offline(True)
    page.get_by_label("Ferritin", exact=True).fill("15300")
    page.get_by_text("No connection to the server").wait_for()
    page.context.set_offline(False)
    settled(page, lambda: page.get_by_label("Weight", exact=True).fill("60"))
    assert page.locator("#lost").is_hidden()
    assert page.get_by_label("Ferritin", exact=True).input_value() == "15300"


@pytest.mark.parametrize("page", [{"java_script_enabled": False}], indirect=True)
def test_it_works_without_a_script(page: Any, site: Any) -> None:
    page.goto(site.url + PAGE)
    page.get_by_label("Date of birth", exact=True).fill("1970-06-15")
    page.get_by_role("button", name="Add a row").click()
    assert page.locator("#rows-steroid_dose tr").count() == 4
    page.get_by_role("button", name="Screen", exact=True).click()
    assert page.get_by_label("Date of birth", exact=True).input_value() == "1970-06-15"
    assert "1 in favour" in page.locator("#verdict .counts").inner_text()


def test_the_worksheet_is_printed_and_the_questions_are_found_again(
    page: Any, site: Any, axe: Any, picture: Any
) -> None:
    page.goto(f"{site.url}{PAGE}?example=1")
    picture(page, "screening-verdict")
    page.get_by_role("button", name="Worksheet", exact=True).click()
    page.get_by_role("heading", name="Screening worksheet").wait_for()
    assert axe(page) == []
    picture(page, "screening-worksheet")
    page.emulate_media(media="print")
    assert not page.get_by_role("button", name="Print").is_visible()
    page.emulate_media(media="screen")
    page.get_by_role("button", name="Back to the questions").click()
    assert shows(page, "Eligible")


def test_a_coordinator_goes_on_into_the_study(page: Any, site: Any, axe: Any, picture: Any) -> None:
    page.goto(f"{site.url}/login/")
    page.get_by_label("User name").fill("coordinator")
    page.get_by_label("Password").fill(site.passwords["coordinator"])
    page.get_by_role("button", name="Log in").click()
    page.goto(f"{site.url}{PAGE}?example=1")
    assert axe(page) == []
    page.locator("#start").scroll_into_view_if_needed()
    picture(page, "screening-start")
    page.get_by_label("Site", exact=True).select_option("01")
    page.get_by_role("button", name="Start screening").click()
    page.get_by_text(re.compile("was registered and the screening visit opened")).wait_for()
    assert "/subjects/01-" in page.url
