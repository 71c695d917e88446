"""REDCap: the data dictionary, the project as REDCap's own ODM, and the table of records that REDCap exports."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from trialwright.formats.odm.document import Document, EventDef, Foreign, GroupData, GroupDef, ItemDef, SubjectData
from trialwright.kernel.errors import InputError, nearest

NAMESPACE = "https://projectredcap.org"
COLUMNS = (
    "name", "form", "header", "type", "label", "choices", "note", "validation", "low", "high", "identifier",
    "branching", "required", "alignment", "number", "matrix", "ranking", "annotation",
)  # fmt: skip
"""Columns of a data dictionary in their order, by our names."""
_TITLES = {
    "variablefieldname": "name", "fieldname": "name", "formname": "form", "sectionheader": "header",
    "fieldtype": "type", "fieldlabel": "label", "choicescalculationsorsliderlabels": "choices",
    "choicesorcalculations": "choices", "selectchoicesorcalculations": "choices", "fieldnote": "note",
    "textvalidationtypeorshowslidernumber": "validation", "textvalidationmin": "low", "textvalidationmax": "high",
    "identifier": "identifier", "branchinglogic": "branching", "branchinglogicshowfieldonlyif": "branching",
    "requiredfield": "required", "customalignment": "alignment", "questionnumber": "number",
    "questionnumbersurveysonly": "number", "matrixgroupname": "matrix", "matrixranking": "ranking",
    "fieldannotation": "annotation",
}  # fmt: skip
"""Titles by their letters, of the file that people download and of the API; in other languages they stand in order."""
LONGEST_FORM = 64
"""Characters of a form's name in REDCap."""
_DELIMITERS = ",;\t|^"
"""What REDCap and spreadsheets put between cells."""
TYPES = frozenset({
    "text", "notes", "radio", "dropdown", "checkbox", "yesno", "truefalse", "calc", "slider", "file", "descriptive",
    "sql",
})  # fmt: skip
LARGEST = 50_000_000
"""Characters of a table."""
EVENT, INSTRUMENT, INSTANCE = "redcap_event_name", "redcap_repeat_instrument", "redcap_repeat_instance"
_QUOTED = re.compile(r'[",\\\s]')


@dataclass(frozen=True, slots=True)
class Field:
    """One line of a dictionary, as text."""

    name: str
    form: str
    header: str = ""
    type: str = "text"
    label: str = ""
    choices: str = ""
    """Choices, or the formula of a calculated field."""
    note: str = ""
    validation: str = ""
    low: str = ""
    high: str = ""
    identifier: str = ""
    branching: str = ""
    required: str = ""
    alignment: str = ""
    number: str = ""
    matrix: str = ""
    ranking: str = ""
    annotation: str = ""
    line: int = field(default=0, compare=False)

    @property
    def codes(self) -> tuple[tuple[str, str], ...]:
        """(code, label) of each choice."""
        parts = (part.split(",", 1) for part in self.choices.split("|") if part.strip())
        return tuple((part[0].strip(), (part[1] if len(part) > 1 else part[0]).strip()) for part in parts)


@dataclass(frozen=True, slots=True)
class Event:
    """`name` is the unique one. `forms` empty: not known. Days count from the start of the arm."""

    name: str
    label: str
    arm: str = "1"
    day: int = 0
    before: int = 0
    after: int = 0
    forms: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Project:
    """`repeating`: forms that are filled in again and again at one event."""

    file: str
    title: str
    fields: tuple[Field, ...]
    events: tuple[Event, ...] = ()
    repeating: frozenset[str] = frozenset()
    notes: tuple[str, ...] = ()

    @property
    def record(self) -> str:
        """The field that names the record: the first one."""
        return self.fields[0].name

    @property
    def forms(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(each.form for each in self.fields))


