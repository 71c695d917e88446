"""Glucocorticoid doses as prednisone. Tables are named, because formularies differ."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

STANDARD: Mapping[str, float] = MappingProxyType(
    {
        "hydrocortisone": 20.0, "cortisone": 25.0, "prednisone": 5.0, "prednisolone": 5.0, "methylprednisolone": 4.0,
        "triamcinolone": 4.0, "deflazacort": 6.0, "dexamethasone": 0.75, "betamethasone": 0.6,
    }
)  # fmt: skip
"""mg of each agent that equal prednisone 5 mg."""

TABLES: Mapping[str, Mapping[str, float]] = MappingProxyType(
    {
        "standard": STANDARD,
        "bnf": MappingProxyType({**STANDARD, "betamethasone": 0.75}),
        "dexamethasone_0_6": MappingProxyType({**STANDARD, "dexamethasone": 0.6}),
    }
)
"""standard: common teaching table; bnf: British National Formulary; dexamethasone_0_6: formularies with 0.6 mg."""

SYSTEMIC = frozenset({"", "iv", "intravenous", "po", "oral", "im", "intramuscular", "sc", "subcutaneous"})
"""Routes that count. A route that was not stated counts as systemic."""

_SALTS = ("acetate", "sodium", "succinate", "phosphate", "hemisuccinate", "acetonide", "hydrogen")


def agent_name(text: str) -> str:
    """The agent without its salt: "Methylprednisolone sodium succinate" is methylprednisolone."""
    words = [word for word in text.lower().replace("-", " ").split() if word not in _SALTS]
    return " ".join(words)


def is_systemic(route: str) -> bool:
    return route.strip().lower() in SYSTEMIC


def prednisone_equivalent(dose: float, agent: str, table: str = "standard") -> float | None:
    """mg of prednisone equal to `dose` mg of `agent`; None for an agent that is not in the table."""
    same = TABLES[table].get(agent_name(agent))
    return None if same is None else dose * 5.0 / same
