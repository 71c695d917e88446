"""Reads ODM 1.2 to 2.0: the definition of a study, and (in `read_data`) people and captured values."""

from __future__ import annotations

import re
from typing import Any

from trialwright.formats.odm import read_data
from trialwright.formats.odm.document import (
    FORM,
    Alias,
    CodeList,
    CodeListItem,
    Coding,
    Document,
    EventDef,
    Expression,
    Foreign,
    GroupDef,
    ItemDef,
    RangeCheck,
    Ref,
    Rule,
    Study,
    Unit,
    Version,
)
from trialwright.formats.odm.xml import ODM_NAMESPACE, Cursor, Reader, line_of, local, ours, parse
from trialwright.kernel.errors import InputError

ROOTS = ("ODM", "MetaDataVersion")


def read(content: bytes, file: str = "odm.xml") -> Document:
    """Read a file; what the standard has and this reader does not use is noted. Raises InputError with the place."""
    root, notes = parse(content, file)
    if local(root) not in ROOTS or not ours(root):
        what = f"The file begins with '{local(root)}', not with ODM."
        raise InputError(what, where=f"{file}:{line_of(root)}", hint="Is it an ODM file of CDISC?")
    reader = Reader(file)
    cursor = Cursor(root, reader)
    space = ODM_NAMESPACE.match(str(root.tag)[1:])
    version = root.get("ODMVersion") or (space[1] if space else "1.3")
    if cursor.name == "MetaDataVersion":
        only = _version(cursor)
        study = Study(only.oid, only.name, protocol=only.name, versions=(only,))
        notes.append(f"{file}:{cursor.line}: The file begins with MetaDataVersion and does not name its study.")
        return Document(file, version, studies=(study,), notes=(*notes, *reader.notes()))
    return _document(cursor, version, notes)


def _document(cursor: Cursor, version: str, notes: list[str]) -> Document:
    reader = cursor.reader
    about = {
        "oid": cursor.get("FileOID"), "created": cursor.get("CreationDateTime"),
        "type": cursor.get("FileType", "Snapshot"),
        "description": cursor.get("Description") or " ".join(text for _, text in cursor.texts("Description")),
        "system": cursor.get("SourceSystem"), "system_version": cursor.get("SourceSystemVersion"),
    }  # fmt: skip
    cursor.get("ODMVersion")
    studies = tuple(_study(part) for part in cursor.all("Study"))
    admin = tuple(read_data.admin(part) for part in cursor.all("AdminData"))
    data = tuple(read_data.clinical(part) for part in cursor.all("ClinicalData", "ReferenceData"))
    more, foreign, line = cursor.rest()
    return Document(
        reader.file, version, **about, studies=studies, admin=admin, data=data, more=more, foreign=foreign, line=line,
        notes=(*notes, *reader.notes()),
    )  # fmt: skip


def _rest(cursor: Cursor) -> dict[str, Any]:
    more, foreign, line = cursor.rest()
    return {"more": more, "foreign": foreign, "line": line}


def _study(cursor: Cursor) -> Study:
    oid = cursor.need("OID")
    units: tuple[Unit, ...] = ()
    foreign: tuple[Foreign, ...] = ()
    if cursor.get("StudyName"):  # 2.0
        name, protocol = cursor.get("StudyName"), cursor.get("ProtocolName")
        description = " ".join(text for _, text in cursor.texts("Description"))
    else:
        names = cursor.needed("GlobalVariables")
        name = names.needed("StudyName").text()
        description = names.words("StudyDescription")
        protocol = names.words("ProtocolName")
        foreign = names.rest()[1]
        basics = cursor.one("BasicDefinitions")
        if basics:
            units = tuple(_unit(part) for part in basics.all("MeasurementUnit"))
            basics.rest()
    versions = tuple(_version(part) for part in cursor.all("MetaDataVersion"))
    rest = _rest(cursor)
    return Study(oid, name, description, protocol, units, versions, **{**rest, "foreign": (*foreign, *rest["foreign"])})


def _aliases(cursor: Cursor) -> tuple[Alias, ...]:
    return tuple(Alias(part.get("Context"), part.get("Name")) for part in cursor.all("Alias"))


def _codings(cursor: Cursor) -> tuple[Coding, ...]:
    return tuple(Coding(part.get("Code"), part.get("System"), part.get("Label")) for part in cursor.all("Coding"))


def _unit(cursor: Cursor) -> Unit:
    oid = cursor.need("OID")
    return Unit(oid, cursor.get("Name") or oid, cursor.texts("Symbol"), _aliases(cursor), **_rest(cursor))


def _version(cursor: Cursor) -> Version:
    include = cursor.one("Include")
    protocol = cursor.one("Protocol")
    forms = [_group(part, FORM) for part in cursor.all("FormDef")]
    groups = [_group(part, part.get("Type")) for part in cursor.all("ItemGroupDef")]
    events = tuple(_event(part) for part in cursor.all("StudyEventDef"))
    members = {part.get("OID"): _event_refs(part) for part in cursor.all("StudyEventGroupDef")}
    found = Version(
        cursor.get("OID"),
        cursor.get("Name"),
        cursor.texts("Description") or _one_text(cursor.get("Description")),
        (include.get("StudyOID"), include.get("MetaDataVersionOID")) if include else None,
        _plan(protocol, members) if protocol else (),
        protocol.texts("Description") if protocol else (),
        _aliases(protocol) if protocol else (),
        events,
        (*forms, *groups),
        tuple(_item(part) for part in cursor.all("ItemDef")),
        tuple(_code_list(part) for part in cursor.all("CodeList")),
        tuple(_rule(part) for part in cursor.all("ConditionDef")),
        tuple(_rule(part) for part in cursor.all("MethodDef")),
        **_rest(cursor),
    )
    if protocol:
        protocol.rest()
    return found


