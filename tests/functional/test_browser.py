"""What people do in a browser: read the record, log in, correct a value with its reason, see who did what."""

from __future__ import annotations

from typing import Any

import pytest

RECORD = "/studies/NCT07208058/"
STUDY = "/conduct/nct07208058/"


def log_in(page: Any, site: Any, name: str = "coordinator", to: str = STUDY) -> None:
    page.goto(f"{site.url}{to}")
    page.get_by_label("User name").fill(name)
    page.get_by_label("Password").fill(site.passwords[name])
    page.get_by_role("button", name="Log in").click()
    page.wait_for_url(f"**{to}")


def vitals(site: Any) -> str:
    return f"{STUDY}subjects/{site.subject}/visits/week2/vitals/"


def test_the_record_is_read_without_an_account(page: Any, site: Any, axe: Any, picture: Any) -> None:
    page.goto(f"{site.url}/")
    assert axe(page) == []
    picture(page, "home")
    page.get_by_role("link", name="Read the record").click()
    page.wait_for_url(f"**{RECORD}")
    assert axe(page) == []
    picture(page, "record")
    page.get_by_role("link", name="Eligibility criteria").click()
    page.locator("#I05 summary").first.click()
    assert page.locator("#I05 .prose-logic").is_visible()
    picture(page, "criteria")
    page.get_by_role("link", name="Outcomes").click()
    page.locator("svg.interval").first.wait_for()
    assert "results=outcomes" in page.url, "the tab stands in the address"
    assert axe(page) == []
    page.locator("#results").scroll_into_view_if_needed()
    picture(page, "results")
    assert page.problems == []


def test_a_value_is_corrected_with_its_reason_and_the_history_shows_it(
    page: Any, site: Any, axe: Any, picture: Any
) -> None:
    log_in(page, site, to=vitals(site))
    pulse = page.get_by_label("Pulse", exact=True)
    reason = page.get_by_label("Reason for the change of Pulse")
    before = pulse.input_value()
    assert not reason.is_visible(), "no reason is asked for while nothing changes"
    pulse.fill("91")
    assert page.get_by_text("Not saved", exact=True).is_visible()
    page.get_by_role("button", name="Save", exact=True).click()
    page.get_by_role("heading", name="A stored value changes. Say why.").wait_for()
    assert pulse.input_value() == "91", "typed text survives"
    assert axe(page) == []
    reason.fill("Counted again")
    page.get_by_role("button", name="Save", exact=True).click()
    page.get_by_text("One field was saved.").wait_for()
    trail = page.locator("#trail")
    assert "Counted again" in trail.inner_text()
    assert before in trail.locator("del").first.inner_text()
    assert "91" in trail.locator("ins").first.inner_text()
    page.locator("#f-signs-1-pulse").get_by_role("link", name="History").click()
    page.get_by_role("heading", name="History of Pulse").wait_for()
    assert "coordinator" in trail.inner_text()
    assert axe(page) == []
    page.evaluate("scrollTo(0, 0)")
    picture(page, "form")
    assert [p for p in page.problems if "422" not in p] == []


def test_what_was_typed_comes_back_after_the_page_was_left(page: Any, site: Any) -> None:
    log_in(page, site, to=vitals(site))
    page.get_by_label("Respiratory rate", exact=True).fill("23")
    page.once("dialog", lambda dialog: dialog.accept())
    page.goto(f"{site.url}{STUDY}", wait_until="load")
    page.goto(f"{site.url}{vitals(site)}")
    assert page.get_by_label("Respiratory rate", exact=True).input_value() == "23", "by the server, or by the tab"
    page.locator("[data-state]", has_text="Saved as a draft").wait_for()
    page.goto(f"{site.url}{vitals(site)}")
    page.get_by_text("This is your draft of").wait_for()
    page.get_by_role("button", name="Discard the draft").click()
    page.get_by_text("The draft is gone").wait_for()


