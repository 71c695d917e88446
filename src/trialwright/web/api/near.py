"""Which studies have a site within some distance: the places of all records, read once for each state of the store."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import orjson
from numpy.typing import NDArray

from trialwright.formats.ctgov.model import model, values_at
from trialwright.record.library import Library
from trialwright.web.api.asked import Near

EARTH = 6371.0088
"""Mean radius in km (IUGG)."""

_LOCK = threading.Lock()


@dataclass(frozen=True, slots=True)
class _Places:
    """Every place of every record: `owner` points into `ids`; radians."""

    ids: tuple[str, ...]
    owner: NDArray[np.int32]
    latitude: NDArray[np.float64]
    longitude: NDArray[np.float64]


_KEPT: dict[tuple[int, int], _Places] = {}


def within(library: Library, circles: Iterable[Near]) -> tuple[str, ...]:
    """Numbers of the studies that have a site inside each of the circles."""
    places = _places(library)
    inside = np.ones(len(places.ids), dtype=bool)
    for circle in circles:
        here = np.zeros(len(places.ids), dtype=bool)
        here[places.owner[_distances(places, circle) <= circle.radius]] = True
        inside &= here
    return tuple(places.ids[number] for number in np.flatnonzero(inside))


def _distances(places: _Places, circle: Near) -> NDArray[np.float64]:
    """Great-circle distances in km (haversine)."""
    latitude, longitude = np.radians(circle.latitude), np.radians(circle.longitude)
    half = np.sin((places.latitude - latitude) / 2) ** 2
    half += np.cos(places.latitude) * np.cos(latitude) * np.sin((places.longitude - longitude) / 2) ** 2
    found: NDArray[np.float64] = 2 * EARTH * np.arcsin(np.sqrt(np.minimum(half, 1.0)))
    return found


def _places(library: Library) -> _Places:
    key = id(library), library.store.last_change()
    with _LOCK:
        if key not in _KEPT:
            _KEPT.clear()
            _KEPT[key] = _read(library.store.each())
        return _KEPT[key]


def _read(texts: Iterable[bytes]) -> _Places:
    geo, number = (model().fields[piece] for piece in ("LocationGeoPoint", "NCTId"))
    ids: list[str] = []
    owner: list[int] = []
    points: list[tuple[float, float]] = []
    for text in texts:
        record = orjson.loads(text)
        found = [p for p in values_at(record, geo) if isinstance(p, dict)]
        ids.append(str(next(values_at(record, number), "")))
        for point in found:
            if isinstance(point.get("lat"), int | float) and isinstance(point.get("lon"), int | float):
                owner.append(len(ids) - 1)
                points.append((float(point["lat"]), float(point["lon"])))
    table = np.radians(np.array(points, dtype=np.float64).reshape(-1, 2))
    return _Places(tuple(ids), np.array(owner, dtype=np.int32), table[:, 0], table[:, 1])
