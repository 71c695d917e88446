"""What an electronic signature under a form binds: the hash that anybody can work out again from an export.

The signed text is canonical JSON (sorted keys, no spaces, UTF-8):

    {"definition":VERSION,"form":FORM,"study":STUDY,"subject":SUBJECT,"values":[...],"visit":VISIT}

`values` holds a list for each value of the form, in the order of group, row and item:
[group, row, item, value, unit, low, high, null_reason, when]; `low` and `high` are numbers with a decimal point or
null.
The hash is the SHA-256 of that text.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from trialwright.conduct.rules.capture import Row
from trialwright.conduct.rules.chain import canonical_json, sha256
from trialwright.kernel.errors import Refused, UnknownName

MEANINGS: Mapping[str, str] = {
    "approval": "I have reviewed this and confirm that it is complete and correct.",
    "review": "I have reviewed this.",
    "authorship": "I have written this.",
    "responsibility": "I take responsibility for this.",
}
"""What a signature may mean (21 CFR 11.50 names these four), and its sentence."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """The form that is signed. `definition`: the version that it is pinned to; `visit` "" for a log."""

    study: str
    subject: str
    visit: str
    form: str
    definition: str


def signed_text(sheet: Sheet, values: Iterable[Row]) -> str:
    lines = sorted((v.group, v.row, v.item, *_content(v)) for v in values)
    return canonical_json(
        {
            "study": sheet.study, "subject": sheet.subject, "visit": sheet.visit, "form": sheet.form,
            "definition": sheet.definition, "values": [list(line) for line in lines],
        }
    )  # fmt: skip


def content_hash(sheet: Sheet, values: Iterable[Row]) -> str:
    """SHA-256 of the signed text, in hexadecimal."""
    return sha256(signed_text(sheet, values))


def _content(value: Row) -> tuple[Any, ...]:
    low, high = (None if limit is None else float(limit) for limit in (value.low, value.high))
    return value.value, value.unit, low, high, value.null_reason, value.when


def demand_signable(name: str, state: str, live: int) -> None:
    """Raises Refused for a form that is not complete, or about which somebody still asks."""
    if state not in ("complete", "signed"):
        raise Refused(f"{name} is not complete: it cannot be signed.", hint="Fill in what is required first.")
    if live:
        count = "a query that is" if live == 1 else f"{live} queries that are"
        raise Refused(f"{name} has {count} not closed: it cannot be signed.", hint="See them closed first.")


def check_proof(meaning: str, factor: str) -> None:
    """Raises UnknownName for another meaning than those in MEANINGS, Refused where nobody proved who signs."""
    if meaning not in MEANINGS:
        raise UnknownName("meaning of a signature", meaning, MEANINGS)
    if not factor.strip():
        raise Refused("A signature needs a proof of who signs.", hint="Enter the second factor.")
