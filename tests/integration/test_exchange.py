"""Others' studies come in, and go out again without a difference; ours too."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import pytest
from conftest import run_program
from lxml import etree

from trialwright.conduct.exchange import Captured, Person, Value, bring_in, from_lines, lines, redcap_out, send_out
from trialwright.conduct.exchange.files import bring_in_files
from trialwright.conduct.exchange.folder import Brought
from trialwright.formats import redcap
from trialwright.formats.odm import read, write
from trialwright.formats.odm.document import Document, Version
from trialwright.kernel.errors import InputError
from trialwright.study.load import load_study, study_from_texts

HEAD = '<ODM xmlns="http://www.cdisc.org/ns/odm/v1.3" FileOID="F" ODMVersion="1.3.2"><Study OID="S"><GlobalVariables>'
HEAD += "<StudyName>Trial of X</StudyName><StudyDescription/><ProtocolName>X</ProtocolName></GlobalVariables>"


def sorted_version(version: Version) -> Version:
    """Definitions have no order among themselves."""
    kinds = ("events", "groups", "items", "code_lists", "conditions", "methods")
    parts = {kind: tuple(sorted(getattr(version, kind), key=lambda part: str(part.oid))) for kind in kinds}
    return replace(version, **parts)


def sayings(root: etree._Element) -> set[tuple[str, ...]]:
    """Every element of a file with its place and attributes, whatever the order of definitions."""
    found = set()
    for element in root.iter():
        steps = [element, *element.iterancestors()]
        place = "/".join(
            f"{etree.QName(step).localname}{sorted(step.attrib.items())}" for step in reversed(steps[: len(steps) - 1])
        )
        found.add((place, " ".join((element.text or "").split())))
    return found


# --- OpenEDC --------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def demo(shared: Path) -> tuple[Document, Document, Brought]:
    names = [shared / "openedc" / name for name in ("metadata.xml", "clinicaldata.xml")]
    definition, data = (read(path.read_bytes(), path.name) for path in names)
    return definition, data, bring_in(definition, [data])


def test_the_openedc_demo_loads_with_its_meaning(demo: tuple[Document, Document, Brought]) -> None:
    study, captured = demo[2].study, demo[2].captured
    assert len(captured.people) == 90
    assert sum(bool(value.item) for value in captured.values) == 1684
    age, height = study.item_by_id["age"], study.item_by_id["height"]
    assert (age.type, age.unit, age.label.others) == ("integer", "a", (("de", "Wie alt sind Sie?"),))
    assert height.hard is not None
    assert (height.hard.low, height.hard.open_low, height.hard.hold(1.0), height.hard.hold(1.01)) == (
        1,
        True,
        False,
        True,
    )
    asked = {field.item: field.show_when for form in study.forms for _, field in form.fields()}
    assert asked["pregnant"] == 'gender == "Female"'
    assert asked["weeks_pregnant"] == "pregnant"
    assert [visit.label.en for visit in study.schedule.visits] == ["Baseline (T0)", "Follow-up (T1)", "Follow-up (T2)"]
    assert any("the unit 'Calculated' (MU.5) is not UCUM" in sentence for sentence in demo[2].left_out)
    assert str(study.item_by_id["who_5_score"].derive).startswith('((if who_1 == "5" then 5 else')


def test_the_openedc_demo_goes_out_without_a_difference(demo: tuple[Document, Document, Brought]) -> None:
    definition, data, brought = demo
    out = read(write(send_out(brought.study, brought.captured)))
    (before,), (after,) = definition.studies, out.studies
    assert sorted_version(after.versions[0]) == sorted_version(before.versions[0])
    assert replace(after, versions=(), units=()) == replace(before, versions=(), units=())
    assert set(after.units) == set(before.units)
    assert tuple(out.data[0].subjects) == tuple(data.data[0].subjects)


def test_the_exported_openedc_files_say_the_same_word_for_word(
    demo: tuple[Document, Document, Brought], shared: Path
) -> None:
    out = etree.fromstring(write(send_out(demo[2].study, demo[2].captured)))
    theirs: set[tuple[str, ...]] = set()
    for name in ("metadata.xml", "clinicaldata.xml"):
        theirs |= sayings(etree.parse(shared / "openedc" / name).getroot())
    ours = sayings(out)
    assert ours - theirs == set()
    assert theirs - ours == set()


def test_the_openedc_demo_survives_odm_2_and_its_folder(demo: tuple[Document, Document, Brought], shared: Path) -> None:
    brought = demo[2]
    again = from_lines("\n".join(lines(brought.captured)).splitlines())
    assert again == brought.captured
    out = write(send_out(study_from_texts(brought.texts), again, version="2.0"))
    schema = etree.XMLSchema(etree.parse(shared / "odm2" / "schema" / "ODM.xsd"))
    assert schema.validate(etree.fromstring(out)), schema.error_log
    back = bring_in(read(out)).captured
    assert [(v.subject, v.item, v.value) for v in values(back)] == [
        (v.subject, v.item, v.value) for v in values(brought.captured)
    ]


def values(captured: Captured) -> Iterable[Value]:
    return [value for value in captured.values if value.item]


def test_what_is_edited_after_the_import_shows_in_the_export(demo: tuple[Document, Document, Brought]) -> None:
    texts = dict(demo[2].texts)
    texts["forms.yaml"] = texts["forms.yaml"].replace('show_when: gender == "Female"', 'show_when: gender == "Other"')
    texts["items.yaml"] = texts["items.yaml"].replace("What is your age?", "How old are you?")
    (version,) = send_out(study_from_texts(texts)).studies[0].versions
    condition = next(ref.condition for group in version.groups for ref in group.refs if ref.oid == "Pregnant")
    (rule,) = [rule for rule in version.conditions if rule.oid == condition]
    assert rule.expressions[0].code == 'not (gender == "Other")'
    assert ("en", "How old are you?") in next(item.question for item in version.items if item.oid == "Age")


# --- Our own --------------------------------------------------------------------------------------------------------

OURS = Captured(
    (Person("01-001", "01"), Person("02-001", "02")),
    (
        Value("01-001", "screening", "vitals", "main", 1, "weight", "60.50", "kg"),
        Value("01-001", "screening", "demographics", "main", 1, "birth_date", "1980"),
        Value("01-001", "screening", "demographics", "main", 1, "sex", "", null_reason="refused"),
        Value("01-001", "screening", "chemistry", "", 1, "creatinine", "1.2", "mg/dL", "", "2026-03-15", 0.5, 1.1),
        Value("01-001", "", "adverse_events", "events", 1, "ae_term", "Fever, chills & <more>"),
        Value("01-001", "", "adverse_events", "events", 7, "ae_term", "发热"),
        Value("02-001", "week1", "vitals", "main", 1, "weight", "71", "kg"),
    ),
)  # fmt: skip


@pytest.mark.parametrize("version", ["1.3.2", "2.0"])
def test_our_own_study_and_its_values_come_back_whole(version: str, shared: Path) -> None:
    study = load_study("nct07208058")
    places = {(form.id, f.item): group.id for form in study.forms for group, f in form.fields()}
    ours = replace(OURS, values=tuple(replace(v, group=places[v.form, v.item]) for v in OURS.values))
    out = write(send_out(study, ours, version=version))
    assert out == write(send_out(study, ours, version=version))
    brought = bring_in(read(out))
    assert brought.study == study
    assert not brought.left_out
    assert values(brought.captured) == list(ours.values)
    assert brought.captured.people == ours.people
    if version == "2.0":
        schema = etree.XMLSchema(etree.parse(shared / "odm2" / "schema" / "ODM.xsd"))
        assert schema.validate(etree.fromstring(out)), schema.error_log


# --- Other files ----------------------------------------------------------------------------------------------------

DATA_ONLY = {"ae.xml", "ae_test.xml", "dm.xml", "lb.xml", "test_clinical_data_01.xml"}
NOTHING = {"Crossover_Studydesign.xml"}
"""Arms and epochs only."""


def test_every_real_odm_file_is_taken_over_or_refused_with_a_reason(shared: Path) -> None:
    for path in [*sorted((shared / "odm").glob("*.xml")), *sorted((shared / "odm2").glob("*.xml"))]:
        if path.name in DATA_ONLY | NOTHING | {"cdash-odm-test-invalid.xml"}:
            says = "defines no item, form or event" if "invalid" not in path.name else "has no StudyName"
            with pytest.raises(InputError, match=says):
                bring_in_files(path)
            continue
        brought = bring_in_files(path)
        version = read(path.read_bytes(), path.name).version
        out = read(write(send_out(brought.study, brought.captured, version=version)))
        assert bring_in(out).study.item_by_id.keys() == brought.study.item_by_id.keys(), path.name


def test_values_of_the_real_files_come_back(shared: Path) -> None:
    for name, count in {"odm-data-snapshot.xml": 165, "openclinica_extract.xml": 769}.items():
        path = shared / "odm" / name
        brought = bring_in_files(path)
        found = [(v.subject, v.visit, v.row, v.item, v.value) for v in values(brought.captured)]
        assert len(found) == count
        again = bring_in(read(write(send_out(brought.study, brought.captured))))
        assert [(v.subject, v.visit, v.row, v.item, v.value) for v in values(again.captured)] == found


def test_a_reference_to_nothing_is_left_out_and_said_with_its_place() -> None:
    text = (
        f'{HEAD}<MetaDataVersion OID="M" Name="m">\n<Protocol><StudyEventRef StudyEventOID="E9"/></Protocol>\n'
        '<StudyEventDef OID="E" Name="Visit"><FormRef FormOID="F"/>\n<FormRef FormOID="F9"/></StudyEventDef>\n'
        '<FormDef OID="F" Name="Form"><ItemGroupRef ItemGroupOID="G"/><ItemGroupRef ItemGroupOID="G9"/></FormDef>\n'
        '<ItemGroupDef OID="G" Name="Group"><ItemRef ItemOID="I" CollectionExceptionConditionOID="C9"/>\n'
        '<ItemRef ItemOID="I9"/></ItemGroupDef>\n<ItemDef OID="I" Name="Item" DataType="text">'
        '<CodeListRef CodeListOID="L9"/></ItemDef></MetaDataVersion></Study>\n<ClinicalData StudyOID="S" '
        'MetaDataVersionOID="M"><SubjectData SubjectKey="1"><StudyEventData StudyEventOID="E"><FormData FormOID="F">'
        '<ItemGroupData ItemGroupOID="G"><ItemData ItemOID="I" Value="a"/><ItemData ItemOID="I9" Value="b"/>'
        "</ItemGroupData></FormData></StudyEventData></SubjectData></ClinicalData></ODM>"
    )
    brought = bring_in(read(text.encode(), "x.xml"))
    said = "\n".join(brought.left_out)
    for sentence in (
        "x.xml:2: the protocol refers to the event 'E9', which is not defined",
        "x.xml:4: the event 'E' refers to 'F9', which is not defined or no form",
        "x.xml:5: 'F' refers to the group 'G9', which is not defined",
        "x.xml:7: 'F' refers to the item 'I9', which is not defined",
        "the condition 'C9' is not defined",
        "the code list 'L9' is not defined",
        "values of the item 'I9', which is not defined in 'F', are left out",
    ):
        assert sentence in said
    assert [(v.item, v.value) for v in values(brought.captured)] == [("item", "a")]


# --- REDCap ---------------------------------------------------------------------------------------------------------

PROJECTS = (
    "arm-multiple-delete", "arm-single-longitudinal", "checkboxes-1", "dag-write", "decimal-comma-and-dot",
    "decimal-dot", "file-repo", "metadata-write", "nonnumeric-record-id", "potentially-problematic-values",
    "repeating-instruments", "single-column", "survey", "vignette-repeating",
)  # fmt: skip


@pytest.mark.parametrize("source", ["dictionary.csv", "project.xml"])
@pytest.mark.parametrize("name", PROJECTS)
def test_a_redcap_project_exports_as_redcap_did(name: str, source: str, shared: Path) -> None:
    folder = shared / "redcap" / name
    brought = bring_in_files(folder / source, [folder / "data.csv"])
    again = from_lines("\n".join(lines(brought.captured)).splitlines())
    out = redcap.write_table(redcap_out.send_out(study_from_texts(brought.texts), again))
    assert out.encode() == (folder / "data.csv").read_bytes()


def test_the_redcap_project_without_a_table_of_its_own_comes_back_from_its_xml(shared: Path) -> None:
    """simple-write has no data.csv and no dictionary: its records are in its project file."""
    path = shared / "redcap" / "simple-write" / "project.xml"
    brought = bring_in_files(path)
    document = read(path.read_bytes(), path.name)
    expected = redcap.table_of(document, redcap.project_of(document))
    assert redcap_out.send_out(brought.study, brought.captured) == expected
    assert len(expected.rows) == 5


def test_redcap_fields_get_the_types_that_they_mean(shared: Path) -> None:
    study = bring_in_files(shared / "redcap" / "metadata-write" / "project.xml").study
    kinds = {
        name: study.item_by_id[name].type for name in ("dob", "race", "sex", "height", "weight", "comments", "mugshot")
    }
    assert list(kinds.values()) == ["date", "choices", "choice", "quantity", "integer", "text", "file"]
    assert study.item_by_id["comments"].lines > 1
    soft = study.item_by_id["height"].soft
    assert soft is not None
    assert (soft.low, soft.high) == (130, 215)
    assert study.item_by_id["bmi"].derive == "round(weight * 10000 / (height * height), 1)"


def test_records_of_another_project_are_refused(shared: Path) -> None:
    folder = shared / "redcap"
    with pytest.raises(InputError, match="The table begins with 'participant_id', the project with 'record_id'"):
        bring_in_files(folder / "decimal-dot" / "dictionary.csv", [folder / "survey" / "data.csv"])


# --- FHIR Questionnaire and USDM ------------------------------------------------------------------------------------


def test_every_real_questionnaire_is_taken_over_or_refused_with_a_reason(shared: Path) -> None:
    for path in sorted((shared / "questionnaire").glob("*.json")):
        if "esponse" in path.name:
            with pytest.raises(InputError, match="answers and no Questionnaire"):
                bring_in_files(path)
            continue
        study = bring_in_files(path).study
        assert study.items
        assert study.captured_only


def test_the_real_responses_come_in_beside_their_questionnaires(shared: Path) -> None:
    folder, found = shared / "questionnaire", {}
    for name, answers in (
        ("Questionnaire-CardiologyForm.json", "QuestionnaireResponse-Cardiology-MariaSantos.json"),
        ("questionnaire_outbreak.json", "questionnaire_response_outbreak.json"),
    ):
        brought = bring_in_files(folder / name, [folder / answers])
        assert len(brought.captured.people) == 1
        found |= {v.item: v.value for v in brought.captured.values}
    assert found["patient_date_of_birth"] == "1948-05-19"
    assert found["additionalinfo_accessibilityconcernsordi_2"] == "105503008;15188001"
    assert found["state"] == "State"
    assert found["telephone"] != found["telephone_2"]
    said = " ".join(brought.left_out)
    assert "Further answers to 'labName' are left out" in said


def test_the_real_usdm_studies_give_visits_and_forms(shared: Path) -> None:
    study = bring_in_files(shared / "usdm" / "CDISC_Pilot_Study.json").study
    plan = {visit.label.en: (visit.offset, visit.window.before, visit.window.after) for visit in study.schedule.visits}
    assert (plan["Screening 1"], plan["Baseline"], plan["Week 2"]) == ((0, 0, 0), (14, 0, 0), (28, 3, 3))
    assert (plan["Week 8"], plan["Week 26"]) == ((70, 3, 3), (196, 3, 3))
    assert [visit.kind for visit in study.schedule.extra] == ["early_termination"]
    assert (study.item_by_id["alt"].unit, study.item_by_id["alt"].units) == ("U/L", ("ukat/L", "nkat/L"))
    other = bring_in_files(shared / "usdm" / "EliLilly_NCT03421379_Diabetes.json").study
    assert other.registration.identity.nct_id == "NCT03421379"
    assert [visit.offset for visit in other.schedule.visits] == [0, 28, 29, 32, 32, 33, 33, 61, 62]


@pytest.mark.parametrize(
    "name", ["questionnaire/screener-questionnaire.json", "usdm/EliLilly_NCT03421379_Diabetes.json"]
)
def test_what_came_in_validates_and_its_forms_go_out_as_questionnaires(name: str, shared: Path, tmp_path: Path) -> None:
    folder, file = tmp_path / "study", tmp_path / "form.json"
    answer = run_program("conduct", "import", str(shared / name), "--out", str(folder), "--json")
    assert answer.returncode == 0, answer.stderr
    assert run_program("validate", str(folder)).returncode == 0
    form = load_study(str(folder)).forms[0].id
    out = run_program("conduct", "questionnaire", str(folder), form, "--out", str(file), "--fhir", "R5")
    assert out.returncode == 0, out.stderr
    assert json.loads(file.read_text(encoding="utf-8"))["resourceType"] == "Questionnaire"
    again = run_program("conduct", "questionnaire", str(folder), form, "--out", str(file))
    assert (again.returncode, "Something is there already" in again.stderr) == (2, True)
    unknown = run_program("conduct", "questionnaire", str(folder), "no_form")
    assert (unknown.returncode, "There is no form 'no_form'" in unknown.stderr) == (2, True)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ('{"resourceType": "Questionnaire", "item": [{"linkId"', "This is not JSON"),
        ('{"resourceType": "Questionnaire", "item": ' + '[{"type": "group", "item": ' * 10_000, "nested too deeply"),
        ("[1, 2]", "The file is JSON but no object"),
        ("{}", "neither a FHIR Questionnaire nor a USDM study"),
        ('{"study": {"versions": 7}}', "The study has no study design"),
    ],
)  # fmt: skip
def test_broken_json_is_refused_in_one_sentence(content: str, why: str, tmp_path: Path) -> None:
    file = tmp_path / "broken.json"
    file.write_text(content, encoding="utf-8")
    answer = run_program("conduct", "import", str(file), "--out", str(tmp_path / "x"))
    assert answer.returncode == 2
    assert why in answer.stderr
    assert answer.stderr.count("\n") == 1


# --- The command ----------------------------------------------------------------------------------------------------


def test_the_command_writes_a_folder_that_validates(shared: Path, tmp_path: Path) -> None:
    out = tmp_path / "demo"
    files = [str(shared / "openedc" / name) for name in ("metadata.xml", "clinicaldata.xml")]
    answer = run_program("conduct", "import", *files, "--out", str(out), "--json")
    assert answer.returncode == 0, answer.stderr
    said = json.loads(answer.stdout)
    assert (said["subjects"], said["values"]) == (90, 1684)
    assert (out / "import.txt").read_text(encoding="utf-8").splitlines() == said["left_out"]
    assert run_program("validate", str(out)).returncode == 0
    again = run_program("conduct", "import", files[0], "--out", str(out))
    assert again.returncode == 2
    assert "Something is there already" in again.stderr


def test_the_command_refuses_a_broken_file_in_one_sentence(shared: Path, tmp_path: Path) -> None:
    answer = run_program(
        "conduct", "import", str(shared / "odm" / "cdash-odm-test-invalid.xml"), "--out", str(tmp_path / "x")
    )
    assert answer.returncode == 2
    assert answer.stderr.startswith("trialwright: cdash-odm-test-invalid.xml:13: GlobalVariables has no StudyName.")
    assert "Traceback" not in answer.stderr
    assert not (tmp_path / "x").exists()
