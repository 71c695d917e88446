"""Logic for the criteria of a record whose text can be read with certainty; every other criterion stays a judgement."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from trialwright.record.clauses import (
    Clause,
    Limit,
    limit_clause,
    measures,
    pregnancy_clause,
    simple,
    who_clause,
    window_clause,
)

Data = dict[str, Any]
LONGEST = 600
"""Characters of a criterion that is looked at."""

_ORGANS = (
    r"(?:bone|marrow|ha?ematologic\w*|organ|hepatic|liver|renal|kidney|cardiac|heart|laboratory|blood|coagulation|system"
    r"|major|and|or|,|/)"
)
_HEADING = re.compile(
    r"(?:(?:all |the )?(?:patients?|subjects?|participants?)\s+)?(?:must\s+|should\s+)?"
    r"(?:have\s+|has\s+|having\s+|with\s+)?(?:an?\s+)?"
    r"(?:adequate|sufficient|acceptable|satisfactory|good|normal|inadequate|abnormal|impaired)\s+"
    rf"(?:{_ORGANS}\s*)*(?:functions?|reserves?|values?|parameters?|results?|tests?|status)?"
    r"(?:\s+(?:is\s+|are\s+)?(?:as\s+)?(?:defined|evidenced|indicated|demonstrated|shown)(?:\s+(?:as|by))?)?"
    r"(?:\s+(?:all\s+)?(?:of\s+)?the following)?"
)
_ANY = re.compile(r".*\b(?:any|one|either)(?: or more)? of the following.*")
_UNFINISHED = re.compile(r"(?:\.\.|…|:)\s*$")
"""The end of a text that goes on elsewhere."""
_SOURCE = {"assumption": "Read out of the criterion's words; the record does not list what is collected."}
_USUAL = {"assumption": "Usual limits of adults; a site's own laboratory limits go before them."}


@dataclass(slots=True)
class Reader:
    """Reads criteria one after another, so that together they can be fulfilled."""

    items: dict[str, Data] = field(default_factory=dict)
    """Items that the logic speaks of, as in `items.yaml`."""
    answers: list[Data] = field(default_factory=list)
    """What a virtual patient answers who fulfils all criteria."""
    _bounds: dict[str, tuple[float, float]] = field(default_factory=dict)

    def read(self, code: str, text: str) -> str:
        """The logic of criterion `code` (I01, E02, ...), "" where its text leaves a doubt."""
        clause = read_criterion(code, text)
        bounds = self._narrowed(clause.limits, code[0] == "I") if clause else None
        if clause is None or bounds is None:
            return ""
        self._bounds = bounds
        for limit in clause.limits:
            self.items.setdefault(limit.measure, _measured(limit.measure))
        for name, item in clause.items.items():
            if name not in self.items:
                self.answers.append({"item": name, **item["answer"]})
            self.items[name] = {key: value for key, value in item.items() if key != "answer"} | {"source": _SOURCE}
        return clause.logic

    def draws(self) -> list[Data]:
        """Answers to every item that was made."""
        found = [{"item": name, "number": _within(name, *self._bounds[name])} for name in self._bounds]
        return [*found, *self.answers]

    def _narrowed(self, limits: Iterable[Limit], inclusion: bool) -> dict[str, tuple[float, float]] | None:
        """What values are left for a patient whom nothing excludes; None where there are none."""
        bounds = dict(self._bounds)
        for limit in limits:
            about = measures()[limit.measure]
            low, high = bounds.get(limit.measure, (float(about["low"]), float(about["high"])))
            value = limit.value * about["normal"]["high"] if limit.of_limit else limit.value
            if limit.op.startswith(">") == inclusion:
                low = max(low, value)
            else:
                high = min(high, value)
            if not low < high:
                return None
            bounds[limit.measure] = (low, high)
        return bounds


def read_criterion(code: str, text: str) -> Clause | None:
    """What a criterion demands, where every word of it is understood."""
    if len(text) > LONGEST or _UNFINISHED.search(text):
        return None
    lines = [line for line in text.split("\n") if line.strip()]
    if len(lines) > 1:
        return _listed(code, lines)
    head, colon, rest = text.partition(":")
    if colon and _HEADING.fullmatch(simple(head)):
        return _sentence(code, rest)
    return _sentence(code, text)


def _listed(code: str, lines: list[str]) -> Clause | None:
    """A heading with a list below it."""
    head, inclusion = simple(lines[0]), code[0] == "I"
    either = bool(_ANY.fullmatch(head))
    bare = re.sub(r"[,:]?\s*(?:with |by |meeting )?(?:any|one|either)(?: or more)? of the following.*", "", head)
    if not _HEADING.fullmatch(bare) or (not inclusion and not either) or (inclusion and either):
        return None
    parts = [_sentence(code, line) for line in lines[1:]]
    if any(part is None for part in parts):
        return None
    return _joined([part for part in parts if part], either=either)


def _sentence(code: str, text: str) -> Clause | None:
    """One clause, or several that are joined in a way that can be told."""
    inclusion, whole = code[0] == "I", simple(text)
    if single := _clause(code, whole, text):
        return single
    for pattern, either in ((r"\s*;\s*|,? and |,\s+", False), (r",? or | and/or |;? or ", True)):
        parts = re.split(pattern, whole)
        if len(parts) < 2 or either == inclusion:
            continue
        found = [_clause(code, part.strip(" ,;"), part) for part in parts]
        plain = all(part is not None and not part.items for part in found)
        if plain and sum("sex ==" in part.logic for part in found if part) < 2:
            return _joined([part for part in found if part], either=either)
    return None


def _clause(code: str, text: str, words: str) -> Clause | None:
    inclusion = code[0] == "I"
    found = limit_clause(text, inclusion) or who_clause(text)
    if found or inclusion:
        return found
    return pregnancy_clause(text) or window_clause(text, f"event_{code.lower()}", _unnumbered(words))


def _unnumbered(words: str) -> str:
    return re.sub(r"^\s*\d{1,2}\s*[.)、]\s+", "", words).strip()


def _joined(parts: list[Clause], *, either: bool) -> Clause:
    word = " or " if either else " and "
    logic = word.join(
        f"({part.logic})" if " and " in part.logic or " or " in part.logic else part.logic for part in parts
    )
    items = {name: item for part in parts for name, item in part.items.items()}
    return Clause(logic, tuple(limit for part in parts for limit in part.limits), items, either)


def _measured(name: str) -> Data:
    """The item of a measurement."""
    about: Mapping[str, Any] = measures()[name]
    item: Data = {"id": name, "label": about["label"], "type": "quantity", "unit": about["unit"]}
    if "molar_mass" in about:
        item["molar_mass"] = about["molar_mass"]
    if "normal" in about:
        item["normal"] = {**about["normal"], "source": _USUAL}
    item |= {"hard": {"low": about["low"], "high": about["high"]}, "codes": {"loinc": about["loinc"]}}
    sdtm = {"domain": about.get("domain", "LB"), "testcd": about["testcd"], "test": about["label"][:40]}
    return {**item, "sdtm": sdtm, "source": _SOURCE}


def _within(name: str, low: float, high: float) -> float:
    """A value between two bounds and on neither: the usual one where it fits."""
    usual = float(measures()[name]["usual"])
    if low < usual < high:
        return usual
    middle = (low + high) / 2
    return float(f"{middle:.3g}") if low < float(f"{middle:.3g}") < high else math.nextafter(middle, high)
