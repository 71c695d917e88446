"""The few shapes that a record page is made of."""

from __future__ import annotations

from dataclasses import dataclass, replace

from trialwright.record.criteria import plain
from trialwright.record.words import label


@dataclass(frozen=True, slots=True)
class Facts:
    """Label and value, one line each, with or without a title."""

    entries: tuple[tuple[str, str], ...]
    title: str = ""

    @property
    def filled(self) -> bool:
        return bool(self.entries)


@dataclass(frozen=True, slots=True)
class Prose:
    """Text as the record writes it: paragraphs parted by empty lines, in the registry's markup (CommonMark)."""

    text: str

    @property
    def filled(self) -> bool:
        return bool(self.text.strip())

    @property
    def paragraphs(self) -> tuple[str, ...]:
        """Without the escapes of the markup."""
        return tuple(plain(part) for part in self.text.split("\n\n") if part.strip())


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
    """A table of texts; every row has as many cells as there are columns.

    `indents`: depth of each row, if any. `marks`: for each row "", "head" (a heading above the rows that follow) or
    "total" (set off), if any. A table with `indents` or `marks` has a stub and then numbers; one without has texts.
    """

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    indents: tuple[int, ...] = ()
    note: str = ""
    marks: tuple[str, ...] = ()

    @property
    def filled(self) -> bool:
        return bool(self.rows)

    @property
    def lines(self) -> tuple[tuple[tuple[str, ...], int, str], ...]:
        """(cells, depth, mark) of each row."""
        none = len(self.rows)
        return tuple(zip(self.rows, self.indents or (0,) * none, self.marks or ("",) * none, strict=True))

    def part(self, first: int, count: int) -> Grid:
        """Rows from `first` (0 is the first one), at most `count`."""
        until = first + count
        return replace(
            self, rows=self.rows[first:until], indents=self.indents[first:until], marks=self.marks[first:until]
        )


@dataclass(frozen=True, slots=True)
class Interval:
    """An estimate with its limits, the ends of the axis that it is drawn on, and the value of no difference on it."""

    label: str
    value: float
    low: float
    high: float
    start: float
    stop: float
    unit: str = ""
    null: float | None = None


@dataclass(frozen=True, slots=True)
class Intervals:
    """Intervals drawn one under another; their numbers also stand in a table or in facts beside them."""

    entries: tuple[Interval, ...]

    @property
    def filled(self) -> bool:
        return bool(self.entries)


@dataclass(frozen=True, slots=True)
class Flow:
    """Participant flow of a single group as steps: (count, word), and how many left for which reason at each one."""

    steps: tuple[tuple[str, str], ...]
    left: tuple[tuple[str, str], ...] = ()

    @property
    def filled(self) -> bool:
        return bool(self.steps)


@dataclass(frozen=True, slots=True)
class Links:
    """A list of texts, each with an address that it leads to; "" where there is none that is safe to follow."""

    title: str
    entries: tuple[tuple[str, str], ...]

    @property
    def filled(self) -> bool:
        return bool(self.entries)


Block = Facts | Prose | Bullets | Grid | Intervals | Flow | Links


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
