"""Files that belong to a form: kept by the SHA-256 of their content, which the value of the field names."""

from __future__ import annotations

import datetime as dt
import hashlib
import unicodedata

from django.conf import settings

from trialwright.conduct.actions import studies
from trialwright.conduct.actions.ledger import utc
from trialwright.conduct.rules.locks import Scope, demand_open
from trialwright.conduct.rules.policy import Person, demand_of
from trialwright.conduct.rules.values import LONGEST_NAME
from trialwright.conduct.store import locked
from trialwright.conduct.store import models as db
from trialwright.kernel.errors import IntegrityError, Refused, UnknownName
from trialwright.kernel.texts import JOINT


def largest() -> int:
    """Bytes that a file may have."""
    return int(settings.TRIALWRIGHT_UPLOAD) * 2**20


def attach_file(
    study_id: str, subject_id: str, name: str, content: bytes, *, by: Person, at: dt.datetime | None = None
) -> str:
    """Keep a file for a subject. Returns the value that names it, to be saved in a field of type `file`.

    What a file is is never guessed: it is given back as bytes. Raises UnknownName, Refused.
    """
    trial = studies.trial(study_id)
    subject = trial.subjects.filter(subject=subject_id).first()
    demand_of(by, "attach_file", subject_id, subject.site if subject else None)
    assert subject is not None, "nobody attaches a file to a subject that is not there"
    if trial.held:
        zone = studies.zone_of(studies.of_trial(trial), subject.site)
        locks = locked.held(trial, (subject.site,), subject.subject, zone=zone)
        demand_open(locks, Scope(subject.site, subject.subject), "attach_file")
    shown = plain_name(name)
    if not content:
        raise Refused(f"The file {shown} is empty.", hint="Choose it again; it may not have been copied whole.")
    if len(content) > largest():
        raise Refused(
            f"The file {shown} is too large: {len(content) / 2**20:.1f} MiB.",
            hint=f"At most {settings.TRIALWRIGHT_UPLOAD} MiB are kept.",
        )
    digest = hashlib.sha256(content).hexdigest()
    new = {"size": len(content), "content": content, "by": by.username, "at": utc(at)}
    db.Attachment.objects.get_or_create(trial=trial, sha256=digest, defaults=new)
    return f"{shown}{JOINT}{digest}"


def plain_name(name: str) -> str:
    """A file's name as one word of a path without signs that cannot be printed; its ending is kept."""
    last = name.replace("\\", "/").rsplit("/", 1)[-1]
    shown = "".join(sign for sign in last if unicodedata.category(sign)[0] != "C").strip(" .") or "file"
    if len(shown) <= LONGEST_NAME:
        return shown
    stem, dot, ending = shown.rpartition(".")
    keep = LONGEST_NAME - len(ending) - 1
    return f"{stem[:keep]}.{ending}" if dot and keep > 0 else shown[:LONGEST_NAME]


def content_of(study_id: str, value: str) -> tuple[str, bytes]:
    """(name, content) of the file that a value names. Whoever asks has made sure that the person may read the value.

    Raises UnknownName when the content is not here, as in a study whose data came from elsewhere.
    """
    name, _, digest = value.rpartition(JOINT)
    found = db.Attachment.objects.filter(trial=study_id, sha256=digest).first()
    if found is None:
        raise UnknownName("file", name or value[:60], ())
    content = bytes(found.content)
    if hashlib.sha256(content).hexdigest() != digest:
        raise IntegrityError("The content of this file was changed in the database.", hint="Verify the audit.")
    return name, content


def forget_file(trial: db.Trial, value: str) -> None:
    """Remove the content that a redacted value has named, unless another value names it too."""
    _, _, digest = value.rpartition(JOINT)
    kept = db.Attachment.objects.filter(trial=trial, sha256=digest)
    named = db.Value.objects.filter(form__subject__trial=trial, value__endswith=f"{JOINT}{digest}")
    if kept.exists() and not named.exists():
        kept.delete()
