"""The questions that a study's criteria ask, in bedside order: those to get in first, then those that keep out.

Everything comes from the definition: which items the criteria speak of, how their operators look at them (days, limits,
several values), and on which forms they stand.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from trialwright.kernel.texts import Text
from trialwright.logic.nodes import Call, ItemRef, Node, children, item_refs
from trialwright.study.definition import Study
from trialwright.study.eligibility import Criterion
from trialwright.study.forms import Field, Group
from trialwright.study.items import Item

_BY_DAY = frozenset({"concurrent", "during", "latest", "earliest", "baseline", "change", "percent_change"})
"""Operators to which the day of a value matters."""

_SERIES = frozenset(
    {"consecutive_days", "any", "all", "count", "max", "min", "earliest", "baseline", "change", "percent_change"}
)
"""Operators that look at several values of an item."""

_FIRST: dict[str, frozenset[str]] = {
    "uln": frozenset({"high"}),
    "lln": frozenset({"low"}),
    "within": frozenset({"current"}),
    "prednisone_equivalent": frozenset({"agent"}),
}
"""What an operator looks at in its first argument."""

BLANK_ROWS = 3


@dataclass(slots=True)
class _Use:
    """How the criteria look at one item."""

    criteria: dict[str, None] = field(default_factory=dict)
    flags: set[str] = field(default_factory=set)
    """day, series, agent, low, high, current; `alone`: all that a criterion asks; `aside`: another reading asks."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where the item stands on a form."""

    form: str
    group: Group
    field: Field
    label: Text


@dataclass(frozen=True, slots=True)
class Question:
    """One item to ask for. `criteria`: those that use it."""

    item: Item
    criteria: tuple[str, ...]
    flags: frozenset[str]
    place: Place | None
    columns: tuple[tuple[str, Item | None], ...] = ()
    """Of a question in rows: what each row says beside the value (when, agent, route), and by which item."""

    @property
    def id(self) -> str:
        return self.item.id

    @property
    def shape(self) -> str:
        """How it is asked for: rows, number, options, list, event, date or text."""
        if self.columns:
            return "rows"
        kind = self.item.type
        if kind in ("boolean", "judgement"):
            return "options"
        if kind == "choice":
            return "options" if len(self.item.choices) <= 4 else "list"
        return {
            "quantity": "number",
            "integer": "number",
            "event": "event",
            "text": "text",
            "choices": "text",
            "time": "text",
            "file": "text",
        }.get(kind, "date")

    @property
    def dated(self) -> bool:
        """Numbers always name their day; other findings where the criteria look at it."""
        return self.shape == "number" or ("day" in self.flags and self.shape in ("options", "list"))

    @property
    def reasons(self) -> tuple[str, ...]:
        """Why a choice or a yes or no may be left open. Who somebody is, is known or not, but never assessed."""
        person = self.item.sdtm is not None and self.item.sdtm.domain == "DM"
        return ("unknown",) if person else ("not_done", "unknown")

    def reason(self, null_reason: str) -> str:
        """The page's answer for why a form holds no value."""
        asked = self.shape != "event" and (self.shape not in ("options", "list") or "not_done" in self.reasons)
        return "not_done" if null_reason == "not_done" and asked else "unknown"

    @property
    def aside(self) -> bool:
        """Only another reading of a criterion asks for it."""
        return "aside" in self.flags

    @property
    def units(self) -> tuple[tuple[str, str], ...]:
        """(what is sent, UCUM unit) to choose from; a synonym with its own unit is sent as `name:unit`."""
        own = [(unit, unit) for unit in (self.item.unit, *self.item.units) if unit]
        return (*own, *((f"{s.id}:{s.unit}", s.unit) for s in self.item.synonyms))


@dataclass(frozen=True, slots=True)
class Section:
    """Questions that belong together at the bedside. `criteria`: those that they serve."""

    id: str
    kind: str
    label: Text
    criteria: tuple[str, ...]
    questions: tuple[Question, ...]

    @property
    def judged(self) -> bool:
        return any(q.item.type == "judgement" for q in self.questions)


_MADE: dict[tuple[str, str], tuple[Section, ...]] = {}
"""By id and version of the study: a version's questions do not change."""


def sections(study: Study) -> tuple[Section, ...]:
    """Inclusion criteria in their order; what only exclusion criteria need follows by form, in order of first use."""
    key = (study.id, study.version)
    if key not in _MADE:
        # What only an investigator can judge comes when everything else is on the table.
        _MADE[key] = tuple(sorted(_sections(study), key=lambda s: all(q.item.type == "judgement" for q in s.questions)))
    return _MADE[key]


def _sections(study: Study) -> Iterator[Section]:
    places = _places(study)
    asked = {name: _question(study, name, use, places) for name, use in _uses(study).items()}
    left = dict(asked)
    for criterion in (c for c in study.eligibility.criteria if c.kind == "inclusion"):
        mine = list(_with_company(criterion.id, left, _inclusion_of(study, asked)))
        if mine:
            yield _section(criterion.id, "inclusion", criterion.label, mine)
    labels = {c.id: c.label for c in study.eligibility.criteria}
    while left:
        first = next(iter(left.values()))
        mine = [q for q in left.values() if q is first or _together(q, first)]
        for question in mine:
            del left[question.id]
        label = (first.place.group.label or first.place.label) if first.place else labels[first.criteria[0]]
        name = f"{first.place.form}-{first.place.group.id}" if first.place else first.criteria[0]
        yield _section(name, "exclusion", label, mine)


