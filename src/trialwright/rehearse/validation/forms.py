"""PQ: ranges, required fields, skip rules, derived items and edit checks of the very study."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from trialwright.conduct.actions import Entry, FormErrors
from trialwright.conduct.rules import checks, values
from trialwright.conduct.rules.values import Place
from trialwright.kernel.truth import Truth
from trialwright.logic import evaluate
from trialwright.rehearse.validation import samples, search
from trialwright.rehearse.validation.bench import Bench
from trialwright.rehearse.validation.cases import Case, judged, skipped
from trialwright.rehearse.validation.search import Setting, Spot
from trialwright.study.forms import Field, Form
from trialwright.study.items import Item, Limits
from trialwright.study.schedule import Visit

NOWHERE = "no visit plans the form, and no log is it"
NO_PLACE = "an item that it speaks of stands on no form that can be filled in before"
SIDES = ("below", "at", "above")
EDGES = {
    "before": "the day before the window", "first": "its first day", "last": "its last day",
    "after": "the day after it",
}  # fmt: skip


def home(bench: Bench, form: Form) -> Setting | None:
    """The first place at which the form can be filled in."""
    return next(search.settings(bench.study, form.id, ()), None)


@dataclass(frozen=True, slots=True)
class _Edge:
    """`side` of one end of a range, as `text`; and what the definition says of it."""

    item: Item
    limit: str
    side: str
    text: str

    @property
    def expected(self) -> str:
        number = float(self.text)
        if not (self.item.hard is None or self.item.hard.hold(number)):
            return "refused"
        return "accepted" if self.item.soft is None or self.item.soft.hold(number) else "query"


def ranges(bench: Bench) -> Iterator[Case]:
    """Below, at and above each end of each range, typed into the first form that holds the item."""
    seen: set[str] = set()
    for form in bench.study.forms:
        new = [i for i in dict.fromkeys(form.item_ids()) if i not in seen and samples.typed(bench.study, i)]
        seen |= set(new)
        edges = [list(_edges(bench.study.item_by_id[item])) for item in new]
        setting = home(bench, form)
        if any(edges) and setting is not None:
            yield from _try_edges(bench, setting, [each for each in edges if each])
        elif any(edges):
            yield from (_edge_case(edge, None) for each in edges for edge in each)


def _edges(item: Item) -> Iterator[_Edge]:
    if item.type not in ("quantity", "integer"):
        return
    for kind, limits in (("hard", item.hard), ("soft", item.soft)):
        for end in ("low", "high"):
            limit = getattr(limits, end) if isinstance(limits, Limits) else None
            if limit is not None:
                step = _step(item, limit)
                for side, number in zip(SIDES, (limit - step, limit, limit + step), strict=True):
                    yield _Edge(item, f"{kind} {end} {limit:g}", side, _exact(item, number))


def _step(item: Item, limit: float) -> float:
    """The smallest step that people type: a unit of the last decimal, or a thousandth of the limit."""
    if item.type == "integer":
        return 1
    return 10.0**-item.decimals if item.decimals is not None else max(abs(limit) / 1000, 0.001)


def _exact(item: Item, number: float) -> str:
    return str(round(number)) if item.type == "integer" else values.number_text(round(number, 9), None)


def _try_edges(bench: Bench, setting: Setting, edges: Sequence[Sequence[_Edge]]) -> Iterator[Case]:
    """The n-th edge of every item in one save: those that are refused, then the others."""
    subject = bench.seat(setting)
    for turn in range(max(map(len, edges))):
        now = [each[turn] for each in edges if turn < len(each)]
        refused: set[str] = set()
        try:
            bench.save(subject, setting.visit, setting.form, [_entry(edge) for edge in now])
        except FormErrors as errors:
            refused = {item for _, _, item in errors.fields}
            left = [_entry(edge) for edge in now if edge.item.id not in refused]
            bench.save(subject, setting.visit, setting.form, left)
        raised = {q.item for q in bench.asked(subject, setting.visit, setting.form) if q.check_id == checks.RANGE}
        for edge in now:
            item = edge.item.id
            yield _edge_case(edge, "refused" if item in refused else "query" if item in raised else "accepted")


def _entry(edge: _Edge) -> Entry:
    return Entry(edge.item.id, edge.text, edge.item.unit)


def _edge_case(edge: _Edge, found: str | None) -> Case:
    name = f"range.{edge.item.id}.{edge.limit.replace(' ', '_')}.{edge.side}"
    requirement = f"{edge.item.id}: {edge.limit} {edge.item.unit}".strip()
    test = f"type {edge.text} ({edge.side} the limit)"
    return (
        skipped(name, requirement, test, NOWHERE)
        if found is None
        else judged(name, requirement, test, edge.expected, found)
    )


def required(bench: Bench) -> Iterator[Case]:
    """Each required field left empty on a form that is complete otherwise."""
    for form in bench.study.forms:
        fields = [(group.id, field) for group, field in form.fields() if field.required]
        if not fields:
            continue
        setting = home(bench, form)
        if setting is None:
            yield from (_required_case(form, place, field, NOWHERE) for place, field in fields)
        else:
            yield from _try_required(bench, setting, form, fields)


def _try_required(bench: Bench, setting: Setting, form: Form, fields: Sequence[tuple[str, Field]]) -> Iterator[Case]:
    subject, whole = bench.seat(setting), filled(bench, setting, form)
    saved = bench.save(subject, setting.visit, form.id, whole.values())
    view = bench.view(subject, setting.visit, form.id)
    hidden = {field.item for group in view.groups for row in group.rows for field in row.fields if field.hidden}
    for group, field in fields:
        place = (group, 1, field.item)
        beside = [each for each in whole if each[0] == group and each != place]
        if bench.study.item_by_id[field.item].derive:
            yield _required_case(form, group, field, "the field is computed")
        elif field.item in hidden:
            yield _required_case(form, group, field, f"it is asked only if {field.show_when}; see its skip rule")
        elif place not in whole:
            yield _required_case(form, group, field, "no value was found that the item accepts")
        elif view_repeats(form, group) and not beside:
            yield _required_case(form, group, field, "it is the only field of its row, which is then no row")
        else:
            emptied = bench.save(subject, setting.visit, form.id, [Entry(field.item, "", group=group)])
            there = saved.state == "complete" and field.item not in saved.missing
            found = "asked for" if field.item in emptied.missing and emptied.state == "in_progress" else emptied.state
            again = bench.save(subject, setting.visit, form.id, [whole[place]])
            yield _required_case(form, group, field, "", f"{found}; {again.state if there else saved.state}")


def view_repeats(form: Form, group: str) -> bool:
    return next(g.repeating for g in form.groups if g.id == group)


def _required_case(form: Form, group: str, field: Field, reason: str, found: str = "") -> Case:
    name = f"required.{form.id}.{group}.{field.item}"
    requirement, test = f"{form.id}: {field.item} is required", "leave it empty, then fill it in"
    return (
        skipped(name, requirement, test, reason)
        if reason
        else judged(name, requirement, test, "asked for; complete", found)
    )


def filled(bench: Bench, setting: Setting, form: Form) -> dict[Place, Entry]:
    """A usual value in every field that is typed."""
    day = setting.day or search.FIRST_DOSE
    found: dict[Place, Entry] = {}
    for group, field in form.fields():
        item = bench.study.item_by_id[field.item]
        text = "" if item.derive else samples.usual(item, day)
        if text:
            found[group.id, 1, item.id] = Entry(item.id, text, group=group.id)
    return found


def skips(bench: Bench) -> Iterator[Case]:
    """Each condition under which a field is asked, once true and once false, with the field answered."""
    for form in bench.study.forms:
        for group, field in form.fields():
            if field.show_when:
                yield from _skip(bench, form, group.id, field)


def _skip(bench: Bench, form: Form, group: str, field: Field) -> Iterator[Case]:
    assert field.show_when is not None
    item = bench.study.item_by_id[field.item]
    requirement = f"{form.id}: {field.item} is asked only if {field.show_when}"
    found, why = _found(bench, form.id, field.show_when, search.TRUTHS)
    for goal, expected in (("true", "accepted"), ("false", "query")):
        name = f"skip.{form.id}.{field.item}.{goal}"
        test = f"answer it while that is {goal}"
        text = samples.usual(item, search.SCREENED)
        if goal not in found or not text or item.derive:
            yield skipped(name, requirement, test, why or "the field cannot be typed")
            continue
        setting, assignment = found[goal]
        entered = {spot: value for spot, value in assignment.items() if spot.item != field.item}
        subject = bench.play(setting, entered)
        before = bench.view(subject, setting.visit, form.id).missing
        bench.save(subject, setting.visit, form.id, [Entry(item.id, text, group=group)])
        raised = {q.item for q in bench.asked(subject, setting.visit, form.id) if q.check_id == checks.HIDDEN}
        asked = "; asked for when empty" if field.required else ""
        got = "; asked for when empty" if field.item in before else ""
        want = expected + (asked if goal == "true" else "")
        yield judged(name, requirement, told(test, entered), want, ("query" if item.id in raised else "accepted") + got)


def told(test: str, assignment: Mapping[Spot, str]) -> str:
    """The test with what is typed for it."""
    typed = ", ".join(f"{spot.item}={text or '(empty)'}" for spot, text in assignment.items())
    return f"{test}: {typed}" if typed else test


Goals = Mapping[str, Callable[[object], bool]]


def _found(bench: Bench, form: str, text: str, goals: Goals) -> tuple[dict[str, tuple[Setting, dict[Spot, str]]], str]:
    """goal -> where and with which entries it is met; and why others are not."""
    found: dict[str, tuple[Setting, dict[Spot, str]]] = {}
    items = search.items_needed(bench.study, text)
    places = list(search.settings(bench.study, form, items))
    if not places:
        return found, NO_PLACE if next(search.settings(bench.study, form, ()), None) else NOWHERE
    for setting in (places[0], places[-1]) if len(places) > 1 else places:
        left = {goal: meets for goal, meets in goals.items() if goal not in found}
        if left:
            met = search.find(setting, bench.study.compile(text), left)
            found |= {goal: (setting, assignment) for goal, assignment in met.items()}
    return found, f"no entries were found within {search.TRIES} tries"


def edit_checks(bench: Bench) -> Iterator[Case]:
    """Each edit check once true (silent) and once false (a query at its field)."""
    for form in bench.study.forms:
        for check in form.checks:
            found, why = _found(bench, form.id, check.logic, search.TRUTHS)
            for goal, expected in (("true", "silent"), ("false", "query")):
                name, test = f"check.{form.id}.{check.id}.{goal}", f"make it {goal}"
                requirement = f"{form.id}: {check.logic}"
                if goal not in found:
                    yield skipped(name, requirement, test, why)
                    continue
                setting, assignment = found[goal]
                subject = bench.play(setting, assignment, _begun(bench, setting, check.item, assignment))
                live = {(q.check_id, q.item) for q in bench.asked(subject, setting.visit, form.id)}
                got = "query" if (check.id, check.item) in live else "silent"
                yield judged(name, requirement, told(test, assignment), expected, got)


def _begun(bench: Bench, setting: Setting, item: str, assignment: Mapping[Spot, str]) -> list[Entry]:
    """A check of a repeating group looks at rows that have begun: another field of the row where nothing else is."""
    form = bench.study.form_by_id[setting.form]
    group = samples.group_of(bench.study, setting.form, item)
    if not view_repeats(form, group) or any(s.group == group and text for s, text in assignment.items()):
        return []
    taken = {spot.item for spot in assignment}
    others = [entry for place, entry in filled(bench, setting, form).items() if place[0] == group]
    return [entry for entry in others if entry.item not in taken][:1]


def derived(bench: Bench) -> Iterator[Case]:
    """Each derived item on a form, computed by conduct and by the plain evaluator."""
    for form in bench.study.forms:
        for group, field in form.fields():
            item = bench.study.item_by_id[field.item]
            if item.derive:
                yield _derived(bench, form, group.id, item)


def _derived(bench: Bench, form: Form, group: str, item: Item) -> Case:
    assert item.derive is not None
    name, requirement = f"derived.{form.id}.{item.id}", f"{form.id}: {item.id} = {item.derive}"
    known: Goals = {"known": lambda value: value is not None and value is not Truth.UNKNOWN}
    found, why = _found(bench, form.id, item.derive, known)
    if "known" not in found:
        return skipped(name, requirement, "compute it", why)
    setting, assignment = found["known"]
    value = evaluate(bench.study.compile(item.derive), search.patient_of(setting, assignment), unit=item.unit)
    expected = value.value if isinstance(value, Truth) else values.value_text(value, item.decimals)
    view = bench.view(bench.play(setting, assignment), setting.visit, form.id)
    fields = [f for g in view.groups for row in g.rows for f in row.fields if f.place == (group, 1, item.id)]
    return judged(name, requirement, told("compute it", assignment), expected, fields[0].value if fields else "")


def windows(bench: Bench) -> Iterator[Case]:
    """The day before the window, its first and last day, and the day after, for each visit."""
    first = search.first_dose(bench.study)
    for edge, expected in (("before", "early"), ("first", "in_window"), ("last", "in_window"), ("after", "late")):
        subject = bench.enrolled()
        if first:
            bench.start(subject, first.id, search.FIRST_DOSE)
        for visit in bench.study.schedule.visits:
            yield _window(bench, subject, visit, (edge, expected))


def _window(bench: Bench, subject: str, visit: Visit, tried: tuple[str, str]) -> Case:
    (edge, expected), allowed, first = tried, visit.window, search.first_dose(bench.study)
    offsets = {
        "before": -allowed.before - 1,
        "first": -allowed.before,
        "last": allowed.after,
        "after": allowed.after + 1,
    }
    name = f"window.{visit.id}.{edge}"
    requirement = f"{visit.id}: day {visit.offset} from {visit.anchor}, -{allowed.before} +{allowed.after}"
    test = f"it takes place on day {visit.offset + offsets[edge]:+d} ({EDGES[edge]})"
    if visit == first:
        return skipped(name, requirement, test, "its own day is the day that it counts from")
    if first is None and visit.anchor == "first_dose":
        return skipped(name, requirement, test, "no visit gives the first dose")
    day = search.day_of(visit) + dt.timedelta(days=offsets[edge])
    return judged(name, requirement, test, expected, bench.start(subject, visit.id, day))