@dataclass(frozen=True, slots=True)
class Table:
    """A table of records: texts as they stand in the file."""

    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def is_dictionary(text: str) -> bool:
    """Whether a table is a data dictionary: by its titles, else by the types of its fields."""
    try:
        rows = [row for _, row in islice(_rows(text, ""), 2)]
    except InputError:
        titles = text.lstrip("\ufeff").partition("\n")[0].replace('"', "")
        return _columns(re.split(f"[{re.escape(_DELIMITERS)}]", titles)) is not None
    return _columns(*rows) is not None


def _columns(titles: Sequence[str] = (), first: Sequence[str] = ()) -> list[str] | None:
    """What each column holds, by our names ("" where nobody knows); None where the table is no dictionary."""
    named = [_TITLES.get("".join(filter(str.isalpha, title.lower())), "") for title in titles]
    if {"form", "type"} <= set(named):
        if all(name in ("", own) for name, own in zip(named, COLUMNS, strict=False)):
            named = [name or own for name, own in zip(named, COLUMNS, strict=False)]
        return named if "name" in named else ["name", *named[1:]]
    in_order = len(first) >= 4 and first[3].strip().lower() in TYPES and re.fullmatch(r"[A-Za-z]\w*", first[0].strip())
    return list(COLUMNS[: len(titles)]) if in_order and len(titles) > 9 else None


def read_dictionary(text: str, file: str) -> Project:
    """Read a data dictionary. Raises InputError with file and line."""
    rows = list(_rows(text, file))
    columns = _columns(*(row for _, row in rows[:2])) or list(COLUMNS)
    strange = _strange(rows[0][1], columns) if rows else []
    notes = [f"{file}:1: The column '{title}' is none of a dictionary's and is not read." for title in strange]
    fields: list[Field] = []
    for line, row in rows[1:]:
        if any(cell.strip() for cell in row):
            fields.append(_line(row, columns, f"{file}:{line}", notes, form=fields[-1].form if fields else ""))
    if not fields:
        raise InputError("The dictionary names no field.", where=file)
    seen: set[str] = set()
    for each in fields:
        if each.name in seen:
            raise InputError(f"The field '{each.name}' is defined twice.", where=f"{file}:{each.line}")
        seen.add(each.name)
    return Project(file, file.rpartition(".")[0] or file, tuple(fields), notes=tuple(notes))


def _strange(titles: Sequence[str], columns: Sequence[str]) -> list[str]:
    return [title.strip()[:40] for title, name in zip(titles, columns, strict=False) if not name and title.strip()]


def _line(row: Sequence[str], columns: Sequence[str], where: str, notes: list[str], *, form: str) -> Field:
    """One field. Names become what REDCap makes of them; `form` is that of the line before."""
    cells = {name: cell for name, cell in zip(columns, row, strict=False) if name}
    said: Any = {name: cell if name == "label" else cell.strip() for name, cell in cells.items()}
    name = _plain(said.get("name", ""))
    if len(row) < 4 or not re.fullmatch(r"[A-Za-z][A-Za-z0-9_ -]*", said.get("name", "")):
        what = f"'{said.get('name', '')[:40]}' is not the name of a field."
        raise InputError(what, where=where, hint="A dictionary has 18 columns; the first is the field's name.")
    if name != said["name"].lower():
        notes.append(f"{where}: The field '{said['name'][:40]}' is called '{name}' here.")
    held = (_plain(said.get("form", "")) or form or "form")[:LONGEST_FORM].rstrip("_")
    if not said.get("form"):
        notes.append(f"{where}: Field {name}: it names no form and stands on '{held}'.")
    kind = said.get("type", "").lower()
    known = {"name": name, "form": held if held[0].isalpha() else f"form_{held}", "type": _TYPES.get(kind, kind)}
    return Field(**{**said, **known}, line=int(where.rpartition(":")[2]))


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9_]+", "_", name.lower()).strip("_") if not re.fullmatch(r"[a-z0-9_]+", name) else name


