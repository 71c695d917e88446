"""The casebook of a subject as PDF: all that was captured, asked, verified and signed, with its history."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

from trialwright.conduct.exchange.values import Standing
from trialwright.conduct.export.changes import Deed, Step, steps_of
from trialwright.conduct.export.notes import moment
from trialwright.conduct.export.reading import FormRead, Layout, Scope, SubjectRead
from trialwright.conduct.export.sheets import Archive
from trialwright.conduct.export.told import Told, template, words
from trialwright.conduct.store import models as db
from trialwright.conduct.worklists.history import note_of
from trialwright.conduct.worklists.masks import BLINDED
from trialwright.formats import pdf
from trialwright.kernel import units
from trialwright.study.items import Item

Content = dict[str, Any]
Count = Callable[[int], None]
_NAMES = {"signed_by": "judged_by"}
"""Columns of a value in the history under other names than here."""


def write_casebooks(file: Path, scope: Scope, told: Told, count: Count) -> None:
    """The casebook of the subject that `scope` names; without one an archive with that of each. Raises NoFont."""
    if scope.subject:
        for subject in scope.read():
            file.write_bytes(pdf.pdf(template(), Casebook(scope, told).content(subject)))
            count(scope.total)
        return
    with Archive(file, "csv") as archive:
        for subject in scope.read():
            made = pdf.pdf(template(), Casebook(scope, told).content(subject))
            with archive.open(f"casebook-{subject.subject}.pdf", packed=False) as out:
                out.write(made)
            count(sum(len(form.values) for form in subject.forms))


@dataclass(frozen=True)
class Casebook:
    """Gathers what the template shows: plain texts only."""

    scope: Scope
    told: Told

    def content(self, subject: SubjectRead) -> Content:
        t, study = self.told, self.scope.study
        seal = self.scope.trial.checkpoints.order_by("-number").first()
        return {
            "lang": t.lang,
            "words": words(t),
            "title": t("casebook.title"),
            "depth": 2,
            "name": subject.subject,
            "study": {"id": study.registration.identity.nct_id or study.id, "version": study.version},
            "foot": f"{t('casebook.definition')} {study.version} · {t('casebook.as_of')} {self.as_of}",
            "virtual": t("casebook.virtual") if self.scope.trial.virtual else "",
            "hidden": t("casebook.hidden") if self.scope.hidden else "",
            "facts": self._facts(subject),
            "proof": [
                [t("casebook.events"), str(self.scope.trial.sequence)],
                [t("casebook.head"), self.scope.trial.head],
            ],
            "checkpoint": note_of(seal) if seal else t("casebook.no_checkpoint"),
            "visits": list(self._visits(subject)),
        }

    @property
    def as_of(self) -> str:
        latest = self.scope.trial.latest
        return moment(latest).replace("T", " ").replace("+00:00", " UTC") if latest else ""

    def _facts(self, subject: SubjectRead) -> list[list[str]]:
        t, study = self.told, self.scope.study
        site = next((s for s in study.registration.sites if s.id == subject.site), None)
        arm = next((a for a in study.registration.arms if a.id == subject.arm), None)
        pairs = [
            ("study", study.registration.identity.nct_id or study.id),
            ("study_title", t.say(study.registration.identity.brief_title)),
            ("sponsor", study.registration.sponsor.name),
            ("definition", study.version),
            ("site", f"{subject.site} {t.say(site.name) if site else ''}".strip()),
            ("subject", subject.subject),
            ("state", t.code("subject_state", subject.state)),
            ("arm", t.say(arm.label) if arm else ""),
            ("made_for", self.scope.by.name),
        ]
        return [[t(f"casebook.{key}"), value] for key, value in pairs if value]

    def _visits(self, subject: SubjectRead) -> Iterator[Content]:
        history: dict[tuple[str, str], list[Step]] = {}
        for step in steps_of(self.scope, subject.subject) if self.scope.tells_trail(subject.site) else ():
            history.setdefault((step.where[0], step.where[1]), []).append(step)
        held = {row.visit: row for row in db.Visit.objects.filter(subject=subject.key)}
        queries = self._queries(subject)
        for visit, forms in groupby(subject.forms, key=lambda form: form.visit):
            mine = list(forms)
            plan = self.scope.layout(mine[0].definition).visit(visit)
            row = held.get(visit)
            about = [self.told.code("visit_state", row.state), subject.days.get(visit, ""), row.reason] if row else []
            yield {
                "title": self.told.say(plan.label) if plan else visit or self.told("casebook.logs"),
                "about": " · ".join(part for part in about if part),
                "forms": [
                    self._form(form, history.get((visit, form.form), []), queries.get((visit, form.form), []))
                    for form in mine
                ],
            }

    # --- A form -------------------------------------------------------------------------------------------------------

    def _form(self, form: FormRead, history: list[Step], queries: list[db.Query]) -> Content:
        layout, t = self.scope.layout(form.definition), self.told
        plan = layout.study.form_by_id.get(form.form)
        state = t.code("form_state", form.state)
        return {
            "title": t.say(plan.label) if plan else form.form,
            "about": t("casebook.form_state", state=state, count=form.version, definition=form.definition),
            "groups": [
                self._group(layout, form, group, list(values))
                for group, values in groupby(form.values, key=lambda value: value.group)
            ],
            "signatures": [self._signature(row, form.form) for row in _signatures(form.key)],
            "queries": [self._query(layout, query) for query in queries],
            "history": [
                self._deed(layout, deed, list(steps)) for deed, steps in groupby(history, key=lambda step: step.deed)
            ],
        }

    def _group(self, layout: Layout, form: FormRead, group: str, values: list[Standing]) -> Content:
        t = self.told
        plan = layout.study.form_by_id.get(form.form)
        about = next((g for g in plan.groups if g.id == group), None) if plan else None
        repeating = about.repeating if about else any(value.row > 1 for value in values)
        rows = []
        for value in values:
            mark = form.verified.get((value.group, value.row, value.item))
            verified = t("casebook.verified_by", who=mark[0], at=moment(mark[1])[:10]) if mark else ""
            label = self._label(layout, value.item)
            rows.append([*([str(value.row)] if repeating else []), label, self._value(layout, value), verified])
        header = [t("casebook.item"), t("casebook.value"), t("casebook.marks")]
        return {
            "title": t.say(about.label) if about else "",
            "widths": [0.6, 4, 4, 2] if repeating else [4.6, 4, 2],
            "header": [t("casebook.row"), *header] if repeating else header,
            "rows": rows,
        }

    def _label(self, layout: Layout, item: str) -> str:
        known = layout.study.item_by_id.get(item)
        return self.told.say(known.label) if known else item

    def _value(self, layout: Layout, value: Standing, *, plain: bool = False) -> str:
        """The value as typed with what its code stands for (not if `plain`), its unit, or why there is none; limits,
        time, judge.
        """
        t, item = self.told, None if plain else layout.study.item_by_id.get(value.item)
        parts = [self._shown(item, value.value, value.unit)] if value.value or value.unit else []
        if value.null_reason:
            parts.append(f"[{t.code('null_reason', value.null_reason)}]")
        if value.low is not None or value.high is not None:
            low, high = ("–" if end is None else f"{end:.15g}" for end in (value.low, value.high))
            parts.append(f"({t('casebook.limits', low=low, high=high)})")
        if value.when:
            parts.append(f"({t('casebook.at', when=value.when)})")
        if value.judged_by:
            parts.append(f"({t('casebook.judged', who=value.judged_by)})")
        return " ".join(parts) or t("casebook.nothing")

    def _shown(self, item: Item | None, text: str, unit: str) -> str:
        meaning = self.told.value(item, text)
        return " ".join(part for part in (text, f"({meaning})" if meaning else "", units.show(unit) or unit) if part)

    def _signature(self, row: db.Signature, form: str) -> list[str]:
        validity = self.told.code("signature_state", row.state)
        digest = BLINDED if form in self.scope.blinded.forms else row.sha256
        return [
            self.told.code("signature_meaning", row.meaning),
            f"{row.name} ({row.who})",
            self.told.code("role", row.role),
            _at(moment(row.at)),
            validity,
            _broken(digest),
        ]

    # --- Queries and history ------------------------------------------------------------------------------------------

    def _queries(self, subject: SubjectRead) -> dict[tuple[str, str], list[db.Query]]:
        found: dict[tuple[str, str], list[db.Query]] = {}
        rows = db.Query.objects.filter(subject=subject.key).order_by("number").prefetch_related("messages")
        for row in rows:
            if not self.scope.blinded.query(row.form, row.check_id, row.item):
                found.setdefault((row.visit, row.form), []).append(row)
        return found

    def _query(self, layout: Layout, row: db.Query) -> list[str]:
        thread = sorted(row.messages.all(), key=lambda message: message.number)
        lines = [f"{_at(moment(m.at))} {m.who}: {m.text}" for m in thread]
        state = self.told.code("query_state", row.state)
        asked = f"{_at(moment(row.opened))} {row.opened_by}".strip()
        return [str(row.number), self._label(layout, row.item), state, f"{row.text} ({asked})", "\n".join(lines)]

    def _deed(self, layout: Layout, deed: Deed, steps: list[Step]) -> Content:
        """What one event changed on the form, below who did it, when and why."""
        t, why = self.told, f"{self.told('casebook.reason')}{self.told('casebook.colon')}{deed.reason}"
        who = f"{deed.who} ({t.code('role', deed.role)})"
        head = [f"{t('casebook.event')} {deed.sequence}", _at(deed.local), who, why if deed.reason else ""]
        return {"head": " · ".join(filter(None, head)), "rows": [self._step(layout, step) for step in steps]}

    def _step(self, layout: Layout, step: Step) -> list[str]:
        _, _, _, row, item = step.where
        label = self._label(layout, item) + (f" [{row}]" if row > 1 else "")
        return [label, *(self._side(layout, item, side) for side in (step.old, step.new))]

    def _side(self, layout: Layout, item: str, side: dict[str, Any] | None) -> str:
        """What a change had before, or after it: the columns that hold something."""
        held = {name: value for name, value in (side or {}).items() if value not in (None, "")}
        if not held:
            return self.told("casebook.nothing")
        value = Standing(
            "", 1, item, "", **{_NAMES.get(name, name): found for name, found in held.items() if name != "value"}
        )
        return self._value(layout, value._replace(value=str(held.get("value", ""))), plain=True)


def _signatures(form: int) -> list[db.Signature]:
    return list(db.Signature.objects.filter(form=form).order_by("number"))


def _at(moment: str) -> str:
    return moment.replace("T", " ").replace("+00:00", " UTC")


def _broken(digest: str) -> str:
    """A hash that may break across lines."""
    return "\u200b".join(digest[n : n + 8] for n in range(0, len(digest), 8))