def _one_text(text: str) -> tuple[tuple[str, str], ...]:
    return (("", text),) if text else ()


def _plan(protocol: Cursor, members: dict[str, list[Ref]]) -> tuple[Ref, ...]:
    """The events of the protocol; a group of events stands for its members."""
    found: list[Ref] = []
    for part in protocol.all("StudyEventRef", "StudyEventGroupRef"):
        if part.name == "StudyEventRef":
            found.append(_ref(part, "event", "StudyEventOID"))
        else:
            found += members.get(part.get("StudyEventGroupOID"), [])
    return tuple(found)


def _event_refs(cursor: Cursor) -> list[Ref]:
    return [_ref(part, "event", "StudyEventOID") for part in cursor.all("StudyEventRef")]


def _ref(cursor: Cursor, kind: str, attribute: str) -> Ref:
    return Ref(
        kind, cursor.need(attribute), cursor.yes("Mandatory"), cursor.get("OrderNumber"),
        cursor.get("CollectionExceptionConditionOID"), cursor.get("MethodOID"), cursor.get("UnitsItemOID"),
        **_rest(cursor),
    )  # fmt: skip


_REFS = {"FormRef": ("group", "FormOID"), "ItemGroupRef": ("group", "ItemGroupOID"), "ItemRef": ("item", "ItemOID")}


def _refs(cursor: Cursor, *names: str) -> tuple[Ref, ...]:
    """References in the order of their numbers, where all have one; else of the file."""
    found = [_ref(part, *_REFS[part.name]) for part in cursor.all(*names)]
    if found and all(re.fullmatch(r"[0-9]{1,9}", ref.order) for ref in found):
        found.sort(key=lambda ref: int(ref.order))
    return tuple(found)


def _event(cursor: Cursor) -> EventDef:
    oid = cursor.need("OID")
    return EventDef(
        oid, cursor.get("Name") or oid, cursor.yes("Repeating"), cursor.get("Type", "Common"),
        cursor.texts("Description"), _refs(cursor, "FormRef", "ItemGroupRef"), _aliases(cursor), **_rest(cursor),
    )  # fmt: skip


def _group(cursor: Cursor, kind: str) -> GroupDef:
    oid = cursor.need("OID")
    return GroupDef(
        oid, cursor.get("Name") or oid, cursor.get("Repeating", "No"), kind, cursor.texts("Description"),
        _refs(cursor, *_REFS), _aliases(cursor), _codings(cursor), **_rest(cursor),
    )  # fmt: skip


def _item(cursor: Cursor) -> ItemDef:
    oid, code_list = cursor.need("OID"), cursor.one("CodeListRef")
    return ItemDef(
        oid,
        cursor.get("Name") or oid,
        cursor.get("DataType", "text"),
        cursor.get("Length"),
        cursor.get("SignificantDigits"),
        cursor.texts("Description"),
        cursor.texts("Question"),
        cursor.texts("Prompt"),
        cursor.texts("CRFCompletionInstructions"),
        tuple(part.get("MeasurementUnitOID") for part in cursor.all("MeasurementUnitRef")),
        tuple(_range(part) for part in cursor.all("RangeCheck")),
        code_list.get("CodeListOID") if code_list else "",
        _aliases(cursor),
        _codings(cursor),
        **_rest(cursor),
    )


def _range(cursor: Cursor) -> RangeCheck:
    unit = cursor.one("MeasurementUnitRef")
    return RangeCheck(
        cursor.get("Comparator"), cursor.get("SoftHard"), tuple(part.text() for part in cursor.all("CheckValue")),
        _expressions(cursor), cursor.texts("ErrorMessage"), unit.get("MeasurementUnitOID") if unit else "",
        **_rest(cursor),
    )  # fmt: skip


def _expressions(cursor: Cursor) -> tuple[Expression, ...]:
    found = []
    for part in cursor.all("FormalExpression"):
        code = part.one("Code")
        found.append(Expression(part.get("Context"), (code or part).text().strip()))
    return tuple(found)


def _code_list(cursor: Cursor) -> CodeList:
    oid, external = cursor.need("OID"), cursor.one("ExternalCodeList")
    items = tuple(_code(part) for part in cursor.all("CodeListItem", "EnumeratedItem"))
    found = (external.get("Dictionary"), external.get("Version")) if external else None
    return CodeList(
        oid, cursor.get("Name") or oid, cursor.get("DataType", "text"), items, found, cursor.texts("Description"),
        _aliases(cursor), **_rest(cursor),
    )  # fmt: skip


def _code(cursor: Cursor) -> CodeListItem:
    return CodeListItem(
        cursor.get("CodedValue"), cursor.texts("Decode"), _aliases(cursor), _codings(cursor), **_rest(cursor)
    )


def _rule(cursor: Cursor) -> Rule:
    oid = cursor.need("OID")
    for signature in cursor.all("MethodSignature"):  # demanded by 2.0, and empty where nobody passes arguments
        signature.rest()
    return Rule(
        oid, cursor.get("Name") or oid, cursor.get("Type"), cursor.texts("Description"), _expressions(cursor),
        _aliases(cursor), **_rest(cursor),
    )  # fmt: skip
