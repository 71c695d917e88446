"""What is only ever added to: events, checkpoints, who read what, what happened to accounts."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from trialwright.conduct.store.models.study import Trial


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


class AccountEvent(models.Model):
    """What happened to an account: logins, passwords, second factors. Triggers refuse UPDATE and DELETE."""

    at = models.DateTimeField()
    who = models.CharField(max_length=150)
    """The account; `unknown` where somebody tried a name that has none."""
    what = models.CharField(max_length=40)
    by = models.CharField(max_length=150, blank=True, default="")
    """Who did it, where it was somebody else."""
    detail = models.CharField(max_length=200, blank=True, default="")

    class Meta:
        indexes: ClassVar = [models.Index(fields=["at"], name="account_time")]

    def __str__(self) -> str:
        return f"{self.who}: {self.what}"
