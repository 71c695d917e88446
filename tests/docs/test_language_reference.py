"""docs/reference/language.md is printed from the specifications: TRIALWRIGHT_REGENERATE=1 writes it anew."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from trialwright.logic import Scope, build, prose
from trialwright.logic.operators.base import Operator
from trialwright.logic.operators.dates import DATES
from trialwright.logic.operators.formulas import FORMULAS
from trialwright.logic.operators.numbers import NUMBERS
from trialwright.logic.operators.readings import READINGS
from trialwright.logic.operators.truths import TRUTHS
from trialwright.study.items import Item

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "reference" / "language.md"
TYPED = yaml.safe_load((ROOT / "tests" / "spec" / "operators.yaml").read_text(encoding="utf-8"))
ITEMS = {
    raw["id"]: Item.model_validate({"label": raw["id"], "source": "registry", **raw, "unit": str(raw.get("unit", ""))})
    for raw in TYPED["items"]
}
SCOPE = Scope(ITEMS)
SHELVES = {
    "Truth": TRUTHS, "Numbers": NUMBERS, "Values of one item over time": READINGS, "Days": DATES,
    "Formulas of the clinic": FORMULAS,
}  # fmt: skip
OF_ITEMS = {
    "judgement": "A judgement item is unknown until somebody has signed it.",
    "derived": "A derived item is computed by its expression unless a value of its own is on file.",
}
HEAD = """<!-- Printed from tests/spec/operators.yaml by
TRIALWRIGHT_REGENERATE=1 pytest tests/docs/test_language_reference.py -->
# The expression language

Criteria, edit checks, derived items, dose rules and response definitions are written in one language. An expression is
checked when the definition is loaded: names, types and units are right, or the message names the column. It always has
an answer. A truth is true, false or unknown; any other value may be unknown too. A missing value makes unknown only
what it could still change.

Literals: `12`, `1.5 mg/dL` (UCUM units), `30 days`, `"female"`, `true`, `2026-03-15`, `2026-03` (a partial date: all of
its days). A bare name is the latest known value of an item, a term, or one of the days `screening`, `enrolment` and
`first_dose`; two different values of the same moment are unknown. `#` begins a comment. From loose to tight: `if`,
`or`, `and`, `not`, comparisons and `in`, `+ -`, `* /`, the sign.

In the examples below a patient is screened on 2026-03-15, enrolled on 2026-03-18 and first dosed on 2026-03-20. Each
example is a test that all interpreters pass: the plain one, the explanation, the columnar one for cohorts, text and
back, and the words in English and Chinese.
"""


def page() -> str:
    lines = [HEAD, "## Items", "", "| item | type | unit |", "|---|---|---|"]
    lines += [f"| `{i.id}` | {i.type} | {i.unit} |" for i in ITEMS.values()]
    for name, sentence in OF_ITEMS.items():
        lines += ["", sentence, "", *_examples(name)]
    for title, operators in SHELVES.items():
        lines += ["", f"## {title}", ""]
        for operator in operators:
            lines += [*_entry(operator), ""]
    return "\n".join(lines).rstrip() + "\n"


def _entry(operator: Operator) -> Iterator[str]:
    yield f"### `{operator.name}`"
    yield ""
    yield f"{operator.summary} For example `{operator.example}`."
    yield ""
    yield from _examples(operator.name)


def _examples(name: str) -> Iterator[str]:
    for spec in TYPED["specs"]:
        if spec["operator"] == name:
            expr = build(spec["expression"], SCOPE)
            yield f"- `{spec['expression']}`: {prose(expr, 'en')}; {prose(expr, 'zh')}"
            for facts, answer in spec["patients"]:
                yield f"    - {_facts(facts)}: **{_shown(answer)}**"


def _facts(facts: dict[str, Any]) -> str:
    return "; ".join(f"{item} {_value(given)}" for item, given in facts.items()) or "nothing on file"


def _value(given: Any) -> str:
    if isinstance(given, list):
        return " and ".join(_value(one) for one in given)
    if not isinstance(given, dict):
        return _shown(given)
    words = [f"{_shown(given.get('value'))} {given.get('unit', '')}".strip()]
    words += [f"from {given['low']}"] if "low" in given else []
    words += [f"up to {given['high']}"] if "high" in given else []
    words += [str(given[key]) for key in ("agent", "route") if key in given]
    words += [f"on {given['when']}"] if "when" in given else []
    words += [f"signed by {given['signed_by']}"] if "signed_by" in given else []
    return ", ".join(words)


def _shown(answer: Any) -> str:
    return json.dumps(answer) if isinstance(answer, bool) or answer is None else str(answer)


def test_the_reference_is_what_the_specifications_say() -> None:
    if os.environ.get("TRIALWRIGHT_REGENERATE"):
        PAGE.parent.mkdir(parents=True, exist_ok=True)
        PAGE.write_text(page(), encoding="utf-8")
    assert PAGE.read_text(encoding="utf-8") == page()


def test_every_operator_is_on_a_shelf_and_has_examples() -> None:
    text = page()
    names = [operator.name for operators in SHELVES.values() for operator in operators]
    assert all(f"### `{name}`\n" in text for name in names)
    assert all(any(_examples(name)) for name in names)
