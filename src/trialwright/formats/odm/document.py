"""What an ODM file says, 1.3 and 2.0 in one shape: frozen values without decisions.

A form of 1.3 is a group of the type `Form`, as in 2.0. `more` holds the attributes that have no name here, those of
vendors as `{namespace}name`; `foreign` the elements of vendors. `line` is where a part stood (0: nowhere).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

More = tuple[tuple[str, str], ...]
"""(attribute, value) pairs."""
Texts = tuple[tuple[str, str], ...]
"""(language tag or "", text) pairs."""
FORM = "Form"


@dataclass(frozen=True, slots=True)
class Foreign:
    """An element of another namespace, whole."""

    tag: str
    attributes: More = ()
    text: str = ""
    children: tuple[Foreign, ...] = ()


@dataclass(frozen=True, slots=True)
class Part:
    """What all parts have."""

    more: More = field(default=(), kw_only=True)
    foreign: tuple[Foreign, ...] = field(default=(), kw_only=True)
    line: int = field(default=0, compare=False, kw_only=True)

    def vendor(self, name: str) -> str:
        """An attribute by its local name, whatever its namespace; "" where there is none."""
        return next((value for key, value in self.more if key.rpartition("}")[2] == name), "")


@dataclass(frozen=True, slots=True)
class Alias:
    context: str
    name: str


@dataclass(frozen=True, slots=True)
class Expression:
    context: str
    code: str


@dataclass(frozen=True, slots=True)
class Coding:
    """A code of a terminology (2.0)."""

    code: str
    system: str
    label: str = ""


@dataclass(frozen=True, slots=True)
class Ref(Part):
    """StudyEventRef, FormRef, ItemGroupRef or ItemRef. `kind`: event, group or item."""

    kind: str
    oid: str
    mandatory: bool = False
    order: str = ""
    condition: str = ""
    """OID of the condition under which it is NOT collected."""
    method: str = ""
    units: str = ""
    """OID of the item that holds the unit (2.0)."""


@dataclass(frozen=True, slots=True)
class EventDef(Part):
    oid: str
    name: str
    repeating: bool = False
    type: str = "Common"
    description: Texts = ()
    refs: tuple[Ref, ...] = ()
    aliases: tuple[Alias, ...] = ()


@dataclass(frozen=True, slots=True)
class GroupDef(Part):
    """`type`: Form, Section, ...; "" is a group of 1.3. `refs`: groups and items in order."""

    oid: str
    name: str
    repeating: str = "No"
    type: str = ""
    description: Texts = ()
    refs: tuple[Ref, ...] = ()
    aliases: tuple[Alias, ...] = ()
    codings: tuple[Coding, ...] = ()


@dataclass(frozen=True, slots=True)
class RangeCheck(Part):
    comparator: str = ""
    soft_hard: str = ""
    values: tuple[str, ...] = ()
    expressions: tuple[Expression, ...] = ()
    message: Texts = ()
    unit: str = ""


@dataclass(frozen=True, slots=True)
class ItemDef(Part):
    oid: str
    name: str
    data_type: str
    length: str = ""
    digits: str = ""
    description: Texts = ()
    question: Texts = ()
    prompt: Texts = ()
    instructions: Texts = ()
    units: tuple[str, ...] = ()
    """OIDs of measurement units (1.3)."""
    ranges: tuple[RangeCheck, ...] = ()
    code_list: str = ""
    aliases: tuple[Alias, ...] = ()
    codings: tuple[Coding, ...] = ()


@dataclass(frozen=True, slots=True)
class CodeListItem(Part):
    """`decode` is empty for an EnumeratedItem."""

    code: str
    decode: Texts = ()
    aliases: tuple[Alias, ...] = ()
    codings: tuple[Coding, ...] = ()


@dataclass(frozen=True, slots=True)
class CodeList(Part):
    """`external`: (dictionary, version) of a list that is kept elsewhere."""

    oid: str
    name: str
    data_type: str = "text"
    items: tuple[CodeListItem, ...] = ()
    external: tuple[str, str] | None = None
    description: Texts = ()
    aliases: tuple[Alias, ...] = ()


@dataclass(frozen=True, slots=True)
class Rule(Part):
    """A ConditionDef, or a MethodDef (with its `type`)."""

    oid: str
    name: str
    type: str = ""
    description: Texts = ()
    expressions: tuple[Expression, ...] = ()
    aliases: tuple[Alias, ...] = ()


@dataclass(frozen=True, slots=True)
class Unit(Part):
    oid: str
    name: str
    symbol: Texts = ()
    aliases: tuple[Alias, ...] = ()


@dataclass(frozen=True, slots=True)
class Version(Part):
    """A MetaDataVersion. `plan`: the events of the protocol in order. `include`: (study, version) that it builds on."""

    oid: str
    name: str
    description: Texts = ()
    include: tuple[str, str] | None = None
    plan: tuple[Ref, ...] = ()
    protocol_description: Texts = ()
    protocol_aliases: tuple[Alias, ...] = ()
    events: tuple[EventDef, ...] = ()
    groups: tuple[GroupDef, ...] = ()
    items: tuple[ItemDef, ...] = ()
    code_lists: tuple[CodeList, ...] = ()
    conditions: tuple[Rule, ...] = ()
    methods: tuple[Rule, ...] = ()


@dataclass(frozen=True, slots=True)
class Study(Part):
    """`foreign` also holds what vendors put into GlobalVariables."""

    oid: str
    name: str
    description: str = ""
    protocol: str = ""
    units: tuple[Unit, ...] = ()
    versions: tuple[Version, ...] = ()


@dataclass(frozen=True, slots=True)
class Audit(Part):
    """Who did it, where, when (as written) and why."""

    user: str
    location: str
    at: str
    reason: str = ""
    source: str = ""
    id: str = ""


@dataclass(frozen=True, slots=True)
class Signature(Part):
    user: str
    location: str
    meaning: str
    """OID of a SignatureDef."""
    at: str
    id: str = ""


@dataclass(frozen=True, slots=True)
class Flag:
    value: str
    value_list: str = ""
    type: str = ""
    type_list: str = ""


@dataclass(frozen=True, slots=True)
class Annotation(Part):
    number: str
    comment: str = ""
    flags: tuple[Flag, ...] = ()


@dataclass(frozen=True, slots=True)
class Query(Part):
    """A question on data (2.0 only). `source`, `type`, `state` as the standard lists them; `updated` as written."""

    oid: str
    source: str
    state: str
    updated: str
    text: str = ""
    type: str = ""
    name: str = ""
    audits: tuple[Audit, ...] = ()


@dataclass(frozen=True, slots=True)
class Noted(Part):
    """Data with their audit record, signature, annotations and (2.0) queries."""

    audit: Audit | None = field(default=None, kw_only=True)
    signature: Signature | None = field(default=None, kw_only=True)
    annotations: tuple[Annotation, ...] = field(default=(), kw_only=True)
    queries: tuple[Query, ...] = field(default=(), kw_only=True)


@dataclass(frozen=True, slots=True)
class ItemData(Noted):
    """`values`: the one value as it was written; several in 2.0, none where `null`. `type`: of a typed one (1.3)."""

    oid: str
    values: tuple[str, ...] = ()
    null: bool = False
    unit: str = ""
    type: str = ""


@dataclass(frozen=True, slots=True)
class GroupData(Noted):
    oid: str
    repeat: str = ""
    form: bool = False
    """FormData of 1.3."""
    groups: tuple[GroupData, ...] = ()
    items: tuple[ItemData, ...] = ()


@dataclass(frozen=True, slots=True)
class EventData(Noted):
    oid: str
    repeat: str = ""
    groups: tuple[GroupData, ...] = ()


@dataclass(frozen=True, slots=True)
class SubjectData(Noted):
    """`groups` stand without an event."""

    key: str
    site: str = ""
    investigator: str = ""
    events: tuple[EventData, ...] = ()
    groups: tuple[GroupData, ...] = ()


@dataclass(frozen=True, slots=True)
class ClinicalData(Part):
    """`subjects` may be made one by one when a file is written, `texts` likewise: more of them, each as the text of its
    element (`lines` makes it). `groups` belong to no subject (Dataset-XML).
    """

    study: str
    version: str
    subjects: Iterable[SubjectData] = ()
    groups: tuple[GroupData, ...] = ()
    texts: Iterable[str] = field(default=(), compare=False)


@dataclass(frozen=True, slots=True)
class User(Part):
    oid: str
    type: str = ""
    login: str = ""
    full_name: str = ""
    first_name: str = ""
    last_name: str = ""


@dataclass(frozen=True, slots=True)
class Location(Part):
    """`versions`: (study, version, effective date)."""

    oid: str
    name: str
    type: str = ""
    versions: tuple[tuple[str, str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class SignatureDef(Part):
    oid: str
    methodology: str = ""
    meaning: str = ""
    legal_reason: str = ""


@dataclass(frozen=True, slots=True)
class AdminData(Part):
    study: str = ""
    users: tuple[User, ...] = ()
    locations: tuple[Location, ...] = ()
    signatures: tuple[SignatureDef, ...] = ()


@dataclass(frozen=True, slots=True)
class Document(Part):
    """A whole file. `version` as the file says it (1.3.2, 2.0). `notes`: what the reader passed over, and where."""

    file: str
    version: str
    oid: str = ""
    created: str = ""
    type: str = "Snapshot"
    description: str = ""
    system: str = ""
    system_version: str = ""
    studies: tuple[Study, ...] = ()
    admin: tuple[AdminData, ...] = ()
    data: tuple[ClinicalData, ...] = ()
    notes: tuple[str, ...] = field(default=(), compare=False)

    @property
    def second(self) -> bool:
        """Whether it is ODM 2."""
        return self.version.startswith("2")
