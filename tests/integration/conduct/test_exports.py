"""Exports: what one person may see, whole and readable by others, with who did what; on both databases."""

from __future__ import annotations

import csv
import datetime as dt
import io
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest
from conftest import run_program
from lxml import etree

from trialwright.formats.odm.document import Document, GroupData, ItemData
from trialwright.kernel.errors import InputError, Refused, UnknownName, UserError
from trialwright.study.definition import Study

if TYPE_CHECKING:
    from trialwright.conduct.actions import Person

AT = dt.datetime(2026, 3, 2, 1, 0, tzinfo=dt.UTC)


@pytest.fixture
def subject(desk: Any) -> str:
    """A subject with a changed value, a query with its exchange, a verified value, a signature that is void, one that
    stands, rows that repeat, and a text that a spreadsheet program would run.
    """
    from trialwright.conduct import actions
    from trialwright.conduct.actions import Entry

    name = str(desk.screened())
    do: dict[str, Any] = {"by": desk.investigator, "at": AT + dt.timedelta(hours=1)}
    vitals: dict[str, Any] = {"visit": "screening", **do}
    lab = [Entry("creatinine", "80", "umol/L", low=45.0, high=84.5, when="2026-03-01")]
    actions.save_form(desk.study, name, "lab", lab, **vitals)
    signing: dict[str, Any] = {"visit": "screening", "meaning": "approval", "factor": "password+totp", **do}
    actions.sign(desk.study, name, "lab", **signing)
    changed = [Entry("creatinine", "0.9", "mg/dL", when="2026-03-01")]
    actions.save_form(desk.study, name, "lab", changed, reason="Read off wrongly", version=1, **vitals)
    actions.sign(desk.study, name, "lab", **signing)
    events = [Entry("term", "=1+1", row=1), Entry("started", "2026-03-01", row=1), Entry("term", "头痛 & ache", row=2)]
    actions.save_form(desk.study, name, "events", events, **do)
    asked = {"visit": "screening", "by": desk.monitor, "at": AT}
    number = actions.open_query(desk.study, name, "vitals", "weight", "Is this right?", **asked)
    actions.answer_query(desk.study, name, number, "It is.", **do)
    actions.verify(desk.study, name, "vitals", [("body", 1, "weight")], **asked)
    return name


def export(desk: Any, kind: str, by: Person, folder: Path, **asked: str) -> Path:
    from trialwright.conduct.export.run import export as make

    file = folder / f"{kind}.out"
    make(kind, desk.study, asked, by, file, lambda done, total: None)
    return file


def table(file: Path, name: str, bom: str = "") -> list[dict[str, str]]:
    with zipfile.ZipFile(file) as archive:
        text = archive.read(name).decode("utf-8").removeprefix(bom)
    return list(csv.DictReader(io.StringIO(text, newline=""), strict=True))


def test_a_long_table_has_every_value_with_labels_units_reasons_and_states(
    desk: Any, subject: str, tmp_path: Path
) -> None:
    rows = table(export(desk, "csv", desk.data_manager, tmp_path, shape="long"), "long.csv")
    by_item = {(row["form"], row["item"], row["row"]): row for row in rows}
    creatinine = by_item["lab", "creatinine", "1"]
    assert (creatinine["value"], creatinine["unit"], creatinine["when"]) == ("0.9", "mg/dL", "2026-03-01")
    assert (creatinine["form_state"], creatinine["signed"], creatinine["version"]) == ("signed", "yes", "2")
    sex = by_item["person", "sex", "1"]
    assert (sex["value"], sex["value_label"], sex["visit_label"]) == ("female", "Female", "Screening")
    assert by_item["vitals", "weight", "1"]["verified"] == "yes"
    assert by_item["person", "unfit", "1"]["judged_by"] == "investigator"
    assert by_item["events", "term", "1"]["value"] == "'=1+1", "no spreadsheet program runs it"
    assert by_item["events", "term", "2"]["value"] == "头痛 & ache"


def test_wide_tables_have_a_row_for_each_visit_and_each_row_that_repeats(
    desk: Any, subject: str, tmp_path: Path
) -> None:
    file = export(desk, "csv", desk.data_manager, tmp_path, shape="wide")
    (vitals,) = table(file, "wide/vitals.csv")
    assert (vitals["visit"], vitals["weight"], vitals["weight.unit"], vitals["group"]) == ("screening", "60", "kg", "")
    events = table(file, "wide/events.csv")
    assert [(row["group"], row["row"], row["started"]) for row in events] == [
        ("events", "1", "2026-03-01"), ("events", "2", ""),
    ]  # fmt: skip
    dictionary = {(line["table"], line["column"]): line for line in table(file, "dictionary.csv")}
    assert dictionary["wide/vitals", "weight"]["units"] == "g"
    assert ("person", "sex") not in dictionary
    codes = {(line["item"], line["code"]): line["meaning"] for line in table(file, "code_lists.csv")}
    assert codes["sex", "female"] == "Female"


