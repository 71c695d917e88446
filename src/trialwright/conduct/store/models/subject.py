"""A subject: visits, forms, values, what was decided, asked, verified and signed. Values are generic (one row an item),
so a study needs no migration."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from trialwright.conduct.store.models.base import Projection
from trialwright.conduct.store.models.study import Trial


class Subject(Projection):
    TABLE = "subject"
    KEY = ("trial__study", "subject")
    CONTENT = (
        "site", "state", "screened", "consented", "guardian_consented", "verdict",
        "enrolled", "first_dose", "ended", "end_reason", "arm",
    )  # fmt: skip

    trial = models.ForeignKey(Trial, on_delete=models.PROTECT, related_name="subjects")
    subject = models.CharField(max_length=20)
    site = models.CharField(max_length=10)
    state = models.CharField(max_length=20, default="screening")
    screened = models.DateField()
    consented = models.DateField(null=True, blank=True)
    guardian_consented = models.DateField(null=True, blank=True)
    verdict = models.CharField(max_length=20, blank=True, default="")
    enrolled = models.DateField(null=True, blank=True)
    first_dose = models.DateField(null=True, blank=True)
    ended = models.DateField(null=True, blank=True)
    end_reason = models.CharField(max_length=80, blank=True, default="")
    arm = models.CharField(max_length=80, blank=True, default="")

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["trial", "subject"], name="one_subject")]

    def __str__(self) -> str:
        return self.subject


class Visit(Projection):
    TABLE = "visit"
    KEY = ("subject__trial__study", "subject__subject", "visit")
    CONTENT = ("state", "planned", "actual", "reason")

    subject = models.ForeignKey(Subject, on_delete=models.PROTECT, related_name="visits")
    visit = models.CharField(max_length=80)
    state = models.CharField(max_length=20, default="planned")
    planned = models.DateField(null=True, blank=True)
    actual = models.DateField(null=True, blank=True)
    reason = models.TextField(blank=True, default="")

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["subject", "visit"], name="one_visit")]

    def __str__(self) -> str:
        return self.visit


class Form(Projection):
    """A form of a subject at a visit; `visit` "" for a running log. `version` counts its saves (optimistic lock)."""

    TABLE = "form"
    KEY = ("subject__trial__study", "subject__subject", "visit", "form")
    CONTENT = ("state", "definition", "version", "verified", "to_verify", "lost")

    subject = models.ForeignKey(Subject, on_delete=models.PROTECT, related_name="forms")
    visit = models.CharField(max_length=80, blank=True, default="")
    form = models.CharField(max_length=80)
    state = models.CharField(max_length=20)
    definition = models.CharField(max_length=40)
    """The version of the definition that it was captured under."""
    version = models.PositiveIntegerField(default=0)
    verified = models.PositiveIntegerField(default=0)
    """How many of its values stand verified: rows of Verified. 0 spares a save the look there."""
    to_verify = models.PositiveIntegerField(default=0)
    """Critical values that it holds and that do not stand verified."""
    lost = models.PositiveIntegerField(default=0)
    """Values that stood verified and have changed since a monitor last verified here."""

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["subject", "visit", "form"], name="one_form")]

    def __str__(self) -> str:
        return f"{self.form} {self.visit}"


class Value(Projection):
    """One captured value as typed, with the unit and reference limits that it came with."""

    TABLE = "value"
    KEY = ("form__subject__trial__study", "form__subject__subject", "form__visit", "form__form", "group", "row", "item")
    CONTENT = ("value", "unit", "low", "high", "null_reason", "when", "signed_by")

    form = models.ForeignKey(Form, on_delete=models.PROTECT, related_name="values")
    group = models.CharField(max_length=80)
    row = models.PositiveIntegerField(default=1)
    item = models.CharField(max_length=80)
    value = models.TextField(blank=True, default="")
    unit = models.CharField(max_length=40, blank=True, default="")
    low = models.FloatField(null=True, blank=True)
    high = models.FloatField(null=True, blank=True)
    null_reason = models.CharField(max_length=20, blank=True, default="")
    when = models.CharField(max_length=40, blank=True, default="")
    signed_by = models.CharField(max_length=150, blank=True, default="")
    """A judgement counts once an investigator has given it: that investigator."""

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["form", "group", "row", "item"], name="one_value")]

    def __str__(self) -> str:
        return f"{self.item} {self.value}"


class Verified(Projection):
    """A value that a monitor has compared with its source. It goes when the value changes."""

    TABLE = "verified"
    KEY = ("form__subject__trial__study", "form__subject__subject", "form__visit", "form__form", "group", "row", "item")
    CONTENT = ("by", "at")

    form = models.ForeignKey(Form, on_delete=models.PROTECT, related_name="verifications")
    group = models.CharField(max_length=80)
    row = models.PositiveIntegerField(default=1)
    item = models.CharField(max_length=80)
    by = models.CharField(max_length=150)
    at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["form", "group", "row", "item"], name="one_verified")]

    def __str__(self) -> str:
        return f"{self.item} verified"


class Signature(Projection):
    """An electronic signature under a form. `sha256` is that of the form's content as it was signed: `rules.signing`.

    A later change of the content makes it void, and it stays to be seen.
    """

    TABLE = "signature"
    KEY = ("form__subject__trial__study", "form__subject__subject", "form__visit", "form__form", "number")
    CONTENT = ("meaning", "who", "name", "role", "at", "factor", "sha256", "state")

    form = models.ForeignKey(Form, on_delete=models.PROTECT, related_name="signatures")
    number = models.PositiveIntegerField()
    meaning = models.CharField(max_length=200)
    who = models.CharField(max_length=150)
    name = models.CharField(max_length=200)
    role = models.CharField(max_length=20)
    at = models.DateTimeField()
    factor = models.CharField(max_length=20)
    """How the person proved who it is: password+totp, passkey ..."""
    sha256 = models.CharField(max_length=64)
    state = models.CharField(max_length=10, default="valid")

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["form", "number"], name="one_signature")]

    def __str__(self) -> str:
        return f"{self.name}: {self.meaning}"


class Criterion(Projection):
    """What screening decided on one criterion of a subject."""

    TABLE = "criterion"
    KEY = ("subject__trial__study", "subject__subject", "criterion")
    CONTENT = ("state", "explanation")

    subject = models.ForeignKey(Subject, on_delete=models.PROTECT, related_name="criteria")
    criterion = models.CharField(max_length=10)
    state = models.CharField(max_length=10)
    explanation = models.TextField(blank=True, default="")

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["subject", "criterion"], name="one_criterion")]

    def __str__(self) -> str:
        return f"{self.criterion} {self.state}"


class Dose(Projection):
    """A dose as planned: `state` is give, delay or stop; `explanation` shows the arithmetic."""

    TABLE = "dose"
    KEY = ("subject__trial__study", "subject__subject", "dose")
    CONTENT = ("state", "planned", "amount", "unit", "explanation")

    subject = models.ForeignKey(Subject, on_delete=models.PROTECT, related_name="doses")
    dose = models.PositiveIntegerField()
    state = models.CharField(max_length=20)
    planned = models.DateField(null=True, blank=True)
    amount = models.FloatField(null=True, blank=True)
    unit = models.CharField(max_length=20, default="mg")
    explanation = models.TextField(blank=True, default="")

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["subject", "dose"], name="one_dose")]

    def __str__(self) -> str:
        return f"dose {self.dose}"


class Query(Projection):
    """A question on one field. `check` names the rule that asks ("" when a person does)."""

    TABLE = "query"
    KEY = ("subject__trial__study", "subject__subject", "number")
    CONTENT = ("visit", "form", "group", "row", "item", "check_id", "state", "text", "opened", "opened_by", "closed")

    subject = models.ForeignKey(Subject, on_delete=models.PROTECT, related_name="queries")
    number = models.PositiveIntegerField()
    visit = models.CharField(max_length=80, blank=True, default="")
    form = models.CharField(max_length=80)
    group = models.CharField(max_length=80)
    row = models.PositiveIntegerField(default=1)
    item = models.CharField(max_length=80)
    check_id = models.CharField(max_length=120, blank=True, default="")
    state = models.CharField(max_length=20, default="open")
    text = models.TextField()
    opened = models.DateTimeField()
    opened_by = models.CharField(max_length=150, blank=True, default="")
    """The person who asks; "" where a check does."""
    closed = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["subject", "number"], name="one_query")]
        indexes: ClassVar = [models.Index(fields=["subject", "visit", "form"], name="query_place")]

    def __str__(self) -> str:
        return f"{self.subject_id}-{self.number}"


class Message(Projection):
    """One entry in the thread of a query."""

    TABLE = "message"
    KEY = ("query__subject__trial__study", "query__subject__subject", "query__number", "number")
    CONTENT = ("at", "who", "text")

    query = models.ForeignKey(Query, on_delete=models.PROTECT, related_name="messages")
    number = models.PositiveIntegerField()
    at = models.DateTimeField()
    who = models.CharField(max_length=150)
    text = models.TextField()

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["query", "number"], name="one_message")]

    def __str__(self) -> str:
        return f"{self.who}: {self.text}"
