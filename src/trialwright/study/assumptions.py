"""What the simulation assumes, each part with its source or reason (`assumptions.yaml`).

Items stand here by id, so that the simulation itself knows no item of any study. Times are days from the first dose
unless a field says otherwise; spreads on the logarithmic scale are given as `omega`, as population models print them.
"""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field, model_validator

from trialwright.kernel.provenance import Source
from trialwright.kernel.texts import Text
from trialwright.study.base import Id, Node

# The marks "item" and "form" are what the loader follows to check that every id exists.
ItemId = Annotated[Id, "item"]
FormId = Annotated[Id, "form"]
OptionalItem = Annotated[Id | None, "item"]
Chance = Annotated[float, Field(ge=0, le=1)]


class Spread(Node):
    """A number that differs between patients: `mean` with `sd`, `median` with `omega` (SD of the logarithm), or
    `uniform` between `low` and `high`. Values outside the limits are moved to them. A bare number is fixed."""

    mean: float | None = None
    sd: float = Field(default=0.0, ge=0)
    median: float | None = Field(default=None, gt=0)
    omega: float = Field(default=0.0, ge=0)
    uniform: bool = False
    low: float | None = None
    high: float | None = None

    @model_validator(mode="before")
    @classmethod
    def _bare_number(cls, value: Any) -> Any:
        return {"mean": value} if isinstance(value, int | float) else value

    @model_validator(mode="after")
    def _one_kind(self) -> Spread:
        if (self.mean is not None) + (self.median is not None) + self.uniform != 1:
            raise ValueError("give one of 'mean', 'median' and 'uniform'")
        if self.uniform and (self.low is None or self.high is None):
            raise ValueError("'uniform' needs 'low' and 'high'")
        if self.low is not None and self.high is not None and self.low > self.high:
            raise ValueError(f"low {self.low:g} is above high {self.high:g}")
        return self

    @property
    def centre(self) -> float:
        if self.mean is not None:
            return self.mean
        return self.median if self.median is not None else ((self.low or 0.0) + (self.high or 0.0)) / 2


class Draw(Node):
    """How the answer to one item is drawn. Exactly one of `value`, `chance`, `choices`, `number`, `age`, `day`.

    `when`: only for patients whose earlier answers are among those listed. A later draw replaces an earlier one.
    """

    item: ItemId
    value: str | None = None
    chance: Chance | None = None
    """Probability of "true", else "false"."""
    choices: dict[str, Chance] | None = None
    number: Spread | None = None
    age: Spread | None = None
    """Years of age at arrival; the answer is the day of birth."""
    day: Spread | None = None
    """A date, so many days after the reference day (negative: before)."""
    missing: Chance = 0.0
    """Probability of an answer without a value (not done)."""
    when: dict[ItemId, tuple[str, ...]] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _one_way(self) -> Draw:
        ways = [n for n in ("value", "chance", "choices", "number", "age", "day") if getattr(self, n) is not None]
        if len(ways) != 1:
            raise ValueError(f"item '{self.item}' needs one of value, chance, choices, number, age, day")
        if self.choices is not None and abs(sum(self.choices.values()) - 1) > 1e-6:
            raise ValueError(f"the probabilities of '{self.item}' do not add up to 1")
        return self


class Rows(Node):
    """One row, or `repeat` rows on consecutive days, of a repeating group or log form, for a share of the patients."""

    chance: Chance = 1.0
    repeat: int = Field(default=1, ge=1)
    when: dict[ItemId, tuple[str, ...]] = Field(default_factory=dict)
    answers: tuple[Draw, ...]


class FormRows(Node):
    form: FormId
    group: Id
    rows: tuple[Rows, ...]
    source: Source


class People(Node):
    """Who arrives: answers at screening in the order in which they are drawn. Days count from arrival."""

    answers: tuple[Draw, ...]
    rows: tuple[FormRows, ...] = ()
    adult_age: int = Field(default=18, ge=0)
    """Below it a guardian consents as well."""
    source: Source


class SitePace(Node):
    """`opens`: days from the study's start. `rate`: arrivals a month once the ramp is over."""

    site: str
    opens: float = Field(ge=0)
    rate: float = Field(ge=0)


class Recruitment(Node):
    sites: tuple[SitePace, ...] = ()
    other_sites: SitePace | None = None
    """Pace of the sites not listed; without it they send nobody."""
    ramp_months: float = Field(default=0.0, ge=0)
    """Months from opening over which the rate rises from nothing to its full height."""
    source: Source


class Fault(Node):
    """One thing that is wrong with a share of those who come; the criteria find out that it excludes them."""

    id: Id
    label: Text
    chance: Chance
    answers: tuple[Draw, ...]
    rows: tuple[FormRows, ...] = ()
    """Replace the rows of the same form."""


class Screening(Node):
    faults: tuple[Fault, ...]
    refusal: Chance
    """Share that does not consent."""
    days: Spread
    """From the screening visit to enrolment."""
    source: Source


