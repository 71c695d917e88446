"""Laboratory grades of CTCAE: worked cases, and the same grade as the published criteria over generated values."""

from __future__ import annotations

import ast
import json
import math
import re
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from trialwright.kernel.errors import UnitError, UnknownName
from trialwright.science.clinic.ctcae import VERSIONS, Lab, grade, rules


@pytest.mark.parametrize(
    ("term", "lab", "v5", "v6"),
    [
        ("Platelet count decreased", Lab(20, "10*9/L", low=125), 4, 3),
        ("Platelet count decreased", Lab(75, "10*9/L", low=125), 1, 1),
        ("Platelet count decreased", Lab(130, "10*9/L", low=125), 0, 0),
        ("Platelet count decreased", Lab(80, "10*9/L"), None, None),
        ("Neutrophil count decreased", Lab(0.4, "10*9/L", low=1.8), 4, 3),
        ("Neutrophil count decreased", Lab(400, "/uL", low=1800), 4, 3),
        ("Anemia", Lab(7.9, "g/dL", low=12), 3, 3),
        ("Alanine aminotransferase increased", Lab(130, "U/L", high=40, baseline=30), 2, 2),
        ("Alanine aminotransferase increased", Lab(200, "U/L", high=40, baseline=100), 1, 2),
        ("Alanine aminotransferase increased", Lab(120, "U/L", high=40, baseline=100), 0, 1),
        ("Blood bilirubin increased", Lab(35, "umol/L", high=20), 2, 2),
        ("Creatinine increased", Lab(130, "umol/L", high=100, baseline=60), 2, 1),
        ("Creatinine increased", Lab(130, "umol/L", low=50, high=100, baseline=40), 3, 3),
        ("Fibrinogen decreased", Lab(0.45, "g/L", low=2), 4, 4),
        ("Fibrinogen decreased", Lab(1.9, "g/L", low=2, baseline=4), 3, 3),
        ("Hypertriglyceridemia", Lab(1.71, "mmol/L"), 1, 1),
        ("Hypertriglyceridemia", Lab(160, "mg/dL"), 1, 1),
        ("Hyponatremia", Lab(129.5, "mmol/L", low=135), 1, 3),
        ("Hemoglobin increased", Lab(19.5, "g/dL", high=17), 2, 2),
        ("Lipase increased", Lab(250, "U/L", high=100), 3, 2),
        ("Alkaline phosphatase increased", Lab(400, "U/L", high=120, baseline=100), 2, 1),
        ("Acidosis", Lab(7.2, "[pH]"), 3, 3),
        ("INR increased", Lab(1.3, "1"), 1, 1),
        ("INR increased", Lab(1.1, "1"), None, None),
        ("Creatinine clearance decreased", Lab(25, "mL/min"), None, 3),
        ("Creatinine clearance decreased", Lab(9, "mL/min"), None, None),
        ("Hypoalbuminemia", Lab(29, "g/L", low=35), 2, 2),
    ],
)
def test_ctcae_grades_differ_by_version(term: str, lab: Lab, v5: int | None, v6: int | None) -> None:
    assert (grade(term, lab, "5"), grade(term, lab, "6")) == (v5, v6)


def test_ctcae_names_are_checked() -> None:
    with pytest.raises(UnknownName, match="Did you mean Anemia"):
        grade("anemias", Lab(1, "g/L"))
    with pytest.raises(UnknownName, match="CTCAE version"):
        grade("Anemia", Lab(1, "g/L"), "4")
    with pytest.raises(UnitError, match="cannot be stated"):
        grade("Anemia", Lab(90, "Cel"))
    assert grade("Lymphocyte count decreased", Lab(0.1, "10*9/L"), "6") is None


def test_the_laboratorys_own_flag_on_the_baseline_comes_first() -> None:
    lab = Lab(200, "U/L", high=40, baseline=100, baseline_flag="normal")
    assert grade("Alanine aminotransferase increased", lab) == 2


@pytest.mark.parametrize("version", VERSIONS)
def test_every_laboratory_term_has_its_rule(version: str, shared: Path) -> None:
    published = {rule["TERM"] for rule in criteria(shared, f"ncictcaev{version}.json")}
    older_name = {"Platelet count decreased"} if version == "6" else set()
    assert set(rules(version)) == published | older_name


