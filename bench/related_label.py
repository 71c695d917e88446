"""Which records belong together, by what the records say: they name each other's number, or their titles bear the
name of one series of trials (KEYNOTE-001, KEYNOTE-042)."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from trialwright.record.related.profile import Profile

SERIES = re.compile(r"\b([A-Z]{5,})[- ](\d{1,4})[A-Za-z]?\b")
NO_SERIES = frozenset({"COVID", "CORONAVIRUS", "PHASE", "STUDY", "PART", "TRIAL", "GRADE", "STAGE"})
LARGEST, FROM_ONE = 60, 8
"""Larger series are names of something else; so many members of one series are asked about."""


def together(profiles: Mapping[str, Profile], records: Mapping[str, Any]) -> dict[str, set[str]]:
    """For each record that is asked about, the records that belong to it."""
    found: dict[str, set[str]] = defaultdict(set)
    for number, profile in profiles.items():
        for other in profile.cites & profiles.keys():
            found[number].add(other)
            found[other].add(number)
    for members in _series(records).values():
        if 1 < len(members) <= LARGEST:
            for number in sorted(members)[:FROM_ONE]:
                found[number] |= members - {number}
    return {number: found[number] for number in sorted(found)}


def _series(records: Mapping[str, Any]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = defaultdict(set)
    for number, record in records.items():
        for match in SERIES.finditer(titles(record)):
            if match[1] not in NO_SERIES:
                found[match[1]].add(number)
    return found


def titles(record: Mapping[str, Any]) -> str:
    identity = record["protocolSection"]["identificationModule"]
    return f"{identity.get('briefTitle', '')} {identity.get('officialTitle', '')}"


def masked(text: str) -> str:
    """A text without the numbers and names that the label was made from."""
    return re.sub(r"NCT\d{8}", " ", SERIES.sub(" ", text))
