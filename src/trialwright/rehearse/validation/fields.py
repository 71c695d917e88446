"""PQ: every field of the very study keeps what is typed, and refuses what its type cannot be."""

from __future__ import annotations

from collections.abc import Iterator

from trialwright.conduct.actions import Entry, FormErrors
from trialwright.conduct.rules.values import Place
from trialwright.rehearse.validation.bench import Bench
from trialwright.rehearse.validation.cases import Case, judged, skipped
from trialwright.rehearse.validation.forms import NOWHERE, filled, home
from trialwright.rehearse.validation.search import Setting
from trialwright.study.forms import Form

WRONG = "?!"
"""What no field takes but one that takes any text."""
ANY_TEXT = ("text", "file")
COMPUTED = "it is computed; see its derived item"
NO_VALUE = "no value was found that the item accepts"
REFUSED, ACCEPTED = "refused", "accepted"


def fields(bench: Bench) -> Iterator[Case]:
    """A usual value in every field of a form, saved at once and read again; then what none of them can be."""
    for form in bench.study.forms:
        setting = home(bench, form)
        if setting is None:
            yield from (_case(bench, form, place, reason=NOWHERE) for place in _places(form))
            continue
        whole = filled(bench, setting, form)
        yield from _kept(bench, setting, form, whole)
        yield from _refused(bench, setting, form)


def _places(form: Form) -> list[Place]:
    return [(group.id, 1, field.item) for group, field in form.fields()]


def _kept(bench: Bench, setting: Setting, form: Form, whole: dict[Place, Entry]) -> Iterator[Case]:
    subject = bench.seat(setting)
    bench.save(subject, setting.visit, form.id, whole.values())
    view = bench.view(subject, setting.visit, form.id)
    read = {field.place: field.value for group in view.groups for row in group.rows for field in row.fields}
    for place in _places(form):
        if place in whole:
            typed = whole[place].value
            yield _case(bench, form, place, typed=typed, found=read.get(place, ""))
        else:
            computed = bench.study.item_by_id[place[2]].derive is not None
            yield _case(bench, form, place, reason=COMPUTED if computed else NO_VALUE)


def _case(bench: Bench, form: Form, place: Place, *, typed: str = "", found: str = "", reason: str = "") -> Case:
    item = bench.study.item_by_id[place[2]]
    name = f"field.{form.id}.{place[0]}.{item.id}.kept"
    requirement = f"{form.id}: {item.id} ({' '.join(filter(None, (item.type, item.unit)))}) keeps what is typed"
    if reason:
        return skipped(name, requirement, "type a value, read it again", reason)
    return judged(name, requirement, f"type {typed}, read it again", typed, found)


def _refused(bench: Bench, setting: Setting, form: Form) -> Iterator[Case]:
    """All in one save: each is refused at its own field."""
    items = bench.study.item_by_id
    places = [p for p in _places(form) if items[p[2]].type not in ANY_TEXT and items[p[2]].derive is None]
    wrong: set[Place] = set()
    try:
        bench.save(bench.seat(setting), setting.visit, form.id, [Entry(p[2], WRONG, group=p[0]) for p in places])
    except FormErrors as errors:
        wrong = set(errors.fields)
    for place in places:
        item = items[place[2]]
        name = f"field.{form.id}.{place[0]}.{item.id}.refused"
        requirement = f"{form.id}: {item.id} takes nothing but {item.type}"
        yield judged(name, requirement, f"type {WRONG}", REFUSED, REFUSED if place in wrong else ACCEPTED)
