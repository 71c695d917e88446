"""What is kept from a person: the one home of the rule, which every page, history, export and the API ask.

`hidden_of(trial, by)` is the answer over all versions of a study in conduct; `hidden_items` that of one definition.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Q

from trialwright.conduct.actions.blinding import blinded_of, hidden_of
from trialwright.conduct.rules.blinding import BLINDED, NOTHING, Blinded, hidden_items
from trialwright.conduct.store import models as db

__all__ = ["BLINDED", "NOTHING", "Blinded", "Veil", "blinded_of", "hidden_items", "hidden_of", "veiled"]

_WORDS = {"query": ("text",), "message": ("text",), "criterion": ("explanation",), "dose": ("explanation", "amount")}
"""Tables beside the values: the columns in which a blinded value may be told."""

_AT = ("value", "verified", "lock")
"""Tables whose key ends with an item: why such a row changed may tell what stands there."""


def veiled(columns: Mapping[str, Any] | None, names: Sequence[str] | None = None) -> dict[str, Any]:
    """The columns with `BLINDED` for what stands in them, or in those of them that are named."""
    return {
        name: BLINDED if value not in (None, "") and (names is None or name in names) else value
        for name, value in (columns or {}).items()
    }


@dataclass(frozen=True, slots=True)
class Veil:
    """Lies over the events of a log: what they tell of blinded items does not show through."""

    hidden: Blinded
    queries: frozenset[tuple[str, int]] = frozenset()
    """(subject, number) of the queries whose words are kept back."""

    @classmethod
    def over(cls, trial: db.Trial, hidden: Blinded, subjects: Iterable[str]) -> Veil:
        """One statement where something is hidden, none else."""
        if not hidden:
            return cls(hidden)
        asks = Q(item__in=hidden.items) | Q(check_id__in={check for _, check, _ in hidden.checks})
        found = db.Query.objects.filter(asks, subject__trial=trial, subject__subject__in=list(subjects))
        lines = found.values_list("subject__subject", "number", "form", "check_id", "item")
        return cls(hidden, frozenset((subject, number) for subject, number, *of in lines if hidden.query(*of)))

    def event(self, tables: Mapping[str, Sequence[Sequence[Any]]], reason: str) -> tuple[Mapping[str, Any], str]:
        """The rows of an event and its reason, as they may be shown."""
        if not self.hidden:
            return tables, reason
        told = any(key[-1] in self.hidden.items for name in _AT for key, *_ in tables.get(name, ()))
        shown = {table: [self._row(table, row) for row in rows] for table, rows in tables.items()}
        return shown, BLINDED if told and reason else reason

    def _row(self, table: str, row: Sequence[Any]) -> Sequence[Any]:
        key, old, new, *salt = row
        names = self._kept(table, key)
        if not names:
            return row
        sides = (None if side is None else veiled(side, None if names == "*" else names) for side in (old, new))
        return [key, *sides, *salt]

    def _kept(self, table: str, key: Sequence[Any]) -> Sequence[str]:
        """Columns of a row that are kept back; "*" for all."""
        hidden = self.hidden
        if table == "value":
            return "*" if key[-1] in hidden.items else ""
        if table == "lock":
            return ("reason",) if key[-1] in hidden.items else ()
        if table == "signature":
            return ("sha256",) if key[3] in hidden.forms else ()
        kept = (
            (table in ("query", "message") and (key[1], key[2]) in self.queries)
            or (table == "criterion" and key[-1] in hidden.criteria)
            or (table == "dose" and hidden.doses)
        )
        return _WORDS[table] if kept else ()
