"""Whatever was typed, changed and removed: the transactions of ODM, played in order, give the values that stand."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import cache
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some
from lxml import etree

from trialwright.conduct.exchange import send_out
from trialwright.conduct.exchange.odm_changes import Change, ChangeStream, Folding
from trialwright.conduct.exchange.odm_data_in import Data
from trialwright.conduct.exchange.odm_in import Definition
from trialwright.conduct.exchange.odm_out import Definer
from trialwright.formats.odm import read, settled, write
from trialwright.formats.odm.document import Audit, ClinicalData, Signature
from trialwright.study.load import built_in_studies, load_study

STONE = "[redacted]"
Place = tuple[str, str, str, int, str]
Columns = dict[str, Any]
EMPTY: Columns = {
    "value": "", "unit": "", "low": None, "high": None, "null_reason": "", "when": "", "signed_by": "",
}  # fmt: skip


class Way:
    """The built-in study in one version of ODM, with places that repeat, have units, and do not."""

    def __init__(self, version: str) -> None:
        study = load_study(built_in_studies()[0])
        self.second = version.startswith("2")
        self.bare = send_out(study, version=version)
        self.definition = Definition(read(write(self.bare)))
        self.study = self.definition.study()
        self.writer = ChangeStream(Definer(study, second=self.second))
        visits = {form: next((v.id for v in study.schedule.visits if form in v.forms), "") for form in study.form_by_id}
        self.units: dict[str, tuple[str, ...]] = {}
        self.places: list[Place] = []
        for form in study.forms:
            for group, each in form.fields():
                item = study.item_by_id[each.item]
                if item.type in ("quantity", "text") and not item.hard:
                    self.units[item.id] = ("", item.unit, *item.units) if item.unit not in ("", "1") else ("",)
                    rows = (1, 2) if group.repeating else (1,)
                    self.places += [(visits[form.id], form.id, group.id, row, item.id) for row in rows]


@cache
def way(version: str) -> Way:
    return Way(version)


@some.composite
def histories(draw: Any) -> list[tuple[Place, Columns | None, bool]]:
    """(place, what it holds from now on or None, whether that was redacted since)."""
    there = way("1.3.2")
    places = draw(some.lists(some.sampled_from(there.places), min_size=1, max_size=5, unique=True))
    steps: list[tuple[Place, Columns | None, bool]] = []
    for place in draw(some.lists(some.sampled_from(places), min_size=1, max_size=14)):
        columns: Columns | None = draw(some.none() | some.builds(dict))
        stone = columns is not None and draw(some.integers(0, 7)) == 0
        if columns is not None:
            why = draw(some.sampled_from(["", "", "not_done"]))
            text = STONE if stone else "" if why else draw(some.sampled_from(["1.5", "2", "<0.2", "头痛 & <b>", STONE]))
            columns = {
                **EMPTY, "value": text, "null_reason": why if not stone else "",
                "unit": draw(some.sampled_from(there.units[place[-1]])), "low": draw(some.sampled_from([None, 0.5])),
                "when": draw(some.sampled_from(["", "2026-03-01"])),
                "signed_by": draw(some.sampled_from(["", "", "a"])),
            }  # fmt: skip
        steps.append((place, columns, stone))
    return steps


def rows_of(steps: list[tuple[Place, Columns | None, bool]]) -> list[list[Any]]:
    """As the history holds them: of an update only what differs; a tombstone in the place of the salt."""
    held: dict[Place, Columns] = {}
    rows: list[list[Any]] = []
    for place, new, stone in steps:
        old, key = held.get(place), ["s", "01-001", *place]
        if new is None:
            if old is not None:
                rows.append([key, old, None, "salt"])
                del held[place]
            continue
        differs = {name for name in new if old is None or old[name] != new[name]}
        if stone or differs:
            differs |= {"value"} if stone else set()
            told = [None if old is None else {n: old[n] for n in sorted(differs)}, {n: new[n] for n in sorted(differs)}]
            rows.append([key, *told, {"redacted": "hash"} if stone else "salt"])
            held[place] = new
    return rows


def standing(steps: list[tuple[Place, Columns | None, bool]]) -> dict[Place, Columns]:
    """What a snapshot holds in the end."""
    held: dict[Place, Columns] = {}
    stones: dict[Place, bool] = {}
    for place, new, stone in steps:
        if new is None:
            held.pop(place, None)
            continue
        old = held.get(place)
        stones[place] = stone or (stones.get(place, False) and old is not None and old["value"] == new["value"])
        held[place] = new
    return {place: {**EMPTY, "null_reason": "redacted"} if stones[place] else new for place, new in held.items()}


def signed(who: str) -> Signature:
    return Signature(f"U.{who}", "L.01", "SD.0", "2026-03-02T10:00:00+08:00")


def written(there: Way, rows: list[list[Any]]) -> tuple[bytes, list[Change]]:
    folding, known, texts, changes = Folding(STONE), set[Any](), [], []
    for number, row in enumerate(rows, 1):
        audit = Audit("U.a", "L.01", f"2026-03-02T10:{number:02}:00+08:00", f"reason {number}", str(number))
        changes.append(folding.take(row))
        texts.append(there.writer.deed(known, [changes[-1]], audit, signed))
    data = [there.writer.begun("01-001", "01", texts[:3], first=True)]
    data += [there.writer.begun("01-001", "01", texts[3:], first=False)] if texts[3:] else []
    about = there.bare.studies[0].oid, there.bare.studies[0].versions[0].oid
    document = replace(there.bare, type="Transactional", data=(ClinicalData(*about, texts=data),))
    return write(document), changes


def played(content: bytes) -> dict[tuple[str, ...], tuple[str | None, str]]:
    """Place in the file -> (value or None, number of the event): a plain replay that shares nothing with ours and
    refuses what cannot be."""
    stands: dict[tuple[str, ...], tuple[str | None, str]] = {}
    parts: set[tuple[str, ...]] = set()

    def name(element: Any) -> str:
        return str(etree.QName(element).localname)

    def go(element: Any, path: tuple[str, ...]) -> None:
        for child in element:
            keys = [value for key, value in sorted(child.attrib.items()) if key.endswith(("OID", "Key"))]
            here, how = (*path, name(child), *keys), child.get("TransactionType")
            if name(child) == "ItemData":
                assert (here in stands) == (how in ("Update", "Remove")), (how, here)
                stamp = child.findtext("{*}AuditRecord/{*}SourceID") or ""
                value = child.get("Value") if child.get("Value") is not None else child.findtext("{*}Value")
                stands[here] = (None if child.get("IsNull") else value, stamp)
                if how == "Remove":
                    del stands[here]
            elif name(child) in ("SubjectData", "StudyEventData", "FormData", "ItemGroupData"):
                assert (here in parts) == (how == "Context"), (how, here)
                parts.add(here)
                go(child, here)

    for data in etree.fromstring(content).iterfind("{*}ClinicalData"):
        go(data, ())
    return stands


@settings(deadline=None, max_examples=60)
@pytest.mark.parametrize("version", ["1.3.2", "2.0"])
@given(steps=histories())
def test_the_transactions_played_in_order_give_what_stands(
    version: str, steps: list[tuple[Place, Columns | None, bool]]
) -> None:
    there = way(version)
    rows = rows_of(steps)
    content, changes = written(there, rows)
    wanted = standing(steps)
    document = settled(read(content))
    assert document.type == "Snapshot"
    found = {
        (v.visit, v.form, v.group, v.row, v.item): v
        for v in Data(there.definition, there.study).of(document).values
        if v.item
    }
    assert found.keys() == wanted.keys()
    for place, value in found.items():
        said = wanted[place]
        assert (value.value, value.null_reason, value.low, value.when) == (
            said["value"], said["null_reason"], said["low"], said["when"],
        )  # fmt: skip
        # 1.3 has no word for a number without a unit: it is in that of the item.
        assert value.unit == said["unit"] or (not said["unit"] and not there.second) or value.null_reason
    stands = played(content)
    values = [each for place, each in stands.items() if not place[-1].endswith(".unit")]
    assert len(values) == len(wanted)
    last = {json.dumps(change.where): str(n) for n, change in enumerate(changes, 1)}
    assert sorted(number for _, number in values) == sorted(last[json.dumps(place)] for place in wanted)
