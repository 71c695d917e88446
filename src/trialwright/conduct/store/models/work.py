"""What is no part of the history: drafts, the content of files, jobs, keys to the API."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from trialwright.conduct.store.models.study import Trial


class Draft(models.Model):
    """What a person has typed into a form and not saved yet. No part of the history; gone with the save."""

    trial = models.ForeignKey(Trial, on_delete=models.CASCADE, related_name="drafts")
    username = models.CharField(max_length=150)
    subject = models.CharField(max_length=20)
    visit = models.CharField(max_length=80, blank=True, default="")
    form = models.CharField(max_length=80)
    version = models.PositiveIntegerField()
    """The form's version that the person sees."""
    content = models.TextField()
    """JSON: name of an input -> what stands in it."""
    at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["trial", "username", "subject", "visit", "form"], name="one_draft")
        ]

    def __str__(self) -> str:
        return f"{self.username}: {self.form}"


class Attachment(models.Model):
    """The content of a file that a value of type `file` names by its SHA-256."""

    trial = models.ForeignKey(Trial, on_delete=models.PROTECT, related_name="attachments")
    sha256 = models.CharField(max_length=64)
    size = models.PositiveBigIntegerField()
    content = models.BinaryField()
    by = models.CharField(max_length=150)
    at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["trial", "sha256"], name="one_attachment")]

    def __str__(self) -> str:
        return self.sha256


class Job(models.Model):
    """Long work that somebody asked for: an export, a PDF. Workers of the server claim it; `beat`: one lives."""

    trial = models.ForeignKey(Trial, on_delete=models.CASCADE, related_name="jobs")
    kind = models.CharField(max_length=40)
    asked = models.TextField(default="{}")
    """JSON: the options."""
    by = models.CharField(max_length=150)
    state = models.CharField(max_length=10, default="queued")
    done = models.PositiveBigIntegerField(default=0)
    total = models.PositiveBigIntegerField(default=0)
    created = models.DateTimeField()
    started = models.DateTimeField(null=True, blank=True)
    ended = models.DateTimeField(null=True, blank=True)
    beat = models.DateTimeField(null=True, blank=True)
    attempts = models.PositiveIntegerField(default=0)
    result = models.CharField(max_length=300, blank=True, default="")
    """Name of the file in the data folder's `jobs`."""
    sha256 = models.CharField(max_length=64, blank=True, default="")
    message = models.TextField(blank=True, default="")

    class Meta:
        indexes: ClassVar = [models.Index(fields=["state", "id"], name="job_state")]

    def __str__(self) -> str:
        return f"{self.kind} {self.state}"


class Token(models.Model):
    """A key to the JSON API: it may do what its person may, narrowed to `scopes`. Only its hash is kept."""

    trial = models.ForeignKey(Trial, on_delete=models.PROTECT, related_name="tokens")
    username = models.CharField(max_length=150)
    name = models.CharField(max_length=80)
    prefix = models.CharField(max_length=12)
    """Its first characters, by which people tell one from the other."""
    sha256 = models.CharField(max_length=64, unique=True)
    scopes = models.CharField(max_length=400)
    """Actions of the policy, separated by blanks."""
    created = models.DateTimeField()
    expires = models.DateTimeField()
    last_used = models.DateTimeField(null=True, blank=True)
    revoked = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"{self.username}: {self.name}"


class Answered(models.Model):
    """What the JSON API answered to a request with an Idempotency-Key, for a day."""

    trial = models.ForeignKey(Trial, on_delete=models.CASCADE, related_name="answers")
    username = models.CharField(max_length=150)
    key = models.CharField(max_length=100)
    asked = models.CharField(max_length=64)
    """SHA-256 of the request."""
    status = models.PositiveSmallIntegerField(default=0)
    body = models.TextField(default="")
    at = models.DateTimeField(db_index=True)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["trial", "username", "key"], name="one_answer")]

    def __str__(self) -> str:
        return f"{self.username}: {self.key}"
