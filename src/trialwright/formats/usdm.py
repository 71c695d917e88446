"""CDISC USDM (JSON, versions 2 to 4): what of a study's design is done, when, and what is asked. Frozen values.

Source: CDISC Unified Study Definitions Model 4.0, API schema. References are ids, as in the file.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from trialwright.formats.json_cursor import Cursor, Json, Notes
from trialwright.kernel.errors import InputError

_COUNTED = (
    "arms", "studyCells", "elements", "estimands", "indications", "objectives", "eligibilityCriteria",
    "analysisPopulations", "biospecimenRetentions", "studyInvestigationalInterventions", "studyEstimands",
    "studyInterventions", "amendments", "narrativeContentItems", "eligibilityCriterionItems", "administrableProducts",
    "medicalDevices",
)  # fmt: skip
"""Lists whose entries are counted only."""


@dataclass(frozen=True, slots=True)
class Named:
    """What all parts have. `label` is what people read; the name where there is none."""

    id: str
    name: str = ""
    label: str = ""
    description: str = ""

    @property
    def title(self) -> str:
        return " ".join((self.label or self.name or self.description or self.id or "Without a name").split())


@dataclass(frozen=True, slots=True)
class Code:
    code: str = ""
    decode: str = ""
    system: str = ""


@dataclass(frozen=True, slots=True)
class Property(Named):
    """What of a concept is recorded. `responses`: the codes it can take."""

    required: bool = False
    enabled: bool = True
    datatype: str = ""
    code: Code = Code()
    responses: tuple[Code, ...] = ()


@dataclass(frozen=True, slots=True)
class Concept(Named):
    """A biomedical concept."""

    code: Code = Code()
    reference: str = ""
    properties: tuple[Property, ...] = ()


@dataclass(frozen=True, slots=True)
class Category(Named):
    """Concepts that are asked for together."""

    children: tuple[str, ...] = ()
    members: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Condition(Named):
    """When something applies, in words."""

    text: str = ""
    applies: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Activity(Named):
    children: tuple[str, ...] = ()
    concepts: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    surrogates: tuple[str, ...] = ()
    procedures: tuple[Named, ...] = ()
    timeline: str = ""


@dataclass(frozen=True, slots=True)
class Encounter(Named):
    """`timing`: the one that it is planned by."""

    previous: str = ""
    timing: str = ""


@dataclass(frozen=True, slots=True)
class Timing(Named):
    """`kind`: before, after, fixed. `value`, `lower`, `upper`: durations of ISO 8601, as written."""

    kind: str = ""
    value: str = ""
    from_: str = ""
    to: str = ""
    lower: str = ""
    upper: str = ""
    shown: str = ""


@dataclass(frozen=True, slots=True)
class Branch:
    """A way that a decision can take."""

    condition: str
    target: str


@dataclass(frozen=True, slots=True)
class Instance(Named):
    """A point of a timeline: activities that take place, or a decision (`branches`)."""

    encounter: str = ""
    epoch: str = ""
    next: str = ""
    timeline: str = ""
    activities: tuple[str, ...] = ()
    branches: tuple[Branch, ...] = ()


@dataclass(frozen=True, slots=True)
class Timeline(Named):
    main: bool = False
    entry: str = ""
    entry_condition: str = ""
    instances: tuple[Instance, ...] = ()
    timings: tuple[Timing, ...] = ()


@dataclass(frozen=True, slots=True)
class Design(Named):
    """`counted`: names of lists that hold something and are not read, with their lengths."""

    epochs: tuple[Named, ...] = ()
    encounters: tuple[Encounter, ...] = ()
    activities: tuple[Activity, ...] = ()
    timelines: tuple[Timeline, ...] = ()
    concepts: tuple[Concept, ...] = ()
    categories: tuple[Category, ...] = ()
    surrogates: tuple[Named, ...] = ()
    conditions: tuple[Condition, ...] = ()
    counted: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Document:
    """A study in the version that the file gives first. `titles`: (kind, text). `identifiers`: texts."""

    file: str
    version: str
    name: str
    system: str = ""
    titles: tuple[tuple[str, str], ...] = ()
    identifiers: tuple[str, ...] = ()
    date: str = ""
    designs: tuple[Design, ...] = ()
    versions: int = 1
    counted: tuple[tuple[str, int], ...] = ()
    notes: tuple[str, ...] = field(default=(), compare=False)


def is_usdm(found: Json) -> bool:
    return isinstance(found.get("study"), dict) or "usdmVersion" in found or "clinicalStudy" in found


def read(found: Json, file: str) -> Document:
    """The study of a file. Raises InputError for one without a study design."""
    notes = Notes(file)
    root = Cursor(found, notes)
    study = root.one("study") or root.one("clinicalStudy") or root
    versions = list(study.all("versions") or ()) or list(study.all("studyVersions") or ()) or [study]
    version = versions[0]
    designs = tuple(_design(part, version) for part in version.all("studyDesigns"))
    if not designs:
        what = "The study has no study design."
        raise InputError(what, where=file, hint="USDM keeps it in study.versions[0].studyDesigns.")
    titles = tuple((_code(part, "type").decode, part.text("text")) for part in version.all("titles"))
    if not titles and version.text("studyTitle"):
        titles = (("", version.text("studyTitle")),)
    identifiers = [part.text("text") or part.text("studyIdentifier") for part in version.all("studyIdentifiers")]
    dates = [part.text("dateValue")[:10] for part in version.all("dateValues")]
    return Document(
        file, root.text("usdmVersion"), study.text("name") or study.text("studyTitle"), root.text("systemName"),
        tuple((kind, text) for kind, text in titles if text), tuple(filter(None, identifiers)),
        next((day for day in dates if day), ""), designs, len(versions), _counted(version), notes.all(),
    )  # fmt: skip


def _counted(cursor: Cursor) -> tuple[tuple[str, int], ...]:
    found = {name: cursor.data[name] for name in _COUNTED if isinstance(cursor.data.get(name), list)}
    return tuple((name, len(held)) for name, held in found.items() if held)


def _named(cursor: Cursor) -> tuple[str, str, str, str]:
    return cursor.text("id"), cursor.text("name"), cursor.text("label"), cursor.text("description")


def _code(cursor: Cursor, name: str) -> Code:
    """A Code, or the standard one of an AliasCode."""
    found = cursor.one(name)
    found = (found.one("standardCode") or found) if found and "standardCode" in found.data else found
    return Code(found.text("code"), found.text("decode"), found.text("codeSystem")) if found else Code()


def _either(cursor: Cursor, *names: str) -> str:
    """The first of several names that a thing has had."""
    return next((cursor.text(name) for name in names if cursor.data.get(name) is not None), "")


def _from_both(design: Cursor, version: Cursor, name: str) -> Iterator[Cursor]:
    """Concepts and conditions stand in the version since 4.0, in the design before."""
    yield from design.all(name)
    if version is not design:
        yield from version.all(name)


def _design(cursor: Cursor, version: Cursor) -> Design:
    return Design(
        *_named(cursor),
        tuple(Named(*_named(part)) for part in _first(cursor, "epochs", "studyEpochs")),
        tuple(
            Encounter(*_named(part), _either(part, "previousId", "previousEncounterId"), _either(part, *_SCHEDULED))
            for part in cursor.all("encounters")
        ),
        tuple(_activity(part) for part in cursor.all("activities")),
        tuple(_timeline(part) for part in _first(cursor, "scheduleTimelines", "studyScheduleTimelines")),
        tuple(_concept(part) for part in _from_both(cursor, version, "biomedicalConcepts")),
        tuple(
            Category(*_named(part), part.words("childIds"), part.words("memberIds"))
            for part in _from_both(cursor, version, "bcCategories")
        ),
        tuple(Named(*_named(part)) for part in _from_both(cursor, version, "bcSurrogates")),
        tuple(
            Condition(*_named(part), part.text("text"), part.words("appliesToIds"))
            for part in _from_both(cursor, version, "conditions")
        ),
        _counted(cursor),
    )


_MET = ("encounterId", "scheduledInstanceEncounterId", "scheduledActivityInstanceEncounterId")
_SCHEDULED = ("scheduledAtId", "scheduledAtTimingId", "encounterScheduledAtTimingId")


def _first(cursor: Cursor, *names: str) -> Iterator[Cursor]:
    name = next((name for name in names if name in cursor.data), names[0])
    return cursor.all(name)


def _activity(cursor: Cursor) -> Activity:
    return Activity(
        *_named(cursor), cursor.words("childIds"), cursor.words("biomedicalConceptIds"), cursor.words("bcCategoryIds"),
        cursor.words("bcSurrogateIds"),
        tuple(Named(*_named(part)) for part in cursor.all("definedProcedures")),
        _either(cursor, "timelineId", "activityTimelineId"),
    )  # fmt: skip


def _concept(cursor: Cursor) -> Concept:
    parts = cursor.all("properties") if "properties" in cursor.data else cursor.all("bcProperties")
    return Concept(
        *_named(cursor), _code(cursor, "code"), cursor.text("reference"), tuple(_property(part) for part in parts)
    )


def _property(cursor: Cursor) -> Property:
    responses = [(part, _code(part, "code")) for part in cursor.all("responseCodes")]
    usable = tuple(code for part, code in responses if part.flag("isEnabled", True) and (code.code or code.decode))
    return Property(
        *_named(cursor), cursor.flag("isRequired"), cursor.flag("isEnabled", True), cursor.text("datatype").strip(),
        _code(cursor, "code"), usable,
    )  # fmt: skip


def _timeline(cursor: Cursor) -> Timeline:
    instances = list(_first(cursor, "instances", "scheduleTimelineInstances"))
    timings = [*cursor.all("timings"), *(timing for part in instances for timing in _beside(part))]
    return Timeline(
        *_named(cursor), cursor.flag("mainTimeline"), _either(cursor, "entryId", "scheduleTimelineEntryId"),
        cursor.text("entryCondition"),
        tuple(_instance(part) for part in instances), tuple(_timing(part) for part in timings),
    )  # fmt: skip


def _beside(instance: Cursor) -> Iterator[Cursor]:
    """Timings stood at their instances before 3.0."""
    return instance.all("scheduledInstanceTimings") if "scheduledInstanceTimings" in instance.data else iter(())


def _instance(cursor: Cursor) -> Instance:
    pairs = cursor.data.get("conditionAssignments")
    branches: tuple[Branch, ...] = ()
    if isinstance(pairs, list) and all(isinstance(pair, dict) for pair in pairs):
        branches = tuple(
            Branch(part.text("condition"), part.text("conditionTargetId"))
            for part in cursor.all("conditionAssignments")
        )
    return Instance(
        *_named(cursor), _either(cursor, *_MET), cursor.text("epochId"),
        cursor.text("defaultConditionId"), _either(cursor, "timelineId", "scheduledInstanceTimelineId"),
        cursor.words("activityIds"), branches,
    )  # fmt: skip


_KINDS = {"C201356": "after", "C201357": "before", "C201358": "fixed"}


def _timing(cursor: Cursor) -> Timing:
    code = _code(cursor, "type")
    word = code.decode.strip().lower()
    kind = _KINDS.get(code.code) or next((k for k in ("after", "before", "fixed") if word.startswith(k)), "")
    return Timing(
        *_named(cursor), kind, _either(cursor, "value", "timingValue"), cursor.text("relativeFromScheduledInstanceId"),
        cursor.text("relativeToScheduledInstanceId"), _either(cursor, "windowLower", "timingWindowLower"),
        _either(cursor, "windowUpper", "timingWindowUpper"), cursor.text("valueLabel"),
    )  # fmt: skip
