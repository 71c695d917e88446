"""A form of the study on which conduct's own behaviour is tried: one field, and two values that it accepts."""

from __future__ import annotations

from dataclasses import dataclass

from trialwright.conduct.actions import Entry
from trialwright.rehearse.validation import samples, search
from trialwright.rehearse.validation.bench import Bench
from trialwright.rehearse.validation.forms import filled, home
from trialwright.rehearse.validation.search import Setting

NONE = "no visit has a form with a field that takes two values"


@dataclass(frozen=True)
class Sheet:
    """`first`, `second`: values of the field; `rest`: everything else that makes the form complete."""

    setting: Setting
    item: str
    group: str
    first: str
    second: str
    rest: tuple[Entry, ...]

    @property
    def form(self) -> str:
        return self.setting.form

    @property
    def visit(self) -> str:
        return self.setting.visit

    def entry(self, value: str) -> Entry:
        return Entry(self.item, value, group=self.group)


def choose(bench: Bench) -> Sheet | None:
    """The first field of a visit's form that takes two values and hangs on nothing; None where there is none."""
    for form in bench.study.forms:
        setting = home(bench, form) if form.kind == "visit" else None
        if setting is None:
            continue
        whole = filled(bench, setting, form)
        for group, field in form.fields():
            item = bench.study.item_by_id[field.item]
            place = (group.id, 1, item.id)
            if place not in whole or field.show_when or item.type == "judgement":
                continue
            other = samples.usual(item, setting.day or search.FIRST_DOSE, 1)
            if other != whole[place].value:
                rest = tuple(entry for at, entry in whole.items() if at != place)
                return Sheet(setting, item.id, group.id, whole[place].value, other, rest)
    return None
