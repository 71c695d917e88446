"""From a snapshot to displays: what the tables say is what was captured, and every count closes."""

from __future__ import annotations

import dataclasses
import re
from functools import cache

import polars as pl
import pytest
from lxml import html as lxml_html
from snapshots import make_snapshot

from trialwright.analyse import analyse
from trialwright.analyse.analysis import Analysis
from trialwright.evidence.results import Display
from trialwright.evidence.snapshot import Snapshot
from trialwright.kernel.errors import TrialwrightError
from trialwright.report import check_results_section, files, page, results_section
from trialwright.study.definition import Study
from trialwright.study.load import load_study


@cache
def study() -> Study:
    return load_study("nct07208058")


@pytest.fixture(scope="module")
def taken() -> Snapshot:
    return make_snapshot(study(), 11, 12)


@pytest.fixture(scope="module")
def analysis(taken: Snapshot) -> Analysis:
    return analyse(study(), taken)


def _display(analysis: Analysis, id_: str) -> Display:
    return next(d for d in analysis.results.displays if d.id == id_)


def _cell(display: Display, label: str, column: int = 0) -> str:
    return next(row.cells[column] for row in display.table.rows if row.label == label)


def test_flow_counts_each_captured_subject_once(analysis: Analysis, taken: Snapshot) -> None:
    flow = analysis.results.flow
    states = [s.state for s in taken.subjects]
    assert flow.screened == len(states)
    assert flow.started == sum(s.enrolled is not None for s in taken.subjects)
    assert flow.completed == states.count("completed")
    assert flow.started == flow.completed + sum(n for _, n in flow.reasons)
    assert flow.screened == flow.started + sum(n for _, n in flow.screen_failures)


def test_screen_failures_stand_at_the_first_failing_criterion_in_the_records_order(analysis: Analysis) -> None:
    labels = [label.split()[0] for label, _ in analysis.results.flow.screen_failures]
    order = [c.id for c in study().eligibility.criteria]
    assert labels
    assert labels == sorted(labels, key=order.index)


def test_a_subject_who_is_still_on_study_counts_as_not_completed_with_that_word(taken: Snapshot) -> None:
    rows = list(taken.subjects)
    place = next(i for i, s in enumerate(rows) if s.state == "completed")
    rows[place] = dataclasses.replace(rows[place], state="enrolled", ended=None, end_reason="")
    flow = analyse(study(), dataclasses.replace(taken, subjects=tuple(rows))).results.flow
    assert dict(flow.reasons)["Still on study at the cut"] == 1


def test_events_are_those_of_dosed_subjects_from_the_first_dose_on(analysis: Analysis, taken: Snapshot) -> None:
    term = study().endpoints.event_forms.term
    captured = [v for v in taken.values if v.item == term and v.value]
    rows = analysis.adam["ADAE"].frame.filter(pl.col("TRTEMFL") == "Y")
    assert analysis.adam["ADAE"].frame.height == len(captured)
    assert sum(e.events for e in analysis.results.events.terms) == rows.height
    overview = _display(analysis, "adverse-events-overview")
    assert _cell(overview, "Any adverse event", 1) == str(rows.height)
    assert _cell(overview, "Any adverse event").split()[0] == str(rows["USUBJID"].n_unique())


def test_doses_are_those_that_were_captured(analysis: Analysis, taken: Snapshot) -> None:
    item = study().dosing.dose_item
    given = [float(v.value) for v in taken.values if v.item == item and float(v.value) > 0]
    exposure = _display(analysis, "exposure")
    total = _cell(exposure, "Doses given late")
    assert total.endswith(f"of {len(given)}")


def test_the_primary_outcome_has_its_interval_and_the_test_of_the_definition(analysis: Analysis) -> None:
    (primary,) = [o for o in analysis.results.outcomes if o.rank == "primary"]
    (test,) = primary.tests
    planned = study().endpoints.primary().test
    assert planned is not None
    assert test.null == planned.null
    assert test.low <= test.estimate <= test.high
    assert primary.analysed == analysis.results.flow.started


def test_every_endpoint_has_an_outcome_and_every_aim_a_display(analysis: Analysis) -> None:
    assert [o.endpoint for o in analysis.results.outcomes] == [e.id for e in study().endpoints.endpoints]
    assert len(analysis.results.displays) >= 12


def test_numbers_are_unique_and_in_order(analysis: Analysis) -> None:
    numbers = [tuple(map(int, d.number.split("."))) for d in analysis.results.displays]
    assert numbers == sorted(set(numbers))
    assert len({d.id for d in analysis.results.displays}) == len(numbers)