def test_a_refused_value_comes_back_until_it_is_discarded_or_saved(page: Any, site: Any) -> None:
    log_in(page, site, to=vitals(site))
    pulse = page.get_by_label("Pulse", exact=True)
    stored = pulse.input_value()
    discard = page.get_by_role("button", name="Discard the draft")
    assert not discard.is_visible()
    pulse.fill("many")
    page.get_by_text("Saved as a draft").wait_for()
    page.get_by_role("button", name="Save", exact=True).click()
    page.locator(".field-error").first.wait_for()
    page.goto(f"{site.url}{vitals(site)}")
    assert pulse.input_value() == "many"
    discard.click()
    page.get_by_text("The draft is gone").wait_for()
    assert pulse.input_value() == stored
    pulse.fill("88")
    page.get_by_label("Reason for the change of Pulse").fill("Counted again")
    page.get_by_role("button", name="Save", exact=True).click()
    page.get_by_text("One field was saved.").wait_for()
    assert page.evaluate("Object.keys(sessionStorage).filter((k) => k.startsWith('typed:')).length") == 0


def test_the_dashboard_and_the_matrix_work_by_keyboard(page: Any, site: Any, axe: Any, picture: Any) -> None:
    log_in(page, site)
    assert axe(page) == []
    picture(page, "dashboard")
    page.get_by_role("navigation", name="Sections").get_by_role("link", name="Subjects").click()
    page.wait_for_url("**/subjects/")
    assert axe(page) == []
    picture(page, "subjects")
    first = page.locator("table.matrix tbody a").first
    first.focus()
    page.keyboard.press("ArrowRight")
    label = page.evaluate("document.activeElement.getAttribute('aria-label')")
    assert "Informed consent" in label
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="Informed consent").wait_for()
    assert page.problems == []


def test_a_row_is_added_to_the_adverse_events(page: Any, site: Any) -> None:
    log_in(page, site, to=f"{STUDY}subjects/{site.subject}/logs/adverse_events/")
    rows = page.locator("#rows-events tr")
    before = rows.count()
    page.get_by_role("button", name="Add a row").click()
    assert rows.count() == before + 1
    added = rows.last.locator("input").first
    assert added.get_attribute("name") == f"v:events:{before + 1}:ae_term"
    assert page.evaluate("document.activeElement.name") == added.get_attribute("name")


@pytest.mark.parametrize("page", [{"viewport": {"width": 390, "height": 844}, "color_scheme": "dark"}], indirect=True)
def test_a_telephone_in_the_dark_shows_everything_within_its_width(
    page: Any, site: Any, axe: Any, picture: Any
) -> None:
    log_in(page, site, "investigator")
    casebook = f"{STUDY}subjects/{site.subject}/"
    results = [f"{RECORD}?results={tab}" for tab in ("flow", "baseline", "outcomes", "events")]
    lists = [f"{STUDY}{name}/" for name in ("subjects", "queries", "audit")]
    for path in (STUDY, *lists, casebook, vitals(site), "/", RECORD, *results):
        page.goto(f"{site.url}{path}")
        assert page.evaluate("document.documentElement.scrollWidth") <= 390, path
        assert axe(page) == [], path
        if path == casebook:
            picture(page, "phone")
    assert page.problems == []


@pytest.mark.parametrize("page", [{"locale": "zh-CN"}], indirect=True)
def test_the_casebook_in_chinese(page: Any, site: Any, axe: Any, picture: Any) -> None:
    page.goto(f"{site.url}{STUDY}")
    page.get_by_label("用户名").fill("investigator")
    page.get_by_label("密码").fill(site.passwords["investigator"])
    page.get_by_role("button", name="登录").click()
    page.goto(f"{site.url}{STUDY}subjects/{site.subject}/")
    page.get_by_role("heading", name="访视与表单").wait_for()
    assert axe(page) == []
    picture(page, "casebook_zh")
    page.get_by_role("link", name="English").click()
    page.get_by_role("heading", name="Visits and forms").wait_for()
    picture(page, "casebook")


def test_print_shows_the_band_and_hides_the_buttons(page: Any, site: Any) -> None:
    log_in(page, site, to=vitals(site))
    page.emulate_media(media="print")
    assert page.locator(".band").is_visible()
    assert not page.get_by_role("button", name="Save", exact=True).is_visible()
