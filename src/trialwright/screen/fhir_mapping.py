"""Which items of a study a code means. By code alone: what a code is called plays no part.

The study's `codes` come first; `terminology.yaml` adds what the code systems themselves say (kinds of a disease, units
and methods of one measurement, products of one agent).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from trialwright.formats.fhir import Coding
from trialwright.study.definition import Study
from trialwright.study.items import CodeLists, Item

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_PREFIXED = ("icd10", "atc")
"""Code systems whose codes lengthen as they narrow."""


@dataclass(frozen=True, slots=True)
class Target:
    """An item that a code speaks of. `choice`: the code of its choice that is meant. `denied`: that it is not so."""

    item: Item
    synonym: str = ""
    choice: str = ""
    denied: bool = False


@lru_cache(maxsize=1)
def terminology() -> dict[str, Any]:
    """The table `terminology.yaml`."""
    text = Path(__file__).with_name("terminology.yaml").read_text(encoding="utf-8")
    return dict(yaml.load(text, Loader=_LOADER))  # noqa: S506 - a safe loader, of our own file


class CodeBook:
    """The items of one study by code. Make one for a study and use it for all its patients."""

    def __init__(self, study: Study) -> None:
        self._own: dict[Coding, list[Target]] = {}
        self._implied: dict[Coding, list[Target]] = {}
        for item in study.items:
            if item.derive is None:
                self._enter(item)

    def find(self, codings: Iterable[Coding]) -> tuple[Target, ...]:
        """All items that any of the codes means; an item once."""
        found: dict[tuple[str, bool], Target] = {}
        for coding in codings:
            for target in self._of(coding):
                found.setdefault((target.item.id, target.denied), target)
        return tuple(found.values())

    def item(self, loincs: Iterable[str]) -> Item | None:
        """The item that one of several LOINC codes means."""
        found = self.find(Coding("loinc", code) for code in loincs)
        return found[0].item if found else None

    def _of(self, coding: Coding) -> list[Target]:
        """Targets of the code, the codes above it and what the terminology implies, the nearest first.

        A measurement that the study lists itself is no other one: two items may split what LOINC groups.
        """
        own = [target for code in _upwards(coding) for target in self._own.get(code, ())]
        if own and coding.system == "loinc":
            return own
        return own + [target for code in _upwards(coding) for target in self._implied.get(code, ())]

    def _enter(self, item: Item) -> None:
        codes = item.codes
        if codes.loinc:
            self._add(Coding("loinc", codes.loinc), Target(item))
        self._lists(codes, Target(item))
        self._lists(codes.denied, Target(item, denied=True))
        for synonym in item.synonyms:
            self._lists(synonym.codes, Target(item, synonym=synonym.id))
        for choice in item.choices:
            self._lists(choice.codes, Target(item, choice=choice.code))

    def _lists(self, lists: CodeLists, target: Target) -> None:
        for system in ("snomed", "rxnorm", "icd10", "atc", "cvx"):
            for code in getattr(lists, system):
                for one in _spread(code) if system in _PREFIXED else (code,):
                    self._add(Coding(system, one), target)
        for code in lists.loinc_also:
            self._add(Coding("loinc", code), target)

    def _add(self, coding: Coding, target: Target) -> None:
        self._own.setdefault(_plain(coding), []).append(target)
        for other in _implied(coding):
            self._implied.setdefault(other, []).append(target)


def agent_of(codings: Iterable[Coding]) -> str:
    """The name of the agent that a medicine's code means, as the tables of equivalents have it; "" if none."""
    return _named("agents", codings)


def route_of(codings: Iterable[Coding]) -> str:
    """The name of a route; the code itself where it is not one that is known; "" where none is given."""
    given = tuple(codings)
    return _named("routes", given) or (str(given[0]) if given else "")


def answer_of(codings: Iterable[Coding]) -> str:
    """`true`, `false` or `unknown` as a code says; "" for a code that says none of these."""
    answers = terminology()["answers"]
    return next((word for c in codings for word in answers if c.code in answers[word]), "")


def in_remission(codings: Iterable[Coding]) -> bool:
    """Whether a code itself says that the disease is over, whatever its status says."""
    return any(c.system == "icd10" and c.code.upper() in terminology()["remission"] for c in codings)


def _named(part: str, codings: Iterable[Coding]) -> str:
    names = _names(part)
    return next((names[code] for c in codings for code in _upwards(c) if code in names), "")


@lru_cache(maxsize=8)
def _names(part: str) -> dict[Coding, str]:
    """Code -> name for the agents or the routes."""
    return {
        Coding(
            "http://terminology.hl7.org/CodeSystem/v3-RouteOfAdministration" if system == "v3" else system, code
        ): name
        for name, lists in terminology()[part].items()
        for system, codes in lists.items()
        for code in codes
    }


@lru_cache(maxsize=4096)
def _implied(coding: Coding) -> tuple[Coding, ...]:
    """Codes that mean the same or a kind of it, though the study does not list them."""
    table = terminology()
    match coding.system:
        case "loinc":
            return tuple(Coding("loinc", c) for group in table["same"] if coding.code in group for c in group)
        case "snomed":
            return tuple(Coding("snomed", code) for code in _kinds(coding.code))
        case "atc":
            agents = table["agents"].values()
            below = [a for a in agents if any(code.startswith(coding.code) for code in a["atc"])]
            return tuple(Coding(system, c) for a in below for system in ("rxnorm", "snomed") for c in a.get(system, ()))
    return ()


def _kinds(code: str) -> tuple[str, ...]:
    """The SNOMED CT codes below one, at any depth."""
    kinds, found, open_ = terminology()["kinds"], dict[str, None](), [code]
    while open_:
        for one in kinds.get(open_.pop(), ()):
            if one not in found:
                found[one] = None
                open_.append(one)
    return tuple(found)


def _plain(coding: Coding) -> Coding:
    return Coding(coding.system, coding.code.upper().replace(".", "")) if coding.system in _PREFIXED else coding


def _upwards(coding: Coding) -> Iterator[Coding]:
    """The code, and in ICD-10 and ATC those above it. A code above may not be shorter than three characters."""
    plain = _plain(coding)
    yield plain
    if coding.system in _PREFIXED:
        for length in range(len(plain.code) - 1, 2, -1):
            yield Coding(plain.system, plain.code[:length])


def _spread(code: str) -> tuple[str, ...]:
    """`C00-C97` is C00, C01, ..., C97; `M35.0-M35.3` is M35.0 to M35.3; any other code is itself."""
    first, _, last = code.partition("-")
    digits = min(len(part) - len(part.rstrip("0123456789")) for part in (first, last)) if last else 0
    digits = min(digits, 2) if "." not in first else min(digits, 1)
    if not digits or first[:-digits] != last[:-digits]:
        return (code,)
    return tuple(f"{first[:-digits]}{n:0{digits}}" for n in range(int(first[-digits:]), int(last[-digits:]) + 1))
