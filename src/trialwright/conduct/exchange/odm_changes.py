"""The changes of one subject's values as ODM text: each as a transaction with its audit record, in the order of time.

`Folding` makes of what the history tells (which columns of a value an event changed) whole values with what became of
them; `ChangeStream` writes those. `formats.odm.settled` plays them to their end.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from trialwright.conduct.exchange.odm_stream import Notes, Stream, plain_item
from trialwright.conduct.exchange.values import Standing
from trialwright.formats.odm.document import Audit, Signature
from trialwright.formats.odm.lines import attribute, content, opening
from trialwright.formats.odm.transactions import TYPE

INSERT, UPDATE, REMOVE, CONTEXT = "Insert", "Update", "Remove", "Context"
REDACTED = "redacted"
"""The reason for no value of one that was taken out of the history."""
Where = tuple[str, str, str, int, str]
"""(visit, form, group, row, item)."""
Signed = Callable[[str], Signature]
_Path = tuple[tuple[str, str, str], ...]
"""(kind of element, OID, repeat key) from the subject down to a group."""


@dataclass(frozen=True, slots=True)
class Change:
    """What became of a value. `value`: as it stands afterwards, or stood before it was removed. `unit_how` "": neither
    had a unit.
    """

    where: Where
    how: str
    unit_how: str
    value: Standing


@dataclass(slots=True)
class _Held:
    columns: dict[str, Any]
    redacted: bool = False


class Folding:
    """The values of one subject while its history is read. `redacted`: the text that stands for what was taken out."""

    def __init__(self, redacted: str) -> None:
        self._redacted = redacted
        self._held: dict[Where, _Held] = {}

    def take(self, row: Sequence[Any]) -> Change:
        """A row of a value in an event: [natural key, old, new, salt or tombstone]."""
        (_, _, *parts), _, new, *salt = row
        where: Where = (*parts,)
        before = self._held.get(where)
        before_unit = _unit(before)
        if new is None:
            gone = self._held.pop(where, _Held({}))
            return Change(where, REMOVE, REMOVE if before_unit else "", _standing(where, gone))
        held = before or self._held.setdefault(where, _Held({}))
        held.columns = {**held.columns, **new}
        if "value" in new:
            held.redacted = new["value"] == self._redacted and bool(salt) and isinstance(salt[0], dict)
        unit = _unit(held)
        unit_how = (UPDATE if before_unit else INSERT) if unit else REMOVE if before_unit else ""
        return Change(where, UPDATE if before else INSERT, unit_how, _standing(where, held))


def _unit(held: _Held | None) -> str:
    return "" if held is None or held.redacted else str(held.columns.get("unit", ""))


def _standing(where: Where, held: _Held) -> Standing:
    _, _, group, row, item = where
    said = held.columns
    if held.redacted:
        return Standing(group, row, item, "", null_reason=REDACTED)
    return Standing(
        group, row, item, said.get("value", ""), said.get("unit", ""), said.get("low"), said.get("high"),
        said.get("null_reason", ""), said.get("when", ""), said.get("signed_by", ""),
    )  # fmt: skip


@dataclass(slots=True)
class _Part:
    """An element of the data that holds others, while it is written."""

    items: list[str] = field(default_factory=list)
    inside: dict[tuple[str, str, str], _Part] = field(default_factory=dict)


class ChangeStream(Stream):
    """Writes changes under one version of the definition."""

    def begun(self, subject: str, site: str, texts: Iterable[str], *, first: bool) -> str:
        """The element SubjectData with the texts of its events in it."""
        place = self.maker.sites.get(site, site)
        ref = opening("SiteRef", LocationOID=place).replace(">", "/>") if place else ""
        head = opening("SubjectData", SubjectKey=subject, TransactionType=INSERT if first else CONTEXT)
        return f"{head}{ref}{''.join(texts)}</SubjectData>\n"

    def deed(self, known: set[_Path], changes: Iterable[Change], audit: Audit, signed: Signed) -> str:
        """What one event changed. `known`: parts of the subject's data that stand by now, for each is inserted once.
        `signed`: the signature that a judgement in it is, by the name of who gave it.
        """
        root, told = _Part(), self.lines.notes(audit)
        place, part = None, root
        for change in changes:
            if change.where[:4] != place:
                place, part = change.where[:4], root
                for step in self.path(change.where):
                    part = part.inside.setdefault(step, _Part())
            part.items.append(self._change(change, audit, told, signed))
        return "".join(self._text(known, (step,), part) for step, part in root.inside.items())

    def path(self, where: Where) -> _Path:
        """The elements around a value."""
        visit, form, group, row, _ = where
        root = _Way()
        self.maker.row_node(self.maker.form_node(root, visit, form), form, group, row)
        kinds = ["StudyEvent", "ItemGroup" if self.second else "Form"]
        return tuple(
            (kinds[n] if n < len(kinds) else "ItemGroup", oid, repeat) for n, (oid, repeat) in enumerate(root.steps)
        )

    def _text(self, known: set[_Path], path: _Path, part: _Part) -> str:
        kind, oid, repeat = path[-1]
        how = CONTEXT if path in known else INSERT
        known.add(path)
        inner = "".join(self._text(known, (*path, step), each) for step, each in part.inside.items())
        if not oid:  # data without an event (1.3)
            return inner
        head = opening(f"{kind}Data", **{f"{kind}OID": oid, f"{kind}RepeatKey": repeat, TYPE: how})
        return f"{head}{inner}{''.join(part.items)}</{kind}Data>"

    def _change(self, change: Change, audit: Audit, told: str, signed: Signed) -> str:
        value, item = change.value, self.study.item_by_id[change.value.item]
        oid = attribute(self.definer.item_oid(item.id))
        unit = self._unit(item.id, value.unit, change.unit_how) if item.unit not in ("", "1") else ""
        if change.how == REMOVE:
            return f'<ItemData ItemOID="{oid}" {TYPE}="{REMOVE}">{told}</ItemData>{unit}'
        if value.judged_by:
            text = self.lines.item(plain_item(self.definer, value, audit, Notes(None, signed(value.judged_by))))
        else:
            quick = self._quick.get(item.id) or self._quick_of(item.id)
            text = quick.text(value._replace(unit="") if self.second else value, told)
        return f'<ItemData {TYPE}="{change.how}"{text.removeprefix("<ItemData")}{unit}'

    def _unit(self, item: str, unit: str, how: str) -> str:
        """The item that holds the unit, in 2.0."""
        if not self.second or not how:
            return ""
        head = f'<ItemData {TYPE}="{how}" ItemOID="{attribute(self.definer.unit_oid(item))}"'
        return f"{head}/>" if how == REMOVE else f"{head}><Value>{content(unit)}</Value></ItemData>"


@dataclass(slots=True)
class _Way:
    """Stands in for a node of the tree, to learn what leads to a place."""

    steps: list[tuple[str, str]] = field(default_factory=list)

    def child(self, oid: str, repeat: str) -> _Way:
        self.steps.append((oid, repeat))
        return self