class OutcomeClass(Node):
    """How a patient fares. `extent`: share of the way from active disease to recovery that the courses go.
    `block`: share of the drug's maximal effect on the markers. `taper`: pace of steroid tapering (1 typical)."""

    id: Id
    label: Text
    chance: Chance
    extent: Spread
    block: Spread
    taper: float = Field(ge=0)


class Response(Node):
    classes: tuple[OutcomeClass, ...]
    source: Source

    @model_validator(mode="after")
    def _adds_up(self) -> Response:
        if abs(sum(c.chance for c in self.classes) - 1) > 1e-6:
            raise ValueError("the chances of the outcome classes do not add up to 1")
        return self


class Course(Node):
    """A value that goes from `active` disease towards `recovered` with `half_life` days after the first dose.

    Without `active` it starts from the screening answer of the same item, without `recovered` it stays there.
    Logarithmic scale unless `linear`; `noise` is the SD of one reading on that scale.
    """

    item: ItemId
    active: Spread | None = None
    recovered: Spread | None = None
    half_life: Spread = Spread(mean=7)
    linear: bool = False
    noise: float = Field(default=0.0, ge=0)
    of: OptionalItem = None
    """The course is that of a share of this other item's value of the same day (neutrophils of white cells)."""
    missing: Chance = 0.0
    extent: dict[Id, Spread] = Field(default_factory=dict)
    """For an outcome class, instead of its own extent."""
    when: dict[ItemId, tuple[str, ...]] = Field(default_factory=dict)
    source: Source


class Covariance(Node):
    of: tuple[str, str]
    value: float


class Kinetics(Node):
    """Two compartments. `cv`: between-patient variation of cl, v1, q, v2, as omega^2 = ln(1 + cv^2);
    `covariances` between their logarithms; `error` proportional, of one assay. mg, L, d, kg."""

    item: ItemId
    weight: ItemId
    cl: float = Field(gt=0)
    v1: float = Field(gt=0)
    q: float = Field(gt=0)
    v2: float = Field(gt=0)
    power_cl: float
    power_v: float
    reference_weight: float = Field(default=70.0, gt=0)
    cv: dict[str, float]
    covariances: tuple[Covariance, ...] = ()
    error: float = Field(ge=0)
    source: Source


class Turnover(Node):
    """A marker whose production the drug blocks. `kdeg` 1/d, `imax` a share with its SD on the logit scale,
    `ic50` in mg/L of drug, `error` proportional, `base` in the item's unit."""

    item: ItemId
    base: Spread
    kdeg: Spread
    imax: float = Field(gt=0, lt=1)
    omega_logit: float = Field(default=0.0, ge=0)
    base_imax: float = Field(default=0.0, gt=-1, lt=1)
    """Correlation of base and imax between patients."""
    severity: float = Field(default=0.0, ge=0, lt=1)
    """Correlation of the base with the patient's severity, shared by all markers."""
    ic50: float = Field(gt=0)
    error: float = Field(ge=0)
    source: Source


class Taper(Node):
    """Glucocorticoids, mg/kg/d of prednisone equivalent: `start` times the `shares` on the given days."""

    item: ItemId
    """Visit item with the dose of the day, mg/d."""
    weight: ItemId
    start: Spread
    shares: dict[int, float]
    """Day -> share of the starting dose; between them the logarithm is linear."""
    log: TaperLog | None = None
    source: Source


class TaperLog(Node):
    """Where each step of the taper is written as a row of a log form."""

    form: FormId
    group: Id
    dose: ItemId
    start: ItemId
    end: ItemId
    per_prednisone: float = Field(default=1.0, gt=0)
    """mg of the agent for 1 mg of prednisone."""
    after: OptionalItem = None
    """Screening item with the days of earlier treatment: the starting dose is also given from the day after the last of
    them to the day before the first dose of the study drug."""
    answers: tuple[Draw, ...]
    low_dose: float = Field(default=0.0, ge=0)
    """mg/d of prednisone below which `low_answers` replace the same answers (tablets instead of infusions)."""
    low_answers: tuple[Draw, ...] = ()


class EventKind(Node):
    """An adverse event: the share of patients that has it, how often each grade occurs, and what follows.

    `organ_class`, `related`: codes of the choices; `start`: days; `lasts`: days. `outcomes`: share by outcome class
    instead of `chance`. `pushes`: by item and grade, where the value of the item lies while the event lasts."""

    term: str
    organ_class: str
    chance: Chance
    grades: dict[str, Chance]
    serious: Chance = 0.0
    """At any grade; the grade's own chance (`Events.serious`) holds where it is higher."""
    related: Chance = 0.0
    start: Spread
    at_dose: bool = False
    """Starts on the day of a dose, the one nearest to `start`; without that dose it does not occur."""
    adjusts: str = ""
    """With `at_dose`: code that `Infusion.adjusted` gets on that day."""
    pushes: dict[ItemId, dict[str, Limits]] = Field(default_factory=dict)
    lasts: Spread
    outcomes: dict[Id, Chance] = Field(default_factory=dict)


