"""The public pages of studies: every section of the record, whoever wrote it, and nothing in it that runs."""

from __future__ import annotations

import csv
import gzip
import io
import json
import re
import time
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from library_folder import EVIL, HOSTILE, LARGE

from trialwright.report.section import VIRTUAL
from trialwright.web import shelf
from trialwright.web.words import Words, chosen, texts

RECORD = "/studies/NCT07208058/"
WITH_RESULTS = "NCT02552212"


@pytest.fixture
def page(trial: Path) -> str:
    return Client().get(RECORD).content.decode()


@pytest.fixture
def open_page(library_folder: Path, trial: Path, settings: Any) -> Any:
    """open_page("NCT...", results="flow") -> the page's text, over the data folder."""
    settings.TRIALWRIGHT_RECORDS = str(library_folder)

    def opened(nct: str, tail: str = "", *, part: str = "", **asked: Any) -> str:
        headers = {"HX-Request": "true", "HX-Target": part} if part else {}
        answer = Client().get(f"/studies/{nct}/{tail}", asked, headers=headers)
        assert answer.status_code == 200
        return answer.content.decode()

    return opened


def section(page: str, name: str) -> str:
    """The text of one section of a page."""
    return page.split(f'<section id="{name}"')[1].split("</section>")[0]


def test_home_leads_to_the_search_and_to_the_study(trial: Path) -> None:
    home = Client().get("/").content.decode()
    assert RECORD in home
    assert "/conduct/nct07208058/" in home
    assert 'action="/search/"' in home
    assert "1 registered study" in home


def test_the_record_shows_its_sections_in_the_registrys_order(page: str) -> None:
    order = (
        "summary", "identity", "status", "conditions", "design", "arms", "eligibility", "sponsor", "contacts", "sites",
        "results", "history", "related", "downloads", "definition",
    )  # fmt: skip
    places = [page.index(f'<section id="{name}"') for name in order]
    assert places == sorted(places)
    for name in order:
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


def test_a_former_number_leads_to_the_record(library_folder: Path, trial: Path, settings: Any) -> None:
    settings.TRIALWRIGHT_RECORDS = str(library_folder)
    assert Client().get("/studies/NCT02380456/").headers["Location"] == "/studies/NCT02300909/"


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
        ("events", ("Sepsis", "2 / 30 (6.7", "Anaemia", "Deaths from any cause")),
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


def test_every_real_record_has_a_page_in_both_languages(open_page: Any, shared: Path) -> None:
    with gzip.open(shared / "record" / "ctgov_v2_dev.jsonl.gz", "rt", encoding="utf-8") as lines:
        records = [json.loads(line) for line in lines]
    for record in records[::7] + [r for r in records if r.get("resultsSection")]:
        identity = record["protocolSection"]["identificationModule"]
        for tab in ("flow", "baseline", "outcomes", "events") if record.get("resultsSection") else ("",):
            page = open_page(identity["nctId"], results=tab, lang="zh" if tab == "outcomes" else "en")
            assert identity["nctId"] in page
            assert len(page.encode()) < 500_000


def test_a_foreign_study_with_results_is_read_to_the_end(open_page: Any) -> None:
    page = open_page(WITH_RESULTS)
    assert "C-AXSPAND" in page
    assert "2015-001894-41" in section(page, "identity")
    assert "Spondyl" in section(page, "conditions")
    assert page.count('<tr class="group"><th scope="rowgroup" colspan="4">') >= 5, "sites stand under their countries"
    assert "pubmed.ncbi.nlm.nih.gov" in section(page, "references")
    assert "Study Protocol" in section(page, "documents")
    outcomes = open_page(WITH_RESULTS, results="outcomes")
    assert "15.231 (95\u202f%: 7.336 to 31.623)" in outcomes
    assert 'class="null"' in outcomes, "the value of no difference is drawn"


