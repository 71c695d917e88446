"""A study that came from another system is captured like any other, and its records go back in that system's form."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest
from kept import Kept

from trialwright.conduct import actions, extract, worklists
from trialwright.conduct.actions import Entry, FormErrors
from trialwright.conduct.exchange import of_snapshot, questionnaire_data, redcap_out
from trialwright.conduct.exchange.files import bring_in_files
from trialwright.conduct.rules.policy import Person
from trialwright.formats.redcap import write_table
from trialwright.study.definition import Study

AT = dt.datetime(2026, 3, 2, 1, 0, tzinfo=dt.UTC)


def test_a_redcap_project_is_opened_filled_in_and_exported(database: Kept, shared: Path) -> None:
    study = bring_in_files(shared / "redcap" / "checkboxes-1" / "dictionary.csv").study
    actions.open_study(study, virtual=True, at=AT)
    nurse = actions.add_person(study.id, "nurse", "Nurse", "investigator", at=AT)
    actions.activate_site(study.id, "01", at=AT)
    subject = actions.register_subject(study.id, "01", by=nurse, at=AT)
    actions.record_consent(study.id, subject, by=nurse, at=AT)
    actions.start_visit(study.id, subject, "visit", by=nurse, at=AT)
    entries = [
        Entry("check_one", "4; 1"), Entry("desired_result", "two\nlines"), Entry("form_2_complete", "2"),
    ]  # fmt: skip
    with pytest.raises(FormErrors, match="'9' is not one of the choices"):
        actions.save_form(study.id, subject, "form_2", [Entry("check_one", "1;9")], visit="visit", by=nurse, at=AT)
    actions.save_form(study.id, subject, "form_2", entries, visit="visit", by=nurse, at=AT)
    sheet = worklists.form_view(study.id, subject, "form_2", nurse, visit="visit")
    (held,) = [f for g in sheet.groups for row in g.rows for f in row.fields if f.item == "check_one"]
    assert held.value == "1;4"
    table = redcap_out.send_out(study, of_snapshot(extract.snapshot(study.id)))
    row = dict(zip(table.header, table.rows[0], strict=True))
    assert [row[f"check_one___{n}"] for n in range(1, 5)] == ["1", "0", "0", "1"]
    assert (row["record_id"], row["desired_result"], row["form_2_complete"]) == (subject, "two\nlines", "2")
    assert '"two\nlines"' in write_table(table)
    book = worklists.casebook(study.id, subject, nurse)
    assert book.subject == subject


def test_every_form_of_an_imported_study_opens(database: Kept, shared: Path) -> None:
    """Also one whose group holds a text and no field."""
    files = [shared / "openedc" / name for name in ("metadata.xml", "clinicaldata.xml")]
    study = bring_in_files(files[0], files[1:]).study
    actions.open_study(study, virtual=True, at=AT)
    nurse = actions.add_person(study.id, "nurse", "Nurse", "investigator", at=AT)
    actions.activate_site(study.id, "01", at=AT)
    subject = actions.register_subject(study.id, "01", by=nurse, at=AT)
    actions.record_consent(study.id, subject, by=nurse, at=AT)
    for visit in study.schedule.visits:
        for form in visit.forms:
            sheet = worklists.form_view(study.id, subject, form, nurse, visit=visit.id)
            assert len(sheet.groups) == len(study.form_by_id[form].groups)


def test_a_questionnaire_is_captured_and_its_answers_go_back(database: Path, shared: Path) -> None:
    study = bring_in_files(shared / "questionnaire" / "screener-questionnaire.json").study
    nurse, subject = opened(study)
    actions.start_visit(study.id, subject, "visit", by=nurse, at=AT)
    entries = [
        Entry("in_the_past_two_weeks_have_you_experienc", "49727002;386661006"),
        Entry("do_you_smoke_cigarettes", "8392000"), Entry("record_temperature", "36.6"),
    ]  # fmt: skip
    with pytest.raises(FormErrors, match="is impossible"):
        actions.save_form(
            study.id, subject, "screener", [Entry("record_temperature", "366")], visit="visit", by=nurse, at=AT
        )
    actions.save_form(study.id, subject, "screener", entries, visit="visit", by=nurse, at=AT)
    values = of_snapshot(extract.snapshot(study.id)).values
    response = questionnaire_data.response_of(study, study.form_by_id["screener"], values, subject)
    back = questionnaire_data.Answers(study).values(response, study.form_by_id["screener"], subject)
    assert {v.item: v.value for v in back} == {v.item: v.value for v in values}
    assert len(back) == 3


def test_every_form_of_a_usdm_study_opens_and_takes_values(database: Path, shared: Path) -> None:
    study = bring_in_files(shared / "usdm" / "CDISC_Pilot_Study.json").study
    nurse, subject = opened(study)
    for visit in study.schedule.visits[:3]:
        actions.start_visit(study.id, subject, visit.id, by=nurse, at=AT)
        for form in visit.forms:
            sheet = worklists.form_view(study.id, subject, form, nurse, visit=visit.id)
            assert len(sheet.groups) == len(study.form_by_id[form].groups)
    weight = [Entry("weight", "71.5", "kg"), Entry("temp", "36.6", "Cel")]
    form = "vital_signs_and_temperature"
    saved = actions.save_form(study.id, subject, form, weight, visit="screening_2", by=nurse, at=AT)
    assert saved.changed == 2
    log = [Entry("aeterm", "Headache", row=1), Entry("aeterm", "Rash", row=2)]
    assert actions.save_form(study.id, subject, "adverse_events", log, by=nurse, at=AT).changed == 2


def opened(study: Study) -> tuple[Person, str]:
    """A nurse and a consenting subject of a study that is open."""
    actions.open_study(study, virtual=True, at=AT)
    nurse = actions.add_person(study.id, "nurse", "Nurse", "investigator", at=AT)
    actions.activate_site(study.id, "01", at=AT)
    subject = actions.register_subject(study.id, "01", by=nurse, at=AT)
    actions.record_consent(study.id, subject, by=nurse, at=AT)
    return nurse, subject
