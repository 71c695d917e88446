"""Body size."""

from __future__ import annotations

import math

from trialwright.kernel.texts import Text
from trialwright.science.clinic.card import Card, Input

_HEIGHT = Input("height", Text(en="height", zh="身高"), unit="cm", possible=(20, 260))
_WEIGHT = Input("weight", Text(en="weight", zh="体重"), unit="kg", possible=(0.3, 400))


def mosteller(height: float, weight: float) -> float | None:
    """Body surface (m2) from height (cm) and weight (kg)."""
    return math.sqrt(height * weight / 3600) if height > 0 and weight > 0 else None


def dubois(height: float, weight: float) -> float | None:
    """Body surface (m2) from height (cm) and weight (kg)."""
    return 0.007184 * height**0.725 * weight**0.425 if height > 0 and weight > 0 else None


BODY = (
    Card(
        "bsa_mosteller", Text(en="body surface area (Mosteller)", zh="体表面积（Mosteller）"), (_HEIGHT, _WEIGHT), "m2",
        mosteller, "Mosteller 1987, N Engl J Med 317:1098", ({"height": 180, "weight": 80}, 2.0),
        note=Text(en="A short form for adults and children.", zh="成人及儿童通用的简化公式。"),
    ),
    Card(
        "bsa_dubois", Text(en="body surface area (DuBois)", zh="体表面积（DuBois）"), (_HEIGHT, _WEIGHT), "m2",
        dubois, "DuBois 1916, Arch Intern Med 17:863", ({"height": 180, "weight": 80}, 1.9964),
        note=Text(
            en="From nine persons; less sure in small children and in obesity.",
            zh="源自9例受试者；婴幼儿及肥胖者准确性较低。",
        ),
    ),
)  # fmt: skip
