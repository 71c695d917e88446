"""Glucocorticoid doses as prednisone. Tables are named, because formularies differ."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from trialwright.kernel.errors import UnknownName
from trialwright.kernel.texts import Text
from trialwright.kernel.truth import Truth
from trialwright.science.clinic.card import Card, Finding, Input, Part, Value, no_formula

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


PULSE_PER_KG, PULSE_CAP = 15.0, 1000.0
"""mg/kg/d and mg/d of methylprednisolone: a pulse begins at the lower of the two."""


def is_pulse(dose: float, agent: str, weight: float) -> bool:
    """Whether a day's dose (mg) is a methylprednisolone pulse: 15 mg/kg, or 1 g where that is less."""
    return agent_name(agent) == "methylprednisolone" and dose >= min(PULSE_PER_KG * weight, PULSE_CAP)


def _finding(values: Mapping[str, Value]) -> Finding:
    dose, agent = values["dose"], str(values["agent"])
    assert isinstance(dose, (int, float))
    if not is_systemic(str(values.get("route", ""))):
        return Finding(0.0, notes=(_LOCAL,))
    found = prednisone_equivalent(dose, agent, str(values.get("table", "standard")))
    if found is None:
        raise UnknownName("glucocorticoid", agent, STANDARD, where="agent")
    weight = values.get("weight")
    if not isinstance(weight, (int, float)) or not weight:
        return Finding(found)
    per_kg = Part("per_kg", Text(en="for each kg of body weight", zh="按体重"), found / weight, unit="mg/kg/d")
    label = Text(en="methylprednisolone pulse (15 mg/kg, or 1 g)", zh="甲泼尼龙冲击剂量（15 mg/kg或1 g）")
    return Finding(found, parts=(per_kg, Part("pulse", label, Truth.of(is_pulse(dose, agent, weight)))))


_LOCAL = Text(en="Only systemic routes count; this one adds nothing.", zh="仅计算全身用药途径，该途径不计入。")

STEROIDS = (
    Card(
        "prednisone_equivalent",
        Text(en="a day's glucocorticoid as prednisone", zh="糖皮质激素日剂量（折合泼尼松）"),
        (
            Input("dose", Text(en="dose of the day", zh="日剂量"), unit="mg/d"),
            Input("agent", Text(en="agent", zh="药物"), "code"),
            Input(
                "table", Text(en="table of equivalents", zh="等效剂量表"), "code", codes=tuple(TABLES), optional=True
            ),
            Input("route", Text(en="route", zh="给药途径"), "code", optional=True),
            Input("weight", Text(en="weight", zh="体重"), unit="kg", possible=(0.3, 400), optional=True),
        ),
        "mg/d",
        no_formula,
        "common teaching table (standard); British National Formulary (bnf); formularies with dexamethasone 0.6 mg",
        ({"dose": 13.5, "agent": "dexamethasone", "weight": 60.0}, 90.0),
        Text(
            en=f"Agents: {', '.join(STANDARD)}. Formularies differ in betamethasone and dexamethasone; name the table.",
            zh=f"药物：{'、'.join(STANDARD)}。各处方集对倍他米松和地塞米松的等效剂量不同，请注明所用表。",
        ),
        finding=_finding,
    ),
)
