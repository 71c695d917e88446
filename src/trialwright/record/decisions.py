"""What a person must still decide about a study that was begun from its record."""

from __future__ import annotations

from collections.abc import Iterator

from trialwright.formats.ctgov import StudyRecord
from trialwright.record.skeleton import Skeleton


def to_decide(record: StudyRecord, begun: Skeleton) -> str:
    """A list in Markdown, the most important first."""
    return "\n".join(_lines(record, begun)) + "\n"


def _lines(record: StudyRecord, begun: Skeleton) -> Iterator[str]:
    yield f"# To decide for {record.id}"
    criteria = {criterion["id"]: criterion for criterion in begun.parts["eligibility"]["criteria"]}
    judged = [code for code, criterion in criteria.items() if criterion["logic"].startswith("judged_")]
    yield f"\n## Criteria that the investigator judges ({len(judged)}): write their logic, or leave them so"
    yield from (f"- [ ] {code}: {criteria[code]['label']}" for code in judged)
    ruled = [code for code in criteria if code not in judged]
    yield f"\n## Criteria whose logic was read out of the record ({len(ruled)}): check that it says what the text says"
    for code in ruled:
        yield f"- [ ] {code}: {criteria[code]['label']}"
        yield f"  `{criteria[code]['logic']}`"
    yield "\n## Where the record is silent or not exact"
    yield from (f"- [ ] {note}" for note in begun.notes)
    yield from (f"- [ ] {line}" for line in _STAND_INS)
    endpoints = begun.parts["endpoints"]["endpoints"]
    yield f"\n## Endpoints ({len(endpoints)}): each is reached or not, until it has items of its own"
    for endpoint in endpoints:
        yield f"- [ ] {endpoint['id']} ({endpoint['rank']}): {endpoint['title']}"


_STAND_INS = (
    "Visits: screening, one treatment and one assessment stand in (schedule.yaml).",
    "Dosing: one dose by body weight stands in (dosing.yaml).",
    "Items and forms: only what every trial collects, and what the criteria speak of (items.yaml, forms.yaml).",
    "Analysis sets and assumptions about recruitment, answers and response (endpoints.yaml, assumptions.yaml).",
    "Time zones of the sites: UTC stands in (study.yaml).",
)
