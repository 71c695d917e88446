"""From the tables of conduct to the Snapshot that analysis reads."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping
from typing import Any

from trialwright.conduct.actions import studies
from trialwright.conduct.rules.chain import Tables, replay
from trialwright.conduct.store import models as db
from trialwright.conduct.store.tables import current
from trialwright.evidence.snapshot import CriterionRow, QueryRow, Snapshot, SubjectRow, ValueRow, VisitRow
from trialwright.kernel.errors import InputError
from trialwright.study.definition import Study


def snapshot(study_id: str, cut: dt.datetime | None = None) -> Snapshot:
    """What was captured up to `cut` (by the time of the events; everything when None), in the definition's order: the
    newest definition that had been published by then. Values of fields that it does not have come last.

    Raises UnknownName, and InputError when nothing had happened by then.
    """
    trial = studies.trial(study_id)
    events = db.Event.objects.filter(trial=trial)
    newest = events.order_by("-at").values_list("at", flat=True).first()
    assert newest is not None, "a study is opened with its first event"
    if cut is None or cut >= newest:
        tables, head = current(study_id), trial.head
    else:
        kept = list(events.filter(at__lte=cut).order_by("sequence").values_list("content", "hash"))
        if not kept:
            raise InputError(f"Study {study_id} had not begun at {cut.isoformat()}.")
        tables, head = replay((json.loads(content) for content, _ in kept), strict=False), kept[-1][1]
    (told,) = tables["study"].values()
    study = studies.of_version(trial, told["version"]).study
    rows = _Rows(study, tables)
    return Snapshot(
        study.id, study.version, (cut or newest).astimezone(dt.UTC), trial.virtual, head,
        rows.subjects(), rows.visits(), rows.values(), rows.criteria(), rows.queries(),
    )  # fmt: skip


class _Rows:
    """Rows of the snapshot, each kind in the order of subject, then of the definition."""

    def __init__(self, study: Study, tables: Tables) -> None:
        self.tables = tables
        self.visit_order = {v: (*study.schedule.position(v), v) for v in _visits(tables)} | {"": (10**6, 1, "")}
        self.form_order = {form.id: n for n, form in enumerate(study.forms)}
        self.field_order = {
            (form.id, group.id, field.item): n for form in study.forms for n, (group, field) in enumerate(form.fields())
        }

    def subjects(self) -> tuple[SubjectRow, ...]:
        return tuple(
            SubjectRow(
                subject, row["site"], row["state"], dt.date.fromisoformat(row["screened"]),
                _day(row["consented"]) or _day(row["guardian_consented"]), _day(row["enrolled"]), _day(row["ended"]),
                row["end_reason"], row["arm"],
            )
            for (_, subject), row in sorted(self.tables.get("subject", {}).items())
        )  # fmt: skip

    def visits(self) -> tuple[VisitRow, ...]:
        rows = self.tables.get("visit", {})
        order = sorted(rows, key=lambda key: (key[1], self.visit_order[key[2]]))
        return tuple(
            VisitRow(key[1], key[2], _day(rows[key]["planned"]), _day(rows[key]["actual"]), rows[key]["state"])
            for key in order
        )

    def values(self) -> tuple[ValueRow, ...]:
        rows = self.tables.get("value", {})
        return tuple(_value(key, rows[key]) for key in sorted(rows, key=self._value_place))

    def _value_place(self, key: tuple[Any, ...]) -> tuple[Any, ...]:
        _, subject, visit, form, group, row, item = key
        field = self.field_order.get((form, group, item), 10**5)
        return subject, self.visit_order[visit], self.form_order.get(form, 10**5), group, row, field, item

    def criteria(self) -> tuple[CriterionRow, ...]:
        rows = self.tables.get("criterion", {})
        return tuple(
            CriterionRow(subject, criterion, row["state"], row["explanation"])
            for (_, subject, criterion), row in sorted(rows.items(), key=lambda pair: _in_order(pair[0]))
        )

    def queries(self) -> tuple[QueryRow, ...]:
        rows = self.tables.get("query", {})
        return tuple(
            QueryRow(
                key[1], row["visit"], row["form"], row["item"], row["state"],
                dt.datetime.fromisoformat(row["opened"]), _moment(row["closed"]), row["text"],
            )
            for key, row in sorted(rows.items())
        )  # fmt: skip


def _visits(tables: Tables) -> set[str]:
    return {key[2] for name in ("visit", "value") for key in tables.get(name, {})}


def _value(key: tuple[Any, ...], row: Mapping[str, Any]) -> ValueRow:
    _, subject, visit, form, group, number, item = key
    return ValueRow(
        subject, visit, form, group, number, item, row["value"], row["unit"], row["low"], row["high"],
        row["null_reason"], row["when"],
    )  # fmt: skip


def _in_order(key: tuple[Any, ...]) -> tuple[str, bool, str]:
    """By subject; inclusion criteria before exclusion criteria."""
    _, subject, criterion = key
    return subject, criterion.startswith("E"), criterion


def _day(text: str | None) -> dt.date | None:
    return dt.date.fromisoformat(text) if text else None


def _moment(text: str | None) -> dt.datetime | None:
    return dt.datetime.fromisoformat(text) if text else None
