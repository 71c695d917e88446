"""Tables: the append-only event log, the current state that is a projection of it, and what helps with the work."""

from __future__ import annotations

from trialwright.conduct.store.models.base import Projection
from trialwright.conduct.store.models.log import Access, AccountEvent, Checkpoint, Event
from trialwright.conduct.store.models.study import Lock, Member, Site, Trial, Version
from trialwright.conduct.store.models.subject import (
    Criterion,
    Dose,
    Form,
    Message,
    Query,
    Signature,
    Subject,
    Value,
    Verified,
    Visit,
)
from trialwright.conduct.store.models.work import Answered, Attachment, Draft, Job, Token

__all__ = [
    "PROJECTIONS",
    "Access",
    "AccountEvent",
    "Answered",
    "Attachment",
    "Checkpoint",
    "Criterion",
    "Dose",
    "Draft",
    "Event",
    "Form",
    "Job",
    "Lock",
    "Member",
    "Message",
    "Projection",
    "Query",
    "Signature",
    "Site",
    "Subject",
    "Token",
    "Trial",
    "Value",
    "Verified",
    "Version",
    "Visit",
]

PROJECTIONS: tuple[type[Projection], ...] = (
    Trial, Version, Member, Site, Subject, Visit, Form, Value, Verified, Signature, Lock, Criterion, Dose, Query,
    Message,
)  # fmt: skip
