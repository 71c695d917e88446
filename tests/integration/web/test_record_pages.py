"""The public pages: what anybody reads about the study without an account."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from trialwright.report.section import VIRTUAL
from trialwright.web import shelf
from trialwright.web.record.views import SECTIONS
from trialwright.web.words import Words, chosen, texts

RECORD = "/studies/NCT07208058/"


@pytest.fixture
def page(trial: Path) -> str:
    return Client().get(RECORD).content.decode()


def test_home_leads_to_the_record_and_to_the_study(trial: Path) -> None:
    home = Client().get("/").content.decode()
    assert RECORD in home
    assert "/conduct/nct07208058/" in home


def test_the_record_shows_every_section_in_the_registrys_order(page: str) -> None:
    places = [page.index(f'<section id="{name}"') for name in SECTIONS]
    assert places == sorted(places)
    for name in SECTIONS:
        assert f'href="#{name}"' in page


def test_the_record_shows_the_facts_of_the_registry(page: str, shared: Path) -> None:
    """Names, numbers and places that stand in the registry's own text stand on the page."""
    registry = (shared / "record" / "NCT07208058.txt").read_text(encoding="utf-8")
    for fact in (
        "NCT07208058",
        "THZ0103-MAS301",
        "2025-12-02",
        "2025-11-21",
        "2027-11-30",
        "TJ Biopharma Co., Ltd.",
        "Biwei Zeng",
    ):
        assert fact in registry
        assert fact in page
    for site in shelf.study("NCT07208058").registration.sites:
        assert site.name.en in registry
        assert site.name.en.replace("'", "&#39;") in page
        assert all(contact.name in page for contact in site.contacts)
    assert page.count('class="id">I') == 5
    assert page.count('class="id">E') == 17


def test_each_criterion_tells_its_logic_on_demand(page: str) -> None:
    assert page.count('class="prose-logic"') == 22
    assert page.count('class="logic"') == 22


def test_what_the_registry_does_not_say_is_marked(page: str) -> None:
    beyond = page[page.index('<section id="definition"') :]
    assert "Assumption" in beyond
    assert "From the literature" in beyond
    assert "Results pending" in page
    assert "Virtual data" not in page


@pytest.mark.parametrize("other", ["/studies/nct07208058/", "/studies/Nct07208058/"])
def test_other_spellings_lead_to_the_one_address(trial: Path, other: str) -> None:
    assert Client().get(other).headers["Location"] == RECORD


def test_an_unknown_study_is_a_page_with_the_nearest_name(trial: Path) -> None:
    answer = Client(raise_request_exception=False).get("/studies/NCT07208059/")
    assert answer.status_code == 404
    assert "NCT07208058" in answer.content.decode()


def test_posted_results_replace_pending_and_say_that_they_are_virtual(trial: Path, posted: dict[str, Any]) -> None:
    page = Client().get(RECORD).content.decode()
    assert "Results pending" not in page
    assert "Virtual data" in page
    assert "Not completed" in page
    assert "Death" in page
    assert "From two sites." in page


def test_results_of_real_participants_bear_no_mark(trial: Path, posted: dict[str, Any], tmp_path: Path) -> None:
    text = (tmp_path / "results.json").read_text(encoding="utf-8")
    (tmp_path / "results.json").write_text(text.replace(VIRTUAL, ""), encoding="utf-8")
    page = Client().get(RECORD).content.decode()
    assert "Results posted" in page
    assert "Virtual data" not in page


@pytest.mark.parametrize(
    ("tab", "seen"),
    [
        ("baseline", ("41.2 ± 13.9", "Female", "19", "Participants analysed")),
        ("outcomes", ("56.7 (37.4 to 74.5)", 'class="interval"', "Exact binomial test", "0.004")),
        ("events", ("Sepsis", "2 / 30 (6.7", "Anaemia", "All-cause deaths")),
    ],
)
def test_results_have_their_tabs(trial: Path, posted: dict[str, Any], tab: str, seen: tuple[str, ...]) -> None:
    page = Client().get(RECORD, {"results": tab}).content.decode()
    assert not [text for text in seen if text not in page]
    part = Client().get(RECORD, {"results": tab}, headers={"HX-Request": "true"}).content.decode()
    assert "<html" not in part
    assert seen[0] in part


def test_adverse_events_can_be_searched(trial: Path, posted: dict[str, Any]) -> None:
    page = Client().get(RECORD, {"results": "events", "term": "anaem"}).content.decode()
    assert "Anaemia" in page
    assert "Cough" not in page


def test_another_studys_results_are_not_shown(trial: Path, posted: dict[str, Any], tmp_path: Path) -> None:
    text = (tmp_path / "results.json").read_text(encoding="utf-8")
    (tmp_path / "results.json").write_text(text.replace("NCT07208058", "NCT00000001"), encoding="utf-8")
    assert "Results pending" in Client().get(RECORD).content.decode()


def test_a_broken_results_file_is_one_sentence(trial: Path, posted: dict[str, Any], tmp_path: Path) -> None:
    (tmp_path / "results.json").write_text("{", encoding="utf-8")
    answer = Client(raise_request_exception=False).get(RECORD)
    assert answer.status_code == 400
    assert "cannot be read" in answer.content.decode()


def test_chinese_by_address_cookie_and_browser(trial: Path) -> None:
    client = Client()
    assert "入选标准" in client.get(RECORD, {"lang": "zh"}).content.decode()
    assert "入选标准" in client.get(RECORD).content.decode(), "the choice is kept"
    assert "入选标准" in Client(headers={"Accept-Language": "zh-CN,zh;q=0.9"}).get(RECORD).content.decode()
    assert chosen("", "", "de, zh;q=0.4, en;q=0.8") == "en"
    assert chosen("fr", "", "") == "en"


def test_both_languages_have_every_text() -> None:
    """English counts with one and many; Chinese needs no form for one."""
    english, chinese = texts("en"), texts("zh")
    assert {key for key in english if not key.endswith(".one")} == set(chinese)
    assert Words("en").count("form.errors", 1) != Words("en").count("form.errors", 2)
    assert not [key for key, text in {**english, **chinese}.items() if text == "None"]


@pytest.mark.parametrize("path", ["/", RECORD, "/login/"])
def test_pages_load_nothing_from_elsewhere_and_run_nothing_inline(trial: Path, path: str) -> None:
    answer = Client().get(path)
    policy, page = answer.headers["Content-Security-Policy"], answer.content.decode()
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert " style=" not in page
    assert "<style" not in page
    assert page.count("<script") == page.count("<script src=")


def test_stylesheet_and_script_are_small_and_served(trial: Path) -> None:
    for name, most in (("style.css", 40_000), ("script.js", 30_000)):
        answer = Client().get(f"/static/trialwright/{name}")
        assert answer.status_code == 200
        assert len(b"".join(answer)) < most  # type: ignore[arg-type]  # a file is streamed


def test_health(trial: Path) -> None:
    assert Client().get("/health").content == b"ok\n"


def test_a_page_that_is_not_there(trial: Path) -> None:
    answer = Client().get("/nothing/here")
    assert answer.status_code == 404
    assert "There is no such page" in answer.content.decode()
