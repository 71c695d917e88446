"""Writes a study back as the YAML files of its folder, in the short forms that people write."""

from __future__ import annotations

import datetime as dt
from typing import Any

import yaml
from pydantic import BaseModel
from pydantic_core import PydanticUndefined

from trialwright.kernel.provenance import Source
from trialwright.kernel.texts import Text
from trialwright.study.definition import FILES, OPTIONAL, Study
from trialwright.study.forms import Field


class _Plain(yaml.CSafeDumper if yaml.__with_libyaml__ else yaml.SafeDumper):  # type: ignore[misc]  # chosen at run time
    """Writes every part out where it stands: no anchors, no aliases."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def dump_study(study: Study) -> dict[str, str]:
    """File name -> text. Loading these files gives an equal study."""
    fields = type(study).model_fields
    parts = {(field.alias or name): getattr(study, name) for name, field in fields.items()}
    beside = [name for name in OPTIONAL if parts[name] != fields[name].default]
    return {f"{name}.yaml": to_yaml(plain(parts[name])) for name in (*FILES, *beside)}


def to_yaml(data: Any) -> str:
    """Plain data as YAML: keys in their order, texts as they are."""
    text = yaml.dump(data, Dumper=_Plain, sort_keys=False, allow_unicode=True, width=120, default_flow_style=False)
    return str(text)


def plain(value: Any) -> Any:
    """A part of a study as dicts, lists and scalars; what equals its default is left out."""
    match value:
        case Source(kind="registry"):
            return "registry" if not value.why else {"kind": "registry", "why": value.why}
        case Source():
            return {value.kind: value.why}
        case Text(zh="", others=()):
            return value.en
        case Text():
            said = {"en": value.en, "zh": value.zh, "others": dict(value.others)}
            return {name: part for name, part in said.items() if part or name == "en"}
        case BaseModel():
            return _model(value)
        case tuple() | list():
            return [plain(entry) for entry in value]
        case dict():
            return {str(key): plain(entry) for key, entry in value.items()}
        case dt.date():
            return value.isoformat()
        case _:
            return value


def _model(value: BaseModel) -> Any:
    fields = type(value).model_fields
    chosen = {
        (field.alias or name): plain(getattr(value, name))
        for name, field in fields.items()
        if field.is_required() or getattr(value, name) != _default(field)
    }
    return chosen["item"] if isinstance(value, Field) and set(chosen) == {"item"} else chosen


def _default(field: Any) -> Any:
    default = field.get_default(call_default_factory=True)
    return None if default is PydanticUndefined else default
