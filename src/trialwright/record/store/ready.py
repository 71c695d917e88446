"""A record made ready to be kept: all that a store writes about it, so that another process can do the reading."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

from trialwright.formats.ctgov.part import Part
from trialwright.record.store.base import Card, Incoming, Record
from trialwright.record.store.cards import aliases_of, card_of


@dataclass(frozen=True, slots=True)
class Ready:
    """`digest`: of the text. `written`: when the registry wrote its data. `notes`: what is unusual in it."""

    nct_id: str
    text: bytes
    where: str
    digest: bytes
    card: Card
    aliases: tuple[str, ...]
    written: str
    notes: tuple[str, ...] = ()


def ready_of(record: Incoming, notes: Iterable[str] = ()) -> Ready:
    """Raises InputError for a record with parts of a wrong type."""
    return Ready(
        nct_id=number_of(record.nct_id),
        text=record.text,
        where=record.where,
        digest=hashlib.blake2b(record.text, digest_size=16).digest(),
        card=card_of(record.data),
        aliases=aliases_of(record.data),
        written=written_on(record.data),
        notes=tuple(notes),
    )


def number_of(nct_id: str) -> str:
    """A registry number as it is kept."""
    return nct_id.strip().upper()


def written_on(data: Record) -> str:
    """The day on which the registry wrote its data. It stands in every record and says nothing about the study."""
    return Part(data).part("derivedSection").part("miscInfoModule").text("versionHolder")
