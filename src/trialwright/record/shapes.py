"""The few shapes that a record page is made of."""

from __future__ import annotations

from dataclasses import dataclass

from trialwright.record.criteria import plain
from trialwright.record.words import label


@dataclass(frozen=True, slots=True)
class Facts:
    """Label and value, one line each."""

    entries: tuple[tuple[str, str], ...]

    @property
    def filled(self) -> bool:
        return bool(self.entries)


@dataclass(frozen=True, slots=True)
class Prose:
    """Text in paragraphs, parted by empty lines."""

    text: str

    @property
    def filled(self) -> bool:
        return bool(self.text.strip())

    @property
    def paragraphs(self) -> tuple[str, ...]:
        return tuple(part.strip() for part in self.text.split("\n\n") if part.strip())


@dataclass(frozen=True, slots=True)
class Bullets:
    """A list, with or without a title; the lines after the first of an entry are its sub-items."""

    title: str
    entries: tuple[str, ...]

    @property
    def filled(self) -> bool:
        return bool(self.entries)


@dataclass(frozen=True, slots=True)
class Grid:
    """A table of texts; every row has as many cells as there are columns. `indents`: depth of each row, if any."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    indents: tuple[int, ...] = ()
    note: str = ""

    @property
    def filled(self) -> bool:
        return bool(self.rows)


Block = Facts | Prose | Bullets | Grid


@dataclass(frozen=True, slots=True)
class Section:
    """`id` is its anchor on the page. Empty blocks are dropped."""

    id: str
    title: str
    blocks: tuple[Block, ...]
    parts: tuple[Section, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "blocks", tuple(block for block in self.blocks if block.filled))
        object.__setattr__(self, "parts", tuple(part for part in self.parts if part.filled))

    @property
    def filled(self) -> bool:
        return bool(self.blocks or self.parts)


def facts(lang: str, **values: str) -> Facts:
    """Facts by the key of their label, markup escapes taken out; empty ones are left out."""
    return Facts(tuple((label(key, lang), plain(value)) for key, value in values.items() if value))
