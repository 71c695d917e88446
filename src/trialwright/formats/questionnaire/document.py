"""What FHIR Questionnaires and their responses say, STU3 to R5 in one shape: frozen values without decisions."""

from __future__ import annotations

from dataclasses import dataclass, field

Texts = tuple[tuple[str, str], ...]
"""(language tag or "", text) pairs; the first is the text itself, the others its translations."""
UCUM = "http://unitsofmeasure.org"


@dataclass(frozen=True, slots=True)
class Coding:
    """`score`: the number that the code stands for in a sum, as written."""

    system: str
    code: str
    label: Texts = ()
    score: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """A `value[x]`. `kind`: coding, string, integer, decimal, boolean, date, dateTime, time, quantity, reference, uri,
    attachment. `value`: the code, the text, the number as written, true/false. `system`: of a code or a unit."""

    kind: str
    value: str
    system: str = ""
    label: Texts = ()
    unit: str = ""
    score: str = ""


@dataclass(frozen=True, slots=True)
class Option:
    """One answer to choose. `initial`: chosen at the start."""

    answer: Answer
    initial: bool = False


@dataclass(frozen=True, slots=True)
class Condition:
    """An enableWhen. STU3's `hasAnswer` is the operator `exists`."""

    question: str
    operator: str
    answer: Answer | None


@dataclass(frozen=True, slots=True)
class Expression:
    text: str
    language: str = "text/fhirpath"
    name: str = ""


@dataclass(frozen=True, slots=True)
class Constraint:
    """A check on the answers. `severity`: error or warning."""

    key: str
    severity: str
    expression: Expression
    human: Texts = ()


@dataclass(frozen=True, slots=True)
class Item:
    """A group, a question or a text to show. `other`: what it has besides and this shape does not hold."""

    link: str
    type: str
    text: Texts = ()
    prefix: str = ""
    required: bool = False
    repeats: bool = False
    read_only: bool = False
    hidden: bool = False
    longest: int | None = None
    decimals: int | None = None
    open: bool = False
    """Whether an answer beside the options may be typed."""
    value_set: str = ""
    options: tuple[Option, ...] = ()
    enable: tuple[Condition, ...] = ()
    behavior: str = ""
    enable_when: Expression | None = None
    calculated: Expression | None = None
    variables: tuple[Expression, ...] = ()
    constraints: tuple[Constraint, ...] = ()
    initial: tuple[Answer, ...] = ()
    low: Answer | None = None
    high: Answer | None = None
    units: tuple[Coding, ...] = ()
    codes: tuple[Coding, ...] = ()
    control: str = ""
    """How a text is shown (flyover, help, ...), or `instructions`."""
    items: tuple[Item, ...] = ()
    other: tuple[str, ...] = ()
    place: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class ValueSet:
    """Codes that the file itself lists; none of one that is kept elsewhere. `names`: what refers to it."""

    names: tuple[str, ...]
    codings: tuple[Coding, ...] = ()


@dataclass(frozen=True, slots=True)
class Questionnaire:
    id: str
    url: str = ""
    name: str = ""
    title: Texts = ()
    version: str = ""
    date: str = ""
    status: str = ""
    language: str = ""
    release: str = "R4"
    description: str = ""
    variables: tuple[Expression, ...] = ()
    constraints: tuple[Constraint, ...] = ()
    items: tuple[Item, ...] = ()
    value_sets: tuple[ValueSet, ...] = ()
    other: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Given:
    """An answer of a response, with what was answered below it."""

    answer: Answer
    items: tuple[ResponseItem, ...] = ()


@dataclass(frozen=True, slots=True)
class ResponseItem:
    link: str
    answers: tuple[Given, ...] = ()
    items: tuple[ResponseItem, ...] = ()
    text: Texts = ()


@dataclass(frozen=True, slots=True)
class Response:
    """`questionnaire`: the address of what was answered. `subject`: the reference as it is written."""

    id: str = ""
    questionnaire: str = ""
    status: str = ""
    subject: str = ""
    authored: str = ""
    items: tuple[ResponseItem, ...] = ()


@dataclass(frozen=True, slots=True)
class Document:
    """A file. `notes`: what the reader passed over, and where."""

    file: str
    questionnaires: tuple[Questionnaire, ...] = ()
    responses: tuple[Response, ...] = ()
    notes: tuple[str, ...] = field(default=(), compare=False)
