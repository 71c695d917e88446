"""A new user's way through the registered studies, in a browser: search, read, go to what is related, take it home."""

from __future__ import annotations

import contextlib
import json
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

PROGRAM = [sys.executable, "-c", "from trialwright.cli.main import main; main()"]
PHONE = {"viewport": {"width": 390, "height": 844}}
WITH_RESULTS = "NCT02552212"


def free_port() -> int:
    with contextlib.closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="module")
def registry(library_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a server over the data folder, started as a person would."""
    port, data = free_port(), tmp_path_factory.mktemp("registry")
    command = [*PROGRAM, "serve", "--records", str(library_folder), "--data", str(data), "--port", str(port)]
    program = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        for _ in range(300):
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=0.2):
                break
            assert program.poll() is None, "the server ended"
            with contextlib.suppress(subprocess.TimeoutExpired):
                program.wait(timeout=0.2)
        yield f"http://127.0.0.1:{port}"
    finally:
        program.send_signal(signal.SIGINT)
        with contextlib.suppress(subprocess.TimeoutExpired):
            program.wait(timeout=10)
        program.kill()


def test_from_the_disease_to_a_related_study_and_home_with_the_answer(
    page: Any, registry: str, axe: Any, picture: Any, tmp_path: Path
) -> None:
    page.goto(registry)
    for spelling in ("macrophage activation syndrome", "haemophagocytic lymphohistiocytosis", "Hemophagocytic"):
        page.get_by_role("searchbox").first.fill(spelling)
        page.get_by_role("button", name="Search", exact=True).click()
        page.get_by_role("link", name=re.compile("Plonmarlimab")).first.wait_for()
        assert axe(page) == []
    page.get_by_role("link", name=re.compile("Efficacy, Safety, and Tolerability of Plonmarlimab")).first.click()
    page.get_by_role("heading", name="Eligibility criteria").wait_for()
    assert page.get_by_role("link", name="Screen a patient").is_visible()
    assert page.get_by_role("link", name="Open as a study").is_visible()
    page.locator("#related").scroll_into_view_if_needed()
    page.locator("#kin article").first.wait_for()
    assert "same drug: plonmarlimab" in page.locator("#kin article").first.inner_text().lower()
    assert axe(page) == []
    page.goto(f"{registry}/studies/NCT07208058/related/")
    picture(page, "related")
    assert axe(page) == []
    first = page.locator("#kin h3 a").first
    title = first.inner_text()
    first.click()
    page.get_by_role("heading", name=title, level=1).wait_for()
    page.goto(f"{registry}/search/?q=arthritis")
    total = int(page.get_by_role("status").inner_text().split()[0])
    with page.expect_download() as taken:
        page.get_by_role("link", name="NDJSON", exact=True).click()
    lines = Path(taken.value.path()).read_text(encoding="utf-8").splitlines()
    assert len([json.loads(line) for line in lines]) == total > 1
    assert page.problems == []


def test_filters_change_the_answer_in_place_and_the_address_with_it(
    page: Any, registry: str, axe: Any, picture: Any
) -> None:
    page.goto(f"{registry}/search/?q=cancer")
    before = page.get_by_role("status").inner_text()
    with page.expect_response(lambda r: "phase=PHASE3" in r.url):
        page.locator("#c-phase-PHASE3").check()
    page.wait_for_url(re.compile("phase=PHASE3"))
    page.locator("#search:not(.htmx-settling)").wait_for()
    assert page.get_by_role("status").inner_text() != before
    assert page.locator("#c-phase-PHASE3").is_checked()
    assert page.locator("#c-phase-PHASE3").evaluate("e => e === document.activeElement"), "the keyboard stays in place"
    page.go_back()
    page.locator("#c-phase-PHASE3:not(:checked)").wait_for()
    page.goto(f"{registry}/search/?q=arthritis&sex=FEMALE&age=34&age_unit=years")
    picture(page, "search")
    assert axe(page) == []


def test_a_slip_is_shown_under_its_character(page: Any, registry: str, axe: Any) -> None:
    page.goto(f"{registry}/search/")
    page.locator("#q").fill("lung AND (cancer")
    page.keyboard.press("Enter")
    page.locator(".caret").wait_for()
    assert page.locator("#q").input_value() == "lung AND (cancer"
    assert page.locator("#q").get_attribute("aria-invalid") == "true"
    assert axe(page) == []


def test_results_of_a_foreign_study_are_read_tab_by_tab(page: Any, registry: str, axe: Any, picture: Any) -> None:
    page.goto(f"{registry}/studies/{WITH_RESULTS}/")
    assert axe(page) == []
    page.get_by_role("link", name="Outcomes", exact=True).click()
    page.locator("#posted .interval").first.wait_for()
    page.evaluate("document.getElementById('results').scrollIntoView()")
    picture(page, "record-results")
    assert axe(page) == []
    page.get_by_role("link", name="Adverse events", exact=True).click()
    page.get_by_label("Term or organ system").fill("headache")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("term=headache"))
    page.locator("#posted").get_by_text("Headache").first.wait_for()
    assert page.locator("#posted").get_by_text("Nasopharyngitis").count() == 0
    page.get_by_label("Order").select_option("affected")
    page.wait_for_url(re.compile("sort=affected"))
    assert axe(page) == []
    page.evaluate("document.getElementById('sites').scrollIntoView()")
    page.locator("#site_country").select_option("Poland")
    page.get_by_text(re.compile(r"of 105 sites")).wait_for()
    assert page.problems == []


@pytest.mark.parametrize(
    "page", [PHONE, {**PHONE, "color_scheme": "dark"}, {**PHONE, "locale": "zh-CN"}], indirect=True
)
def test_it_fits_the_phone_by_day_by_night_and_in_chinese(page: Any, registry: str, axe: Any, picture: Any) -> None:
    dark = page.evaluate("matchMedia('(prefers-color-scheme: dark)').matches")
    for path, name in (
        ("/search/?q=cancer", "search-phone"),
        (f"/studies/{WITH_RESULTS}/?results=events", "record-phone"),
        (f"/studies/{WITH_RESULTS}/related/", "related-phone"),
        ("/studies/NCT99000002/history/", "history-phone"),
    ):
        page.goto(registry + path)
        assert axe(page) == [], path
        assert page.evaluate("document.documentElement.scrollWidth") <= 390, path
        if dark and name == "search-phone":
            picture(page, "search-phone-dark")
    page.goto(f"{registry}/search/?q=cancer")
    assert not page.locator("#c-status-RECRUITING").is_visible(), "filters are a drawer"
    page.locator("#facets > summary").click()
    assert page.locator("#c-status-RECRUITING").is_visible()
    with page.expect_response(lambda r: "status=RECRUITING" in r.url):
        page.locator("#c-status-RECRUITING").check()
    page.locator("#c-status-RECRUITING:checked").wait_for()
    assert page.locator("#c-status-RECRUITING").is_visible(), "the drawer stays open"


@pytest.mark.parametrize("page", [{"java_script_enabled": False}], indirect=True)
def test_it_works_without_a_script(page: Any, registry: str) -> None:
    page.goto(f"{registry}/search/?q=cancer")
    page.locator("#c-phase-PHASE3").check()
    page.get_by_role("button", name="Show", exact=True).click()
    assert "phase=PHASE3" in page.url
    page.goto(f"{registry}/studies/{WITH_RESULTS}/")
    page.get_by_role("link", name="Baseline", exact=True).click()
    page.get_by_role("columnheader", name="Characteristic").wait_for()
    page.get_by_role("link", name="Show related studies").click()
    page.get_by_role("heading", name="Related studies", level=1).wait_for()
