"""Small registry records for tests, written by piece name: `{NCTId: ..., Condition: [...], Location: [{...}]}`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from trialwright.formats.ctgov.model import Branch, model


def record_of(pieces: Mapping[str, Any]) -> dict[str, Any]:
    """A record with these values. A list fills the nearest list on the way to the field; a branch takes mappings."""
    record: dict[str, Any] = {}
    for piece, value in pieces.items():
        if piece in model().fields:
            field = model().fields[piece]
            _put(record, list(zip(field.keys, field.lists, strict=True)), value)
        else:
            branch = model().branches[piece]
            elements = [_element(branch, each) for each in value]
            _put(record, [(key, False) for key in branch.keys], elements)
    return record


def _element(branch: Branch, values: Mapping[str, Any]) -> dict[str, Any]:
    fields = {child.piece: child.keys[-1] for child in branch.children}
    return {fields[piece]: value for piece, value in values.items()}


def _put(node: dict[str, Any], way: list[tuple[str, bool]], value: Any) -> None:
    (key, repeated), rest = way[0], way[1:]
    if not rest:
        node[key] = value if not repeated or isinstance(value, list) else [value]
    elif not repeated:
        _put(node.setdefault(key, {}), rest, value)
    else:
        each = value if isinstance(value, list) else [value]
        elements = node.setdefault(key, [{} for _ in each])
        for element, one in zip(elements, each, strict=True):
            _put(element, rest, one)
