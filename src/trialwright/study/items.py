"""Items: the atoms of a study (`items.yaml`). Forms, criteria, checks, endpoints and data sets speak of items."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from trialwright.kernel.provenance import Source
from trialwright.kernel.texts import Text
from trialwright.study.base import Expression, Id, Node

ItemType = Literal["quantity", "integer", "text", "choice", "boolean", "date", "datetime", "event", "judgement"]
"""quantity: number with a unit ("1" if none). event: a (partial) date, or "none" (asserted absent), or "current".
judgement: yes or no, unknown until somebody signs it."""


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
    """`hard`: outside is impossible. `soft`: outside raises a query."""

    low: float | None = None
    high: float | None = None

    @model_validator(mode="after")
    def _ordered(self) -> Limits:
        if self.low is not None and self.high is not None and self.low > self.high:
            raise ValueError(f"low {self.low:g} is above high {self.high:g}")
        return self


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
    unit: str = ""
    """UCUM unit in which the definition speaks of the item ("" for none)."""
    units: tuple[str, ...] = ()
    """Other units that people may choose at capture."""
    molar_mass: float | None = Field(default=None, gt=0)
    """g/mol, for conversion between mass and amount."""
    synonyms: tuple[Synonym, ...] = ()
    decimals: int | None = None
    choices: tuple[Choice, ...] = ()
    hard: Limits | None = None
    soft: Limits | None = None
    normal: Normal | None = None
    lloq: float | None = None
    """Lower limit of quantification of an assay, in `unit`."""
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
        if self.type == "choice" and not self.choices:
            raise ValueError(f"item '{self.id}' is a choice and lists no choices")
        if self.type == "quantity" and not self.unit:
            raise ValueError(f"item '{self.id}' is a quantity and has no unit; use '1' for a pure number")
        return self

    def choice(self, code: str) -> Choice | None:
        return next((c for c in self.choices if c.code == code), None)
