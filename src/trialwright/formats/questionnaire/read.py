"""Reads Questionnaires, their responses, value sets beside them, and Bundles of these."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from trialwright.formats.json_cursor import Cursor, Json, Notes
from trialwright.formats.questionnaire import addresses as at
from trialwright.formats.questionnaire.document import (
    Answer,
    Coding,
    Condition,
    Constraint,
    Document,
    Expression,
    Given,
    Item,
    Option,
    Questionnaire,
    Response,
    ResponseItem,
    Texts,
    ValueSet,
)
from trialwright.formats.questionnaire.value_sets import score_of, value_sets
from trialwright.kernel.errors import InputError

DEEPEST = 100
"""Levels of items in items that are read."""
KINDS = ("Questionnaire", "QuestionnaireResponse", "Bundle")
_READ = frozenset({
    "linkId", "type", "text", "prefix", "required", "repeats", "readOnly", "maxLength", "answerOption", "option",
    "answerValueSet", "options", "enableWhen", "enableBehavior", "initial", "code", "item", "extension", "definition",
    "answerConstraint", "disabledDisplay", "id",
})  # fmt: skip
_EXTENSIONS = frozenset({
    at.HIDDEN, at.CONTROL, at.CATEGORY, at.UNIT, at.UNIT_OPTION, at.CONSTRAINT, at.TARGET_CONSTRAINT, at.LOW, at.HIGH,
    at.DECIMALS, at.VARIABLE, at.CALCULATED, at.ENABLE_WHEN, at.LOW_QUANTITY, at.HIGH_QUANTITY, at.TRANSLATION,
})  # fmt: skip
_TYPES = {
    "Coding": "coding", "String": "string", "Integer": "integer", "Decimal": "decimal", "Boolean": "boolean",
    "Date": "date", "DateTime": "dateTime", "Time": "time", "Quantity": "quantity", "Reference": "reference",
    "Uri": "uri", "Url": "uri", "Attachment": "attachment", "Instant": "dateTime", "Code": "string",
    "Markdown": "string", "CodeableConcept": "concept", "Integer64": "integer", "Canonical": "uri", "Id": "string",
}  # fmt: skip


def is_fhir(found: Json) -> bool:
    return isinstance(found.get("resourceType"), str)


def read(found: Json, file: str) -> Document:
    """What a file of the kinds named in `KINDS` holds. Raises InputError for others, and for one that holds none."""
    kind = found.get("resourceType")
    if kind not in KINDS:
        hint = "Import a Questionnaire, or a Bundle with one."
        raise InputError(f"This is a FHIR resource of the kind '{str(kind)[:40]}'.", where=file, hint=hint)
    notes = Notes(file)
    resources = list(_resources(Cursor(found, notes)))
    sets = value_sets([part for part in resources if part.text("resourceType") in ("ValueSet", "CodeSystem")])
    questionnaires = [_questionnaire(part, sets) for part in resources if _is(part, "Questionnaire")]
    responses = [_response(part) for part in resources if _is(part, "QuestionnaireResponse")]
    if not questionnaires and not responses:
        raise InputError("The Bundle holds no Questionnaire.", where=file, hint="Name a file that does.")
    return Document(file, tuple(questionnaires), tuple(responses), notes.all())


def _is(part: Cursor, kind: str) -> bool:
    return part.data.get("resourceType") == kind


def _resources(root: Cursor) -> Iterator[Cursor]:
    if not _is(root, "Bundle"):
        yield root
        return
    for entry in root.all("entry"):
        resource = entry.one("resource")
        if resource is not None:
            yield resource


def texts(cursor: Cursor, name: str, language: str = "") -> Texts:
    """A text with the translations that stand beside it."""
    plain = cursor.text(name)
    found = [(language, plain)] if plain else []
    beside = cursor.one(f"_{name}") if f"_{name}" in cursor.data else None
    for extension in _extensions(beside, at.TRANSLATION) if beside else ():
        said = {part.text("url"): part for part in extension.all("extension")}
        if "lang" in said and "content" in said:
            tag = said["lang"].text("valueCode") or said["lang"].text("valueString")
            content = said["content"].text("valueString") or said["content"].text("valueMarkdown")
            found += [(tag, content)] if tag and content else []
    return tuple(found)


def _extensions(cursor: Cursor, *urls: str) -> Iterator[Cursor]:
    for extension in cursor.all("extension") if "extension" in cursor.data else ():
        if extension.data.get("url") in urls:
            yield extension


def _questionnaire(cursor: Cursor, beside: tuple[ValueSet, ...]) -> Questionnaire:
    language = cursor.text("language")
    contained = [part for part in cursor.all("contained") if part.text("resourceType") in ("ValueSet", "CodeSystem")]
    items = tuple(_item(part, language, 1) for part in cursor.all("item"))
    known = {"url", "resourceType"} | _EXTENSIONS | at.SHOWN
    other = (str(part.data.get("url", "")) for part in cursor.all("extension"))
    return Questionnaire(
        cursor.text("id"), cursor.text("url"), cursor.text("name"), texts(cursor, "title", language),
        cursor.text("version"), cursor.text("date"), cursor.text("status"), language, _release(items, cursor),
        cursor.text("description"), _variables(cursor), _constraints(cursor, language), items,
        (*value_sets(contained), *beside), tuple(url for url in dict.fromkeys(other) if url not in known),
    )  # fmt: skip


def _release(items: tuple[Item, ...], cursor: Cursor) -> str:
    """The release that the words used belong to; R4 where they say nothing."""
    said = re.search(r"fhirVersion.{1,40}?\b(3|4|5)\.", str(cursor.data.get("meta", "")))
    if said:
        return {"3": "STU3", "4": "R4", "5": "R5"}[said[1]]
    waiting = list(cursor.all("item"))
    while waiting:
        part = waiting.pop()
        if part.data.get("type") in ("coding", "question") or "answerConstraint" in part.data:
            return "R5"
        if "option" in part.data or isinstance(part.data.get("options"), dict):
            return "STU3"
        waiting += part.all("item") if "item" in part.data else ()
    return "R4"


def _item(cursor: Cursor, language: str, depth: int) -> Item:
    if depth > DEEPEST:
        what = f"Items are nested more than {DEEPEST} levels deep."
        raise InputError(what, where=cursor.notes.file, hint="Bring them to fewer levels.")
    kind, more = cursor.text("type"), {str(part.data.get("url", "")) for part in cursor.all("extension")}
    unknown = {url for url in more if url not in _EXTENSIONS | at.SHOWN}
    options = [*cursor.all("answerOption"), *(cursor.all("option") if "option" in cursor.data else ())]
    return Item(
        cursor.text("linkId"), {"coding": "choice"}.get(kind, kind), texts(cursor, "text", language),
        cursor.text("prefix"), cursor.flag("required"), cursor.flag("repeats"), cursor.flag("readOnly"),
        _flag(cursor, at.HIDDEN), cursor.whole("maxLength"), _whole(cursor, at.DECIMALS),
        kind == "open-choice" or cursor.text("answerConstraint") in ("optionsOrType", "optionsOrString"),
        _value_set(cursor), tuple(filter(None, (_option(part, language) for part in options))),
        tuple(filter(None, (_condition(part) for part in cursor.all("enableWhen")))), cursor.text("enableBehavior"),
        next(_expressions(cursor, at.ENABLE_WHEN), None), next(_expressions(cursor, at.CALCULATED), None),
        _variables(cursor), _constraints(cursor, language), tuple(_initial(cursor)),
        _limit(cursor, at.LOW, at.LOW_QUANTITY), _limit(cursor, at.HIGH, at.HIGH_QUANTITY), _units(cursor),
        tuple(filter(None, (coding(part, language) for part in cursor.all("code")))), _control(cursor),
        tuple(_item(part, language, depth + 1) for part in cursor.all("item")),
        (*sorted(unknown), *(name for name in cursor.data if name not in _READ and not name.startswith("_"))),
        cursor.place,
    )  # fmt: skip


def _flag(cursor: Cursor, url: str) -> bool:
    return any(part.flag("valueBoolean") for part in _extensions(cursor, url))


def _whole(cursor: Cursor, url: str) -> int | None:
    return next((part.whole("valueInteger") for part in _extensions(cursor, url)), None)


def _value_set(cursor: Cursor) -> str:
    """A canonical; a reference to one in STU3."""
    if isinstance(cursor.data.get("options"), dict):
        reference = cursor.one("options")
        return reference.text("reference") if reference else ""
    return cursor.text("answerValueSet")


def coding(cursor: Cursor, language: str = "") -> Coding | None:
    code, label = cursor.text("code"), texts(cursor, "display", language)
    return Coding(cursor.text("system"), code or label[0][1], label) if code or label else None


def answer(cursor: Cursor, prefix: str, language: str = "") -> Answer | None:
    """The `prefix[x]` of an object; None where there is none that can be read."""
    name = next((key for key in cursor.data if key.startswith(prefix) and key[len(prefix) :] in _TYPES), "")
    kind = _TYPES.get(name[len(prefix) :], "")
    match kind:
        case "":
            return None
        case "coding" | "concept":
            part = cursor.one(name)
            if part is not None and kind == "concept":
                part = next(part.all("coding"), None)
            found = coding(part, language) if part else None
            return Answer("coding", found.code, found.system, found.label) if found else None
        case "quantity":
            part = cursor.one(name)
            if part is None or not part.number("value"):
                return None
            unit = part.text("code") or part.text("unit")
            return Answer("quantity", part.number("value"), part.text("system"), unit=unit)
        case "reference" | "attachment":
            part = cursor.one(name)
            said = (part.text("reference") or part.text("title") or part.text("url")) if part else ""
            return Answer(kind, said) if said else None
    return _plain(cursor, name, kind, language)


def _plain(cursor: Cursor, name: str, kind: str, language: str) -> Answer | None:
    found = cursor.data[name]
    if kind == "boolean":
        if isinstance(found, bool):
            return Answer(kind, "true" if found else "false")
        cursor.wrong(name, "yes or no")
        return None
    if kind in ("integer", "decimal") and not isinstance(found, str):
        said = cursor.number(name)
        return Answer(kind, said) if said else None
    said = cursor.text(name)
    return Answer(kind, said, label=texts(cursor, name, language)) if said.strip() else None


def _option(cursor: Cursor, language: str) -> Option | None:
    found = answer(cursor, "value", language)
    if found is None:
        return None
    inner = cursor.one("valueCoding") if "valueCoding" in cursor.data else None
    return Option(replace(found, score=score_of(cursor, inner)), cursor.flag("initialSelected"))


def _condition(cursor: Cursor) -> Condition | None:
    question = cursor.text("question")
    if "hasAnswer" in cursor.data:
        return Condition(question, "exists", Answer("boolean", str(cursor.flag("hasAnswer")).lower()))
    return Condition(question, cursor.text("operator") or "=", answer(cursor, "answer"))


def _expressions(cursor: Cursor, url: str) -> Iterator[Expression]:
    for part in _extensions(cursor, url):
        inner = part.one("valueExpression") if "valueExpression" in part.data else None
        said = inner.text("expression") if inner else part.text("valueString")
        if said.strip():
            language = inner.text("language") if inner else ""
            yield Expression(said, language or "text/fhirpath", inner.text("name") if inner else "")


def _variables(cursor: Cursor) -> tuple[Expression, ...]:
    return tuple(found for found in _expressions(cursor, at.VARIABLE) if found.name)


def _constraints(cursor: Cursor, language: str) -> tuple[Constraint, ...]:
    found = []
    for extension in _extensions(cursor, at.CONSTRAINT, at.TARGET_CONSTRAINT):
        said = {part.text("url"): part for part in extension.all("extension")}
        part = said.get("expression")
        if part is None:
            continue
        inner = part.one("valueExpression") if "valueExpression" in part.data else None
        text = inner.text("expression") if inner else part.text("valueString")
        key, severity = (said.get(name) for name in ("key", "severity"))
        human = texts(said["human"], "valueString", language) if "human" in said else ()
        found.append(
            Constraint(
                key.text("valueId") or key.text("valueString") if key else "",
                severity.text("valueCode") if severity else "error",
                Expression(text, (inner.text("language") if inner else "") or "text/fhirpath"),
                human,
            )
        )
    return tuple(found)


def _initial(cursor: Cursor) -> Iterator[Answer]:
    """`initial` of R4 and R5, `initial[x]` of STU3."""
    parts = list(cursor.all("initial")) if isinstance(cursor.data.get("initial"), list) else []
    found = [answer(part, "value") for part in parts] if parts else [answer(cursor, "initial")]
    yield from filter(None, found)


def _limit(cursor: Cursor, *urls: str) -> Answer | None:
    return next((answer(part, "value") for part in _extensions(cursor, *urls)), None)


def _units(cursor: Cursor) -> tuple[Coding, ...]:
    """Its own unit first, then those to choose from."""
    found = []
    for part in (*_extensions(cursor, at.UNIT), *_extensions(cursor, at.UNIT_OPTION)):
        inner = part.one("valueCoding")
        made = coding(inner) if inner else None
        found += [made] if made else []
    return tuple({unit.code: unit for unit in found}.values())


def _control(cursor: Cursor) -> str:
    for part in _extensions(cursor, at.CONTROL, at.CATEGORY):
        concept = part.one("valueCodeableConcept")
        for one in concept.all("coding") if concept else ():
            if one.text("code"):
                return one.text("code")
    return ""


def _response(cursor: Cursor) -> Response:
    subject, about = cursor.one("subject"), cursor.data.get("questionnaire")
    questionnaire = cursor.text("questionnaire") if isinstance(about, str) else ""
    if isinstance(about, dict):  # STU3
        reference = cursor.one("questionnaire")
        questionnaire = reference.text("reference") if reference else ""
    name = ""
    if subject is not None:
        identifier = subject.one("identifier")
        name = subject.text("reference") or (identifier.text("value") if identifier else "") or subject.text("display")
    items = tuple(_response_item(part, 1) for part in cursor.all("item"))
    return Response(cursor.text("id"), questionnaire, cursor.text("status"), name, cursor.text("authored"), items)


def _response_item(cursor: Cursor, depth: int) -> ResponseItem:
    if depth > DEEPEST:
        what = f"Answers are nested more than {DEEPEST} levels deep."
        raise InputError(what, where=cursor.notes.file, hint="Bring them to fewer levels.")
    answers = []
    for part in cursor.all("answer"):
        found = answer(part, "value")
        inner = tuple(_response_item(below, depth + 1) for below in part.all("item"))
        if found or inner:
            answers.append(Given(found or Answer("", ""), inner))
    items = tuple(_response_item(part, depth + 1) for part in cursor.all("item"))
    return ResponseItem(cursor.text("linkId"), tuple(answers), items, texts(cursor, "text"))
