"""Define-XML 2.1: the official schema accepts it, and every reference in it leads somewhere."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import pytest
from lxml import etree
from snapshots import CUT, make_snapshot

from trialwright.analyse import datasets
from trialwright.evidence.dataset import Dataset
from trialwright.formats import define_xml
from trialwright.study.definition import Study
from trialwright.study.load import load_study

NS = {"o": define_xml.ODM, "d": define_xml.DEF, "x": define_xml.XLINK}


@pytest.fixture(scope="module")
def study() -> Study:
    return load_study("nct07208058")


@pytest.fixture(scope="module")
def derived(study: Study) -> list[Dataset]:
    sdtm, adam = datasets(study, make_snapshot(study, 3))
    return [*sdtm.values(), *adam.values()]


@pytest.fixture(scope="module")
def document(study: Study, derived: list[Dataset]) -> etree._Element:
    return etree.fromstring(define_xml.write(derived, study, created=CUT))


@pytest.fixture(scope="module")
def schema() -> etree.XMLSchema:
    """The official schema, from `odmlib`, which ships it; the package itself is not imported."""
    found = find_spec("odmlib")
    assert found is not None, "odmlib, which carries the schema, is not installed"
    assert found.submodule_search_locations
    folder = Path(found.submodule_search_locations[0])
    return etree.XMLSchema(etree.parse(folder / "schemas" / "define" / "2.1" / "define2-1-0.xsd"))


def values(document: etree._Element, path: str) -> list[str]:
    return [str(value) for value in document.xpath(path, namespaces=NS)]


def test_the_official_schema_accepts_it(document: etree._Element, schema: etree.XMLSchema) -> None:
    assert schema.validate(document), schema.error_log


def test_the_schema_accepts_a_study_without_any_subject(study: Study, schema: etree.XMLSchema) -> None:
    sdtm, adam = datasets(study, make_snapshot(study, 3, subjects=0))
    empty = etree.fromstring(define_xml.write([*sdtm.values(), *adam.values()], study, created=CUT))
    assert schema.validate(empty), schema.error_log


@pytest.mark.parametrize(
    ("references", "targets"),
    [
        ("//o:ItemRef/@ItemOID", "//o:ItemDef/@OID"),
        ("//o:ItemRef/@MethodOID", "//o:MethodDef/@OID"),
        ("//o:CodeListRef/@CodeListOID", "//o:CodeList/@OID"),
        ("//d:ValueListRef/@ValueListOID", "//d:ValueListDef/@OID"),
        ("//d:WhereClauseRef/@WhereClauseOID", "//d:WhereClauseDef/@OID"),
        ("//o:RangeCheck/@d:ItemOID", "//o:ItemDef/@OID"),
        ("//o:ItemGroupDef/@d:ArchiveLocationID", "//d:leaf/@ID"),
        ("//@d:StandardOID", "//d:Standard/@OID"),
    ],
)
def test_every_reference_has_one_target_and_every_target_is_used(
    document: etree._Element, references: str, targets: str
) -> None:
    used, defined = values(document, references), values(document, targets)
    assert len(defined) == len(set(defined))
    assert used
    assert set(used) == set(defined) or "ItemOID" in references or "StandardOID" in references
    assert set(used) <= set(defined)


def test_every_derived_variable_says_how(document: etree._Element) -> None:
    derived = set(values(document, "//o:ItemDef[d:Origin/@Type='Derived']/@OID"))
    explained = set(values(document, "//o:ItemRef[@MethodOID]/@ItemOID"))
    of_variables = {oid for oid in derived if oid.count(".") == 2}
    assert of_variables - explained == set()


def test_files_are_named_in_lower_case_beside_the_document(document: etree._Element) -> None:
    links = values(document, "//d:leaf/@x:href")
    assert "sdtm/dm.xpt" in links
    assert "adam/adsl.xpt" in links
    assert all(link == link.lower() for link in links)


def test_lengths_and_code_lists_are_those_of_the_data(document: etree._Element, derived: list[Dataset]) -> None:
    dm = next(d for d in derived if d.name == "DM")
    (length,) = values(document, "//o:ItemDef[@OID='IT.DM.USUBJID']/@Length")
    assert int(length) == max(map(len, dm.frame["USUBJID"]))
    sexes = values(document, "//o:CodeList[@OID='CL.SEX']/o:CodeListItem/@CodedValue")
    assert set(sexes) == set(dm.frame["SEX"])


def test_same_data_same_bytes(study: Study, derived: list[Dataset]) -> None:
    assert define_xml.write(derived, study, created=CUT) == define_xml.write(derived, study, created=CUT)