def test_everything_in_a_record_is_shown_as_text(open_page: Any) -> None:
    for tail in ("", "history/", "related/"):
        page = open_page(HOSTILE, tail)
        assert "<script>" not in page
        assert "<b onclick" not in page
        assert "javascript:" not in re.sub(r"\[x\]\(javascript:alert\(1\)\)", "", page)
        assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    page = open_page(HOSTILE)
    assert "<li>first &lt;5</li>" in section(page, "summary")
    assert "Age &gt;= 18" in section(page, "eligibility")
    assert "unheardOf" in section(page, "rest"), "a field that nobody knows is listed"
    assert "as it stands" in section(page, "rest")


def test_versions_stand_side_by_side(open_page: Any) -> None:
    assert "2 versions are kept" in section(open_page(HOSTILE), "history")
    page = open_page(HOSTILE, "history/")
    assert "<del>RECRUITING</del>" in page
    assert "<ins>COMPLETED</ins>" in page
    assert "2025-09-01" in page
    first = open_page(HOSTILE, "history/", version=1)
    assert "Nothing stands before this version" in first


def test_sites_can_be_filtered_and_read_page_by_page(open_page: Any) -> None:
    page = open_page(LARGE)
    assert "500 of 500 sites" in page
    assert page.count("Hospital ") == 50
    assert "20 · 13 recruiting" in page or "20 · 14 recruiting" in page
    part = open_page(LARGE, part="sites", country="Country 7", site_status="RECRUITING")
    assert "<html" not in part
    assert re.search(r"1[34] of 500 sites", part)
    assert "Hospital 499" in open_page(LARGE, part="sites", site="hospital 499")
    assert "Nothing to show" in open_page(LARGE, part="sites", site="nowhere")
    assert open_page(LARGE, part="sites", sites=10).count("Hospital ") == 50
    assert open_page(LARGE, part="sites", sites=999).count("Hospital ") == 50, "past the end is the last page"


def test_adverse_events_of_a_large_study_are_sorted_and_paged(open_page: Any) -> None:
    by_system = open_page(LARGE, results="events", part="posted")
    assert "Page 1 of" in by_system
    found = open_page(LARGE, results="events", term="term 0077", part="posted")
    assert re.findall(r"Term \d{4}", found) == ["Term 0077"]
    alphabetical = re.findall(r"Term \d{4}", open_page(LARGE, results="events", sort="term", part="posted"))
    assert alphabetical[:2] == ["Term 0000", "Term 0001"]
    share = open_page(LARGE, results="events", sort="EG001", part="posted")
    assert "4 / 1000 (0.4\u202f%)" in share.split("</tr>")[6]
    later = open_page(LARGE, results="events", sort="term", serious=2, part="posted")
    assert "Term 0000" not in later


def test_a_large_record_is_quick_and_small(open_page: Any) -> None:
    """500 sites and 1,500 adverse-event rows: less than 200 ms of work and 500 kB, also in the middle of the events."""
    for asked in ({}, {"results": "events"}, {"results": "events", "sort": "affected"}):
        times = []
        for _ in range(4):
            began = time.process_time()
            page = open_page(LARGE, **asked)
            times.append(time.process_time() - began)
        assert min(times) < 0.2
        assert len(page.encode()) < 500_000


def test_one_study_can_be_downloaded(open_page: Any, trial: Path) -> None:
    assert json.loads(open_page(WITH_RESULTS, "download.json"))["hasResults"] is True
    rows = list(csv.reader(io.StringIO(open_page(HOSTILE, "download.csv"))))
    assert rows[1][1] == f"'=HYPERLINK(1) {EVIL}", "no formula reaches a spreadsheet"
    assert "UR  - https://clinicaltrials.gov/study/NCT02552212" in open_page(WITH_RESULTS, "download.ris")
    assert json.loads(open_page(WITH_RESULTS, "download.fhir.json"))["resourceType"] == "ResearchStudy"
    assert Client().get(f"/studies/{WITH_RESULTS}/download.exe").status_code == 404


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


@pytest.mark.parametrize("path", ["/", RECORD, "/login/", "/search/", f"{RECORD}history/"])
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
