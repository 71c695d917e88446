"""Forms group items for capture (`forms.yaml`)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal

from pydantic import model_validator

from trialwright.kernel.texts import Text
from trialwright.study.base import Expression, Id, Node


class Check(Node):
    """An edit check: raises a query with `message` where `logic` is false; silent while it is unknown."""

    id: Id
    logic: Expression
    message: Text
    item: Id
    """The field that the query stands at."""


class Field(Node):
    """An item on a form. YAML: the item's id, or a mapping."""

    item: Id
    required: bool = False
    show_when: Expression | None = None
    critical: bool = False
    """Verified against the source by the monitor."""
    gives: Literal["agent", "route", "when"] | None = None
    """The answer is the agent, route or moment of the other answers in its row (see `evidence.Fact`)."""

    @model_validator(mode="before")
    @classmethod
    def _plain_id(cls, value: Any) -> Any:
        return {"item": value} if isinstance(value, str) else value


class Group(Node):
    id: Id
    label: Text | None = None
    repeating: bool = False
    fields: tuple[Field, ...]


class Form(Node):
    id: Id
    label: Text
    kind: Literal["visit", "log"] = "visit"
    """visit: one for each visit that schedules it. log: one running form for the subject, with repeating rows."""
    groups: tuple[Group, ...]
    checks: tuple[Check, ...] = ()

    def fields(self) -> Iterator[tuple[Group, Field]]:
        return ((group, field) for group in self.groups for field in group.fields)

    def item_ids(self) -> tuple[str, ...]:
        return tuple(field.item for _, field in self.fields())
