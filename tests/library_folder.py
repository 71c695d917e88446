"""A data folder with the 350 real records, the built-in study's own, and a few made up for what is rare."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from trialwright.formats.ctgov import record_of
from trialwright.record.bring_in import bring_in, records_in
from trialwright.record.library import Library
from trialwright.study.load import load_study

LARGE = "NCT99000001"
HOSTILE = "NCT99000002"
SAME_DRUG = "NCT99000003"
SITES, EVENTS = 500, 1500


def build(folder: Path, shared: Path) -> Path:
    """Fill `folder` with everything and index it; returns it."""
    made = folder / "made.ndjson"
    folder.mkdir(parents=True, exist_ok=True)
    made.write_text("".join(json.dumps(record) + "\n" for record in _made()), encoding="utf-8")
    changed = folder / "changed.ndjson"
    changed.write_text(json.dumps(second_version()) + "\n", encoding="utf-8")
    library = Library.open(folder / "library", write=True)
    files = [shared / "record" / "ctgov_v2_dev.jsonl.gz", made]
    bring_in(library.store, records_in(files), seen=datetime(2026, 1, 1, tzinfo=UTC))
    bring_in(library.store, records_in([changed]), seen=datetime(2026, 2, 1, tzinfo=UTC))
    library.catch_up()
    library.close()
    return folder / "library"


def _made() -> Iterator[dict[str, Any]]:
    yield record_of(load_study("nct07208058"))
    yield same_drug()
    yield large()
    yield hostile()


def record(nct: str, title: str, **modules: Any) -> dict[str, Any]:
    """A small record; `modules` are added to its protocol section."""
    protocol: dict[str, Any] = {
        "identificationModule": {"nctId": nct, "briefTitle": title, "orgStudyIdInfo": {"id": f"ORG-{nct[-3:]}"}},
        "statusModule": {"overallStatus": "RECRUITING", "lastUpdatePostDateStruct": {"date": "2025-06-01"}},
        "sponsorCollaboratorsModule": {"leadSponsor": {"name": "Made Up", "class": "INDUSTRY"}},
        "designModule": {"studyType": "INTERVENTIONAL", "phases": ["PHASE3"], "enrollmentInfo": {"count": 4000}},
    }
    return {"protocolSection": protocol | modules, "hasResults": False}


def large() -> dict[str, Any]:
    """A record with 500 sites and 1,500 adverse-event terms in four groups."""
    locations = [
        {
            "facility": f"Hospital {n}",
            "status": "RECRUITING" if n % 3 else "COMPLETED",
            "city": f"City {n % 90}",
            "zip": f"{10000 + n}",
            "country": f"Country {n % 25}",
            "contacts": [{"name": f"Person {n}", "role": "CONTACT", "phone": "555-0100", "email": f"p{n}@example.org"}],
            "geoPoint": {"lat": 40.0 + n / 100, "lon": -70.0 - n / 100},
        }
        for n in range(SITES)
    ]
    made = record(LARGE, "A very large study", contactsLocationsModule={"locations": locations})
    ids = [f"EG00{n}" for n in range(4)]
    groups = [
        {
            "id": name,
            "title": f"Group {name}",
            "seriousNumAffected": 9,
            "seriousNumAtRisk": 1000,
            "deathsNumAffected": 1,
        }
        for name in ids
    ]
    terms = [
        {
            "term": f"Term {n:04}",
            "organSystem": f"System {n % 20}",
            "stats": [{"groupId": name, "numEvents": n % 7, "numAffected": n % 5, "numAtRisk": 1000} for name in ids],
        }
        for n in range(EVENTS)
    ]
    events = {"eventGroups": groups, "seriousEvents": terms[: EVENTS // 3], "otherEvents": terms[EVENTS // 3 :]}
    return made | {"hasResults": True, "resultsSection": {"adverseEventsModule": events | {"frequencyThreshold": "5"}}}


def same_drug() -> dict[str, Any]:
    """What is nearest to the built-in study: the same drug in an earlier phase."""
    made = record(
        SAME_DRUG,
        "Plonmarlimab in macrophage activation syndrome, phase II (made up)",
        conditionsModule={"conditions": ["Macrophage Activation Syndrome"]},
        armsInterventionsModule={"interventions": [{"type": "DRUG", "name": "Plonmarlimab"}]},
    )
    made["protocolSection"]["designModule"]["phases"] = ["PHASE2"]
    return made


EVIL = "<script>alert(1)</script><b onclick=x>bold</b>"


def hostile() -> dict[str, Any]:
    """A record with HTML and formulas where text belongs, escapes of the registry's markup, and an unknown field."""
    made = record(
        HOSTILE,
        f"=HYPERLINK(1) {EVIL}",
        descriptionModule={"briefSummary": f"{EVIL}\n\n* first \\<5\n* second [x](javascript:alert(1))"},
        conditionsModule={"conditions": [EVIL], "keywords": [EVIL]},
        eligibilityModule={
            "eligibilityCriteria": f"Inclusion Criteria:\n\n* Age \\>= 18 {EVIL}\n\nExclusion Criteria:\n\n* x"
        },
        armsInterventionsModule={"interventions": [{"type": "DRUG", "name": EVIL, "description": EVIL}]},
        contactsLocationsModule={"locations": [{"facility": EVIL, "city": "Paris", "country": "France"}]},
        referencesModule={"seeAlsoLinks": [{"label": EVIL, "url": "javascript:alert(1)"}]},
    )
    made["protocolSection"]["futureModule"] = {"unheardOf": [EVIL, "as it stands"]}
    return made


def second_version() -> dict[str, Any]:
    """A later state of the small record."""
    made = hostile()
    made["protocolSection"]["statusModule"] = {
        "overallStatus": "COMPLETED",
        "lastUpdatePostDateStruct": {"date": "2025-09-01"},
    }
    return made
