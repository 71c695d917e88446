"""The data model as the API tells it: fields, search areas, enums."""

from __future__ import annotations

from functools import cache
from typing import Any

from trialwright.formats.ctgov.model import Branch, Field, model

_KINDS = {
    "text": ("text", "TEXT"),
    "markup": ("markup", "MARKUP"),
    "date": ("NormalizedDate", "DATE"),
    "partial date": ("PartialDate", "PARTIAL_DATE"),
    "date time": ("DateTimeMinutes", "DATETIME"),
    "integer": ("integer", "INTEGER"),
    "number": ("number", "NUMBER"),
    "boolean": ("boolean", "BOOLEAN"),
    "age": ("NormalizedTime", "TEXT"),
    "geo point": ("GeoPoint", "STRUCT"),
}
"""Type -> its name in the metadata, and that of its source."""


@cache
def fields() -> list[dict[str, Any]]:
    """The tree of all fields."""
    return [_node(child) for child in model().root.children]


def _node(place: Field | Branch) -> dict[str, Any]:
    if isinstance(place, Field):
        kind, source = (place.enum, "ENUM") if place.enum else _KINDS.get(place.type, ("text", "TEXT"))
        many = "[]" if place.lists[-1:] == (True,) else ""
        node = {"name": place.keys[-1], "piece": place.piece, "type": kind + many, "sourceType": source}
        return node | ({"isEnum": True} if place.enum else {})
    return {
        "name": place.keys[-1],
        "piece": place.piece,
        "type": place.piece + ("[]" if place.repeated else ""),
        "sourceType": "STRUCT",
        **({"nested": True} if place.repeated else {}),
        "children": [_node(child) for child in place.children],
    }


@cache
def areas() -> list[dict[str, Any]]:
    """The search areas of a study, each with its fields and their weights."""
    known = model()
    told = []
    for area in known.areas.values():
        parts = [
            {
                "pieces": [piece],
                "type": _KINDS.get(known.fields[piece].type, ("text", ""))[0],
                "weight": weight,
                "isEnum": bool(known.fields[piece].enum),
                "isSynonyms": True,
            }
            for piece, weight in area.parts
        ]
        named = {"name": area.name, "param": area.param, "uiLabel": area.label}
        told.append({**{key: value for key, value in named.items() if value}, "parts": parts})
    return [{"name": "Study", "areas": told}]


@cache
def enums() -> list[dict[str, Any]]:
    """Every enum: its values with the words of the registry's older pages, and the fields that use it."""
    known = model()
    return [
        {
            "type": name,
            "pieces": [field.piece for field in known.fields.values() if field.enum == name],
            "values": [{"value": value, "legacyValue": word} for value, word in values.items()],
        }
        for name, values in known.enums.items()
    ]
