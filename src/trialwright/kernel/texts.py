"""A text in the languages that people read: English always, Simplified Chinese where we have it."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, model_validator

Lang = Literal["en", "zh"]
JOINT = ";"
"""Stands between several codes that are kept as one text."""


class Text(BaseModel):
    """YAML: a plain string (English) or `{en: ..., zh: ...}`; `others` by language tag (`{de: ...}`) are kept for
    exchange with other systems and shown nowhere."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    en: str
    zh: str = ""
    others: tuple[tuple[str, str], ...] = ()

    @model_validator(mode="before")
    @classmethod
    def _plain_string(cls, value: Any) -> Any:
        if isinstance(value, dict) and isinstance(value.get("others"), dict):
            return {**value, "others": tuple(value["others"].items())}
        return {"en": value} if isinstance(value, str) else value

    def __str__(self) -> str:
        return self.en

    def to(self, lang: str) -> str:
        """The text in `lang`; English where there is no translation."""
        return self.zh if lang.startswith("zh") and self.zh else self.en
