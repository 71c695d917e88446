"""The shapes of what comes out of amendments and redactions."""

from __future__ import annotations

import datetime as dt

from trialwright.web.capture_api.answers import FormSavedOut, Label, PlaceOut, Said


class ChangeOfStudy(Said):
    """`kind`: item, form, field, check ...; `what`: added, removed, changed; `part`: what of it was changed."""

    kind: str
    id: str
    what: str
    label: Label
    part: str
    old: Label
    new: Label


class DifferenceOut(Said):
    old: str
    new: str
    changes: list[ChangeOfStudy]


class VersionOut(Said):
    version: str
    number: int
    sha256: str
    note: str
    sites: list[str]
    """Where it is in force."""


class Versions(Said):
    versions: list[VersionOut]


class MigratedOut(Said):
    site: str
    version: str
    forms: list[FormSavedOut]
    refused: list[str]
    """A sentence for each form that stays as it was."""


class Approved(Said):
    site: str
    version: str
    day: dt.date
    """From which on it is in force there."""


class CheckAt(Said):
    check: str
    group: str
    row: int
    item: str


class FormImpactOut(Said):
    """A captured form that would not stay as it is; fields and checks are named, values are not."""

    subject: str
    site: str
    visit: str
    form: str
    definition: str
    gone: bool
    """The version has no such form."""
    aside: list[PlaceOut]
    """Values whose fields the version does not have."""
    impossible: list[PlaceOut]
    missing: list[str]
    incomplete: bool
    computed: list[PlaceOut]
    opens: list[CheckAt]
    closes: list[CheckAt]
    signed: bool
    """Its signatures would become void."""


class ImpactOut(Said):
    version: str
    subjects: int
    """Subjects with forms under another version."""
    forms: int
    concerned: list[FormImpactOut]
    total: int
    page: int
    pages: int


class WordsAt(Said):
    name: str
    table: str
    """value, reason, query, message or visit."""
    item: str
    text: str | None
    """None where this key may redact but not read."""


class EventWordsOut(Said):
    sequence: int
    at: dt.datetime
    who: str
    action: str
    site: str
    subject: str
    visit: str
    form: str
    words: list[WordsAt]


class RedactedOut(Said):
    sequence: int
    """The redaction's own event."""
    events: list[int]
    """From which something was taken out."""
    elsewhere: list[int]
    """Events of the subject that hold the same words at another place."""
