"""The shapes of what goes in. They refuse unknown names, so that a slip of the pen is no silent loss."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

Name = Annotated[str, StringConstraints(min_length=1, max_length=80)]
MaybeName = Annotated[str, StringConstraints(max_length=80)]
Words = Annotated[str, StringConstraints(max_length=2000)]
Why = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=2000)]
Number = Annotated[int, Field(ge=1, le=1_000_000)]
Limit = Annotated[int, Field(ge=1, le=500)]


def _thinkable(day: dt.date) -> dt.date:
    if not 1900 <= day.year <= 2200:
        raise ValueError("A day lies between 1900 and 2200")
    return day


Day = Annotated[dt.date, AfterValidator(_thinkable)]


class Given(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Registration(Given):
    site: Name


class Consent(Given):
    on: Day | None = Field(None, description="Day of signature; today if absent.")
    guardian: bool = Field(False, description="Whether the guardian signed.")


class Start(Given):
    on: Day | None = Field(None, description="Day on which the visit takes place; today if absent.")


class ExtraVisit(Given):
    visit: Name = Field(description="Id of a visit beyond the plan, as the definition has it: `unscheduled`.")
    on: Day | None = Field(None, description="Day on which it takes place; today if absent.")


class Reason(Given):
    reason: Words = ""


class Because(Given):
    reason: Why


class Redaction(Given):
    words: Annotated[str, StringConstraints(min_length=1, max_length=500)] = Field(
        description="The `name` of what is taken out."
    )
    reason: Why = Field(description="Why, without the words themselves.")


class Approval(Given):
    site: Name
    on: Day | None = Field(None, description="The first day on which it is in force; today if absent.")


class End(Given):
    reason: Name = Field(description="A code; `completed` for completers.")
    on: Day | None = None


class ValueIn(Given):
    """One field as somebody filled it in; `value` as typed, "" (without a null reason) empties the field."""

    item: Name
    value: Annotated[str, StringConstraints(max_length=100_000)] = ""
    unit: Annotated[str, StringConstraints(max_length=40)] = ""
    group: MaybeName = ""
    row: Number = 1
    low: float | None = Field(None, allow_inf_nan=False)
    high: float | None = Field(None, allow_inf_nan=False)
    null_reason: Annotated[str, StringConstraints(max_length=20)] = ""
    when: Annotated[str, StringConstraints(max_length=40)] = ""


class FormIn(Given):
    version: int = Field(ge=0, le=2_000_000_000, description="The version that the sender saw; 0 for an empty form.")
    reason: Words = Field("", description="Why saved values change.")
    values: Annotated[list[ValueIn], Field(max_length=5000)]


class QueryIn(Given):
    form: Name
    item: Name
    text: Annotated[str, StringConstraints(min_length=1, max_length=2000)]
    visit: MaybeName = ""
    group: MaybeName = ""
    row: Number = 1


class Answer(Given):
    text: Words = ""


class FieldPlace(Given):
    item: Name
    group: MaybeName = ""
    row: Number = 1


class Verified(Given):
    fields: Annotated[list[FieldPlace], Field(min_length=1, max_length=5000)]
    version: int | None = Field(
        None, ge=0, le=2_000_000_000, description="The form's version that was compared; refused if it was saved since."
    )


class Closing(Given):
    """What is frozen, locked or opened: empty parts stand for the whole above."""

    state: Literal["frozen", "locked", "open"]
    reason: Words = ""
    site: Annotated[str, StringConstraints(max_length=10)] = ""
    subject: Annotated[str, StringConstraints(max_length=20)] = ""
    visit: MaybeName = ""
    form: MaybeName = ""
    group: MaybeName = ""
    row: Annotated[int, Field(ge=0, le=1_000_000)] = 0
    item: MaybeName = ""


class Export(Given):
    kind: Name
    options: Annotated[
        dict[Annotated[str, StringConstraints(max_length=40)], Annotated[str, StringConstraints(max_length=200)]],
        Field(max_length=20),
    ] = {}


class VersionAsked(Given):
    version: MaybeName = Field("", description="A version; the one in force if absent.")


class SinceAsked(Given):
    since: MaybeName = Field("", description="An earlier version; the one published before it if absent.")


class ImpactAsked(Given):
    site: MaybeName = Field("", description="One site; all if absent.")
    page: Number = 1
    limit: Limit = 100


class FileNamed(Given):
    name: Annotated[str, StringConstraints(min_length=1, max_length=400)] = Field(
        description="The file's name, as people will see it."
    )


class ItemsAsked(Given):
    after: MaybeName = ""
    limit: Limit = 100


class SubjectsAsked(Given):
    """Empty parts do not filter."""

    site: MaybeName = ""
    state: MaybeName = ""
    after: MaybeName = ""
    limit: Limit = 100


class FieldAsked(Given):
    item: Name
    group: MaybeName = ""
    row: Number = 1


class QueriesAsked(Given):
    """Empty parts do not filter. `live`: open or answered."""

    state: Literal["", "live", "open", "answered", "closed", "cancelled"] = ""
    site: MaybeName = ""
    subject: MaybeName = ""
    visit: MaybeName = ""
    form: MaybeName = ""
    page: Number = 1
    limit: Limit = 100


class SignaturesAsked(Given):
    """Empty parts do not filter."""

    subject: MaybeName = ""
    state: Literal["", "valid", "void"] = ""
    after: Annotated[int, Field(ge=0, le=2**53)] = 0
    limit: Limit = 100


class TrailAsked(Given):
    """Empty parts do not filter."""

    subject: MaybeName = ""
    visit: MaybeName = ""
    form: MaybeName = ""
    item: MaybeName = ""
    who: MaybeName = ""
    action: MaybeName = ""
    site: MaybeName = ""
    since: dt.datetime | None = None
    until: dt.datetime | None = None
    page: Number = 1
    limit: Limit = 100
