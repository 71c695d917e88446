"""Small registry records made for tests of related studies and of matching; they are no real studies."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any


def record(
    number: int,
    title: str,
    conditions: Sequence[str] = (),
    drugs: Sequence[str] = (),
    *,
    phase: str = "",
    sponsor: str = "",
    acronym: str = "",
    summary: str = "",
    criteria: str = "",
    mesh: Sequence[str] = (),
    other_names: Sequence[str] = (),
    ages: tuple[str, str] = ("", ""),
    sex: str = "ALL",
) -> dict[str, Any]:
    """An API v2 record with these parts."""
    return {
        "protocolSection": {
            "identificationModule": {"nctId": f"NCT{number:08d}", "briefTitle": title, "acronym": acronym},
            "descriptionModule": {"briefSummary": summary},
            "conditionsModule": {"conditions": list(conditions)},
            "designModule": {"studyType": "INTERVENTIONAL", "phases": [phase] if phase else []},
            "armsInterventionsModule": {
                "interventions": [{"type": "DRUG", "name": d, "otherNames": list(other_names)} for d in drugs]
            },
            "sponsorCollaboratorsModule": {"leadSponsor": {"name": sponsor, "class": "INDUSTRY"}},
            "eligibilityModule": {
                "eligibilityCriteria": criteria,
                "minimumAge": ages[0],
                "maximumAge": ages[1],
                "sex": sex,
            },
        },
        "derivedSection": {"conditionBrowseModule": {"meshes": [{"id": term, "term": term} for term in mesh]}},
    }


def about(condition: str, drug: str, *numbers: int) -> list[dict[str, Any]]:
    """Records of one drug in one condition."""
    return [
        record(n, f"{drug.title()} in {condition}, {n}", [condition], [drug], phase="PHASE2", sponsor="Made")
        for n in numbers
    ]