def _rows(text: str, file: str) -> Iterator[tuple[int, list[str]]]:
    if len(text) > LARGEST:
        raise InputError("The table is too large.", where=file, hint="Split it by records.")
    plain = text.removeprefix("\ufeff")
    first = re.sub(r'"[^"]*"', "", plain.partition("\n")[0])
    between = max(_DELIMITERS, key=first.count)
    try:
        yield from list(_cells(plain, between, file, strict=True))
    except InputError:
        found = list(_cells(plain, between, file, strict=False))
        if len({len(row) for _, row in found if row}) != 1:
            raise
        yield from found  # a quote inside a quoted cell was not doubled, and every row has its cells all the same


def _cells(text: str, between: str, file: str, *, strict: bool) -> Iterator[tuple[int, list[str]]]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=between, strict=strict)
    line = 1
    try:
        for row in reader:
            yield line, row
            line = reader.line_num + 1
    except csv.Error as error:
        raise InputError(f"This is not a table of separated values: {error}.", where=f"{file}:{line}") from None


def read_table(text: str, file: str) -> Table:
    """Read a table of records. Raises InputError with file and line where a row does not fit the header."""
    rows = [(line, row) for line, row in _rows(text, file) if row]
    if not rows:
        return Table((), ())
    header = tuple(rows[0][1])
    odd = next((line for line, row in rows if len(row) != len(header)), None)
    if odd:
        raise InputError(f"The row does not have the {len(header)} cells of the header.", where=f"{file}:{odd}")
    return Table(header, tuple(tuple(row) for _, row in rows[1:]))


def write_table(table: Table) -> str:
    """As REDCap writes it: a cell with a blank, comma, quote, backslash or line break is quoted."""
    lines = [",".join(_cell(cell) for cell in row) for row in ((table.header, *table.rows) if table.header else ())]
    return "".join(f"{line}\n" for line in lines) or "\n"


def _cell(text: str) -> str:
    return '"' + text.replace('"', '""') + '"' if _QUOTED.search(text) else text


# --- REDCap's own ODM -----------------------------------------------------------------------------------------------


def is_project(document: Document) -> bool:
    """Whether an ODM file is a REDCap project."""
    return document.system == "REDCap" and bool(document.studies) and bool(document.studies[0].versions)


_VALIDATIONS = {"int": "integer", "float": "number"}
_TYPES = {"select": "dropdown", "textarea": "notes"}


def project_of(document: Document) -> Project:
    """The project in REDCap's own ODM. Raises InputError where it defines no field."""
    study = document.studies[0]
    version = study.versions[0]
    items = {item.oid: item for item in version.items}
    groups: dict[str, list[GroupDef]] = {}
    for group in version.groups:
        groups.setdefault(group.oid, []).append(group)
    fields: dict[str, Field] = {}
    for form in (group for group in version.groups if group.type == "Form"):
        name = form.vendor("FormName") or form.oid.removeprefix("Form.")
        for oid in dict.fromkeys(ref.oid for ref in form.refs):
            for ref in (ref for group in groups.get(oid, []) for ref in group.refs):
                item = items.get(ref.oid)
                if item is not None and item.vendor("FieldType"):
                    found = _field(item, name, _choices_of(item, document))
                    fields.setdefault(found.name, found)
    kept = tuple(each for each in fields.values() if each.name != f"{each.form}_complete")
    if not kept:
        raise InputError("The project defines no field.", where=document.file)
    events = tuple(map(_event, version.events))
    repeating = frozenset(_repeating(study.foreign))
    return Project(document.file, study.name, kept, events, repeating, document.notes)


def _event(event: EventDef) -> Event:
    day, before, after = (_number(event.vendor(name)) for name in ("DayOffset", "OffsetMin", "OffsetMax"))
    name = event.vendor("UniqueEventName") or event.oid.removeprefix("Event.")
    forms = tuple(ref.oid.removeprefix("Form.") for ref in event.refs)
    label = event.vendor("EventName") or event.name
    return Event(name, label, event.vendor("ArmNum") or "1", day, before, after, forms)


def _number(text: str) -> int:
    return int(text) if re.fullmatch(r"-?\d{1,6}", text) else 0


