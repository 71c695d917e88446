"""The registry's data model: complete over real records, and as the official names have it."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from trialwright.formats.ctgov.model import TYPES, model, values_at
from trialwright.kernel.errors import UnknownName

OFFICIAL = {
    "NCTId": "protocolSection.identificationModule.nctId",
    "SecondaryIdType": "protocolSection.identificationModule.secondaryIdInfos.type",
    "StudyFirstSubmitQCDate": "protocolSection.statusModule.studyFirstSubmitQcDate",
    "OversightHasDMC": "protocolSection.oversightModule.oversightHasDmc",
    "Phase": "protocolSection.designModule.phases",
    "DesignWhoMasked": "protocolSection.designModule.designInfo.maskingInfo.whoMasked",
    "InterventionOtherName": "protocolSection.armsInterventionsModule.interventions.otherNames",
    "LocationContactEMail": "protocolSection.contactsLocationsModule.locations.contacts.email",
    "IPDSharingAccessCriteria": "protocolSection.ipdSharingStatementModule.accessCriteria",
    "ReferencePMID": "protocolSection.referencesModule.references.pmid",
    "OutcomeAnalysisCILowerLimit": "resultsSection.outcomeMeasuresModule.outcomeMeasures.analyses.ciLowerLimit",
    "SeriousEventStatsNumAffected": "resultsSection.adverseEventsModule.seriousEvents.stats.numAffected",
    "ConditionBrowseLeafAsFound": "derivedSection.conditionBrowseModule.browseLeaves.asFound",
    "FirstMCPPostDate": "derivedSection.miscInfoModule.submissionTracking.firstMcpInfo.postDateStruct.date",
    "HasResults": "hasResults",
}


@pytest.fixture(scope="module")
def records(shared: Path) -> list[dict[str, Any]]:
    with gzip.open(shared / "record" / "ctgov_v2_dev.jsonl.gz") as lines:
        return [json.loads(line) for line in lines]


@pytest.mark.parametrize(("piece", "path"), OFFICIAL.items())
def test_a_field_has_its_official_name(piece: str, path: str) -> None:
    assert model().field(piece).path == path


def leaves(node: Any, keys: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    if isinstance(node, dict):
        for key, below in node.items():
            yield from leaves(below, (*keys, key))
    elif isinstance(node, list):
        for below in node:
            yield from leaves(below, keys)
    else:
        yield keys


def test_every_value_of_real_records_has_a_field(records: list[dict[str, Any]]) -> None:
    known = {field.keys for field in model().fields.values()} | {
        (*field.keys, end) for field in model().fields.values() if field.type == "geo point" for end in ("lat", "lon")
    }
    unknown = {".".join(keys) for record in records for keys in leaves(record) if keys not in known}
    assert {path for path in unknown if "locations_nested" not in path} == set()


def test_every_value_of_an_enum_is_known(records: list[dict[str, Any]]) -> None:
    for field in model().fields.values():
        if field.enum:
            found = {value for record in records for value in values_at(record, field)}
            assert found <= set(model().labels(field)), field.piece


def test_types_and_areas_are_whole() -> None:
    assert {field.type for field in model().fields.values()} <= set(TYPES)
    assert all(piece in model().fields for area in model().areas.values() for piece, _ in area.parts)
    assert all(field.enum in model().enums for field in model().fields.values() if field.type == "enum")


def test_values_are_read_in_order_and_wrong_shapes_are_passed_over() -> None:
    outcomes = [{"measure": "a"}, "no outcome", {"measure": None}, {"measure": "b"}]
    record = {"protocolSection": {"outcomesModule": {"primaryOutcomes": outcomes, "secondaryOutcomes": "none"}}}
    assert list(values_at(record, model().field("PrimaryOutcomeMeasure"))) == ["a", "b"]
    assert list(values_at(record, model().field("SecondaryOutcomeMeasure"))) == []


def test_an_unknown_name_is_answered_with_the_nearest() -> None:
    with pytest.raises(UnknownName, match="BriefTitle"):
        model().field("BrifTitle")
