"""`markupFormat=legacy`: texts without the escapes of the markup, and lines ended as the classic pages ended them."""

from __future__ import annotations

from typing import Any

from trialwright.formats.ctgov.model import Branch, Field, model
from trialwright.record.criteria import plain


def legacy(record: Any) -> Any:
    """The record with its markup as plain text; what the model does not know stays as it is."""
    return _below(record, model().root)


def _below(node: Any, branch: Branch) -> Any:
    if not isinstance(node, dict):
        return node
    places = {child.keys[-1]: child for child in branch.children}
    return {key: _value(value, places[key]) if key in places else value for key, value in node.items()}


def _value(value: Any, place: Branch | Field) -> Any:
    if isinstance(value, list):
        return [_value(each, place) for each in value]
    if isinstance(place, Branch):
        return _below(value, place)
    return "\r\n".join(plain(value).splitlines()) if place.type == "markup" and isinstance(value, str) else value
