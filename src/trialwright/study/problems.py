"""What is wrong with a definition, as sentences that name the place and what would be right."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from types import UnionType
from typing import Any, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from trialwright.kernel.errors import DefinitionError, nearest
from trialwright.study.document import Place


@dataclass(frozen=True, slots=True)
class Problem:
    """One mistake. `place` begins with the file's name without `.yaml`."""

    place: Place
    what: str
    hint: str = ""


class WrongDefinition(DefinitionError):
    """A definition with mistakes. Reads as the first of them and how many more there are; `errors` holds all."""

    def __init__(self, errors: Iterable[DefinitionError]) -> None:
        self.errors = tuple(errors)
        first, more = self.errors[0], len(self.errors) - 1
        hint = first.hint
        if more:
            hint = f"{hint} ({more} more {'mistake' if more == 1 else 'mistakes'} in this definition.)".strip()
        super().__init__(first.what, where=first.where, hint=hint)


def from_validation(error: ValidationError, model: type[BaseModel]) -> list[Problem]:
    """All that pydantic found while `model` read the data; a misspelled key is not also reported as a missing one."""
    found = error.errors(include_url=False)
    misspelled = {
        (tuple(details["loc"][:-1]), meant)
        for details in found
        if details["type"] == "extra_forbidden"
        for meant in get_close_matches(str(details["loc"][-1]), _keys(model, tuple(details["loc"][:-1])), n=1)
    }
    return [
        _sentence_for(details, model)
        for details in found
        if details["type"] != "missing" or (tuple(details["loc"][:-1]), details["loc"][-1]) not in misspelled
    ]


def _sentence_for(details: ErrorDetails, model: type[BaseModel]) -> Problem:
    place = tuple(details["loc"])
    key, value, context = place[-1] if place else "", details.get("input"), details.get("ctx", {})
    match details["type"]:
        case "extra_forbidden":
            return Problem(place, f"'{key}' is not a key here.", nearest(str(key), _keys(model, place[:-1])))
        case "missing":
            return Problem(place, f"'{key}' is missing here.", "Add it.")
        case "literal_error":
            allowed = re.findall(r"'([^']*)'", str(context.get("expected", "")))
            return Problem(place, f"'{value}' cannot stand at '{_named(place)}'.", nearest(str(value), allowed))
        case "string_type":
            return Problem(place, f"'{_named(place)}' must be text.", f'Quote it: "{value}".' if _short(value) else "")
        case "string_pattern_mismatch":
            return Problem(place, f"'{value}' cannot be '{_named(place)}'.", _pattern(str(context.get("pattern", ""))))
        case "string_too_long":
            most = context.get("max_length")
            what = f"'{str(value)[:40]}...' is too long for '{_named(place)}': {len(str(value))} characters."
            return Problem(place, what, f"Use at most {most}.")
        case "value_error":
            return Problem(place, f"{_sentence(str(context.get('error', details['msg'])))}")
        case "model_type" | "model_attributes_type" | "dict_type":
            return Problem(
                place, f"'{_named(place)}' must be a mapping of keys to values.", "Write 'key: value' lines."
            )
        case "tuple_type" | "list_type":
            return Problem(place, f"'{_named(place)}' must be a list.", "Begin each entry with '- '.")
        case _:
            found = f", not '{value}'" if _short(value) else ""
            return Problem(place, f"'{_named(place)}': {_lower(details['msg'])}{found}.")


def _short(value: Any) -> bool:
    return isinstance(value, str | int | float | bool)


def _named(place: Place) -> str:
    """The last key of a place, with the number of the entry where it is one."""
    if place and isinstance(place[-1], int):
        return f"{place[-2]}, entry {place[-1] + 1}" if len(place) > 1 else f"entry {place[-1] + 1}"
    return str(place[-1]) if place else "the file"


def _sentence(text: str) -> str:
    text = text.rstrip(".")
    return f"{text[:1].upper()}{text[1:]}."


def _lower(text: str) -> str:
    text = text.removeprefix("Input ").rstrip(".")
    return text[:1].lower() + text[1:]


def _pattern(pattern: str) -> str:
    """What a pattern asks for, in words where the pattern is one of ours."""
    return {
        r"^[a-z][a-z0-9_]*$": "Use lower-case letters, digits and '_', beginning with a letter.",
        r"^[IE]\d{2}$": "Write I or E and two digits, for example I01 or E12.",
        r"^NCT\d{8}$": "Write NCT and eight digits.",
        r"^[A-Z]{2}$": "Write the two capital letters of an SDTM domain.",
        r"^[A-Z]{2,8}$": "Use two to eight capital letters.",
        r"^\d{2,3}$": 'Write two or three digits, for example "01".',
    }.get(pattern, f"It must match {pattern}.")


def _keys(model: type[BaseModel], place: Place) -> list[str]:
    """The keys that the part of `model` at `place` may have."""
    kind: Any = model
    for step in place:
        kind = _inside(kind, step)
    models = [m for m in _alternatives(kind) if isinstance(m, type) and issubclass(m, BaseModel)]
    return [field.alias or name for m in models for name, field in m.model_fields.items()]


def _inside(kind: Any, step: str | int) -> Any:
    for option in _alternatives(kind):
        if isinstance(step, int) and get_origin(option) in (tuple, list):
            return get_args(option)[0]
        if isinstance(option, type) and issubclass(option, BaseModel):
            for name, field in option.model_fields.items():
                if step in (name, field.alias):
                    return field.annotation
        if get_origin(option) is dict:
            return get_args(option)[1]
    return None


def _alternatives(kind: Any) -> tuple[Any, ...]:
    return get_args(kind) if get_origin(kind) in (Union, UnionType) else (kind,)
