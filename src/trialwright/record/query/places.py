"""Places on the earth: a point as a record has it, a circle as a query asks for it."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

EARTH = 6371.0088
"""Mean radius in km (IUGG)."""
MILE = 1.609344
"""In km."""

Point = tuple[float, float]
"""Latitude and longitude in degrees."""

_NUMBER = r"[+-]?\d{1,6}(?:\.\d{1,15})?"
_CIRCLE = re.compile(
    rf"\s*(?P<lat>{_NUMBER})\s*,\s*(?P<lon>{_NUMBER})\s*,\s*(?P<radius>\d{{1,6}}(?:\.\d{{1,15}})?)\s*(?P<unit>km|mi)?\s*"
)


def circle(text: str) -> tuple[Point, float] | None:
    """`latitude, longitude, radius` with km or mi (miles where no unit stands) as point and km; None if it is not."""
    found = _CIRCLE.fullmatch(text)
    if found is None:
        return None
    radius = float(found["radius"]) * (1 if found["unit"] == "km" else MILE)
    return (float(found["lat"]), float(found["lon"])), radius


def exists(point: Point) -> bool:
    """Whether the earth has such a place."""
    return abs(point[0]) <= 90 and abs(point[1]) <= 180


def written(value: Mapping[str, Any]) -> str:
    """A record's point as one text, `lat,lon`; "" for what is no point."""
    numbers = (value.get("lat"), value.get("lon"))
    if not all(isinstance(each, int | float) and not isinstance(each, bool) for each in numbers):
        return ""
    return f"{numbers[0]},{numbers[1]}"


@lru_cache(maxsize=100_000)
def point(text: str) -> Point | None:
    """The point that `written` wrote."""
    latitude, _, longitude = text.partition(",")
    try:
        found = float(latitude), float(longitude)
    except ValueError:
        return None
    return found if exists(found) else None


def distance(one: Point, other: Point) -> float:
    """Great-circle distance in km (haversine)."""
    low, high = math.radians(one[0]), math.radians(other[0])
    half = math.sin((high - low) / 2) ** 2
    half += math.cos(low) * math.cos(high) * math.sin(math.radians(other[1] - one[1]) / 2) ** 2
    return 2 * EARTH * math.asin(math.sqrt(min(half, 1.0)))


def inside(text: str, centre: Point, radius: float) -> bool:
    """Whether a written point lies in a circle, its edge included. `radius`: km."""
    found = point(text)
    return found is not None and distance(found, centre) <= radius
