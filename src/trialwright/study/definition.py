"""The Study: what should happen. One immutable value made of the parts that the files of a study folder hold."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from pydantic import Field

from trialwright.study.assumptions import Assumptions
from trialwright.study.base import Node
from trialwright.study.dosing import Dosing
from trialwright.study.eligibility import Eligibility
from trialwright.study.endpoints import Endpoints
from trialwright.study.exchange import Exchange
from trialwright.study.forms import Form
from trialwright.study.identity import Registration
from trialwright.study.items import Item
from trialwright.study.schedule import Schedule

if TYPE_CHECKING:
    from trialwright.logic.nodes import Expr
    from trialwright.logic.scope import Scope

FILES = ("study", "items", "forms", "schedule", "eligibility", "dosing", "endpoints", "assumptions")
"""The files of a study folder, each `NAME.yaml`; each is one field of `Study`."""

OPTIONAL = ("exchange",)
"""Files that a study folder may hold besides."""


class Study(Node):
    """A whole definition. `load.load_study` makes it and has checked every reference and expression in it."""

    registration: Registration = Field(alias="study")
    items: tuple[Item, ...]
    forms: tuple[Form, ...]
    schedule: Schedule
    eligibility: Eligibility
    dosing: Dosing
    endpoints: Endpoints
    assumptions: Assumptions
    exchange: Exchange = Exchange()

    @property
    def id(self) -> str:
        return self.registration.id

    @property
    def version(self) -> str:
        return self.registration.version

    @property
    def captured_only(self) -> bool:
        """Whether it plans neither doses nor endpoints: it is captured, and nothing of it is simulated or analysed."""
        planned = self.dosing.steps or self.endpoints.endpoints
        return not planned and self.registration.design.study_type != "INTERVENTIONAL"

    @cached_property
    def item_by_id(self) -> dict[str, Item]:
        return {item.id: item for item in self.items}

    @cached_property
    def form_by_id(self) -> dict[str, Form]:
        return {form.id: form for form in self.forms}

    @cached_property
    def row_companions(self) -> dict[tuple[str, str, str], str]:
        """(form, group, item) -> agent, route or when: what the item's answer says of the others in its row."""
        fields = [(form.id, group.id, field) for form in self.forms for group, field in form.fields()]
        return {(form, group, field.item): field.gives for form, group, field in fields if field.gives}

    @cached_property
    def scope(self) -> Scope:
        """What the study's expressions may speak of: its items and the terms that its criteria share."""
        from trialwright.logic.scope import Scope

        return Scope(items=self.item_by_id, terms={term.id: term for term in self.eligibility.terms})

    def compile(self, text: str) -> Expr:
        """An expression of this study, checked; each text is built once. Raises LogicError."""
        from trialwright.logic.build import build

        if text not in self._built:
            self._built[text] = build(text, self.scope)
        return self._built[text]

    @cached_property
    def _built(self) -> dict[str, Expr]:
        return {}