class Limits(Node):
    """Between which values of the item, in its own unit."""

    low: float
    high: float

    @model_validator(mode="after")
    def _in_order(self) -> Limits:
        if self.low > self.high:
            raise ValueError(f"low {self.low:g} is above high {self.high:g}")
        return self


class DrugAction(Node):
    """What is done with the study drug because of an event: the item that says so, and its codes.

    `holds`: by grade, the chance that a dose which falls into the event waits for its end, at most `days` days.
    `unchanged`: a dose was given as planned. `over`: no dose was left to change."""

    item: ItemId
    unchanged: str
    interrupted: str
    withdrawn: str
    over: str
    holds: dict[str, Chance] = Field(default_factory=dict)
    days: int = Field(default=3, ge=1)


class Events(Node):
    """Adverse events; the log form and its main items are those that `endpoints.yaml` names."""

    group: Id
    kinds: tuple[EventKind, ...]
    serious: dict[str, Chance]
    """By grade."""
    related: str
    unrelated: str
    """Codes of the item that says whether the event is related."""
    recovered: str
    ongoing: str
    fatal: str
    fatal_grade: str
    answers: tuple[Draw, ...] = ()
    """Other items of the row."""
    serious_answers: tuple[Draw, ...] = ()
    fatal_answers: tuple[Draw, ...] = ()
    """Instead of `serious_answers` where the event was fatal."""
    action: DrugAction | None = None
    ramp: float = Field(default=3.0, gt=0)
    """Days over which a pushed value comes and goes, before and after the event."""
    source: Source


class Antibodies(Node):
    item: ItemId
    negative: str
    positive: str
    before: Chance
    """Positive before the first dose."""
    emerging: Chance
    """Become positive under treatment."""
    onset: Spread
    titre: Draw | None = None
    clearance: float = Field(default=1.0, gt=0)
    """Clearance is multiplied by this in those who become positive."""
    source: Source


class Leaving(Node):
    """A way to leave before the planned end: `reason` is a code of the item that captures it."""

    reason: str
    chances: dict[Id, Chance]
    """By outcome class."""
    day: Spread
    event: EventKind | None = None
    """The adverse event that goes with it, from its start to that day."""
    fatal: bool = False


class Exits(Node):
    """`completed`, `screen_failure`: codes of the reason for those who stay to the end, or never enter."""

    form: FormId
    group: Id
    reason: ItemId
    date: ItemId
    completed: str
    ways: tuple[Leaving, ...]
    death_date: OptionalItem = None
    source: Source


class VisitHabits(Node):
    late: Chance
    early: Chance
    missed: Chance
    """Of visits after the first dose."""
    missed_reason: Text = Text(en="")
    minutes_a_form: int = Field(default=4, ge=1)
    first_dose_minutes: int = Field(default=90, ge=0)
    """From enrolment to the visit of the first dose."""
    source: Source


class InfusionItems(Node):
    """Items of the dosing form beside the dose: filled from what was given."""

    weight: OptionalItem = None
    start: OptionalItem = None
    end: OptionalItem = None
    adjusted: OptionalItem = None
    """Why an infusion was not given as planned."""
    held: str = ""
    """Code of `adjusted` for a dose that was given later, or not at all."""
    slowed: float = Field(default=1.5, ge=1)
    """An infusion adjusted on its way takes so many times longer."""
    source: Source


class Entry(Node):
    """How data are entered. `slip`: probability that a number is first typed with a misplaced decimal point.
    `other_unit`: share of sites that report an item in another of its units. `delay`: days from a sample to the
    result of a central assay. `answer_days`: from a query to the site's answer, and from there to its closing."""

    slip: Chance
    other_unit: Chance = 0.0
    manual_query: Chance
    """Probability that the monitor asks about a form."""
    delay: Spread
    answer_days: Spread
    reason_slip: Text
    reason_again: Text = Text(en="Measured again before the delayed dose")
    """Reason of the change when values are measured again before a delayed dose."""
    query: Text
    answer: Text
    answer_corrected: Text | None = None
    """Answer to a query after which a value was corrected; without it `answer`."""
    source: Source


class Assumptions(Node):
    """The whole of `assumptions.yaml`."""

    people: People
    recruitment: Recruitment
    screening: Screening
    response: Response
    visits: VisitHabits
    entry: Entry
    exits: Exits
    courses: tuple[Course, ...] = ()
    answers: tuple[Draw, ...] = ()
    """Answers at the visits after screening that are not courses. Days count from the visit."""
    kinetics: Kinetics | None = None
    turnover: tuple[Turnover, ...] = ()
    taper: Taper | None = None
    events: Events | None = None
    antibodies: Antibodies | None = None
    infusion: InfusionItems | None = None
    logs: tuple[FormRows, ...] = ()


Taper.model_rebuild()
EventKind.model_rebuild()
Assumptions.model_rebuild()
