"""What an expression may speak of. The study's items and a patient's facts satisfy these protocols."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from trialwright.kernel.dates import PartialDate
from trialwright.kernel.texts import Text
from trialwright.logic.nodes import Node


class FactLike(Protocol):
    """One statement on a patient (`evidence.Fact`)."""

    @property
    def item(self) -> str: ...
    @property
    def value(self) -> float | int | str | bool | PartialDate | None: ...
    @property
    def unit(self) -> str: ...
    @property
    def low(self) -> float | None: ...
    @property
    def high(self) -> float | None: ...
    @property
    def when(self) -> PartialDate | None: ...
    @property
    def agent(self) -> str: ...
    @property
    def route(self) -> str: ...
    @property
    def signed_by(self) -> str: ...
    @property
    def reason(self) -> str: ...
    @property
    def origin(self) -> str: ...
    @property
    def time(self) -> str: ...


class Facts(Protocol):
    """A patient, or one visit of one (`evidence.Patient`)."""

    @property
    def screening(self) -> dt.date: ...
    @property
    def enrolment_or_screening(self) -> dt.date: ...
    @property
    def first_dose(self) -> dt.date | None: ...
    def of(self, item: str) -> Sequence[FactLike]: ...


class ChoiceLike(Protocol):
    @property
    def code(self) -> str: ...
    @property
    def label(self) -> Text: ...


class ItemLike(Protocol):
    """An item of the data dictionary (`study.Item`)."""

    @property
    def id(self) -> str: ...
    @property
    def label(self) -> Text: ...
    @property
    def type(self) -> str: ...
    @property
    def unit(self) -> str: ...
    @property
    def molar_mass(self) -> float | None: ...
    @property
    def choices(self) -> Sequence[ChoiceLike]: ...
    @property
    def derive(self) -> str | None: ...


class TermLike(Protocol):
    """A named part that criteria share (`study.Term`)."""

    @property
    def id(self) -> str: ...
    @property
    def label(self) -> Text: ...
    @property
    def logic(self) -> str: ...


@dataclass(frozen=True)
class Scope:
    """The names that an expression may use. An item hides a term of the same name."""

    items: Mapping[str, ItemLike]
    terms: Mapping[str, TermLike] = field(default_factory=dict)
    built: dict[str, Node] = field(default_factory=dict, compare=False, repr=False)
    """Nodes of the terms and items built so far: each is built once."""
