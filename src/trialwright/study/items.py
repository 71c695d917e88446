"""Items: the atoms of a study (`items.yaml`). Forms, criteria, checks, endpoints and data sets speak of items."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from trialwright.kernel.provenance import Source
from trialwright.kernel.texts import JOINT, Text
from trialwright.study.base import Expression, Id, Name, Node

ItemType = Literal[
    "quantity", "integer", "text", "choice", "choices", "boolean", "date", "time", "datetime", "event", "judgement",
    "file",
]  # fmt: skip
"""quantity: number with a unit ("1" if none). choices: several codes, joined by `;` in the definition's order.
date: a whole day, or less of it where `partial`. time: HH:MM or HH:MM:SS. event: a (partial) date, or "none" (asserted
absent), or "current". judgement: yes or no, unknown until somebody signs it. file: name and SHA-256, joined by `;`."""


class CodeLists(Node):
    """Codes by code system. An ICD-10 or ATC code stands for all below it, `C00-C97` for a range; a SNOMED CT code also
    for those kinds of it that the reader of FHIR knows."""

    loinc_also: tuple[str, ...] = ()
    snomed: tuple[str, ...] = ()
    rxnorm: tuple[str, ...] = ()
    icd10: tuple[str, ...] = ()
    atc: tuple[str, ...] = ()
    cvx: tuple[str, ...] = ()


class Choice(Node):
    code: str
    label: Text
    submission: str = ""
    """Value in SDTM (CDISC controlled terminology); upper-case code if empty."""
    codes: CodeLists = CodeLists()
    """What other systems call this choice."""


class Limits(Node):
    """`hard`: outside is impossible. `soft`: outside raises a query. The ends belong to the range, or not: `open_low`,
    `open_high` (above 1, below 120)."""

    low: float | None = None
    high: float | None = None
    open_low: bool = False
    open_high: bool = False

    @model_validator(mode="after")
    def _ordered(self) -> Limits:
        if self.low is not None and self.high is not None and self.low > self.high:
            raise ValueError(f"low {self.low:g} is above high {self.high:g}")
        return self

    def hold(self, number: float) -> bool:
        """Whether a number lies inside."""
        above = self.low is None or (number > self.low if self.open_low else number >= self.low)
        return above and (self.high is None or (number < self.high if self.open_high else number <= self.high))


class Normal(Limits):
    """Reference range of a laboratory, in the item's unit; `female` and `male` override."""

    female: Limits | None = None
    male: Limits | None = None
    source: Source | None = None
    """Where the range comes from; a site's own laboratory limits always go before it."""

    def of(self, sex: str | None) -> Limits:
        return {"female": self.female, "male": self.male}.get(sex or "") or self


class Codes(CodeLists):
    """What other systems call the thing. `loinc` and `ncit` are its own; the lists say what else is read as it."""

    loinc: str = ""
    ncit: str = ""
    denied: CodeLists = CodeLists()
    """Codes that say that it is not so (`not pregnant`)."""
    past: bool = False
    """Whether a condition that is over still counts (a history of it is enough)."""
    lasting: bool = False
    """Of an event: it goes on from its onset to its end, so that its day is its last one, or it is current."""


class Sdtm(Node):
    """Where an item goes. Findings (VS, LB, PC, IS): give `testcd` and `test`; the value becomes a record.
    Else give `variable`: the value becomes that variable of its record (DM, MH, CM, EX, AE, DS, ...)."""

    domain: str = Field(pattern=r"^[A-Z]{2}$")
    variable: str = ""
    testcd: str = Field(default="", max_length=8)
    test: str = Field(default="", max_length=40)
    category: str = ""
    specimen: str = ""
    method: str = ""

    @model_validator(mode="after")
    def _one_target(self) -> Sdtm:
        if bool(self.variable) == bool(self.testcd):
            raise ValueError("give either 'variable' or 'testcd', not both or neither")
        return self


class Synonym(Node):
    """Another name under which the same thing is reported (for example `bun` for urea), in its own unit.

    `molar_mass` (g/mol) converts it to the item's unit where that is an amount.
    """

    id: Id
    unit: str
    molar_mass: float | None = Field(default=None, gt=0)
    codes: CodeLists = CodeLists()


class Item(Node):
    id: Id
    label: Text
    type: ItemType
    unit: Name = ""
    """UCUM unit in which the definition speaks of the item ("" for none)."""
    units: tuple[Name, ...] = ()
    """Other units that people may choose at capture."""
    molar_mass: float | None = Field(default=None, gt=0)
    """g/mol, for conversion between mass and amount."""
    synonyms: tuple[Synonym, ...] = ()
    decimals: int | None = None
    lines: int = Field(default=1, ge=1, le=100)
    """Of a text: how many lines are offered for it; a text of one line holds no line break."""
    partial: bool = False
    """Of a date: whether a year or a month will do."""
    choices: tuple[Choice, ...] = ()
    hard: Limits | None = None
    soft: Limits | None = None
    normal: Normal | None = None
    lloq: float | None = None
    """Lower limit of quantification of an assay, in `unit`."""
    blinded: bool = False
    """Shown to nobody but those whom the policy lets read what is blinded: pages, histories, exports, API."""
    derive: Expression | None = None
    """A derived item: never typed, computed from other items."""
    codes: Codes = Codes()
    sdtm: Sdtm | None = None
    ctcae: str = ""
    """Term whose CTCAE laboratory rule grades this item."""
    help: Text | None = None
    source: Source

    @model_validator(mode="after")
    def _consistent(self) -> Item:
        if self.type in ("choice", "choices") and not self.choices:
            raise ValueError(f"item '{self.id}' is a choice and lists no choices")
        if self.type == "choices" and (odd := next((c.code for c in self.choices if JOINT in c.code), "")):
            raise ValueError(
                f"the code '{odd}' of item '{self.id}' holds '{JOINT}', which stands between several codes"
            )
        if self.lines > 1 and self.type != "text":
            raise ValueError(f"item '{self.id}' has several lines and is no text")
        if self.partial and self.type != "date":
            raise ValueError(f"item '{self.id}' is partial and is no date")
        if self.type == "quantity" and not self.unit:
            raise ValueError(f"item '{self.id}' is a quantity and has no unit; use '1' for a pure number")
        return self

    def choice(self, code: str) -> Choice | None:
        return next((c for c in self.choices if c.code == code), None)
