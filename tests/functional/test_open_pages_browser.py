"""Pages that stay open in a browser: another log-in beside them, keys alone, a double click, the button "back"."""

from __future__ import annotations

from typing import Any

STUDY = "/conduct/nct07208058/"
VITALS = f"{STUDY}subjects/01-001/visits/week2/vitals/"


def log_in(page: Any, site: Any, name: str, to: str) -> None:
    page.goto(f"{site.url}{to}")
    page.get_by_label("User name").fill(name)
    page.get_by_label("Password").fill(site.passwords[name])
    page.get_by_role("button", name="Log in").click()
    page.wait_for_url(f"**{to}")


def log_out(page: Any) -> None:
    page.get_by_role("button", name="Log out").click()
    page.get_by_role("link", name="Log in").first.wait_for()


def comes_to_sight(page: Any) -> None:
    """As a browser tells a window that somebody looks at again."""
    with page.expect_response("**/account/session/"):
        page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")


def test_a_form_that_is_open_goes_on_after_a_new_log_in_beside_it(page: Any, site: Any) -> None:
    log_in(page, site, "coordinator", VITALS)
    beside = page.context.new_page()
    beside.goto(f"{site.url}{STUDY}")
    log_out(beside)
    log_in(beside, site, "coordinator", STUDY)
    comes_to_sight(page)
    page.get_by_label("Respiratory rate", exact=True).fill("21")
    page.get_by_text("Saved as a draft", exact=False).first.wait_for()
    page.locator("#main").get_by_role("button", name="Save", exact=True).click()
    page.get_by_role("heading", name="A stored value changes. Say why.").wait_for()
    page.get_by_label("Reason for the change of Respiratory rate").fill("Counted again")
    page.get_by_role("button", name="Save", exact=True).click()
    page.get_by_text("One field was saved.").wait_for()
    assert [p for p in page.problems if "422" not in p] == []


def test_a_form_that_is_open_shows_nothing_to_who_logs_in_beside_it(page: Any, site: Any) -> None:
    log_in(page, site, "coordinator", VITALS)
    beside = page.context.new_page()
    beside.goto(f"{site.url}{STUDY}")
    log_out(beside)
    log_in(beside, site, "monitor", STUDY)
    comes_to_sight(page)
    page.get_by_role("heading", name="The session has ended").wait_for()
    assert page.locator("#main").inner_text() == ""


def test_the_matrix_that_was_filtered_is_walked_with_the_arrow_keys_and_no_copy_of_it_is_kept(
    page: Any, site: Any
) -> None:
    log_in(page, site, "coordinator", f"{STUDY}subjects/")
    with page.expect_response("**/subjects/?*"):
        page.get_by_label("Site", exact=True).select_option("01")
    page.wait_for_url("**site=01**")
    page.locator("[data-grid][data-keys]").wait_for()
    stops = page.locator("[data-grid] tbody a[tabindex='0']")
    assert stops.count() == 1, "one stop for the Tab key"
    stops.first.focus()
    page.keyboard.press("ArrowRight")
    assert page.evaluate("document.activeElement.matches('.cell, .matrix a')")
    assert page.evaluate("document.activeElement.closest('td') !== null")
    assert page.evaluate("sessionStorage.getItem('htmx-history-cache')") is None
    page.go_back()
    page.wait_for_url("**/subjects/")
    page.locator("[data-grid][data-keys]").wait_for()
    assert page.locator("header.bar").count() == 1
    assert page.problems == []


def test_a_list_is_walked_with_the_keys_and_sent_by_its_button(page: Any, site: Any) -> None:
    log_in(page, site, "monitor", f"{STUDY}queries/")
    state = page.get_by_label("State", exact=True)
    page.keyboard.press("Tab")
    for _ in range(30):
        if state.evaluate("one => one === document.activeElement"):
            break
        page.keyboard.press("Tab")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    assert page.url.endswith("/queries/"), "the first choice does not carry the person away"
    chosen = state.input_value()
    page.get_by_role("button", name="Show", exact=True).press("Enter")
    page.wait_for_url(f"**state={chosen}**")


def test_an_error_leads_into_its_field_and_what_is_unusual_is_spoken(page: Any, site: Any) -> None:
    log_in(page, site, "coordinator", VITALS)
    page.get_by_label("Pulse", exact=True).fill("179")
    page.get_by_label("Pulse", exact=True).press("Tab")
    spoken = page.locator("#unusual")
    page.locator("#unusual:not(:empty)").wait_for(state="attached")
    assert "Pulse" in spoken.inner_text()
    page.get_by_label("Weight", exact=True).fill("heavy")
    page.get_by_role("button", name="Save", exact=True).click()
    page.locator(".note.problem a", has_text="Weight").first.click()
    page.locator("[id$='-weight']:focus").wait_for()
    page.get_by_text("Saved as a draft").wait_for()  # a save that is refused loses nothing either
    page.goto(f"{site.url}{VITALS}")
    assert page.get_by_label("Weight", exact=True).input_value() == "heavy"
    page.get_by_role("button", name="Discard the draft").click()
    page.get_by_text("The draft is gone").wait_for()


def test_who_verifies_with_the_keys_stays_at_the_field(page: Any, site: Any) -> None:
    log_in(page, site, "monitor", VITALS)
    button = page.locator("#b-signs-1-pulse button[value='verify:signs:1:pulse']")
    button.focus()
    page.keyboard.press("Enter")
    page.locator("#b-signs-1-pulse .chip.met").wait_for()
    page.locator("#b-signs-1-pulse :focus").wait_for()
    assert page.problems == []


def test_a_double_click_asks_once(page: Any, site: Any) -> None:
    log_in(page, site, "monitor", VITALS)
    place = page.locator("#b-signs-1-respiratory_rate")
    place.locator("summary", has_text="Ask").click()
    place.locator("textarea").fill("Who counted?")
    place.get_by_role("button", name="Ask").dblclick()
    place.locator(".thread").first.wait_for()
    page.wait_for_timeout(500)
    page.goto(f"{site.url}{STUDY}exports/")
    assert page.goto(f"{site.url}{VITALS}") is not None
    assert page.locator("#b-signs-1-respiratory_rate .thread", has_text="Who counted?").count() == 1
