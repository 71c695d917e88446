"""Other versions of a definition, edited as plain data."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from trialwright.study.definition import Study

Change = Callable[[dict[str, Any]], None]


def version(study: Study, name: str, *edits: Change) -> Study:
    """The study with another version."""
    data = study.model_dump(mode="json", by_alias=True)
    data["study"]["version"] = name
    for edit in edits:
        edit(data)
    return Study.model_validate(data)


def part(data: dict[str, Any], kind: str, name: str) -> dict[str, Any]:
    """One item, form, ... of it by its id."""
    found: dict[str, Any] = next(each for each in data[kind] if each["id"] == name)
    return found