def test_parquet_says_the_same_as_csv_with_numbers_as_numbers(desk: Any, subject: str, tmp_path: Path) -> None:
    told = table(export(desk, "csv", desk.data_manager, tmp_path), "long.csv")
    with zipfile.ZipFile(export(desk, "parquet", desk.data_manager, tmp_path)) as archive:
        long = pl.read_parquet(io.BytesIO(archive.read("long.parquet")))
        wide = pl.read_parquet(io.BytesIO(archive.read("wide/vitals.parquet")))
    assert long["value"].to_list() == [row["value"].removeprefix("'") or None for row in told]
    assert long.filter(pl.col("item") == "creatinine")["number"].to_list() == [0.9]
    assert wide["weight.number"].to_list() == [60.0]


def test_a_large_table_is_several_files_that_are_read_as_one(
    desk: Any, subject: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from trialwright.conduct.export import sheets

    monkeypatch.setattr(sheets, "PIECE", 60)
    with zipfile.ZipFile(export(desk, "parquet", desk.data_manager, tmp_path, shape="long")) as archive:
        archive.extractall(tmp_path)
    pieces = sorted((tmp_path / "long").glob("*.parquet"))
    assert len(pieces) > 2
    told = table(export(desk, "csv", desk.data_manager, tmp_path), "long.csv")
    assert pl.read_parquet(tmp_path / "long" / "*.parquet")["item"].to_list() == [row["item"] for row in told]


def test_excel_and_the_chinese_have_their_options(desk: Any, subject: str, tmp_path: Path) -> None:
    file = export(desk, "csv", desk.data_manager, tmp_path, bom="yes", lang="zh", shape="long")
    with zipfile.ZipFile(file) as archive:
        assert archive.read("long.csv").startswith(b"\xef\xbb\xbf")
        assert "模拟" in archive.read("README.txt").decode()
    assert {row["value_label"] for row in table(file, "long.csv", "\ufeff") if row["item"] == "unfit"} == {"否"}


@pytest.mark.parametrize("version", ["odm1.3", "odm2.0"])
def test_odm_tells_who_wrote_signed_and_asked_and_loses_no_value(
    desk: Any, subject: str, tmp_path: Path, shared: Path, version: str
) -> None:
    from trialwright.formats.odm import read

    content = export(desk, version, desk.data_manager, tmp_path).read_bytes()
    document = read(content)
    assert not document.notes
    if document.second:
        schema = etree.XMLSchema(etree.parse(shared / "odm2" / "schema" / "ODM.xsd"))
        assert schema.validate(etree.fromstring(content)), schema.error_log
    admin = document.admin[0]
    assert {"U.investigator", "U.monitor"} <= {user.oid for user in admin.users}
    assert {place.oid for place in admin.locations} == {"L.01", "L.02"}
    forms, items = _parts(document)
    creatinine = items["F.lab", "I.creatinine", ""]
    assert creatinine.values == ("0.9",)
    unit = items["F.lab", "I.creatinine.unit", ""].values[0] if document.second else creatinine.unit
    assert unit.removeprefix("MU.") == "mg/dL"
    assert creatinine.audit is not None
    assert (creatinine.audit.user, creatinine.audit.location) == ("U.investigator", "L.01")
    assert (creatinine.audit.reason, creatinine.audit.at) == ("Read off wrongly", "2026-03-02T10:00:00+08:00")
    assert items["F.events", "I.term", "1"].values == ("=1+1",)
    judged = items["F.person", "I.unfit", ""].signature
    assert judged is not None
    assert judged.user == "U.investigator"
    signature = forms["F.lab"].signature
    assert signature is not None
    assert next(known for known in admin.signatures if known.oid == signature.meaning).meaning == "approval"
    assert ["void" in note.comment for note in forms["F.lab"].annotations] == [True, False]
    asked = items["F.vitals", "I.weight", ""]
    if document.second:
        (query,) = asked.queries
        assert (query.source, query.state, query.text) == ("Site Monitor", "Answered", "Is this right?")
        assert [entry.reason for entry in query.audits] == ["", "It is."]
    else:
        (note,) = asked.annotations
        assert "Is this right?" in note.comment
        assert "It is." in note.comment


def _parts(document: Document) -> tuple[dict[str, GroupData], dict[tuple[str, str, str], ItemData]]:
    """Forms by OID, and values by (form, item, row) of the one subject."""
    (subject,) = document.data[0].subjects
    forms = {form.oid: form for event in subject.events for form in event.groups}
    groups = [(form, group) for form in forms.values() for group in form.groups]
    return forms, {(form.oid, item.oid, group.repeat): item for form, group in groups for item in group.items}


@pytest.mark.parametrize("version", ["1.3.2", "2.0"])
def test_odm_written_quickly_is_what_the_plain_writer_writes(desk: Any, subject: str, version: str) -> None:
    from trialwright.conduct.export.odm import Exporter
    from trialwright.conduct.export.reading import scope
    from trialwright.formats.odm import write

    exporter = Exporter(scope(desk.study, desk.data_manager), version)
    quick, plain = (write(exporter.document(lambda more: None, plain=plain)) for plain in (False, True))
    assert etree.tostring(etree.fromstring(quick), method="c14n") == etree.tostring(
        etree.fromstring(plain), method="c14n"
    )


def test_the_same_data_give_the_same_bytes(desk: Any, subject: str, tmp_path: Path) -> None:
    for kind in ("csv", "parquet", "odm1.3", "odm2.0", "casebook"):
        once = export(desk, kind, desk.data_manager, tmp_path, subject=subject).read_bytes()
        assert export(desk, kind, desk.data_manager, tmp_path, subject=subject).read_bytes() == once


def test_a_casebook_tells_everything_and_is_an_accessible_pdf(desk: Any, subject: str, tmp_path: Path) -> None:
    from trialwright.conduct import actions
    from trialwright.conduct.export.casebook import Casebook
    from trialwright.conduct.export.reading import scope
    from trialwright.conduct.export.told import Told

    actions.seal(desk.study)
    mine = scope(desk.study, desk.data_manager, subject)
    content = Casebook(mine, Told("en")).content(next(mine.read()))
    forms = {form["title"]: form for visit in content["visits"] for form in visit["forms"]}
    lab, vitals = forms["Laboratory"], forms["Vital signs"]
    assert [line[0] for line in lab["signatures"]] == [
        "I have reviewed this and confirm that it is complete and correct."
    ] * 2
    assert [line[4] for line in lab["signatures"]] == ["Void since the content was changed", "Valid"]
    changed = lab["history"][-1]
    assert [cell.split()[0] for cell in changed["rows"][0]] == ["Creatinine", "80", "0.9"]
    assert changed["head"].endswith(
        " · 2026-03-02 10:00:00+08:00 · investigator (investigator) · Reason: Read off wrongly"
    )
    assert vitals["groups"][0]["rows"][0][1:] == ["60 kg", "monitor, 2026-03-02"]
    assert "It is." in vitals["queries"][-1][-1]
    assert desk.study in content["checkpoint"]
    made = export(desk, "casebook", desk.data_manager, tmp_path, subject=subject).read_bytes()
    assert made.startswith(b"%PDF")
    assert b"pdfuaid" in made
    assert b"/Outlines" in made or b"/StructTreeRoot" in made


def test_a_chinese_casebook_speaks_chinese(desk: Any, subject: str, tmp_path: Path) -> None:
    from trialwright.conduct.export.casebook import Casebook
    from trialwright.conduct.export.reading import scope
    from trialwright.conduct.export.told import Told

    mine = scope(desk.study, desk.data_manager, subject)
    content = Casebook(mine, Told("zh")).content(next(mine.read()))
    lab = next(form for visit in content["visits"] for form in visit["forms"] if form["title"] == "Laboratory")
    assert [lab["signatures"][1][n] for n in (0, 2, 4)] == ["本人已审阅，确认内容完整、正确。", "研究者", "有效"]
    assert lab["history"][-1]["head"].endswith("investigator (研究者) · 原因：Read off wrongly")
    made = export(desk, "casebook", desk.data_manager, tmp_path, subject=subject, lang="zh").read_bytes()
    assert b"pdfuaid" in made, "accessible as well"


def test_every_role_and_every_meaning_of_a_signature_has_its_words_in_a_casebook() -> None:
    from trialwright.conduct.export.told import LANGUAGES, Told
    from trialwright.conduct.rules.policy import ROLES
    from trialwright.conduct.rules.signing import MEANINGS

    assert {code: Told("en").code("signature_meaning", code) for code in MEANINGS} == dict(MEANINGS)
    for kind, codes in (("role", ROLES), ("signature_meaning", MEANINGS)):
        words = [Told(lang).code(kind, code) for lang in LANGUAGES for code in codes]
        assert len(set(words)) == len(words)


def test_casebooks_of_all_come_in_one_archive(desk: Any, subject: str, tmp_path: Path) -> None:
    other = desk.screened("02")
    with zipfile.ZipFile(export(desk, "casebook", desk.data_manager, tmp_path)) as archive:
        assert archive.namelist() == [f"casebook-{subject}.pdf", f"casebook-{other}.pdf"]


# --- Who gets what ----------------------------------------------------------------------------------------------------


@pytest.fixture
def at_02(desk: Any) -> Person:
    from trialwright.conduct import actions

    return actions.add_person(desk.study, "local", "Local investigator", "investigator", site="02", at=AT)


def test_an_export_holds_the_sites_that_the_person_may_export_and_no_other(
    desk: Any, subject: str, at_02: Person, tmp_path: Path
) -> None:
    other = desk.screened("02")
    rows = table(export(desk, "csv", at_02, tmp_path), "long.csv")
    assert {row["subject"] for row in rows} == {other}
    with pytest.raises(UnknownName, match="There is no subject"):
        export(desk, "odm1.3", at_02, tmp_path, subject=subject)
    with pytest.raises(Refused, match="may not export data"):
        export(desk, "csv", desk.monitor, tmp_path)


@pytest.fixture
def tiny(tiny: Study) -> Iterator[Study]:
    """The height is blinded."""
    items = tuple(item.model_copy(update={"blinded": item.id == "height"}) for item in tiny.items)
    return tiny.model_copy(update={"items": items})  # type: ignore[return-value]  # a fixture


def test_what_is_blinded_is_in_no_export_of_who_may_not_read_it(desk: Any, tmp_path: Path) -> None:
    from trialwright.conduct import actions
    from trialwright.conduct.actions import Entry

    subject = desk.screened()
    height = [Entry("weight", "60"), Entry("height", "167.25")]
    saved: dict[str, Any] = {"visit": "screening", "reason": "It was 167.25", "by": desk.investigator, "at": AT}
    actions.save_form(desk.study, subject, "vitals", height, version=1, **saved)
    safety = actions.add_person(desk.study, "safety", "Some safety", "safety", at=AT)
    for kind in ("csv", "odm1.3", "odm2.0"):
        seen = [_all_bytes(export(desk, kind, by, tmp_path)) for by in (desk.data_manager, safety)]
        assert [b"167.25" in content for content in seen] == [False, True], kind
    from trialwright.conduct.export.casebook import Casebook
    from trialwright.conduct.export.reading import scope
    from trialwright.conduct.export.told import Told

    mine = scope(desk.study, desk.data_manager, subject)
    assert "167.25" not in str(Casebook(mine, Told("en")).content(next(mine.read())))


def test_who_may_not_read_the_audit_trail_does_not_get_it_in_an_export(desk: Any, subject: str, tmp_path: Path) -> None:
    from trialwright.conduct import actions
    from trialwright.conduct.actions import Entry
    from trialwright.conduct.export.casebook import Casebook
    from trialwright.conduct.export.reading import scope
    from trialwright.conduct.export.told import Told

    save: dict[str, Any] = {"visit": "screening", "reason": "Slip of the pen", "by": desk.investigator, "at": AT}
    actions.save_form(desk.study, subject, "vitals", [Entry("weight", "61.75")], **save)
    for by, told in ((desk.data_manager, True), (desk.sponsor, False)):
        for kind in ("odm1.3", "odm2.0"):
            content = export(desk, kind, by, tmp_path).read_bytes()
            assert (b"Slip of the pen" in content) == told, (kind, by.username)
            assert b"61.75" in content
        mine = scope(desk.study, by, subject)
        assert ("Slip of the pen" in str(Casebook(mine, Told("en")).content(next(mine.read())))) == told


def _all_bytes(file: Path) -> bytes:
    if not zipfile.is_zipfile(file):
        return file.read_bytes()
    with zipfile.ZipFile(file) as archive:
        return b"".join(archive.read(name) for name in archive.namelist())


# --- As a job, from the command line ----------------------------------------------------------------------------------


def test_an_export_is_a_job_with_progress_whose_file_is_its_own(desk: Any, subject: str) -> None:
    from trialwright.conduct import actions
    from trialwright.conduct.actions import jobs

    number = actions.start_job(desk.study, "csv", {"shape": "long"}, desk.data_manager)
    assert actions.work_once()
    job = jobs.job(desk.study, number, desk.data_manager)
    assert (job.state, job.done) == ("done", job.total)
    file = actions.result_of(desk.study, number, desk.data_manager)
    assert file.name == "tiny.csv.zip"
    assert table(file, "long.csv")


def test_a_wish_that_cannot_be_met_is_a_sentence(desk: Any, subject: str, tmp_path: Path) -> None:
    wishes: list[tuple[str, dict[str, str], type[UserError]]] = [
        ("xlsx", {}, UnknownName), ("csv", {"shape": "round"}, UnknownName), ("csv", {"colour": "red"}, UnknownName),
        ("csv", {"lang": "de"}, UnknownName), ("csv", {"subject": "01-999"}, UnknownName),
    ]  # fmt: skip
    for kind, asked, error in wishes:
        with pytest.raises(error):
            export(desk, kind, desk.data_manager, tmp_path, **asked)
    with pytest.raises(InputError, match="cannot be written"):
        export(desk, "odm1.3", desk.data_manager, tmp_path / "nowhere")


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_the_command_writes_a_file_and_the_access_log_notes_it(
    desk: Any, database: Any, subject: str, tmp_path: Path
) -> None:
    from trialwright.conduct.store import models as db

    out = tmp_path / "out.zip"
    done = run_program(
        "conduct", "export", str(database), "--format", "csv", "--as", "sponsor", "--long", "--out", str(out)
    )
    assert done.returncode == 0, done.stderr
    assert {row["subject"] for row in table(out, "long.csv")} == {subject}
    noted = db.Access.objects.filter(what="export").get()
    assert (noted.who, noted.detail) == ("sponsor", "csv shape=long lang=en")
    again = run_program("conduct", "export", str(database), "--out", str(out))
    assert (again.returncode, "exists already" in again.stderr) == (2, True)
    assert not list(tmp_path.glob(".export-*"))


def test_the_blank_casebook_is_annotated(tmp_path: Path) -> None:
    from trialwright.conduct.export import blank
    from trialwright.conduct.export.told import Told
    from trialwright.study.load import load_study

    study = load_study("nct07208058")
    content = blank.content(study, Told("en"))
    lines = [row for chapter in content["visits"] for group in chapter["forms"][0]["groups"] for row in group["rows"]]
    notes = {line[2].split("\n")[0]: line[2] for line in lines}
    for item in (item for item in study.items if item.sdtm and item.id in notes):
        assert item.sdtm is not None
        assert item.sdtm.domain in notes[item.id]
    assert {field.item for form in study.forms for _, field in form.fields()} == set(notes)
    out = tmp_path / "crf.pdf"
    done = run_program("conduct", "casebook", study.id, "--blank", "--lang", "zh", "--out", str(out))
    assert done.returncode == 0, done.stderr
    assert out.read_bytes().startswith(b"%PDF")
    assert b"pdfuaid" in out.read_bytes()


# --- The whole of a trial ---------------------------------------------------------------------------------------------


def test_a_rehearsed_trial_goes_out_as_odm_and_comes_back_without_a_difference(
    rehearsal: Path, tmp_path: Path, shared: Path
) -> None:
    from trialwright.conduct.exchange import bring_in
    from trialwright.formats.odm import read

    outs = {}
    for kind in ("odm1.3", "odm2.0", "csv"):
        outs[kind] = tmp_path / kind
        done = run_program("conduct", "export", str(rehearsal), "--format", kind, "--long", "--out", str(outs[kind]))
        assert done.returncode == 0, done.stderr
    schema = etree.XMLSchema(etree.parse(shared / "odm2" / "schema" / "ODM.xsd"))
    assert schema.validate(etree.parse(outs["odm2.0"])), schema.error_log
    told = {
        tuple(
            row[name] for name in ("subject", "visit", "form", "group", "row", "item", "value", "unit", "null_reason")
        )
        for row in table(outs["csv"], "long.csv")
    }
    for kind in ("odm1.3", "odm2.0"):
        brought = bring_in(replace(read(outs[kind].read_bytes()), file=kind))
        values = [v for v in brought.captured.values if v.item]
        assert len(values) == len(told)
        assert {
            (v.subject, v.visit, v.form, v.group, str(v.row), v.item, v.value, v.unit, v.null_reason) for v in values
        } == told
