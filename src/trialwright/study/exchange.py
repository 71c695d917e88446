"""How other systems know a study (`exchange.yaml`, where there is one): their names, and what has no place here."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from trialwright.study.base import Node


class Exchange(Node):
    """Written by an import, read by an export; nothing else looks at it."""

    system: str = ""
    """Where the study came from (`ODM 1.3.2, OpenEDC`)."""
    kept: dict[str, dict[str, Any]] = Field(default_factory=dict)
    """kind of part -> id -> what that system says of it beyond, or other than, what this definition gives."""
    stand_ins: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    """kind of part -> ids that keep this definition whole and that the system does not know."""

    def of(self, kind: str, name: str) -> dict[str, Any]:
        """What is kept of one part; empty where nothing is."""
        found: dict[str, Any] = self.kept.get(kind, {}).get(name, {})
        return found