def _section(name: str, kind: str, label: Text, questions: Iterable[Question]) -> Section:
    asked = tuple(questions)
    wanted = {criterion for q in asked for criterion in q.criteria}
    served = [name] if kind == "inclusion" else sorted(wanted, key=lambda c: (c[0] == "I", c))
    return Section(name, kind, label, tuple(served), asked)


def _inclusion_of(study: Study, asked: dict[str, Question]) -> dict[str, str]:
    """item -> the inclusion criterion that asks for it first."""
    order = [c.id for c in study.eligibility.criteria if c.kind == "inclusion"]
    return {name: min((c for c in q.criteria if c in order), key=order.index, default="") for name, q in asked.items()}


def _with_company(criterion: str, left: dict[str, Question], first: dict[str, str]) -> Iterator[Question]:
    """The questions of a criterion, each with those that stand beside it on its form and that no other one claims."""
    for question in [q for q in left.values() if first[q.id] == criterion]:
        if question.id not in left:
            continue
        free = (q for q in left.values() if first[q.id] == criterion or not (first[q.id] or "alone" in q.flags))
        beside = [q for q in free if _together(q, question)]
        for mate in (question, *(q for q in beside if q is not question)):
            yield left.pop(mate.id)


def _together(a: Question, b: Question) -> bool:
    if a.place is None or b.place is None:
        return False
    return (a.place.form, a.place.group.id) == (b.place.form, b.place.group.id)


def _question(study: Study, name: str, use: _Use, places: dict[str, Place]) -> Question:
    item, place = study.item_by_id[name], places.get(name)
    return Question(item, tuple(use.criteria), frozenset(use.flags), place, _columns(study, item, use, place))


def _columns(study: Study, item: Item, use: _Use, place: Place | None) -> tuple[tuple[str, Item | None], ...]:
    """What each row says beside the value; empty for a question that is asked once."""
    if item.type not in ("quantity", "integer"):
        return ()
    beside = {f.gives: study.item_by_id[f.item] for f in place.group.fields if f.gives} if place else {}
    repeating = place is not None and place.group.repeating
    if not (use.flags & {"series", "agent"} or repeating):
        return ()
    names = ["when", *(("agent", "route") if "agent" in use.flags or "agent" in beside else ())]
    return tuple((name, beside.get(name)) for name in names)


def _places(study: Study) -> dict[str, Place]:
    """Each item's place, on the forms of the screening visit first."""
    early = [form for v in study.schedule.visits if v.anchor == "screening" for form in v.forms]
    order = [*early, *(form.id for form in study.forms if form.id not in early)]
    found: dict[str, Place] = {}
    for name in order:
        form = study.form_by_id[name]
        for group, entry in form.fields():
            found.setdefault(entry.item, Place(form.id, group, entry, form.label))
    return found


def _uses(study: Study) -> dict[str, _Use]:
    """How the criteria look at each item that they speak of, in the order of first mention."""
    uses: dict[str, _Use] = {}
    for criterion in study.eligibility.criteria:
        _note(study, criterion, criterion.logic, uses, aside=False)
    for criterion in study.eligibility.criteria:
        for reading in criterion.readings:
            _note(study, criterion, reading.logic, uses, aside=True)
    return uses


def _note(study: Study, criterion: Criterion, logic: str, uses: dict[str, _Use], *, aside: bool) -> None:
    for ref, flags in _seen(study.compile(logic).root, frozenset()):
        if study.item_by_id[ref.id].derive is not None:
            continue
        new = ref.id not in uses
        use = uses.setdefault(ref.id, _Use())
        use.criteria[criterion.id] = None
        # What only another reading asks of several days is asked once, so that the page stays short.
        use.flags |= (flags - {"series"} | ({"aside"} if new else set())) if aside else flags
        use.flags |= {"alone"} if len(study.compile(logic).items) == 1 else frozenset()


def _seen(node: Node, flags: frozenset[str]) -> Iterator[tuple[ItemRef, frozenset[str]]]:
    """Every item below a node, with what the operators above it look at."""
    if isinstance(node, ItemRef):
        yield node, flags
    own = frozenset[str]()
    first = frozenset[str]()
    if isinstance(node, Call):
        own = frozenset({"day"}) if node.op in _BY_DAY | _SERIES else own
        # A ratio of two items over days (a dose by weight) is a series of the one that comes in rows, not of both.
        alone = len({ref.id for ref in item_refs(node)}) == 1
        own |= {"series"} if node.op in _SERIES and alone else set()
        first = _FIRST.get(node.op, first)
    for place, child in enumerate(children(node)):
        yield from _seen(child, flags | own | (first if place == 0 else frozenset()))