def _repeating(parts: Iterable[Foreign]) -> Iterator[str]:
    for part in parts:
        if part.tag.endswith("}RepeatingInstrument"):
            yield dict(part.attributes).get(f"{{{NAMESPACE}}}RepeatInstrument", "")
        yield from _repeating(part.children)


def _choices_of(item: ItemDef, document: Document) -> str:
    version = document.studies[0].versions[0]
    found = next((each for each in version.code_lists if each.oid == item.code_list), None)
    if found is None:
        return item.vendor("Calculation")
    boxes = found.vendor("CheckboxChoices")
    return boxes or " | ".join(
        f"{code.code}, {code.decode[0][1] if code.decode else code.code}" for code in found.items
    )


def _field(item: ItemDef, form: str, choices: str) -> Field:
    kind = item.vendor("FieldType")
    ends = {check.comparator: check.values[0] for check in item.ranges if check.values}
    validation = item.vendor("TextValidationType")
    label = item.question[0][1] if item.question else ""
    return Field(
        item.vendor("Variable") or item.oid, form, item.vendor("SectionHeader"), _TYPES.get(kind, kind), label, choices,
        item.vendor("FieldNote"), _VALIDATIONS.get(validation, validation), ends.get("GE", ""), ends.get("LE", ""),
        item.vendor("Identifier"), item.vendor("BranchingLogic"), item.vendor("RequiredField"),
        item.vendor("CustomAlignment"), item.vendor("QuestionNumber"), item.vendor("MatrixGroupName"), "",
        item.vendor("FieldAnnotation"), line=item.line,
    )  # fmt: skip


def table_of(document: Document, project: Project) -> Table:
    """The records in REDCap's own ODM as the table that REDCap would export."""
    rows: dict[tuple[str, str, str, str], dict[str, str]] = {}
    for data in document.data:
        for subject in data.subjects:
            for event, form in _forms(subject):
                name = form.oid.removeprefix("Form.")
                repeats = name in project.repeating
                place = (subject.key, event, name if repeats else "", form.repeat if repeats else "")
                cells = rows.setdefault(place, {})
                for group in form.groups:
                    for item in group.items:
                        cells[item.oid] = item.vendor("DocName") or (item.values[0] if item.values else "")
    header = header_of(project)
    order = {event.name: number for number, event in enumerate(project.events)}
    found = []
    for place, cells in rows.items():
        keys = {project.record: place[0], EVENT: place[1], INSTRUMENT: place[2], INSTANCE: place[3]}
        found.append((order.get(place[1], 0), tuple({**cells, **keys}.get(name, "") for name in header)))
    return Table(header, tuple(row for _, row in found)) if found else Table((), ())


def _forms(subject: SubjectData) -> Iterator[tuple[str, GroupData]]:
    yield from (("", form) for form in subject.groups)
    for event in subject.events:
        yield from ((event.oid.removeprefix("Event."), form) for form in event.groups)


def header_of(project: Project) -> tuple[str, ...]:
    """The columns in REDCap's order: a box of a checkbox is one, a form ends with its status."""
    found = [project.record]
    found += [EVENT] if project.events else []
    found += [INSTRUMENT, INSTANCE] if project.repeating else []
    for form in project.forms:
        for each in project.fields:
            if each.form == form and each.name != project.record:
                found += columns_of(each)
        found.append(f"{form}_complete")
    return tuple(found)


def columns_of(each: Field) -> list[str]:
    if each.type == "descriptive":
        return []
    if each.type == "checkbox":
        return [f"{each.name}___{box(code)}" for code, _ in each.codes]
    return [each.name]


def box(code: str) -> str:
    """A code as it stands in the name of its column: `-1` is `_1`."""
    return code.lower().replace("-", "_")


def unknown(column: str, project: Project) -> str:
    """The sentence for a column that the project does not define."""
    return f"The column '{column}' belongs to no field; {nearest(column, header_of(project))}"
