"""The Study: what should happen. One immutable value made of the parts that the files of a study folder hold."""

from __future__ import annotations

from functools import cached_property

from pydantic import Field

from trialwright.study.assumptions import Assumptions
from trialwright.study.base import Node
from trialwright.study.dosing import Dosing
from trialwright.study.eligibility import Eligibility
from trialwright.study.endpoints import Endpoints
from trialwright.study.forms import Form
from trialwright.study.identity import Registration
from trialwright.study.items import Item
from trialwright.study.schedule import Schedule

FILES = ("study", "items", "forms", "schedule", "eligibility", "dosing", "endpoints", "assumptions")
"""The files of a study folder, each `NAME.yaml`; each is one field of `Study`."""


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

    @property
    def id(self) -> str:
        return self.registration.id

    @property
    def version(self) -> str:
        return self.registration.version

    @cached_property
    def item_by_id(self) -> dict[str, Item]:
        return {item.id: item for item in self.items}

    @cached_property
    def form_by_id(self) -> dict[str, Form]:
        return {form.id: form for form in self.forms}
