"""Ways in which other systems write the same things: what they mean is taken over all the same."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from trialwright.conduct.exchange import bring_in, redcap_out, send_out
from trialwright.conduct.exchange.files import bring_in_files
from trialwright.conduct.exchange.odm_items import ucum_of
from trialwright.formats import redcap
from trialwright.formats.odm import read, write

NAMES = "<StudyName>Trial</StudyName><StudyDescription/><ProtocolName>X</ProtocolName>"
HEAD = '<ODM xmlns="http://www.cdisc.org/ns/odm/v1.3" FileOID="F" ODMVersion="1.3.2"><Study OID="S">'
HEAD += f"<GlobalVariables>{NAMES}</GlobalVariables>"
ITEMS = """
<ItemDef OID="Sex" Name="Sex" DataType="text"><Question><TranslatedText>&lt;b&gt;Sex&lt;/b&gt; if a &lt; 5
</TranslatedText></Question><CodeListRef CodeListOID="L"/></ItemDef>
<ItemDef OID="Note" Name="Note" DataType="text"/><ItemDef OID="Word" Name="Word" DataType="text"/>
<ItemDef OID="Loose" Name="Loose" DataType="text"/>
<CodeList OID="L" Name="L" DataType="text"><EnumeratedItem CodedValue="F"/><EnumeratedItem CodedValue="M"/></CodeList>
<ConditionDef OID="C1" Name="c"><Description><TranslatedText>-</TranslatedText></Description>
<FormalExpression Context="OpenEDC">Sex == "M"</FormalExpression></ConditionDef>
<ConditionDef OID="C2" Name="d"><Description><TranslatedText>-</TranslatedText></Description>
<FormalExpression Context="OpenEDC">Note == "x"</FormalExpression></ConditionDef>
"""
VERSION = f"""<MetaDataVersion OID="M" Name="m">
<StudyEventDef OID="E" Name="Visit" Repeating="No" Type="Scheduled"><FormRef FormOID="F"
Mandatory="Yes"/></StudyEventDef>
<FormDef OID="F" Name="Form" Repeating="No"><ItemGroupRef ItemGroupOID="G1" Mandatory="Yes"/>
<ItemGroupRef ItemGroupOID="G2" Mandatory="No" CollectionExceptionConditionOID="C1"/></FormDef>
<ItemGroupDef OID="G1" Name="One" Repeating="No"><ItemRef ItemOID="Sex" Mandatory="Yes"/></ItemGroupDef>
<ItemGroupDef OID="G2" Name="Two" Repeating="No"><ItemRef ItemOID="Note" Mandatory="No"/>
<ItemRef ItemOID="Word" Mandatory="No" CollectionExceptionConditionOID="C2"/></ItemGroupDef>{ITEMS}</MetaDataVersion>"""
OTHER = f'</Study><Study OID="S2"><GlobalVariables>{NAMES}</GlobalVariables>{VERSION}</Study></ODM>'


def test_the_condition_of_a_group_holds_for_its_questions_and_goes_out_as_it_came() -> None:
    document = read((HEAD + VERSION + OTHER).encode(), "x.xml")
    study = bring_in(document).study
    asked = {field.item: field.show_when for form in study.forms for _, field in form.fields()}
    assert asked == {"sex": None, "note": 'not sex == "M"', "word": '(not sex == "M") and (not note == "x")'}
    (before, after) = (document.studies[0].versions[0], read(write(send_out(study))).studies[0].versions[0])
    assert set(after.groups) == set(before.groups)
    told = [{rule.oid: rule.expressions for rule in version.conditions} for version in (after, before)]
    assert told[0] == told[1]
    assert set(after.items) == set(before.items)


def test_what_stands_on_no_form_and_in_other_studies_is_said() -> None:
    said = "\n".join(bring_in(read((HEAD + VERSION + OTHER).encode(), "x.xml")).left_out)
    assert "x.xml: 1 items stand on no form and are kept aside: Loose." in said
    assert "'M' of the study 'S2' is not taken over" in said


def test_labels_lose_the_markup_of_pages_and_keep_their_signs() -> None:
    study = bring_in(read((HEAD + VERSION + "</Study></ODM>").encode(), "x.xml")).study
    assert study.item_by_id["sex"].label.en == "Sex if a < 5"


def test_a_group_that_an_event_of_odm_2_holds_itself_is_a_form() -> None:
    text = (
        '<ODM xmlns="http://www.cdisc.org/ns/odm/v2.0" FileOID="F" ODMVersion="2.0"><Study OID="S" StudyName="Trial">'
        '<MetaDataVersion OID="M" Name="m"><StudyEventDef OID="E" Name="Visit" Repeating="No" Type="Scheduled">'
        '<ItemGroupRef ItemGroupOID="F1" Mandatory="Yes"/><ItemGroupRef ItemGroupOID="G" Mandatory="Yes"/>'
        '</StudyEventDef><ItemGroupDef OID="F1" Name="First" Repeating="No" Type="Form">'
        '<ItemRef ItemOID="A" Mandatory="Yes"/></ItemGroupDef><ItemGroupDef OID="G" Name="Second" Repeating="No" '
        'Type="Section"><ItemRef ItemOID="B" Mandatory="Yes"/></ItemGroupDef><ItemDef OID="A" Name="A" '
        'DataType="text"/><ItemDef OID="B" Name="B" DataType="text"/></MetaDataVersion></Study><ClinicalData '
        'StudyOID="S" MetaDataVersionOID="M"><SubjectData SubjectKey="1"><StudyEventData StudyEventOID="E">'
        '<ItemGroupData ItemGroupOID="G"><ItemData ItemOID="B"><Value>b</Value></ItemData></ItemGroupData>'
        "</StudyEventData></SubjectData></ClinicalData></ODM>"
    )
    document = read(text.encode(), "x.xml")
    brought = bring_in(document)
    assert brought.study.schedule.visits[0].forms == ("first", "second")
    assert [(v.form, v.item, v.value) for v in brought.captured.values] == [("second", "b", "b")]
    out = read(write(send_out(brought.study, brought.captured, version="2.0")))
    assert tuple(out.data[0].subjects) == tuple(document.data[0].subjects)


def test_elements_of_a_prefix_that_nothing_declares_are_passed_over() -> None:
    text = HEAD.replace("</Global", "<v:Extra>1</v:Extra></Global") + VERSION + "</Study></ODM>"
    brought = bring_in(read(text.encode(), "x.xml"))
    assert any("v:Extra in GlobalVariables, whose prefix nothing declares" in said for said in brought.left_out)
    assert len(brought.study.items) == 3
    assert b"Extra" not in write(send_out(brought.study))


@pytest.mark.parametrize(
    ("spelled", "unit"),
    [
        ("mm/hr", "mm/h"), ("sec", "s"), ("beats per minute", "/min"), ("x10E9/L", "10*9/L"), ("kg/m^2", "kg/m2"),
        ("lbs", "[lb_av]"), ("mg/kg/day", "mg/kg/d"), ("MMHG", "mm[Hg]"), ("points", ""),
    ],
)  # fmt: skip
def test_units_are_known_by_their_common_spellings(spelled: str, unit: str) -> None:
    assert ucum_of(spelled) == unit


LONG = "a_name_of_a_field_" * 5
DICTIONARY = (
    "field_name,form_name,section_header,field_type,field_label,select_choices_or_calculations,field_note,"
    "text_validation_type_or_show_slider_number,text_validation_min,text_validation_max,identifier,branching_logic\n"
    f"record_id,base,,text,Id\nscreening,base,,yesno,Screened?\n{LONG},base,,checkbox,Long,\"1, One | 2, Two\"\n"
    "pain,base,,slider,Pain,,,number,,10\nplace,base,,sql,Place,select 1\n"
    f"why,base,,text,Why,,,,,,,\"# only then\n[screening] = '1' and [{LONG}(2)] = '1'\"\n"
    "late,last,,text,Late,,,,,,,\"[base_complete] = '2' and [visit_1_arm_1][pain] > 5\"\n"
)  # fmt: skip
RECORDS = (
    f"record_id;redcap_event_name;screening;{LONG}___1;{LONG}___2;pain;place;why;base_complete;late;last_complete\n"
    "1;visit_1_arm_1;1;0;1;7;x;y;2;;0\n"
)


def test_redcap_names_that_are_none_here_keep_their_columns(tmp_path: Path) -> None:
    dictionary, records = tmp_path / "d.csv", tmp_path / "r.csv"
    dictionary.write_text(DICTIONARY)
    records.write_text(RECORDS)
    brought = bring_in_files(dictionary, [records])
    study = brought.study
    asked = {field.item: field.show_when for form in study.forms for _, field in form.fields()}
    assert asked["why"] == f'screening_2 and includes({LONG[:64]}, "2")'
    assert asked["late"] == 'base_complete == "2" and pain > 5'
    pain = study.item_by_id["pain"].hard
    assert pain is not None
    assert (pain.low, pain.high, study.item_by_id["place"].type) == (0, 10, "text")
    out = redcap_out.send_out(study, brought.captured)
    assert out == redcap.read_table(RECORDS, "r.csv")


def test_json_that_was_saved_as_utf_16_is_read(tmp_path: Path) -> None:
    file = tmp_path / "q.json"
    found = {"resourceType": "Questionnaire", "title": "Ä", "item": [{"linkId": "a", "type": "string", "text": "Ö"}]}
    file.write_bytes(json.dumps(found, ensure_ascii=False).encode("utf-16"))
    assert [item.label.en for item in bring_in_files(file).study.items] == ["Ö"]
