"""What the tables of an export mean: a row for each column, one for each code, and a README."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from trialwright.conduct.export.reading import Scope
from trialwright.conduct.export.sheets import Archive, Cell, Column
from trialwright.conduct.export.tables import LONG, Counted, WideForm, columns, write_long, write_wide
from trialwright.conduct.export.told import Told, sdtm_of
from trialwright.kernel import units
from trialwright.study.items import Item

SHAPES = ("both", "wide", "long")
HEADER = ("table", "column", "kind", "meaning", "item", "type", "unit", "units", "codes", "derived", "sdtm")
CODES = ("item", "label", "code", "meaning", "submission")


def write_tables(
    file: Path, scope: Scope, told: Told, count: Counted, *, shape: str = "both", bom: bool = False
) -> None:
    """The archive: tables as CSV, or as Parquet where `told.typed`, with dictionary, code lists and README."""
    with Archive(file, "parquet" if told.typed else "csv", bom=bom) as archive:
        if shape != "wide":
            write_long(archive, scope, told, count)
        wide = write_wide(archive, scope, told, count) if shape != "long" else []
        with archive.csv("dictionary", HEADER) as sheet:
            if shape != "wide":
                names = LONG if told.typed else tuple(name for name in LONG if name != "number")
                sheet.write(_lines(told, "long", columns(names, told), scope))
            for each in wide:
                sheet.write(_lines(told, f"wide/{each.form}", each.columns(), scope))
        with archive.csv("code_lists", CODES) as sheet:
            sheet.write(_codes(scope, told))
        archive.text("README.txt", readme(scope, told, wide))


def items_of(scope: Scope) -> Iterator[Item]:
    """Every item of any version, the newest reading of each, in the order of the newest definition."""
    newest = {item.id: item for layout in scope.layouts.values() for item in layout.study.items}
    newest |= scope.study.item_by_id
    yield from newest.values()


def _lines(told: Told, table: str, columns: Iterable[Column], scope: Scope) -> Iterator[list[Cell]]:
    known = {item.id: item for item in items_of(scope)}
    for column in columns:
        line: list[Cell] = [table, column.name, column.kind, told.say(column.meaning)]
        item = known.get(column.item) if not column.part else None
        yield [*line, *(_about(item) if item else (column.item, "", "", "", "", "", ""))]


def _about(item: Item) -> Iterator[Cell]:
    yield item.id
    yield item.type
    yield item.unit
    yield " ".join(item.units)
    yield "; ".join(choice.code for choice in item.choices)
    yield item.derive or ""
    yield sdtm_of(item)


def _codes(scope: Scope, told: Told) -> Iterator[list[Cell]]:
    for item in items_of(scope):
        label = told.say(item.label)
        if item.type in ("boolean", "judgement"):
            for code in ("true", "false"):
                yield [item.id, label, code, told.value(item, code), ""]
        for choice in item.choices:
            yield [item.id, label, choice.code, told.say(choice.label), choice.submission or choice.code.upper()]
        for unit in (item.unit, *item.units) if item.units else ():
            yield [f"{item.id}.unit", label, unit, units.show(unit), ""]


def readme(scope: Scope, told: Told, wide: list[WideForm]) -> str:
    """What the archive holds, for people."""
    trial = scope.trial
    when = trial.latest.isoformat(timespec="seconds") if trial.latest else ""
    title = told("readme.title", study=scope.study.id, version=trial.version)
    lines = [title, "=" * len(title), ""]
    lines += [told("readme.virtual")] if trial.virtual else []
    lines += [told("readme.state", when=when, events=trial.sequence, head=trial.head)]
    lines += [told("readme.who", who=scope.by.name, sites=", ".join(scope.sites))]
    lines += [told("readme.hidden", items=", ".join(sorted(scope.hidden)))] if scope.hidden else []
    lines += ["", told("readme.tables"), "", told("readme.long"), told("readme.wide")]
    lines += [told("readme.numbers")] if told.typed else []
    lines += [told("readme.dictionary"), "", told("readme.csv"), ""]
    return "\r\n".join(lines)
