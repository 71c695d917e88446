"""ODM files: read as they are, written so that nothing is lost, and refused with the reason where they are broken."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from lxml import etree

from trialwright.formats.odm import read, write
from trialwright.formats.odm.document import Document, Version
from trialwright.kernel.errors import InputError

HEAD = '<ODM xmlns="http://www.cdisc.org/ns/odm/v1.3" xmlns:v="urn:vendor" FileOID="F" ODMVersion="1.3.2">'
STUDY = "<GlobalVariables><StudyName>S</StudyName><StudyDescription/><ProtocolName>P</ProtocolName></GlobalVariables>"


def document(inside: str) -> Document:
    return read(f"{HEAD}{inside}</ODM>".encode(), "x.xml")


def version_of(inside: str) -> Version:
    text = f'<Study OID="S">{STUDY}<MetaDataVersion OID="M" Name="m">{inside}</MetaDataVersion></Study>'
    return document(text).studies[0].versions[0]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b'<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><ODM>&a;</ODM>', "declares a document type"),
        (b'<!DOCTYPE ODM SYSTEM "http://127.0.0.1/x.dtd"><ODM/>', "declares a document type"),
        ('<!DOCTYPE x [<!ENTITY a "b">]><ODM a="&a;"/>'.encode("utf-16"), "declares a document type"),
        (b"<ODM>&nothing;</ODM>", "x.xml:1: This is not XML"),
        (b"<ODM><Study OID='S'>", "x.xml:1: This is not XML"),
        (b"", "x.xml:1: This is not XML"),
        (b"<html/>", "x.xml:1: The file begins with 'html', not with ODM"),
        (b"<a:ODM xmlns:a='urn:other'/>", "The file begins with 'ODM', not with ODM"),
        (f"{HEAD}<Study/></ODM>".encode(), "x.xml:1: Study has no OID"),
        (f"{HEAD}<Study oid='1'/></ODM>".encode(), "Study has no OID. Did you mean oid?"),
        (b"<ODM>" + b"<a>" * 400 + b"</a>" * 400 + b"</ODM>", "This is not XML"),
    ],
)
def test_a_file_that_is_broken_or_dangerous_is_refused_with_the_reason(content: bytes, says: str) -> None:
    with pytest.raises(InputError, match=says):
        read(content, "x.xml")


def test_the_invalid_file_of_another_system_is_refused_for_its_misspelled_element(shared: Path) -> None:
    content = (shared / "odm" / "cdash-odm-test-invalid.xml").read_bytes()
    with pytest.raises(InputError, match=r"odm.xml:13: GlobalVariables has no StudyName. It holds 'studyName'"):
        read(content)
    assert read((shared / "odm" / "cdash-odm-test.xml").read_bytes()).studies[0].name == "Test Study 003"


def test_a_prefix_that_nothing_declares_is_overlooked_and_said() -> None:
    found = read(f'<ODM xs:a="1"><Study OID="S">{STUDY}</Study></ODM>'.encode(), "x.xml")
    assert found.studies[0].name == "S"
    assert "prefix" in found.notes[0]


def test_what_vendors_add_is_kept_aside_and_what_the_reader_does_not_use_is_said() -> None:
    found = document(f'<Study OID="S" v:a="1">{STUDY}<v:more n="2"><v:inner>t</v:inner></v:more><Odd/><Odd/></Study>')
    study = found.studies[0]
    assert study.vendor("a") == "1"
    assert study.foreign[0].children[0].text == "t"
    assert found.notes == ("x.xml:1: Odd in Study is not read (2 times).",)


def test_references_come_in_the_order_of_their_numbers() -> None:
    refs = '<ItemRef ItemOID="b" OrderNumber="2"/><ItemRef ItemOID="a" OrderNumber="1"/>'
    group = version_of(f'<ItemGroupDef OID="G" Name="g">{refs}</ItemGroupDef>').groups[0]
    assert [ref.oid for ref in group.refs] == ["a", "b"]
    wild = refs.replace('"1"', f'"{"9" * 5000}"')
    assert [ref.oid for ref in version_of(f'<ItemGroupDef OID="G">{wild}</ItemGroupDef>').groups[0].refs] == ["b", "a"]


def test_typed_values_nulls_and_audit_records_by_id_are_read() -> None:
    items = '<ItemDataInteger ItemOID="I" AuditRecordID="A1">7</ItemDataInteger><ItemData ItemOID="J" IsNull="Yes"/>'
    audit = '<AuditRecords><AuditRecord ID="A1"><UserRef UserOID="U"/><LocationRef LocationOID="L"/>'
    audit += "<DateTimeStamp>2026-03-15T09:30:00</DateTimeStamp><ReasonForChange>typo</ReasonForChange></AuditRecord>"
    group = f'<ItemGroupData ItemGroupOID="G" ItemGroupRepeatKey="2">{items}</ItemGroupData>'
    form = f'<StudyEventData StudyEventOID="E"><FormData FormOID="F">{group}</FormData></StudyEventData>'
    data = f'<ClinicalData StudyOID="S" MetaDataVersionOID="M"><SubjectData SubjectKey="1">{form}</SubjectData>{audit}'
    (subject,) = document(f"{data}</AuditRecords></ClinicalData>").data[0].subjects
    first, second = subject.events[0].groups[0].groups[0].items
    assert (first.values, first.type) == (("7",), "Integer")
    assert first.audit is not None
    assert (first.audit.user, first.audit.reason) == ("U", "typo")
    assert second.null


def files(shared: Path) -> list[Path]:
    found = [*sorted((shared / "odm").glob("*.xml")), *sorted((shared / "odm2").glob("*.xml"))]
    found += [*sorted((shared / "openedc").glob("*.xml")), *sorted((shared / "redcap").glob("*/project.xml"))]
    return [path for path in found if "invalid" not in path.name]


NOT_OF_THE_STANDARD = {"Hypercholesterolemia_CV_Risk_factors_FH_CRF_1_3_2.xml", "Data_Retrieval_From_FHIR_in_ODM.xml"}
"""A 1.3 file with attributes of 2.0, and a 2.0 file with elements of FHIR among its data."""


def test_every_real_file_is_written_and_read_again_without_a_difference(shared: Path) -> None:
    for path in files(shared):
        first = replace(read(path.read_bytes(), path.name), more=())
        again = replace(read(write(first), path.name), more=())
        assert write(again) == write(first)
        if path.name not in NOT_OF_THE_STANDARD:
            assert again == first, path.name


def test_whatever_is_read_is_written_as_valid_odm_2(shared: Path) -> None:
    schema = etree.XMLSchema(etree.parse(shared / "odm2" / "schema" / "ODM.xsd"))
    for path in [path for path in files(shared) if "redcap" not in str(path)]:
        found = read(path.read_bytes(), path.name)
        whole = replace(found, version="2.0", oid=found.oid or "F", created=found.created or "2026-03-15T00:00:00")
        assert schema.validate(etree.fromstring(write(whole))), (path.name, schema.error_log)
