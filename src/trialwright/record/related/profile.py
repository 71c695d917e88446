"""What is compared of a record: drugs and targets, conditions, who may join, design, who runs it, what it refers to."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

import yaml

from trialwright.kernel.texts import Text
from trialwright.record.match.ages import record_age
from trialwright.record.related.drugs import class_of, codes_in, names_in, targets_of
from trialwright.record.terms import words

MEDICINES = ("DRUG", "BIOLOGICAL", "COMBINATION_PRODUCT", "GENETIC", "DIETARY_SUPPLEMENT", "")
PHASES = {"EARLY_PHASE1": 0.5, "PHASE1": 1.0, "PHASE2": 2.0, "PHASE3": 3.0, "PHASE4": 4.0}


@dataclass(frozen=True, slots=True)
class Profile:
    """Keys to compare by, with how the record writes them where people will see it. Ages in years; `phase` 0.5 to 4,
    None without one. `families`: acronym and number families. `cites`: registry numbers in its text."""

    nct_id: str
    aliases: frozenset[str]
    title: str
    title_words: tuple[str, ...]
    drugs: Mapping[str, str]
    others: frozenset[str]
    targets: Mapping[str, None]
    classes: Mapping[str, Text]
    treatment_mesh: Mapping[str, str]
    treatment_parents: Mapping[str, str]
    conditions: Mapping[tuple[str, ...], str]
    condition_mesh: Mapping[str, str]
    condition_parents: Mapping[str, str]
    keywords: tuple[str, ...]
    lowest: float
    highest: float
    sex: str
    design: tuple[str, ...]
    phase: float | None
    sponsor: str
    collaborators: frozenset[str]
    families: frozenset[str]
    cites: frozenset[str]
    criteria: str


def profile_of(record: Mapping[str, Any], text: bytes | None = None) -> Profile:
    """Read an API v2 record. `text`: its JSON, where it is at hand, for the numbers that it cites."""
    protocol = _part(record, "protocolSection")
    identity, rules = _part(protocol, "identificationModule"), _part(protocol, "eligibilityModule")
    named, derived = _part(protocol, "conditionsModule"), _part(record, "derivedSection")
    title = f"{_text(identity, 'briefTitle')} {_text(identity, 'officialTitle')}".strip()
    summary = _text(_part(protocol, "descriptionModule"), "briefSummary")
    drugs, others, described = _interventions(protocol, title)
    treatment, cond = _part(derived, "interventionBrowseModule"), _part(derived, "conditionBrowseModule")
    sponsors = _part(protocol, "sponsorCollaboratorsModule")
    number = _text(identity, "nctId")
    return Profile(
        nct_id=number,
        aliases=frozenset(_texts(identity, "nctIdAliases")),
        title=_text(identity, "briefTitle") or title,
        title_words=tuple(words(title)),
        drugs=drugs,
        others=frozenset(others),
        targets=targets_of(drugs, title, summary, described),
        classes={name.en: name for drug in drugs for word in drug.split() if (name := class_of(word))},
        treatment_mesh=_mesh(treatment, "meshes"),
        treatment_parents=_mesh(treatment, "ancestors"),
        conditions={key: text for text in _texts(named, "conditions") if (key := tuple(dict.fromkeys(words(text))))},
        condition_mesh=_mesh(cond, "meshes"),
        condition_parents=_mesh(cond, "ancestors"),
        keywords=tuple(word for keyword in _texts(named, "keywords") for word in words(keyword)),
        lowest=record_age(_text(rules, "minimumAge")) or 0.0,
        highest=record_age(_text(rules, "maximumAge")) or 120.0,
        sex=_text(rules, "sex") or "ALL",
        design=_design(_part(protocol, "designModule")),
        phase=_phase(_part(protocol, "designModule")),
        sponsor=_text(_part(sponsors, "leadSponsor"), "name"),
        collaborators=frozenset(_text(each, "name") for each in _parts(sponsors, "collaborators")) - {""},
        families=frozenset(_families(identity)),
        cites=_cited(record, text) - {number},
        criteria=_text(rules, "eligibilityCriteria"),
    )


def _interventions(protocol: Mapping[str, Any], title: str) -> tuple[dict[str, str], set[str], str]:
    """Drugs by key, words of what is no drug, and all that is said of them. Codes in a title name the first drug."""
    drugs: dict[str, str] = {}
    others: set[str] = set()
    told: list[str] = []
    for each in _parts(_part(protocol, "armsInterventionsModule"), "interventions"):
        name = _text(each, "name")
        if _text(each, "type").upper() in MEDICINES:
            told.append(_text(each, "description"))
            for text in (name, *_texts(each, "otherNames")):
                for key, written in names_in(text):
                    drugs.setdefault(key, written)
        else:
            others.update(words(name))
    if drugs:
        for key, written in codes_in(title):
            drugs.setdefault(key, written)
    return drugs, others, " ".join(told)[:4000]


@cache
def broad() -> frozenset[str]:
    """MeSH headings that say next to nothing when two records share them."""
    read = yaml.safe_load((resources.files(__package__) / "broad_terms.yaml").read_text(encoding="utf-8"))
    return frozenset(read["broad"])


def _mesh(module: Mapping[str, Any], key: str) -> dict[str, str]:
    rows = ((_text(row, "id") or _text(row, "term"), _text(row, "term")) for row in _parts(module, key))
    return {name: term for name, term in rows if name and term not in broad()}


def _design(module: Mapping[str, Any]) -> tuple[str, ...]:
    info = _part(module, "designInfo")
    return (
        _text(module, "studyType"),
        _text(info, "primaryPurpose"),
        _text(info, "allocation"),
        _text(info, "interventionModel") or _text(info, "observationalModel"),
        _text(_part(info, "maskingInfo"), "masking"),
    )


def _phase(module: Mapping[str, Any]) -> float | None:
    known = [PHASES[phase] for phase in _texts(module, "phases") if phase in PHASES]
    return sum(known) / len(known) if known else None


_STEM = re.compile(r"^([A-Za-z]{2,}[A-Za-z0-9]*?)[\s_-]*(?:\d+[A-Za-z]?)?$")
_NUMBER = re.compile(rb"NCT\d{8}")
_COMMON_ID = 5


def _families(identity: Mapping[str, Any]) -> Iterator[str]:
    """KEYNOTE of KEYNOTE-001, THZ0103 of THZ0103-MAS301, and other ids whole."""
    if stem := _STEM.match(_text(identity, "acronym").strip()):
        yield f"acronym {stem[1].upper()}"
    own = _text(_part(identity, "orgStudyIdInfo"), "id").strip().upper()
    head = re.split(r"[-_ /.]", own)[0]
    if len(head) >= _COMMON_ID and any(c.isdigit() for c in head) and any(c.isalpha() for c in head):
        yield f"id {head}"
    for other in _parts(identity, "secondaryIdInfos"):
        number = _text(other, "id").strip().upper()
        if len(number) >= _COMMON_ID:
            yield f"id {number}"
    if len(own) >= _COMMON_ID:
        yield f"id {own}"


def _cited(record: Mapping[str, Any], text: bytes | None) -> frozenset[str]:
    if text is None:
        text = _all_text(record).encode()
    return frozenset(number.decode() for number in _NUMBER.findall(text))


def _all_text(value: Any) -> str:
    if isinstance(value, Mapping):
        return " ".join(map(_all_text, value.values()))
    return " ".join(map(_all_text, value)) if isinstance(value, list | tuple) else str(value)


def _part(data: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    value = data.get(key)
    return value if isinstance(value, Mapping) else {}


def _parts(data: Mapping[str, Any], key: str) -> list[Mapping[str, Any]]:
    value = data.get(key)
    return [each for each in value if isinstance(each, Mapping)] if isinstance(value, list) else []


def _text(data: Mapping[str, Any], key: str) -> str:
    value = data.get(key)
    return value if isinstance(value, str) else ""


def _texts(data: Mapping[str, Any], key: str) -> list[str]:
    value = data.get(key)
    return [text for text in value if isinstance(text, str)] if isinstance(value, list) else []
