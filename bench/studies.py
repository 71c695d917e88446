"""Made-up studies by the hundred thousand: a real study's clinical part in other words, the rest out of other ones.

350 whole records are few: each of their words would stand in far more studies than in the registry. So the titles,
summaries, conditions and treatments of some 5,000 further real studies are used too.
"""

from __future__ import annotations

import ast
import gzip
import json
import random
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

LENGTH = 5
"""Words of a piece of text."""
_KEPT = {"date", "type", "zip", "phone", "phoneExt", "geoPoint", "status", "id", "pmid", "url", "link", "filename"}
_OWN = ("descriptionModule", "conditionsModule", "armsInterventionsModule", "outcomesModule")
"""What stays with a record's title, so that a word is in about as many records as in the registry."""
_OTHERS = (
    ("statusModule", "designModule"),
    ("sponsorCollaboratorsModule", "oversightModule"),
    ("eligibilityModule",),
    ("contactsLocationsModule",),
    ("referencesModule", "ipdSharingStatementModule"),
)
_LONG = 60
"""Characters from which on a text is made of pieces; a shorter one (a name, a value) is kept whole."""
_CHANGED = 0.5
"""Share of titles and summaries that get a word which hardly any other record has."""


class Generator:
    """Streams records; the same seed gives the same ones."""

    def __init__(self, source: Path, seed: int = 1) -> None:
        with gzip.open(source) as lines:
            self._real = [json.loads(line) for line in lines]
        self._random = random.Random(seed)
        told = source.parents[1] / "matching" / "trials.jsonl.gz"
        self._bases = [*self._real, *(self._about(study) for study in _told(told))]
        self._pieces: dict[int, dict[str, list[str]]] = {}

    def records(self, count: int) -> Iterator[dict[str, Any]]:
        for number in range(1, count + 1):
            yield self._record(number)

    def _record(self, number: int) -> dict[str, Any]:
        base = self._random.choice(self._bases)
        protocol = {"identificationModule": self._identity(base, number)}
        for name in _OWN:
            self._take(protocol, base, name)
        for group in _OTHERS:
            donor = self._random.choice(self._bases)
            for name in group:
                self._take(protocol, donor, name)
        record = {"protocolSection": protocol, "hasResults": "resultsSection" in base}
        return record | {name: base[name] for name in ("resultsSection", "derivedSection") if name in base}

    def _about(self, study: Mapping[str, Any]) -> dict[str, Any]:
        """A real record's frame with what a study of the other source says of itself."""
        frame = self._random.choice(self._real)
        own = frame["protocolSection"]
        named = own["identificationModule"] | {"briefTitle": study["title"], "officialTitle": study["title"]}
        treatments = [{"type": "DRUG", "name": name} for name in study["intr"]]
        protocol = own | {
            "identificationModule": named,
            "descriptionModule": {"briefSummary": study["summary"]},
            "conditionsModule": {"conditions": study["cond"], "keywords": study["kw"]},
            "armsInterventionsModule": {"interventions": treatments},
            "eligibilityModule": own["eligibilityModule"] | {"eligibilityCriteria": study.get("crit") or ""},
        }
        return {**{key: value for key, value in frame.items() if key != "derivedSection"}, "protocolSection": protocol}

    def _take(self, protocol: dict[str, Any], donor: dict[str, Any], name: str) -> None:
        if name in donor["protocolSection"]:
            protocol[name] = self._said(donor["protocolSection"][name], name, self._pieces_of(donor))

    def _identity(self, base: dict[str, Any], number: int) -> dict[str, Any]:
        found = self._said(base["protocolSection"]["identificationModule"], "", self._pieces_of(base))
        found.pop("nctIdAliases", None)
        identity: dict[str, Any] = found | {"nctId": f"NCT{number:08d}"}
        return identity | {"orgStudyIdInfo": {"id": f"{self._code()}-{number % 9973}"}}

    def _said(self, node: Any, key: str, pieces: dict[str, list[str]]) -> Any:
        """The node with its long texts made anew; facilities and some texts get a name of their own."""
        if isinstance(node, dict):
            return {
                k: v if k in _KEPT else self._said(v, k, pieces) for k, v in node.items() if k != "locations_nested"
            }
        if isinstance(node, list):
            return [self._said(each, key, pieces) for each in node]
        if not isinstance(node, str):
            return node
        text = node
        if len(node) >= _LONG and key in pieces:
            text = " ".join(self._random.choices(pieces[key], k=len(node) // 33 + 1))
        rare = key == "facility" or (key in ("officialTitle", "briefSummary") and self._random.random() < _CHANGED)
        return f"{text} {self._code()}" if rare else text

    def _code(self) -> str:
        return "".join(self._random.choices("bcdfgklmnprstvz", k=2) + self._random.choices("aeiouy0123456789", k=4))

    def _pieces_of(self, record: dict[str, Any]) -> dict[str, list[str]]:
        """The record's own long texts, cut up: key -> pieces."""
        if id(record) not in self._pieces:
            found: dict[str, list[str]] = {}
            _gather(record["protocolSection"], "", found)
            self._pieces[id(record)] = found
        return self._pieces[id(record)]


def _told(file: Path) -> Iterator[dict[str, Any]]:
    """Studies with a title and a summary; lists come as Python writes them, or as one name."""
    if not file.exists():
        return
    with gzip.open(file) as lines:
        for line in lines:
            study = json.loads(line)
            if study.get("title") and study.get("summary"):
                yield study | {name: _names(study.get(name, "")) for name in ("cond", "intr", "kw")}


def _names(text: str) -> list[str]:
    found = ast.literal_eval(text) if text.startswith(("['", '["')) else [text]
    return [name for name in found if name]


def _gather(node: Any, key: str, into: dict[str, list[str]]) -> None:
    if isinstance(node, dict):
        for name, below in node.items():
            if name not in _KEPT and name != "locations_nested":
                _gather(below, name, into)
    elif isinstance(node, list):
        for each in node:
            _gather(each, key, into)
    elif isinstance(node, str) and len(node) >= _LONG:
        words = node.split()
        into.setdefault(key, []).extend(" ".join(words[at : at + LENGTH]) for at in range(0, len(words), LENGTH))


def queries(source: Path, count: int, seed: int = 2) -> list[dict[str, Any]]:
    """Short questions as people ask them: one to three words of a condition, drug or keyword, filters; none twice."""
    generator = random.Random(seed)
    with gzip.open(source) as lines:
        real = [json.loads(line)["protocolSection"] for line in lines]
    asked: list[dict[str, Any]] = []
    while len(asked) < count:
        donor = generator.choice(real)
        conditions = donor.get("conditionsModule", {})
        drugs = [each["name"] for each in donor.get("armsInterventionsModule", {}).get("interventions", [])]
        texts = [*conditions.get("conditions", []), *drugs, *conditions.get("keywords", [])[:3]]
        words = [word for word in generator.choice(texts or ["cancer"]).split() if word.isalnum()] or ["cancer"]
        one = {"query": " ".join(words[: generator.choice((1, 2, 2, 3))]), **_filters(generator, donor)}
        if one not in asked:
            asked.append(one)
    return asked


def _filters(generator: random.Random, donor: dict[str, Any]) -> dict[str, Any]:
    possible: list[dict[str, Any]] = [
        {},
        {},
        {"status": ("RECRUITING",)},
        {"phase": tuple(donor["designModule"].get("phases", ())[:1])},
        {"country": "United States"},
        {"age_years": 58.0, "sex": "FEMALE"},
        {"results": True},
        {"start": ("2020-01-01", "")},
    ]
    return generator.choice(possible)
