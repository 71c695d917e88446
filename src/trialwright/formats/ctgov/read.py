"""Reads one record: API v2 JSON, or the text of the portal's page. What is no record is answered with a sentence."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, NoReturn

from trialwright.formats.ctgov.portal import is_page, read_page
from trialwright.formats.ctgov.record import StudyRecord
from trialwright.kernel.errors import InputError

_NUMBER = re.compile(r"NCT\d{8}", re.IGNORECASE)
LARGEST = 64 * 1024 * 1024
"""Bytes; the largest real records have about 10 MB."""


def is_record_file(name: str) -> bool:
    """Whether `name` is the path of a file (and not, say, the id of a study)."""
    try:
        return Path(name).expanduser().is_file()
    except OSError:  # a name longer than a file system allows
        return False


def read_record(path: str | Path) -> StudyRecord:
    """Read a record from a file. Raises InputError."""
    file = Path(path).expanduser()
    if not is_record_file(str(path)):
        raise InputError(
            "There is no such file.", where=str(path), hint="Give a record's JSON file or its page as text."
        )
    if file.stat().st_size > LARGEST:
        raise InputError(f"The file is larger than {LARGEST // 1024**2} MB.", where=str(path), hint="Give one record.")
    try:
        text = file.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise InputError(f"The file cannot be read: {error.strerror}.", where=str(path)) from None
    except UnicodeDecodeError:
        raise InputError(
            "This is not UTF-8 text.", where=str(path), hint="Give the record as JSON or as text."
        ) from None
    return parse_record(text, str(path))


def parse_record(text: str, where: str = "record") -> StudyRecord:
    """Read a record from text; `where` names it in errors. Raises InputError."""
    data = read_page(text, where) if is_page(text) else _json(text, where)
    try:
        return StudyRecord.of(one_record(data, where))
    except InputError as error:
        raise InputError(error.what, where=error.where or where, hint=error.hint) from None


def _json(text: str, where: str) -> Any:
    if not text.strip():
        raise InputError("The file is empty.", where=where, hint="Give a record's JSON or its page as text.")
    try:
        return json.loads(text, parse_constant=lambda name: _no_number(name, where))
    except json.JSONDecodeError as error:
        place = f"{where}:{error.lineno}"
        if text.lstrip()[0] not in "{[":
            raise InputError(
                "This is not JSON, nor a registry page.", where=place, hint="A record begins with '{'."
            ) from None
        if error.msg == "Extra data":
            raise InputError(
                "Another value follows the record.", where=place, hint="Give one record in a file."
            ) from None
        if error.pos >= len(text.rstrip()) or error.msg.startswith("Unterminated string"):
            raise InputError(
                "The file ends in the middle of the record.", where=place, hint="Fetch it again."
            ) from None
        raise InputError(
            f"This is not JSON: {error.msg}.", where=place, hint=f"Look at column {error.colno}."
        ) from None
    except RecursionError:
        raise InputError("The parts are nested too deep for a record.", where=where) from None


def _no_number(name: str, where: str) -> NoReturn:
    raise InputError(f"'{name}' is not a JSON number.", where=where, hint="Write a number or leave the value out.")


def one_record(data: Any, where: str) -> dict[str, Any]:
    """The record in `data`; a search answer with exactly one record is one too."""
    if isinstance(data, dict) and isinstance(data.get("studies"), list):
        studies = data["studies"]
        if len(studies) != 1:
            raise InputError(
                f"This is a search answer with {len(studies)} records.", where=where, hint="Give one record."
            )
        data = studies[0]
    if isinstance(data, list):
        raise InputError(f"This is a list of {len(data)}, not one record.", where=where, hint="Give one record.")
    if not isinstance(data, dict) or not isinstance(data.get("protocolSection"), dict):
        keys = f" It has {', '.join(list(map(str, data))[:5])}." if isinstance(data, dict) and data else ""
        what = f"This JSON is not a registry record: it has no protocolSection.{keys}"
        raise InputError(what, where=where, hint="Give a record as the registry's API version 2 writes it.")
    identification = data["protocolSection"].get("identificationModule")
    if not isinstance(identification, dict) or not identification.get("nctId"):
        what = "The record does not say its number: protocolSection.identificationModule.nctId is missing."
        raise InputError(what, where=where, hint="Is the record complete?")
    number = identification["nctId"]
    if not isinstance(number, str) or not _NUMBER.fullmatch(number.strip()):
        shown = f"'{number}'" if isinstance(number, str | int | float) else "no text"
        what = f"protocolSection.identificationModule.nctId is {shown}, which is no registry number."
        raise InputError(what, where=where, hint="Write NCT and eight digits, as text.")
    return data
