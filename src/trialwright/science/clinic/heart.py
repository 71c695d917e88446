"""Heart failure by the New York Heart Association's classes."""

from __future__ import annotations

from collections.abc import Mapping

from trialwright.kernel.texts import Text
from trialwright.kernel.truth import Truth
from trialwright.science.clinic.card import Card, Finding, Input, Value, no_formula

NYHA = ("none", "I", "II", "III", "IV")
"""In order; "none" is the assertion that there is no heart disease, which is not the same as a class not known."""


def nyha_at_least(found: str | None, limit: str) -> Truth:
    """Whether a class reaches `limit`; unknown where the class is."""
    return Truth.of(None if found is None else NYHA.index(found) >= NYHA.index(limit))


def _finding(values: Mapping[str, Value]) -> Finding:
    found = str(values["nyha_class"]) if "nyha_class" in values else None
    truth = nyha_at_least(found, str(values.get("limit", "III")))
    return Finding(truth, missing=("nyha_class",) if found is None else ())


HEART = (
    Card(
        "nyha",
        Text(en="whether the NYHA class reaches a limit", zh="NYHA心功能分级是否达到界限"),
        (
            Input("nyha_class", Text(en="NYHA class", zh="NYHA分级"), "code", codes=NYHA, optional=True),
            Input(
                "limit",
                Text(en="limit, III if not given", zh="界限（默认III级）"),
                "code",
                codes=NYHA[1:],
                optional=True,
            ),
        ),
        "",
        no_formula,
        "Criteria Committee of the New York Heart Association, 9th edition, 1994",
        ({"nyha_class": "II", "limit": "III"}, Truth.FALSE),
        Text(
            en="A class that is not stated is unknown, unless it is asserted that there is no heart disease (none).",
            zh="未注明分级即为未知；明确无心脏病时填none。",
        ),
        finding=_finding,
    ),
)
