"""What changed between two versions of a record, field by field, with lists compared by what their parts are."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from trialwright.record.history import Change, differences

RECORD: dict[str, Any] = {
    "protocolSection": {
        "identificationModule": {"nctId": "NCT00000001", "briefTitle": "A study"},
        "statusModule": {"overallStatus": "RECRUITING", "startDateStruct": {"date": "2026-01", "type": "ESTIMATED"}},
        "conditionsModule": {"conditions": ["HLH", "MAS"]},
        "outcomesModule": {"primaryOutcomes": [{"measure": "Response", "timeFrame": "8 weeks"}, {"measure": "Death"}]},
        "contactsLocationsModule": {
            "locations": [
                {"facility": "Renji", "city": "Shanghai", "status": "RECRUITING"},
                {"facility": "Union", "city": "Beijing", "status": "RECRUITING"},
                {"facility": "Union", "city": "Wuhan"},
            ]
        },
    },
    "hasResults": False,
}


def changed(**modules: dict[str, Any]) -> dict[str, Any]:
    again = copy.deepcopy(RECORD)
    for name, values in modules.items():
        again["protocolSection"][f"{name}Module"].update(values)
    return again


LOCATIONS = RECORD["protocolSection"]["contactsLocationsModule"]["locations"]
STATUS, PLACES = "protocolSection.statusModule.", "protocolSection.contactsLocationsModule.locations"

CASES = {
    "nothing": (changed(), []),
    "a value": (
        changed(status={"overallStatus": "COMPLETED"}),
        [Change(f"{STATUS}overallStatus", "Overall status", "RECRUITING", "COMPLETED")],
    ),
    "part of a structure": (
        changed(status={"startDateStruct": {"date": "2026-02-03", "type": "ACTUAL"}}),
        [
            Change(f"{STATUS}startDateStruct.date", "Start date: Date", "2026-01", "2026-02-03"),
            Change(f"{STATUS}startDateStruct.type", "Start date: Type", "ESTIMATED", "ACTUAL"),
        ],
    ),
    "a new field": (
        changed(status={"whyStopped": "No money"}),
        [Change(f"{STATUS}whyStopped", "Why stopped", "", "No money")],
    ),
    "a list of words": (
        changed(conditions={"conditions": ["MAS", "sJIA"]}),
        [Change("protocolSection.conditionsModule.conditions", "Conditions", "HLH", "sJIA")],
    ),
    "the order of a list of words": (
        changed(conditions={"conditions": ["MAS", "HLH"]}),
        [Change("protocolSection.conditionsModule.conditions", "Conditions: order", "HLH; MAS", "MAS; HLH")],
    ),
    "a site that closed, and a new one": (
        changed(
            contactsLocations={
                "locations": [{**LOCATIONS[0], "status": "COMPLETED"}, *LOCATIONS[1:], {"facility": "New"}]
            }
        ),
        [
            Change(
                f"{PLACES}[Renji, Shanghai].status", "Locations: Renji, Shanghai: Status", "RECRUITING", "COMPLETED"
            ),
            Change(f"{PLACES}[New]", "Locations: New", "", "Facility: New"),
        ],
    ),
    "a site that went from the middle": (
        changed(contactsLocations={"locations": [LOCATIONS[0], LOCATIONS[2]]}),
        [
            Change(
                f"{PLACES}[Union, Beijing]",
                "Locations: Union, Beijing",
                "Facility: Union\nCity: Beijing\nStatus: RECRUITING",
                "",
            )
        ],
    ),
    "an outcome's time frame": (
        changed(outcomes={"primaryOutcomes": [{"measure": "Death"}, {"measure": "Response", "timeFrame": "12 weeks"}]}),
        [
            Change(
                "protocolSection.outcomesModule.primaryOutcomes[Response].timeFrame",
                "Primary outcomes: Response: Time frame",
                "8 weeks",
                "12 weeks",
            )
        ],
    ),
}


@pytest.mark.parametrize(("again", "expected"), CASES.values(), ids=CASES.keys())
def test_what_changed(again: dict[str, Any], expected: list[Change]) -> None:
    assert list(differences(RECORD, again)) == expected


def test_two_parts_of_one_name_are_told_apart() -> None:
    one = {"a": [{"name": "Nurse", "phone": "1"}, {"name": "Nurse", "phone": "2"}]}
    two = {"a": [{"name": "Nurse", "phone": "1"}, {"name": "Nurse", "phone": "3"}]}
    assert [change.path for change in differences(one, two)] == ["a[Nurse (2)].phone"]


def test_true_is_not_one_and_nothing_is_not_absence() -> None:
    assert differences({"a": True}, {"a": 1}) == (Change("a", "A", "true", "1"),)
    assert len(differences({"a": None}, {})) == 1
    assert len(differences({"a": {}}, {})) == 1
    assert differences({"a": 1}, {"a": 1.0}) != ()


def test_the_day_of_the_registrys_data_is_no_change() -> None:
    one, two = ({"derivedSection": {"miscInfoModule": {"versionHolder": day}}} for day in ("2026-01-01", "2026-01-02"))
    assert differences(one, two) == ()
