"""Results: what the analysis found. Displays are written from it, and the results section of the record."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Row:
    """A table row: `cells` are finished texts; `indent` counts levels; a row without cells is a heading."""

    label: str
    cells: tuple[str, ...] = ()
    indent: int = 0


@dataclass(frozen=True, slots=True)
class Table:
    stub: str
    """Heading of the label column."""
    columns: tuple[str, ...]
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class Figure:
    """A finished SVG and its text alternative."""

    svg: str
    alt: str


@dataclass(frozen=True, slots=True)
class Display:
    """One table, with or without a figure. `finding` is the title that says what it shows."""

    id: str
    number: str
    title: str
    finding: str
    population: str
    table: Table
    figure: Figure | None = None
    footnotes: tuple[str, ...] = ()
    datasets: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Flow:
    """Participant flow. started = completed + sum of reasons, always."""

    screened: int
    screen_failures: tuple[tuple[str, int], ...]
    """(criterion or other reason, subjects whose first failing reason it was)."""
    started: int
    milestones: tuple[tuple[str, int], ...]
    completed: int
    reasons: tuple[tuple[str, int], ...]
    """(reason not completed in the registry's words, subjects)."""


@dataclass(frozen=True, slots=True)
class Stat:
    """One measurement: a count, mean, median or rate of a category or class, with its spread or interval."""

    label: str
    value: float | int | None
    spread: float | None = None
    low: float | None = None
    high: float | None = None
    n: int | None = None
    group: str = ""
    """Class of the category (for example a visit)."""
    comment: str = ""
    """Why there is no value, or what the number needs beside it."""


@dataclass(frozen=True, slots=True)
class Measure:
    """A baseline measure. `param` and `dispersion` are enum values of the registry."""

    title: str
    unit: str
    param: str
    dispersion: str
    stats: tuple[Stat, ...]
    source_is_assumption: bool = False


@dataclass(frozen=True, slots=True)
class TestResult:
    """A statistical analysis of an outcome."""

    __test__ = False

    method: str
    estimate_label: str
    estimate: float
    confidence: float
    low: float
    high: float
    p_value: float | None
    sides: int
    null: float | None
    comment: str = ""


@dataclass(frozen=True, slots=True)
class Outcome:
    endpoint: str
    rank: str
    title: str
    description: str
    time_frame: str
    population: str
    analysed: int
    param: str
    dispersion: str
    unit: str
    stats: tuple[Stat, ...]
    tests: tuple[TestResult, ...] = ()


@dataclass(frozen=True, slots=True)
class EventStat:
    """One adverse event term. affected <= at_risk; events >= affected."""

    term: str
    organ_class: str
    serious: bool
    affected: int
    events: int
    at_risk: int


@dataclass(frozen=True, slots=True)
class AdverseEvents:
    time_frame: str
    at_risk: int
    deaths: int
    serious_affected: int
    other_affected: int
    terms: tuple[EventStat, ...]
    threshold: float = 0.0


@dataclass(frozen=True, slots=True)
class Results:
    study: str
    version: str
    virtual: bool
    flow: Flow
    baseline_n: int
    baseline: tuple[Measure, ...]
    outcomes: tuple[Outcome, ...]
    events: AdverseEvents
    displays: tuple[Display, ...]
