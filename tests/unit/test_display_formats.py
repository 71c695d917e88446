"""A display as a page and as a document: complete, accessible, harmless, the same bytes each time."""

from __future__ import annotations

import re

import pytest
from lxml import html as lxml_html

from trialwright.evidence.results import Display, Figure, Row, Table
from trialwright.formats import html, rtf, svg

FIGURE = Figure(
    svg.flow(svg.Words("30 of 44 were enrolled", "44 screened."), [svg.Step("Screened", 44)]), "44 screened."
)
DISPLAY = Display(
    id="disposition",
    number="14.1.1",
    title="Disposition <of> subjects",
    finding="30 of 44 screened subjects were enrolled.",
    population="All screened subjects (N = 44)",
    table=Table(
        "Status",
        ("All (N = 44)", "Female"),
        (
            Row("Screened", ("44", "20")),
            Row("Not enrolled"),
            Row("E08 Kidney \\ {eGFR} ≥ 60 µmol/L 中文", ("14 (31.8 %)", "6"), 1),
            Row("<script>alert(1)</script>", ("0", "0")),
        ),
    ),
    figure=FIGURE,
    footnotes=("CI: confidence interval.",),
    datasets=("ADSL", "DS"),
)


def _page(virtual: bool = True) -> lxml_html.HtmlElement:
    return lxml_html.document_fromstring(html.display_page(DISPLAY, study="NCT07208058", virtual=virtual))


def test_a_page_has_one_language_title_main_and_first_heading() -> None:
    page = _page()
    assert page.get("lang") == "en"
    assert page.findtext(".//title") == "14.1.1 Disposition <of> subjects"
    assert len(page.findall(".//main")) == 1
    assert len(page.findall(".//h1")) == 1
    assert page.xpath("//meta[@name='viewport']")


def test_every_cell_has_its_headings() -> None:
    (table,) = _page().findall(".//table")
    assert table.findtext("caption") == "Disposition <of> subjects. 30 of 44 screened subjects were enrolled."
    assert [th.get("scope") for th in table.findall("thead//th")] == ["col"] * 3
    assert {th.get("scope") for th in table.findall("tbody//th")} == {"row", "rowgroup"}
    for row in table.findall("tbody/tr"):
        cells = row.findall("td")
        assert len(cells) in (0, 2)
        assert row.findall("th")


def test_everything_lies_in_a_landmark() -> None:
    outside = [e.tag for e in _page().find("body") if e.tag not in ("header", "main", "aside", "a")]
    assert outside == []


def test_ids_are_unique_and_references_hit() -> None:
    page = _page()
    ids = page.xpath("//@id")
    assert len(ids) == len(set(ids))
    assert set(page.xpath("//@aria-labelledby")) <= set(ids)
    assert {h[1:] for h in page.xpath("//@href")} <= set(ids)


def test_what_scrolls_can_be_reached_by_keyboard_and_has_a_name() -> None:
    for box in _page().xpath("//*[contains(@class, 'tw-scroll')]"):
        assert box.get("tabindex") == "0"
        assert box.get("role") == "region"
        assert box.get("aria-label")


def test_virtual_data_say_so_and_real_data_do_not() -> None:
    assert "Virtual data" in _page(virtual=True).text_content()
    assert "Virtual data" not in _page(virtual=False).text_content()
    assert rtf.VIRTUAL in rtf.write(DISPLAY, study="S", virtual=True)
    assert rtf.VIRTUAL not in rtf.write(DISPLAY, study="S", virtual=False)


def test_text_is_never_markup() -> None:
    page = _page()
    assert not page.findall(".//script")
    assert "<script>alert(1)</script>" in page.text_content()


def test_nothing_comes_from_elsewhere() -> None:
    text = html.display_page(DISPLAY, study="S", virtual=True)
    assert not re.search(r"(src|href)\s*=\s*[\"'](https?:)?//", text)
    assert "@import" not in text
    assert "url(" not in text


def test_a_folded_table_opens_from_its_summary() -> None:
    folded = lxml_html.fragment_fromstring(html.fragment(DISPLAY, folded=True))
    assert folded.findtext(".//details[@class='tw-fold']/summary") == "Table 14.1.1"
    assert folded.find(".//details[@class='tw-fold']//table") is not None


@pytest.mark.parametrize("virtual", [True, False])
def test_rtf_is_ascii_balanced_and_the_same_each_time(virtual: bool) -> None:
    text = rtf.write(DISPLAY, study="NCT07208058 · X", virtual=virtual)
    assert text == rtf.write(DISPLAY, study="NCT07208058 · X", virtual=virtual)
    assert text.isascii()
    bare = re.sub(r"\\[\\{}]", "", text)
    assert bare.count("{") == bare.count("}")
    assert text.startswith("{\\rtf1")


def test_rtf_keeps_every_character() -> None:
    text = rtf.write(DISPLAY, study="S", virtual=True)
    assert "E08 Kidney \\\\ \\{eGFR\\} \\u8805? 60 \\u181?mol/L \\u20013?\\u25991?" in text


def test_rtf_takes_a_character_beyond_the_first_plane() -> None:
    odd = Display("x", "1.1", "t", "f", "p", Table("😀", ("n",), (Row("a", ("1",)),)))
    assert "\\u-10179?\\u-8704?" in rtf.write(odd, study="S", virtual=False)