def criteria(shared: Path, name: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads((shared / "ctcae" / name).read_text(encoding="utf-8"))
    return found


class Published:
    """The published rules, read as they stand: cases from the top, unknown conditions do not hold, else grade 0."""

    def __init__(self, rule: dict[str, Any]) -> None:
        keys = [f"GRADE_{g}_CODE" for g in ("NA", "4", "3", "2", "1")]
        text = ", ".join(str(rule[key]) for key in keys if rule.get(key))
        cases = re.findall(r"\s*(.*?)\s*~\s*(NA_character_|\"\d\")\s*,?", text, flags=re.DOTALL)
        self.cases = [(ast.parse(_spelled(when), mode="eval").body, answer.strip('"')) for when, answer in cases]
        self.numbers = sorted({float(x) for x in re.findall(r"(?<![\w.])\d+(?:\.\d+)?", re.sub(r'~ "\d"', "", text))})

    def grade(self, lab: Lab) -> int | None:
        change = 100 * (lab.value - lab.baseline) / lab.baseline if lab.baseline else None
        values = {
            "AVAL": lab.value, "ANRLO": lab.low, "ANRHI": lab.high, "BASE": lab.baseline, "PCHG": change,
            "BNRIND": _flag(lab), "high_indicator": "HIGH", "low_indicator": "LOW",
        }  # fmt: skip
        for condition, answer in self.cases:
            if _value(condition, values) is True:
                return None if answer.startswith("NA") else int(answer)
        return 0


def _spelled(text: str) -> str:
    for theirs, ours in (("%in%", "=="), ("is.na", "is_na"), ("&", " and "), ("|", " or "), ("!", " not ")):
        text = text.replace(theirs, ours)
    return text.strip()


def _flag(lab: Lab) -> str | None:
    if lab.baseline is None:
        return None
    if lab.low is not None and lab.baseline < lab.low:
        return "LOW"
    return "HIGH" if lab.high is not None and lab.baseline > lab.high else "NORMAL"


def _value(node: ast.expr, values: dict[str, Any]) -> Any:
    """Numbers, words and three-valued truths (None is unknown)."""
    match node:
        case ast.Name(id=name):
            return values[name]
        case ast.Constant(value=number):
            return number
        case ast.UnaryOp(op=ast.USub(), operand=inner):
            return -_value(inner, values)
        case ast.UnaryOp(operand=inner):
            found = _value(inner, values)
            return None if found is None else not found
        case ast.BoolOp(op=joint, values=parts):
            found = [_value(part, values) for part in parts]
            decided = isinstance(joint, ast.Or)
            return decided if decided in found else None if None in found else not decided
        case ast.Call(func=ast.Name(id="is_na"), args=[inner]):
            return _value(inner, values) is None
        case ast.Call(args=[inner, *_]):
            found = _value(inner, values)
            return None if found is None else float(f"{found:.12g}")
        case ast.BinOp(left=left, op=joint, right=right):
            a, b = _value(left, values), _value(right, values)
            return None if a is None or b is None else a * b if isinstance(joint, ast.Mult) else a + b
        case ast.Compare(left=left, ops=[sign], comparators=[right]):
            return _compared(sign, _value(left, values), _value(right, values))
    raise AssertionError(ast.dump(node))


def _compared(sign: ast.cmpop, a: Any, b: Any) -> bool | None:
    if isinstance(sign, ast.Eq):
        return bool(a == b)
    if a is None or b is None:
        return None
    return bool({ast.Lt: a < b, ast.LtE: a <= b, ast.Gt: a > b, ast.GtE: a >= b}[type(sign)])


UNITS = {"10^9/L": "10*9/L", "10^3/uL": "10*3/uL", "10^3/mL": "10*3/mL", "1/uL": "/uL", "MMOL/L": "mmol/L", None: "U/L"}


def cases(published: Published, unit: str) -> Iterator[Lab]:
    """Values at, just below and just above every limit that the rule can have, with limits and baseline or without."""
    scale = max((n for n in published.numbers if n not in (1.0, 75.0, 50.0, 25.0)), default=10.0)
    lows, highs = (None, scale * 0.6), (None, scale * 0.7)
    bases = (None, scale * 0.3, scale * 1.3)
    for low, high, base in product(lows, highs, bases):
        anchors = {x for x in (low, high, base) if x}
        at = {n * anchor for n in (1, *published.numbers) for anchor in (1.0, *anchors)}
        at |= {high + n for n in published.numbers} if high else set()
        at |= {base * f for f in (0.25, 0.5, 0.75)} if base else set()
        for limit in at:
            for value in (limit * (1 - 1e-4), limit, limit * (1 + 1e-4)):
                yield Lab(value, unit, low, high, base)


FILES = [(v, f"ncictcaev{v}{kind}.json") for v in VERSIONS for kind in ("", "_uscv")]


def by_the_words(term: str, version: str, lab: Lab) -> bool:
    """Where the coded rule leaves out a limit that the criterion's own words take in: grade 1 "150 - 300 mg/dL",
    and "2.0 - 2.5 x baseline". The words hold."""
    if term == "Hypertriglyceridemia":
        return math.isclose(lab.value, 1.71) or math.isclose(lab.value, 150)
    at_twice = term == "GGT increased" and version == "5" and math.isclose(lab.value, 2 * (lab.baseline or 0))
    return at_twice and _flag(lab) == "HIGH"


@pytest.mark.parametrize(("version", "name"), FILES)
def test_grades_are_those_of_the_published_criteria(version: str, name: str, shared: Path) -> None:
    seen = 0
    for rule in criteria(shared, name):
        term, published = rule["TERM"], Published(rule)
        for lab in cases(published, UNITS.get(rule.get("UNIT_CHECK"), str(rule.get("UNIT_CHECK")))):
            wanted = 1 if by_the_words(term, version, lab) else published.grade(lab)
            assert grade(term, lab, version) == wanted, (term, lab)
            seen += 1
    assert seen > 10_000
