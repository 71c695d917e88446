"""Tables: the append-only event log, and the current state that is a projection of it.

Values are generic (one row an item), so a study needs no migration. A projection says which of its columns are its
natural key and which are its content; `ledger` writes both sides from that, and `verify` compares them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from django.db import models


class Projection(models.Model):
    """A table of current state. `KEY`, `CONTENT`: ORM paths of the natural key and of what the log must agree with."""

    TABLE: ClassVar[str]
    KEY: ClassVar[tuple[str, ...]]
    CONTENT: ClassVar[tuple[str, ...]]

    class Meta:
        abstract = True

    def natural_key(self) -> list[Any]:
        """The key's parts: those of the row above, then one's own. A key never changes, so it is made once."""
        key: list[Any] | None = self.__dict__.get("_natural_key")
        if key is None:
            above, nested, _ = self.KEY[0].partition("__")
            key = self.key_below(getattr(self, above), self.__dict__) if nested else [getattr(self, above)]
            self.__dict__["_natural_key"] = key
        return key

    @classmethod
    def key_below(cls, above: Projection, own: Mapping[str, Any]) -> list[Any]:
        """The natural key of a row of this table below the row `above`, from the row's own columns."""
        return [*above.natural_key(), *(own[name] for name in cls.KEY if "__" not in name)]


class Trial(Projection):
    """A study in conduct. `sequence` and `head` are the length and last hash of its log."""

    TABLE = "study"
    KEY = ("study",)
    CONTENT = ("version", "definition", "state", "virtual", "planned", "enrolled")

    study = models.CharField(max_length=80, primary_key=True)
    version = models.CharField(max_length=40)
    definition = models.CharField(max_length=64)
    """SHA-256 of the definition in force: that of its Version."""
    state = models.CharField(max_length=20, default="open")
    virtual = models.BooleanField(default=False)
    planned = models.PositiveIntegerField()
    enrolled = models.PositiveIntegerField(default=0)
    sequence = models.PositiveBigIntegerField(default=0)
    head = models.CharField(max_length=64, default="")
    latest = models.DateTimeField(null=True, blank=True)
    """Time of the newest event or checkpoint."""
    sealed = models.PositiveBigIntegerField(default=0)
    """Events that stand under a checkpoint."""
    unsealed_since = models.DateTimeField(null=True, blank=True)
    """Time of the oldest event that does not."""

    def __str__(self) -> str:
        return self.study


class Version(Projection):
    """The definition as it was at a version: canonical JSON, and the SHA-256 of that text."""

    TABLE = "version"
    KEY = ("trial__study", "version")
    CONTENT = ("sha256",)

    trial = models.ForeignKey(Trial, on_delete=models.PROTECT, related_name="versions")
    version = models.CharField(max_length=40)
    sha256 = models.CharField(max_length=64)
    definition = models.TextField()

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["trial", "version"], name="one_version")]

    def __str__(self) -> str:
        return f"{self.trial_id} {self.version}"


class Member(Projection):
    """A person's role in a study, at one site or ("") at all. `username` is the account's name."""

    TABLE = "member"
    KEY = ("trial__study", "username", "role", "site")
    CONTENT = ("name", "active")

    trial = models.ForeignKey(Trial, on_delete=models.PROTECT, related_name="members")
    username = models.CharField(max_length=150)
    role = models.CharField(max_length=20)
    site = models.CharField(max_length=10, blank=True, default="")
    name = models.CharField(max_length=200)
    active = models.BooleanField(default=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["trial", "username", "role", "site"], name="one_membership")
        ]

    def __str__(self) -> str:
        return f"{self.username}: {self.role}"


class Site(Projection):
    TABLE = "site"
    KEY = ("trial__study", "site")
    CONTENT = ("state", "activated", "registered")

    trial = models.ForeignKey(Trial, on_delete=models.PROTECT, related_name="sites")
    site = models.CharField(max_length=10)
    state = models.CharField(max_length=20, default="planned")
    activated = models.DateField(null=True, blank=True)
    registered = models.PositiveIntegerField(default=0)
    """Subjects registered so far: the next one's number is one more."""

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["trial", "site"], name="one_site")]

    def __str__(self) -> str:
        return self.site


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
    CONTENT = ("state", "definition", "version")

    subject = models.ForeignKey(Subject, on_delete=models.PROTECT, related_name="forms")
    visit = models.CharField(max_length=80, blank=True, default="")
    form = models.CharField(max_length=80)
    state = models.CharField(max_length=20)
    definition = models.CharField(max_length=40)
    """The version of the definition that it was captured under."""
    version = models.PositiveIntegerField(default=0)

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
    CONTENT = ("visit", "form", "group", "row", "item", "check_id", "state", "text", "opened", "closed")

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


