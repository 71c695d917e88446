"""The columns of a card: read from a record, written as a row, and back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from typing import Any

import orjson

from trialwright.formats.ctgov.part import Part
from trialwright.record.store.base import Card, Record

COLUMNS = tuple(field.name for field in fields(Card))
"""In the order of the card; the first one is the record's number."""

LISTS = frozenset({"phases", "conditions", "interventions", "countries"})
"""Columns that hold a JSON list."""


def card_of(data: Record) -> Card:
    """The card of a record. Raises InputError where a part of it has the wrong type."""
    protocol = Part(data).part("protocolSection")
    identity, status = protocol.part("identificationModule"), protocol.part("statusModule")
    design, sponsor = protocol.part("designModule"), protocol.part("sponsorCollaboratorsModule").part("leadSponsor")
    places = list(protocol.part("contactsLocationsModule").parts("locations"))
    brief, official = identity.text("briefTitle"), identity.text("officialTitle")
    return Card(
        nct_id=identity.text("nctId").strip().upper(),
        title=brief or official,
        official_title=official,
        acronym=identity.text("acronym"),
        status=status.text("overallStatus"),
        study_type=design.text("studyType"),
        phases=design.texts("phases"),
        conditions=protocol.part("conditionsModule").texts("conditions"),
        interventions=tuple(p.text("name") for p in protocol.part("armsInterventionsModule").parts("interventions")),
        sponsor=sponsor.text("name"),
        sponsor_class=sponsor.text("class"),
        enrolment=design.part("enrollmentInfo").count("count"),
        countries=tuple(dict.fromkeys(country for place in places if (country := place.text("country")))),
        sites=len(places),
        start=status.part("startDateStruct").text("date"),
        completion=status.part("completionDateStruct").text("date"),
        updated=last_update(status),
        has_results=has_results(data),
    )


def has_results(data: Record) -> bool:
    """Whether results are posted: as the record says, else whether it holds some."""
    said = data.get("hasResults")
    return said if isinstance(said, bool) else bool(data.get("resultsSection"))


def last_update(status: Part) -> str:
    """The day on which the record last changed, as its status module says it; "" where it does not."""
    return status.part("lastUpdatePostDateStruct").text("date") or status.text("lastUpdateSubmitDate")


def aliases_of(data: Record) -> tuple[str, ...]:
    """Older numbers under which the record is known too."""
    numbers = Part(data).part("protocolSection").part("identificationModule").texts("nctIdAliases")
    return tuple(number.strip().upper() for number in numbers)


def row_of(card: Card) -> tuple[Any, ...]:
    """The values of COLUMNS, as every database takes them."""
    return tuple(_cell(name, getattr(card, name)) for name in COLUMNS)


def _cell(name: str, value: Any) -> Any:
    if isinstance(value, str):
        return value.replace("\0", "\ufffd")
    if name in LISTS:
        return orjson.dumps(value).decode()
    return int(value) if isinstance(value, bool) else value


def card_from(row: Sequence[Any]) -> Card:
    """The card that a row of COLUMNS holds."""
    values = dict(zip(COLUMNS, row, strict=True))
    for name in LISTS:
        values[name] = tuple(orjson.loads(values[name]))
    values["has_results"] = bool(values["has_results"])
    return Card(**values)
