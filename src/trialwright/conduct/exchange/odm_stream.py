"""The values of one subject as ODM text, quickly: no tree of data classes, no XML tree.

It says what `odm_data_out` with the plain writer says of the same values (`plain` gives them so, and a test compares).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from trialwright.conduct.exchange import odm_data_out as tree
from trialwright.conduct.exchange.odm_out import Definer
from trialwright.conduct.exchange.values import Standing, Value
from trialwright.formats.odm.document import Annotation, Audit, EventData, GroupData, ItemData, Query, Signature
from trialwright.formats.odm.document import SubjectData as Subject
from trialwright.formats.odm.lines import UNPRINTABLE, Lines, attribute, content, opening
from trialwright.kernel.texts import JOINT
from trialwright.study.items import Item

Place = tuple[str, int, str]
"""(group, row, item) on a form."""


@dataclass(frozen=True, slots=True)
class Notes:
    """What is said beside a value, or a form."""

    audit: Audit | None = None
    signature: Signature | None = None
    annotations: tuple[Annotation, ...] = ()
    queries: tuple[Query, ...] = ()


@dataclass(slots=True)
class FormValues:
    """A form of the subject. `audits`: who wrote each value last; many share one. `more`: what few values have."""

    visit: str
    form: str
    values: Sequence[Standing]
    audits: Mapping[Place, Audit] = field(default_factory=dict)
    more: Mapping[Place, Notes] = field(default_factory=dict)
    notes: Notes = field(default_factory=Notes)


@dataclass(slots=True)
class _Node:
    """A visit, form or group: its children and the text of its items."""

    oid: str
    repeat: str
    notes: str = ""
    items: list[str] = field(default_factory=list)
    children: dict[tuple[str, str], _Node] = field(default_factory=dict)

    def child(self, oid: str, repeat: str) -> _Node:
        found = self.children.get((oid, repeat))
        if found is None:
            found = self.children[oid, repeat] = _Node(oid, repeat)
        return found


class Stream:
    """Writes the subjects of one version of the definition."""

    def __init__(self, definer: Definer) -> None:
        self.definer, self.study, self.second = definer, definer.study, definer.second
        self.maker = tree.Maker(definer)
        self.lines = Lines(second=definer.second)
        self._quick: dict[str, _Quick] = {}

    def subject(self, key: str, site: str, forms: Iterable[FormValues]) -> str:
        """The element SubjectData."""
        root = _Node("", "")
        for form in forms:
            self._form(root, form)
        events = "".join(map(self._event, root.children.values()))
        place = self.maker.sites.get(site, site)
        ref = f'<SiteRef LocationOID="{attribute(place)}"/>' if place else ""
        return f"{opening('SubjectData', SubjectKey=key)}{ref}{events}</SubjectData>\n"

    def _form(self, root: _Node, form: FormValues) -> None:
        node = self.maker.form_node(root, form.visit, form.form)
        notes = form.notes
        if notes != _NOTHING:
            node.notes = self.lines.notes(notes.audit, notes.signature, notes.annotations, notes.queries)
        place: tuple[str, int] | None = None
        items: list[str] = []
        audits, more = form.audits, form.more
        written: dict[int, str] = {}  # by identity: the form holds its audit records while it is written
        for value in form.values:
            if value[:2] != place:
                place = value[:2]
                items = self.maker.row_node(node, form.form, *place).items
            where, item = value[:3], value[2]
            audit, quick = audits.get(where), self._quick.get(item) or self._quick_of(item)
            if where in more:
                items.append(quick.whole(value, audit, more[where]))
                continue
            text = ""
            if audit is not None:
                text = written.get(id(audit)) or written.setdefault(id(audit), self.lines.notes(audit))
            items.append(quick.text(value, text))

    def _quick_of(self, item: str) -> _Quick:
        return self._quick.setdefault(item, _Quick(self.definer, self.study.item_by_id[item], self.lines))

    def _event(self, event: _Node) -> str:
        groups = "".join(self._group(node, form=True) for node in event.children.values())
        if not event.oid:
            return groups
        head = opening("StudyEventData", StudyEventOID=event.oid, StudyEventRepeatKey=event.repeat)
        return f"{head}{groups}</StudyEventData>"

    def _group(self, node: _Node, *, form: bool = False) -> str:
        kind = "Form" if form and not self.second else "ItemGroup"
        head = opening(f"{kind}Data", **{f"{kind}OID": node.oid, f"{kind}RepeatKey": node.repeat})
        inner = "".join(map(self._group, node.children.values()))
        parts = [inner, *node.items]
        parts = [*parts, node.notes] if self.second else [node.notes, *parts]
        return f"{head}{''.join(parts)}</{kind}Data>"

    # --- The same, plainly --------------------------------------------------------------------------------------------

    def plain(self, key: str, site: str, forms: Iterable[FormValues]) -> Subject:
        """What `subject` writes, as the data classes of the document."""
        root = tree.Node("", "")
        for form in forms:
            node = self.maker.form_node(root, form.visit, form.form)
            node.notes = form.notes
            for value in form.values:
                row = self.maker.row_node(node, form.form, value.group, value.row)
                row.items += self._plain_items(form, value)
        events = [self._plain_event(event) for event in root.children.values() if event.oid]
        loose = [
            self._plain_group(g, form=True) for e in root.children.values() if not e.oid for g in e.children.values()
        ]
        return Subject(key, self.maker.sites.get(site, site), "", tuple(events), tuple(loose))

    def _plain_event(self, event: tree.Node) -> EventData:
        return EventData(
            event.oid, event.repeat, tuple(self._plain_group(g, form=True) for g in event.children.values())
        )

    def _plain_group(self, node: tree.Node, *, form: bool = False) -> GroupData:
        inner = tuple(self._plain_group(child) for child in node.children.values())
        notes = node.notes or _NOTHING
        return GroupData(
            node.oid, node.repeat, form and not self.second, inner, tuple(node.items), audit=notes.audit,
            signature=notes.signature, annotations=notes.annotations, queries=notes.queries,
        )  # fmt: skip

    def _plain_items(self, form: FormValues, value: Standing) -> Iterable[ItemData]:
        place = (value.group, value.row, value.item)
        item = self.study.item_by_id[value.item]
        yield plain_item(self.definer, value, form.audits.get(place), form.more.get(place, _NOTHING))
        if self.second and value.unit and item.unit not in ("", "1"):
            yield ItemData(self.definer.unit_oid(value.item), (value.unit,))


_NOTHING = Notes()


def plain_item(definer: Definer, value: Standing, audit: Audit | None, more: Notes) -> ItemData:
    """A value with its notes as a data class."""
    given = tree.item_data(definer, as_value(value))
    notes = tuple(
        Annotation(str(number), note.comment) for number, note in enumerate((*given.annotations, *more.annotations), 1)
    )
    return ItemData(
        given.oid, given.values, given.null, given.unit, audit=audit, signature=more.signature, annotations=notes,
        queries=more.queries if definer.second else (),
    )  # fmt: skip


def as_value(value: Standing) -> Value:
    """A value without its place."""
    return Value(
        "", "", "", value.group, value.row, value.item, value.value, value.unit, value.null_reason, value.when,
        value.low, value.high,
    )  # fmt: skip


class _Quick:
    """Writes the values of one item."""

    def __init__(self, definer: Definer, item: Item, lines: Lines) -> None:
        self.definer, self.item, self.lines, self.second = definer, item, lines, definer.second
        self.head = f'<ItemData ItemOID="{attribute(definer.item_oid(item.id))}"'
        self.several = self.second and item.type == "choices"
        has_unit = item.unit not in ("", "1")
        self.unit_head = (
            f'<ItemData ItemOID="{attribute(definer.unit_oid(item.id))}"><Value>' if self.second and has_unit else ""
        )
        self.aside = lru_cache(256)(self._aside)

    def whole(self, value: Standing, audit: Audit | None, more: Notes) -> str:
        """As `text`, of a value with rare notes: by the plain writer."""
        return self._with_unit(self.lines.item(plain_item(self.definer, value, audit, more)), value.unit)

    def text(self, value: Standing, audit: str) -> str:
        """The element, and in 2.0 that of its unit. `audit`: the text of its audit record."""
        _, _, _, typed, unit, low, high, null_reason, when, _ = value
        inside = audit
        if null_reason or when or low is not None or high is not None or UNPRINTABLE.search(typed):
            odd = UNPRINTABLE.search(typed)
            inside += self._beside(value) if odd else self.aside(low, high, when, null_reason)
            typed = UNPRINTABLE.sub("\ufffd", typed) if odd else typed
        if self.second:
            return self._second(typed, unit, inside, null=bool(null_reason))
        said = ' IsNull="Yes"' if null_reason else f' Value="{attribute(typed)}"'
        if unit and unit != self.item.unit:
            inside += f'<MeasurementUnitRef MeasurementUnitOID="{attribute(self.definer.measurement_unit(unit))}"/>'
        return f"{self.head}{said}>{inside}</ItemData>" if inside else f"{self.head}{said}/>"

    def _second(self, typed: str, unit: str, inside: str, *, null: bool) -> str:
        said = ' IsNull="Yes"' if null else ""
        if null:
            values = ""
        elif self.several and typed:
            values = "".join(f"<Value>{content(code)}</Value>" for code in typed.split(JOINT))
        else:
            values = f"<Value>{content(typed)}</Value>"
        return self._with_unit(f"{self.head}{said}>{values}{inside}</ItemData>", unit)

    def _with_unit(self, text: str, unit: str) -> str:
        return f"{text}{self.unit_head}{content(unit)}</Value></ItemData>" if self.unit_head and unit else text

    def _aside(self, low: float | None, high: float | None, when: str, null_reason: str) -> str:
        return self._beside(Standing("", 1, self.item.id, "", "", low, high, null_reason, when))

    def _beside(self, value: Standing) -> str:
        """The annotation that holds what ODM has no place for."""
        return self.lines.notes(annotations=tree.item_data(self.definer, as_value(value)).annotations)