def test_each_display_says_its_finding_with_a_number_and_fills_its_columns(analysis: Analysis) -> None:
    for display in analysis.results.displays:
        assert display.finding.endswith("."), display.id
        assert re.search(r"\d|No ", display.finding), display.id
        assert re.search(r"N = \d+", display.population), display.id
        assert display.table.stub, display.id
        assert {len(r.cells) for r in display.table.rows} <= {0, len(display.table.columns)}, display.id
        told = [display.finding, *(c for r in display.table.rows for c in r.cells)]
        assert not any(re.search(r"\b(nan|inf|None)\b", text) for text in told), display.id


def test_figures_speak(analysis: Analysis) -> None:
    figures = [d.figure for d in analysis.results.displays if d.figure]
    assert len(figures) >= 8
    for figure in figures:
        assert "<title>" in figure.svg
        assert len(figure.alt) > 40


def test_the_results_section_closes(analysis: Analysis) -> None:
    assert check_results_section(results_section(analysis.results, study())) == []


def test_same_snapshot_same_results(analysis: Analysis, taken: Snapshot) -> None:
    assert analyse(study(), taken).results == analysis.results


def test_a_snapshot_of_nobody_is_an_empty_report_not_a_crash(taken: Snapshot) -> None:
    empty = dataclasses.replace(taken, subjects=(), visits=(), values=(), criteria=())
    found = analyse(study(), empty).results
    assert found.flow.screened == 0
    assert "0 of 0 screened subjects were enrolled" in page(study(), found, empty)
    assert check_results_section(results_section(found, study())) == []


def test_the_report_needs_no_other_file_and_its_links_hit(analysis: Analysis, taken: Snapshot) -> None:
    written = dict(files(study(), analysis.results, taken, beside=["sdtm/dm.xpt"]))
    report = lxml_html.document_fromstring(written["report.html"].decode())
    assert not report.xpath("//script | //link | //img | //iframe | //body//style")
    assert not re.search(rb"(src|href)\s*=\s*[\"'](https?:)?//", written["report.html"])
    assert b"url(" not in written["report.html"]
    ids = report.xpath("//@id")
    assert len(ids) == len(set(ids))
    links = report.xpath("//a/@href")
    assert {h[1:] for h in links if h.startswith("#")} <= set(ids)
    assert {h for h in links if not h.startswith("#")} == (set(written) | {"sdtm/dm.xpt"}) - {"report.html"}


def test_every_table_comes_as_page_and_document_and_says_virtual(analysis: Analysis, taken: Snapshot) -> None:
    written = dict(files(study(), analysis.results, taken))
    pages = {name[:-5] for name in written if name.startswith("tables/") and name.endswith(".html")}
    assert pages == {name[:-4] for name in written if name.endswith(".rtf")}
    assert len(pages) == len(analysis.results.displays)
    assert all(b"irtual data" in content for name, content in written.items() if name != "results.json")


def test_counts_that_do_not_close_are_refused() -> None:
    from trialwright.analyse.displays.disposition import check
    from trialwright.evidence.results import Flow

    with pytest.raises(TrialwrightError, match="44 were screened, but 30 were enrolled and 13 were not"):
        check(Flow(44, (("I04", 13),), 30, (), 30, ()))


@pytest.mark.parametrize("kept", ["complete_response", "time_to_response", "antibodies"])
def test_a_definition_with_other_endpoints_gets_other_displays(taken: Snapshot, kept: str) -> None:
    whole = study()
    chosen = tuple(e for e in whole.endpoints.endpoints if e.id == kept)
    less = whole.model_copy(update={"endpoints": whole.endpoints.model_copy(update={"endpoints": chosen})})
    found = analyse(less, taken).results
    assert [o.endpoint for o in found.outcomes] == [kept]
    assert check_results_section(results_section(found, less)) == []
    assert page(less, found, taken)


def test_a_participant_of_unknown_sex_and_age_is_counted_as_unknown(taken: Snapshot) -> None:
    who = next(s.subject for s in taken.subjects if s.enrolled)
    unknown = {i.id for i in study().items if i.sdtm and i.sdtm.variable in ("SEX", "BRTHDTC")}
    values = tuple(v for v in taken.values if v.subject != who or v.item not in unknown)
    found = analyse(study(), dataclasses.replace(taken, values=values)).results
    measures = {m.title: m for m in found.baseline}
    for title in ("Age, Customized", "Sex/Gender, Customized"):
        assert sum(int(s.value or 0) for s in measures[title].stats) == found.flow.started
    assert check_results_section(results_section(found, study())) == []
