"""A definition as a system for data capture: what each form asks, where, by which rules, and what is doubtful in it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from trialwright.kernel.texts import Text
from trialwright.study.checks.doubts import doubts
from trialwright.study.checks.expressions import expressions
from trialwright.study.definition import Study
from trialwright.study.forms import Form
from trialwright.study.problems import Problem


@dataclass(frozen=True, slots=True)
class Sheet:
    """What one form asks. `conditional`: fields that are asked only when a rule says so; `visits`: where; a log has
    none.
    """

    form: str
    label: Text
    kind: str
    groups: int
    repeating: int
    fields: int
    required: int
    critical: int
    computed: int
    conditional: int
    ranges: int
    checks: int
    visits: tuple[str, ...]

    def sentence(self) -> str:
        parts = [f"{self.fields} fields in {self.groups} group{'s' if self.groups != 1 else ''}"]
        named = ("required", "critical", "computed", "conditional")
        parts += [f"{count} {name}" for name in named if (count := getattr(self, name))]
        parts += [f"{self.ranges} with a range"] if self.ranges else []
        parts += [f"{self.checks} check{'s' if self.checks != 1 else ''}"] if self.checks else []
        where = "running log" if self.kind == "log" else ", ".join(self.visits) or "at no visit"
        return f"{self.form}: {', '.join(parts)}; {where}"


@dataclass(frozen=True, slots=True)
class Built:
    """`counts`: name -> how many of it there are in the whole definition."""

    study: str
    version: str
    counts: dict[str, int]
    sheets: tuple[Sheet, ...]
    doubts: tuple[Problem, ...]


def build(study: Study) -> Built:
    """Compile every expression of a sound definition and look at it as capture will. Raises LogicError."""
    for written in expressions(study):
        study.compile(written.text)
    sheets = tuple(_sheet(study, form) for form in study.forms)
    return Built(study.id, study.version, dict(_counts(study, sheets)), sheets, tuple(doubts(study)))


def _sheet(study: Study, form: Form) -> Sheet:
    fields = [field for _, field in form.fields()]
    items = [study.item_by_id[field.item] for field in fields]
    plan = study.schedule
    visits = [v.id for v in plan.visits if form.id in v.forms] + [v.id for v in plan.extra if form.id in v.forms]
    return Sheet(
        form.id, form.label, form.kind, len(form.groups), sum(group.repeating for group in form.groups), len(fields),
        sum(field.required for field in fields), sum(field.critical for field in fields),
        sum(item.derive is not None for item in items), sum(field.show_when is not None for field in fields),
        sum(item.hard is not None or item.soft is not None for item in items), len(form.checks), tuple(visits),
    )  # fmt: skip


def _counts(study: Study, sheets: tuple[Sheet, ...]) -> Iterator[tuple[str, int]]:
    yield "forms", len(sheets)
    yield "fields", sum(sheet.fields for sheet in sheets)
    yield "items", len(study.items)
    for name in ("required", "critical", "computed", "conditional"):
        yield f"{name} fields", sum(getattr(sheet, name) for sheet in sheets)
    yield "fields with a range", sum(sheet.ranges for sheet in sheets)
    yield "edit checks", sum(sheet.checks for sheet in sheets)
    yield "planned visits", len(study.schedule.visits)
    yield "visits that repeat", sum(visit.every is not None for visit in study.schedule.visits)
    yield "visits beyond the plan", len(study.schedule.extra)
    yield "visits with a window", sum(v.window.before + v.window.after > 0 for v in study.schedule.visits)
    yield "forms to fill in by plan", sum(len(visit.forms) for visit in study.schedule.planned())
    yield "expressions", sum(1 for _ in expressions(study))
