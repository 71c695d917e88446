"""A study that came from another system is captured like any other, and its records go back in that system's form."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from trialwright.conduct import actions, extract, worklists
from trialwright.conduct.actions import Entry, FormErrors
from trialwright.conduct.exchange import of_snapshot, redcap_out
from trialwright.conduct.exchange.files import bring_in_files
from trialwright.formats.redcap import write_table

AT = dt.datetime(2026, 3, 2, 1, 0, tzinfo=dt.UTC)


def test_a_redcap_project_is_opened_filled_in_and_exported(database: Path, shared: Path) -> None:
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


def test_every_form_of_an_imported_study_opens(database: Path, shared: Path) -> None:
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
