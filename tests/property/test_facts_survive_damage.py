"""Whatever stands in a facts file: it loads and gets a verdict, or is refused in a sentence."""

from __future__ import annotations

import contextlib
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from trialwright.kernel.errors import UserError
from trialwright.screen import patient_of, verdict
from trialwright.study.load import load_study

STUDY = load_study("nct07208058")
ODD = st.sampled_from(
    [
        None, True, 0, -1, 3.5, 1e308, 10**400, "none", "current", "unknown", "2026-03-10", "2026-13", "yes", "III",
        "nan", "1e999", "", "x" * 500, [], {}, "2026-03-10T08:30", "mg/dL", "umol/L", "Cel", "iv", "prednisone",
        "female",
    ]
)  # fmt: skip
KEYS = ("unit", "low", "high", "when", "agent", "route", "signed_by", "reason")
NAMES = st.sampled_from([*STUDY.item_by_id, "bun", "nobody_knows"])
FACTS = st.builds(
    lambda item, value, rest: {"item": item, "value": value, **rest},
    NAMES,
    ODD,
    st.dictionaries(st.sampled_from(KEYS), ODD, max_size=3),
)


@given(st.lists(FACTS, max_size=2))
@settings(max_examples=250, deadline=None)
def test_odd_facts_load_or_are_refused(facts: list[dict[str, Any]]) -> None:
    with contextlib.suppress(UserError):
        patient = patient_of({"screening": "2026-03-15", "facts": facts}, STUDY)
        assert verdict(STUDY, patient).state in ("undetermined", "not_eligible")