class Event(models.Model):
    """One action in the append-only log. Triggers refuse DELETE, and UPDATE but for a redaction that the log tells.

    `hash` is that of a leaf (RFC 6962): the canonical JSON of every other column, `previous` (the hash before it) among
    them, with `content` and `reason` folded to hashes of their parts (`rules.chain`).
    """

    trial = models.ForeignKey(Trial, on_delete=models.PROTECT, related_name="events")
    sequence = models.PositiveBigIntegerField()
    at = models.DateTimeField()
    local = models.CharField(max_length=40)
    zone = models.CharField(max_length=60)
    who = models.CharField(max_length=150)
    role = models.CharField(max_length=20)
    action = models.CharField(max_length=40)
    site = models.CharField(max_length=10, blank=True, default="")
    subject = models.CharField(max_length=20, blank=True, default="")
    visit = models.CharField(max_length=80, blank=True, default="")
    form = models.CharField(max_length=80, blank=True, default="")
    reason = models.TextField(blank=True, default="")
    content = models.TextField()
    """Canonical JSON: {"rows": {table: [[key, old, new, salt], ...]}, "salt": the reason's, ...details of the action}.

    Where a row was redacted, {"content": hash of all parts as they were, "redacted": its own} stands for its salt.
    """
    version = models.CharField(max_length=40)
    previous = models.CharField(max_length=64, blank=True)
    hash = models.CharField(max_length=64)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["trial", "sequence"], name="one_event")]
        indexes: ClassVar = [models.Index(fields=["trial", "subject", "sequence"], name="event_subject")]

    def __str__(self) -> str:
        return f"{self.trial_id} {self.sequence} {self.action}"


class Checkpoint(models.Model):
    """A signed head of the Merkle tree over the first `size` events. Triggers refuse UPDATE and DELETE."""

    trial = models.ForeignKey(Trial, on_delete=models.PROTECT, related_name="checkpoints")
    number = models.PositiveBigIntegerField()
    size = models.PositiveBigIntegerField()
    root = models.CharField(max_length=64)
    at = models.DateTimeField()
    previous = models.CharField(max_length=64, blank=True)
    """Digest of the checkpoint before it."""
    key = models.CharField(max_length=200)
    """The public key, which begins with its name and id."""
    signature = models.CharField(max_length=128)
    edge = models.TextField()
    """Roots of the tree's complete subtrees, from which it grows on: `verifier.Frontier`."""

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["trial", "number"], name="one_checkpoint")]

    def __str__(self) -> str:
        return f"{self.trial_id} checkpoint {self.number}"


class Access(models.Model):
    """Who read or exported what. Not part of the history; triggers refuse UPDATE and DELETE all the same."""

    trial = models.ForeignKey(Trial, on_delete=models.PROTECT, related_name="accesses")
    at = models.DateTimeField()
    who = models.CharField(max_length=150)
    roles = models.CharField(max_length=200, blank=True)
    what = models.CharField(max_length=40)
    site = models.CharField(max_length=10, blank=True, default="")
    subject = models.CharField(max_length=20, blank=True, default="")
    visit = models.CharField(max_length=80, blank=True, default="")
    form = models.CharField(max_length=80, blank=True, default="")
    detail = models.CharField(max_length=500, blank=True, default="")

    class Meta:
        indexes: ClassVar = [models.Index(fields=["trial", "at"], name="access_time")]

    def __str__(self) -> str:
        return f"{self.who}: {self.what}"


PROJECTIONS: tuple[type[Projection], ...] = (
    Trial, Version, Member, Site, Subject, Visit, Form, Value, Criterion, Dose, Query, Message,
)  # fmt: skip
