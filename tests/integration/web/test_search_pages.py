"""Searching: what is asked stands in the address, the answer is exact, and it can be taken home whole."""

from __future__ import annotations

import csv
import gzip
import io
import json
import re
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import Client
from library_folder import EVIL, HOSTILE


@pytest.fixture
def search(library_folder: Path, trial: Path, settings: Any) -> Any:
    """search(q="...") -> the page's text, over the data folder."""
    settings.TRIALWRIGHT_RECORDS = str(library_folder)

    def asked(*, answers: int = 200, part: bool = False, **parameters: Any) -> str:
        headers = {"HX-Request": "true"} if part else {}
        answer = Client().get("/search/", parameters, headers=headers)
        assert answer.status_code == answers
        return answer.content.decode()

    return asked


@pytest.fixture(scope="module")
def real(shared: Path) -> list[dict[str, Any]]:
    with gzip.open(shared / "record" / "ctgov_v2_dev.jsonl.gz", "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def count(page: str) -> int:
    found = re.search(r'<h2 role="status">(\d+) stud', page)
    assert found is not None
    return int(found[1])


def cards(page: str) -> list[str]:
    return re.findall(r'<h3><a href="/studies/(NCT\d{8})/"', page)


def test_an_empty_search_shows_everything_latest_first(search: Any) -> None:
    page = search()
    assert count(page) == 354
    assert len(cards(page)) == 20
    assert 'option value="updated" selected' in page


@pytest.mark.parametrize(
    "spelling",
    ["haemophagocytic lymphohistiocytosis", "hemophagocytic lymphohistiocytosis", "macrophage activation syndrome"],
)
def test_the_disease_is_found_in_each_of_its_spellings(search: Any, spelling: str) -> None:
    page = search(q=spelling)
    assert "NCT07208058" in cards(page)
    assert "Study definition" in page
    assert "<mark>" in page


def test_facets_count_what_the_answer_holds(search: Any, real: list[dict[str, Any]]) -> None:
    page = search()
    choices = re.findall(r'name="status" value="(\w+)".*?<span class="soft">(\d+)</span>', page)
    assert sum(int(n) for _, n in choices) == 354
    for value, told in choices[:4]:
        narrowed = search(status=value)
        assert count(narrowed) == int(told)
        assert re.search(rf'value="{value}" checked', narrowed)
    assert count(search(status=[value for value, _ in choices[:2]])) == sum(int(n) for _, n in choices[:2])


def test_every_filter_narrows(search: Any) -> None:
    whole = count(search())
    for asked in (
        {"phase": "PHASE3"}, {"type": "OBSERVATIONAL"}, {"sex": "MALE"}, {"age": "6", "age_unit": "months"},
        {"condition": "cancer"}, {"intervention": "placebo"}, {"country": "France"}, {"city": "Paris"},
        {"sponsor": "university"}, {"class": "INDUSTRY"}, {"results": "yes"}, {"healthy": "yes"},
        {"start_from": "2023-01-01"}, {"completion_to": "2020"}, {"updated_from": "2025-01"}, {"std_age": "CHILD"},
        {"intervention_type": "DRUG"},
    ):  # fmt: skip
        page = search(**asked)
        assert 0 < count(page) < whole, asked
        assert "Filters (1)" in page


def test_an_age_needs_a_unit(search: Any) -> None:
    page = search(answers=400, q="cancer", age="5", age_unit="")
    assert "An age needs its unit" in page
    assert 'value="cancer"' in page, "what was typed is kept"
    assert 'name="age" type="text" inputmode="decimal" value="5"' in page
    assert count(search(age="60 months")) == count(search(age="5", age_unit="years"))
    assert "not an age" in search(answers=400, age="old", age_unit="years")


@pytest.mark.parametrize(
    ("query", "column", "sentence"),
    [("(cancer", 0, "bracket"), ('lung AND "small cell', 9, "quotation mark"), ("AREA[Phasee]3", 5, "Phase")],
)
def test_a_slip_in_the_query_is_pointed_at(search: Any, query: str, column: int, sentence: str) -> None:
    page = unescape(search(answers=400, q=query))
    assert f'value="{query}"' in page
    caret = re.search(r'<pre class="caret">(.*?)\n( *)\^</pre>', page, re.DOTALL)
    assert caret is not None
    assert caret[1] == query
    assert abs(len(caret[2]) - column) <= 5
    assert sentence in page.split('id="wrong-q"')[1].split("</div>")[0]
    assert "cursor" not in page


def test_wrong_values_are_told_beside_their_field(search: Any) -> None:
    assert "is not a day" in search(answers=400, start_from="yesterday")
    assert "does not exist" in search(answers=400, phase="PHASE9")
    page = search(answers=400, sex="FOO").replace("&#39;", "'")
    assert "There is no sex of a patient 'FOO'. Known: female, male." in page
    for name in ("results", "healthy", "sort"):
        page = search(answers=400, **{name: "zzz"})
        assert "zzz" in page.split(f'id="wrong-{name}"')[1].split("</p>")[0], name
    assert "end before they begin: 2026 to 2025-01" in search(answers=400, start_from="2026", start_to="2025-01")
    assert Client().get("/search/download.ndjson", {"sex": "FOO"}).status_code == 400


def test_pages_follow_by_cursor_and_each_study_comes_once(search: Any) -> None:
    page, seen = search(q="cancer"), []
    total = count(page)
    for _ in range(20):
        seen += cards(page)
        following = re.search(r'rel="next" href="\?*([^"]*)"', page)
        if following is None:
            break
        asked = parse_qs(urlsplit(unescape(following[1])).query)
        page = search(**{name: values[0] for name, values in asked.items()})
    assert len(seen) == len(set(seen)) == total


def test_a_cursor_of_another_search_is_refused_in_words(search: Any) -> None:
    following = re.search(r'rel="next" href="([^"]*)"', search(q="cancer"))
    assert following is not None
    cursor = parse_qs(urlsplit(unescape(following[1])).query)["cursor"][0]
    page = search(answers=400, q="diabetes", cursor=cursor)
    assert "First page" in page
    assert "nonsense" not in search(answers=400, cursor="nonsense").split("<main")[1].split("value=")[0]


def test_the_address_holds_the_whole_search(search: Any) -> None:
    page = Client().get("/search/?q=cancer&status=RECRUITING&status=COMPLETED&sort=enrolment&lang=en").content.decode()
    link = re.findall(r'href="/search/\?([^"]*)">Link to this search', page)
    assert parse_qs(unescape(link[0])) == {
        "q": ["cancer"], "status": ["RECRUITING", "COMPLETED"], "sort": ["enrolment"]
    }  # fmt: skip


def test_htmx_takes_only_the_part_that_changes(search: Any) -> None:
    assert "<html" not in search(q="cancer", part=True)
    assert "pointed" not in search(q="(x", part=True)


def test_what_is_typed_or_found_is_never_html(search: Any) -> None:
    page = search(q="made up", sort="updated") + search(condition=EVIL)
    assert "<script>alert" not in page
    assert "&lt;script&gt;" in page


@pytest.mark.parametrize("form", ["csv", "json", "ndjson", "ris", "fhir.ndjson"])
def test_the_whole_answer_is_downloaded(search: Any, form: str) -> None:
    total = count(search(q="cancer"))
    assert total > 20, "more than one page of it"
    answer = Client().get(f"/search/download.{form}", {"q": "cancer"})
    assert answer.streaming
    assert f"studies.{form}" in answer.headers["Content-Disposition"]
    text = b"".join(answer).decode()
    found = {
        "csv": lambda: list(csv.reader(io.StringIO(text)))[1:],
        "json": lambda: json.loads(text),
        "ndjson": lambda: list(map(json.loads, text.splitlines())),
        "ris": lambda: re.findall(r"^ER  - ", text, re.MULTILINE),
        "fhir.ndjson": lambda: [r for r in map(json.loads, text.splitlines()) if r["resourceType"] == "ResearchStudy"],
    }[form]()
    assert len(found) == total


def test_a_download_of_nothing_is_well_formed(search: Any) -> None:
    assert count(search(q="zzzzzzzz")) == 0
    for form, wanted in (("json", []), ("csv", 1)):
        text = b"".join(Client().get(f"/search/download.{form}", {"q": "zzzzzzzz"})).decode()
        assert (json.loads(text) if form == "json" else len(text.splitlines())) == wanted


def test_a_download_neutralises_formulas_and_refuses_slips(search: Any) -> None:
    text = b"".join(Client().get("/search/download.csv", {"q": HOSTILE})).decode("utf-8-sig")
    assert next(csv.DictReader(io.StringIO(text)))["Study Title"].startswith("'=HYPERLINK")
    slip = Client(raise_request_exception=False).get("/search/download.csv", {"q": "(a"})
    assert slip.status_code == 400


def test_the_page_speaks_chinese(search: Any) -> None:
    page = search(q="cancer", lang="zh")
    assert "检索研究" in page
    assert re.search(r"\d+ 项研究", page)
    assert "招募中" in page
