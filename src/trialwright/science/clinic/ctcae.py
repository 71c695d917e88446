"""Laboratory grades of CTCAE versions 5 and 6. The rules are data (`ctcae.yaml`, which explains its own form).

Grades that rest on clinical findings alone are left to people. Where a criterion asks for symptoms beside the value,
the worst case is taken, and the rule says so. Source: CTCAE v5.0 (NCI, 2017-11-27) and v6.0 (NCI, 2025).
"""

from __future__ import annotations

import operator
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Any, Literal

import yaml

from trialwright.kernel import units
from trialwright.kernel.errors import UnknownName
from trialwright.kernel.truth import Truth, all_of, any_of

VERSIONS = ("5", "6")

_COMPARE = {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}
_NUMBER = r"(-?\d+(?:\.\d+)?)"
_LIMIT = re.compile(rf"([<>]=?) (?:{_NUMBER} x )?(uln|lln|baseline)(?: \+ {_NUMBER} (\S+))?")
_CHANGE = re.compile(rf"([<>]=?) {_NUMBER} % of baseline")
_ABSOLUTE = re.compile(rf"([<>]=?) {_NUMBER}(?: (\S+))?")


@dataclass(frozen=True, slots=True)
class Lab:
    """A laboratory value with its limits and the subject's baseline, all in `unit`.

    `baseline_flag` is the laboratory's own word on the baseline; without it the baseline is held against the limits.
    """

    value: float
    unit: str
    low: float | None = None
    high: float | None = None
    baseline: float | None = None
    molar_mass: float | None = None
    baseline_flag: Literal["", "low", "normal", "high"] = ""


@dataclass(frozen=True, slots=True)
class Bound:
    """Beyond `factor` times the reference plus `plus`, or a plain limit (`reference` ""); "change" is in percent."""

    sign: str
    factor: float
    reference: str = ""
    unit: str = ""
    plus: float = 0.0


@dataclass(frozen=True, slots=True)
class Clause:
    """Every part must hold. A part lists the same limit in several units. `when`: state of the baseline, or ""."""

    parts: tuple[tuple[Bound, ...], ...]
    when: str = ""


@dataclass(frozen=True, slots=True)
class Rule:
    """Clauses by grade, as printed (`words`) and as read; `start` is the limit beyond which the term ends."""

    words: Mapping[int, tuple[str, ...]]
    grades: Mapping[int, tuple[Clause, ...]]
    start: Bound | None = None
    worst_case: str = ""

    @property
    def unit(self) -> str:
        """The unit of the first absolute limit; "" where there is none."""
        bounds = (b for clauses in self.grades.values() for c in clauses for part in c.parts for b in part)
        return next((b.unit for b in bounds if b.unit), "")


def _bound(text: str) -> Bound:
    if found := _LIMIT.fullmatch(text):
        sign, factor, reference, plus, unit = found.groups()
        return Bound(sign, float(factor or 1), reference, unit or "", float(plus or 0))
    if found := _CHANGE.fullmatch(text):
        return Bound(found[1], float(found[2]), "change")
    found = _ABSOLUTE.fullmatch(text)
    assert found, f"CTCAE rule '{text}' cannot be read"
    return Bound(found[1], float(found[2]), "", found[3] or "")


def _clause(text: str) -> Clause:
    when, _, body = text.rpartition(": ")
    parts = tuple(tuple(_bound(b) for b in part.split(" | ")) for part in body.split(" and "))
    return Clause(parts, when.removeprefix("if baseline "))


def _rule(written: Mapping[Any, Any]) -> Rule:
    words = {g: (w,) if isinstance(w, str) else tuple(w) for g, w in written.items() if isinstance(g, int)}
    start = _bound(f"< {written['from']}") if "from" in written else None
    grades = {g: tuple(_clause(text) for text in texts) for g, texts in words.items()}
    return Rule(words, grades, start, written.get("worst_case", ""))


@lru_cache(maxsize=1)
def _all_rules() -> dict[str, dict[str, Rule]]:
    text = files(__package__).joinpath("ctcae.yaml").read_text(encoding="utf-8")
    written = yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506  # safe, in C where it is
    return {v: {t: _rule(r) for t, r in sorted({**written["both"], **written[v]}.items())} for v in VERSIONS}


def rules(version: str) -> dict[str, Rule]:
    """Rules of a version by term. Raises UnknownName. Low platelets are found in version 6 by their older name too."""
    if version not in VERSIONS:
        raise UnknownName("CTCAE version", version, VERSIONS)
    return _all_rules()[version]


def grade(term: str, lab: Lab, version: str = "5") -> int | None:
    """Grade 0 to 4; None where the rule needs a limit that is not known, or the version has no rule for the term.

    Raises UnknownName for a term or version that no rule knows, UnitError for a unit that the rule cannot be held to.
    """
    rule = rules(version).get(term)
    if rule is None:
        known = {name for v in VERSIONS for name in rules(v)}
        if term not in known:
            raise UnknownName("CTCAE term", term, known)
        return None
    if rule.start is not None and _beyond(rule.start, lab) is Truth.TRUE:
        return None
    passed = {g: any_of(_holds(clause, lab) for clause in clauses) for g, clauses in rule.grades.items()}
    sure = [g for g, truth in passed.items() if truth is Truth.TRUE]
    if sure:
        return max(sure)
    return None if Truth.UNKNOWN in passed.values() else 0


def _holds(clause: Clause, lab: Lab) -> Truth:
    if not _applies(clause.when, lab):
        return Truth.FALSE
    return all_of(_beyond(_fitting(part, lab), lab) for part in clause.parts)


def _applies(when: str, lab: Lab) -> bool:
    """A baseline that is not known counts as normal, as the criteria are read where no baseline was drawn."""
    if when in ("", "known"):
        return when == "" or bool(lab.baseline)
    low = lab.baseline is not None and lab.low is not None and _compare("<", lab.baseline, lab.low)
    high = lab.baseline is not None and lab.high is not None and _compare(">", lab.baseline, lab.high)
    state = lab.baseline_flag or ("low" if low else "high" if high else "normal")
    return state != when.removeprefix("not ") if when.startswith("not ") else state == when


def _fitting(part: tuple[Bound, ...], lab: Lab) -> Bound:
    """The limit in the reported unit's own kind, so that mg/dL meets the limit published in mg/dL."""
    return next((b for b in part if b.unit and units.same_kind(lab.unit, b.unit)), part[0])


def _beyond(bound: Bound, lab: Lab) -> Truth:
    """Whether the value passes the limit; unknown where the limit is."""
    if bound.reference == "change":
        change = 100 * (lab.value - lab.baseline) / lab.baseline if lab.baseline else None
        return Truth.of(None if change is None else _compare(bound.sign, change, bound.factor))
    value, limit = lab.value, bound.factor
    if bound.reference:
        found = {"uln": lab.high, "lln": lab.low, "baseline": lab.baseline}[bound.reference]
        if found is None:
            return Truth.UNKNOWN
        limit = bound.factor * found
    if bound.unit:
        value = units.convert(value, lab.unit, bound.unit, lab.molar_mass)
        limit = units.convert(limit, lab.unit, bound.unit, lab.molar_mass) if bound.reference else limit
    return Truth.of(_compare(bound.sign, value, limit + bound.plus))


def _compare(sign: str, value: float, limit: float) -> bool:
    """Compare with the last digits of a conversion forgiven: 1.2 x 100 is 120."""
    if abs(value - limit) <= 1e-9 * max(abs(value), abs(limit)):
        return sign.endswith("=")
    return bool(_COMPARE[sign](value, limit))
