"""`geoDecay`: studies with a site near the place that was asked for come before those further away."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

import orjson

from trialwright.formats.ctgov import StudyRecord
from trialwright.formats.ctgov.model import model, values_at
from trialwright.kernel.errors import InputError
from trialwright.record.library import Library
from trialwright.record.query import places
from trialwright.record.query.nodes import Distance
from trialwright.record.search import cursor
from trialwright.record.search.request import SearchAnswer, SearchRequest

MOST = 10_000
"""Studies of an answer beyond which nearness does not count, as in the official API."""

_LENGTH = r"\d{1,6}(?:\.\d{1,6})?(?:km|mi)"
_DECAY = re.compile(
    rf"func:(?P<func>gauss|exp|linear),scale:(?P<scale>{_LENGTH}),offset:(?P<offset>{_LENGTH}),"
    r"decay:(?P<decay>\d{1,6}(?:\.\d{1,9})?)"
)


@dataclass(frozen=True, slots=True)
class Nearness:
    """A factor that is 1 up to `offset` km from the place, and `decay` at `scale` km beyond."""

    place: places.Point
    func: str
    scale: float
    offset: float
    decay: float

    def factor(self, distance: float) -> float:
        """What a study at this distance (km) is worth: 1 and less."""
        share = max(0.0, distance - self.offset) / self.scale
        if self.func == "linear":
            return max(0.0, 1 - share * (1 - self.decay))
        return math.pow(self.decay, share**2 if self.func == "gauss" else share)


def read_nearness(text: str, circle: Distance | None) -> Nearness | None:
    """What `geoDecay` asks for around a circle's centre; None where it asks for nothing. Raises InputError."""
    if not text.strip():
        return None
    found = _DECAY.fullmatch(text.strip())
    if found is None:
        raise InputError(
            "`geoDecay` parameter has incorrect format.", hint="Write func:exp,scale:300mi,offset:0mi,decay:0.5."
        )
    scale, offset, decay = _km(found["scale"]), _km(found["offset"]), float(found["decay"])
    if not scale or not 0 < decay < 1:
        raise InputError("`geoDecay` parameter: scale is above 0, decay between 0 and 1.")
    return Nearness((circle.latitude, circle.longitude), found["func"], scale, offset, decay) if circle else None


def _km(text: str) -> float:
    return float(text[:-2]) * (places.MILE if text.endswith("mi") else 1)


def nearest_first(library: Library, request: SearchRequest, nearness: Nearness) -> SearchAnswer:
    """The page of an answer whose relevance counts the less the further its closest site is."""
    whole = library.search(replace(request, size=MOST, cursor="", explained=False))
    if whole.total > MOST:
        return library.search(request)
    start = cursor.decode(request) or 0
    scores = {hit.nct_id: hit.score or 1.0 for hit in whole.hits}
    worth = {nct: scores[nct] * nearness.factor(far) for nct, far in _distances(library, list(scores), nearness.place)}
    hits = sorted(whole.hits, key=lambda hit: (-worth.get(hit.nct_id, 0.0), hit.nct_id))
    end = start + request.size
    following = cursor.encode(request, end) if end < len(hits) else ""
    return SearchAnswer(whole.total, tuple(hits[start:end]), following)


def _distances(library: Library, numbers: list[str], place: places.Point) -> Iterator[tuple[str, float]]:
    """Of each study the distance of its closest site, in km."""
    field = model().fields["LocationGeoPoint"]
    for text in library.store.each(numbers):
        record = orjson.loads(text)
        points = (places.point(places.written(value)) for value in values_at(record, field) if isinstance(value, dict))
        yield StudyRecord.of(record).id, min((places.distance(p, place) for p in points if p), default=math.inf)
