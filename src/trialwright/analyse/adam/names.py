"""Parameter codes for endpoints and their parts: up to eight capitals, different from one another."""

from __future__ import annotations

from collections.abc import Iterable

from trialwright.study.definition import Study
from trialwright.study.endpoints import Endpoint, Part

AGE_GROUPS = ((0, 18, "<18"), (18, 65, "18-64"), (65, 200, ">=65"))
"""Completed years from, to below, and AGEGR1."""
OVERALL_SURVIVAL = "OS"


class Names:
    """PARAMCD of each endpoint and part. A part that several endpoints share by id and logic has one code."""

    def __init__(self, study: Study, taken: Iterable[str] = ()) -> None:
        self._taken = {OVERALL_SURVIVAL, *taken}
        self._endpoints = {e.id: self._code(e.id) for e in study.endpoints.endpoints}
        self._parts: dict[tuple[str, str], str] = {}
        for endpoint in study.endpoints.endpoints:
            for part in endpoint.parts:
                key = (part.id, part.logic)
                if key not in self._parts:
                    self._parts[key] = self._code(part.id)

    def endpoint(self, endpoint: Endpoint) -> str:
        return self._endpoints[endpoint.id]

    def part(self, endpoint: Endpoint, part: Part) -> str:
        return self._parts[part.id, part.logic]

    def _code(self, name: str) -> str:
        """The name without vowels inside its words if it is long, cut to eight; a number if that is taken."""
        plain = name.replace("_", "").upper()
        if len(plain) > 8:
            plain = "".join(w[0] + "".join(c for c in w[1:] if c not in "aeiou") for w in name.split("_")).upper()
        code, number = plain[:8], 1
        while code in self._taken:
            number += 1
            code = f"{plain[: 8 - len(str(number))]}{number}"
        self._taken.add(code)
        return code
