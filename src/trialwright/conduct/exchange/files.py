"""Which kind of file it is, and its import: ODM of any version, REDCap's ODM or dictionary, tables of records, FHIR
Questionnaires, USDM."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pydantic import ValidationError

from trialwright.conduct.exchange import bring_in, questionnaire_in, redcap_in, usdm_in
from trialwright.conduct.exchange.folder import Brought
from trialwright.formats import json_cursor, odm, questionnaire, redcap, usdm
from trialwright.kernel.errors import InputError

BOMS = {b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}


def bring_in_files(definition: Path, data: Sequence[Path] = ()) -> Brought:
    """A study folder from a file that defines a study, and values from it and others. Raises InputError."""
    try:
        return _bring_in(definition, data)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(str(step) for step in first["loc"])
        raise InputError(f"The study cannot be taken over: {first['msg']} ({place}).", where=definition.name) from None
    except RecursionError:
        raise InputError("The parts are nested too deeply.", where=definition.name) from None


def _bring_in(definition: Path, data: Sequence[Path]) -> Brought:
    content = _plain(read_bytes(definition))
    if _is_json(content):
        return _json(definition, content, data)
    if not _is_xml(content):
        return _dictionary(definition, content, data)
    document = odm.read(content, definition.name)
    if redcap.is_project(document):
        project = redcap.project_of(document)
        table = redcap.table_of(document, project) if document.data else None
        return redcap_in.bring_in(project, _table(data[0]) if data else table)
    return bring_in(document, [odm.read(read_bytes(path), path.name) for path in data])


def _json(path: Path, content: bytes, data: Sequence[Path]) -> Brought:
    found = json_cursor.load(content, path.name)
    if usdm.is_usdm(found):
        if data:
            raise InputError("A USDM study has no data beside it.", where=data[0].name, hint="Import it alone.")
        return usdm_in.bring_in(usdm.read(found, path.name))
    if not questionnaire.is_fhir(found):
        what = "This JSON is neither a FHIR Questionnaire nor a USDM study."
        raise InputError(what, where=path.name, hint="A Questionnaire has 'resourceType', a USDM file 'study'.")
    answers = [questionnaire.read(json_cursor.load(_plain(read_bytes(each)), each.name), each.name) for each in data]
    return questionnaire_in.bring_in(questionnaire.read(found, path.name), answers)


def _dictionary(path: Path, content: bytes, data: Sequence[Path]) -> Brought:
    text = _text(content, path)
    if not redcap.is_dictionary(text):
        what = "This is neither an ODM file, a REDCap dictionary, a FHIR Questionnaire nor a USDM study."
        raise InputError(
            what,
            where=path.name,
            hint="Import ODM or a REDCap project (XML), its dictionary (CSV), a Questionnaire or USDM (JSON).",
        )
    return redcap_in.bring_in(redcap.read_dictionary(text, path.name), _table(data[0]) if data else None)


def _table(path: Path) -> redcap.Table:
    content = read_bytes(path)
    if _is_xml(content):
        raise InputError(
            "Records of a REDCap project are a CSV table.", where=path.name, hint="Export them from REDCap."
        )
    return redcap.read_table(_text(content, path), path.name)


def read_bytes(path: Path) -> bytes:
    """The content of a file. Raises InputError."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise InputError(f"The file cannot be read: {error.strerror}.", where=str(path)) from None


def _plain(content: bytes) -> bytes:
    """JSON that was saved as UTF-16 as what JSON is: UTF-8."""
    coding = next((name for mark, name in BOMS.items() if content.startswith(mark)), "")
    text = content.decode(coding, "replace") if coding and not _is_xml(content) else ""
    return text.encode("utf-8", "replace") if text.lstrip()[:1] in ("{", "[") else content


def _is_json(content: bytes) -> bool:
    """XML begins with an angle, a REDCap dictionary with a name."""
    return content[:400].removeprefix(b"\xef\xbb\xbf").lstrip()[:1] in (b"{", b"[")


def _is_xml(content: bytes) -> bool:
    start = (
        content[:400]
        .replace(b"\0", b"")
        .removeprefix(b"\xef\xbb\xbf")
        .removeprefix(b"\xff\xfe")
        .removeprefix(b"\xfe\xff")
    )
    return start.lstrip().startswith(b"<")


def _text(content: bytes, path: Path) -> str:
    coding = next((name for mark, name in BOMS.items() if content.startswith(mark)), "utf-8-sig")
    try:
        return content.decode(coding)
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise InputError("This is not UTF-8 text.", where=f"{path.name}:{line}", hint="Save it as UTF-8.") from None
