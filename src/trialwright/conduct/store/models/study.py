"""A study in conduct: its versions, people, sites, and what is locked."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from trialwright.conduct.store.models.base import Projection


class Trial(Projection):
    """A study in conduct. `sequence` and `head` are the length and last hash of its log."""

    TABLE = "study"
    KEY = ("study",)
    CONTENT = ("version", "definition", "state", "virtual", "planned", "enrolled", "held")

    study = models.CharField(max_length=80, primary_key=True)
    version = models.CharField(max_length=40)
    definition = models.CharField(max_length=64)
    """SHA-256 of the newest definition: that of its Version. Which one is in force at a site, the site says."""
    state = models.CharField(max_length=20, default="open")
    virtual = models.BooleanField(default=False)
    planned = models.PositiveIntegerField()
    enrolled = models.PositiveIntegerField(default=0)
    held = models.PositiveIntegerField(default=0)
    """Places that are frozen or locked now: 0 spares every other deed the look there."""
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
    CONTENT = ("sha256", "number", "note")

    trial = models.ForeignKey(Trial, on_delete=models.PROTECT, related_name="versions")
    version = models.CharField(max_length=40)
    sha256 = models.CharField(max_length=64)
    number = models.PositiveIntegerField(default=1)
    """Versions of a study in the order in which they were published: 1 is the one that it was opened with."""
    note = models.TextField(blank=True, default="")
    """What the amendment is for, in the words of whoever published it."""
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
    CONTENT = ("state", "activated", "registered", "version", "approved", "before")

    trial = models.ForeignKey(Trial, on_delete=models.PROTECT, related_name="sites")
    site = models.CharField(max_length=10)
    state = models.CharField(max_length=20, default="planned")
    activated = models.DateField(null=True, blank=True)
    registered = models.PositiveIntegerField(default=0)
    """Subjects registered so far: the next one's number is one more."""
    version = models.CharField(max_length=40, blank=True, default="")
    """The version approved for the site; "" while the study has had only the one that it was opened with."""
    approved = models.DateField(null=True, blank=True)
    """The day from which that version is in force; none for a version that the site began with."""
    before = models.CharField(max_length=40, blank=True, default="")
    """The version in force until then."""

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["trial", "site"], name="one_site")]

    def __str__(self) -> str:
        return self.site


class Lock(Projection):
    """What holds the values of a place: a study, site, subject, visit, form or field. Empty parts stand for the whole.

    `visit` names a visit; the forms of a log have none, so that a lock of one log names its form alone.
    """

    TABLE = "lock"
    KEY = ("trial__study", "site", "subject", "visit", "form", "group", "row", "item")
    CONTENT = ("state", "reason", "by", "at")

    trial = models.ForeignKey(Trial, on_delete=models.PROTECT, related_name="locks")
    site = models.CharField(max_length=10, blank=True, default="")
    subject = models.CharField(max_length=20, blank=True, default="")
    visit = models.CharField(max_length=80, blank=True, default="")
    form = models.CharField(max_length=80, blank=True, default="")
    group = models.CharField(max_length=80, blank=True, default="")
    row = models.PositiveIntegerField(default=0)
    item = models.CharField(max_length=80, blank=True, default="")
    state = models.CharField(max_length=10)
    reason = models.TextField(blank=True, default="")
    by = models.CharField(max_length=150)
    at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["trial", "site", "subject", "visit", "form", "group", "row", "item"], name="one_lock"
            )
        ]

    def __str__(self) -> str:
        return f"{self.state}: {self.site} {self.subject} {self.visit} {self.form} {self.item}".strip()
