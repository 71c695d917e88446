"""Writes Questionnaires as FHIR R4 or R5, and responses to them; the same document gives the same bytes."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

from trialwright.formats.questionnaire import addresses as at
from trialwright.formats.questionnaire.document import (
    UCUM,
    Answer,
    Coding,
    Condition,
    Constraint,
    Expression,
    Item,
    Option,
    Questionnaire,
    Response,
    ResponseItem,
    Texts,
)

RELEASES = ("R4", "R5")
_KINDS = {
    "coding": "Coding", "string": "String", "integer": "Integer", "decimal": "Decimal", "boolean": "Boolean",
    "date": "Date", "dateTime": "DateTime", "time": "Time", "quantity": "Quantity", "reference": "Reference",
    "uri": "Uri", "attachment": "Attachment",
}  # fmt: skip
Data = dict[str, Any]


def write(found: Questionnaire) -> bytes:
    """A Questionnaire in the release that it names."""
    said: Data = {"resourceType": "Questionnaire"}
    said |= _some(id=found.id, language=found.language)
    if found.constraints or found.variables:
        said["extension"] = [
            *map(_variable, found.variables),
            *(_constraint(c, found.release) for c in found.constraints),
        ]
    said |= _some(url=found.url, version=found.version, name=found.name)
    said |= _text("title", found.title)
    said |= _some(status=found.status, date=found.date, description=found.description)
    said["subjectType"] = ["Patient"]
    said["item"] = [_item(item, found.release) for item in found.items]
    return _bytes(said)


def _bytes(said: Data) -> bytes:
    return (json.dumps(said, ensure_ascii=False, indent=2) + "\n").encode()


def _some(**facts: Any) -> Data:
    return {name: value for name, value in facts.items() if value not in ("", None, False, [], ())}


def _text(name: str, texts: Texts) -> Data:
    """A text, with its translations beside it."""
    if not texts:
        return {}
    found: Data = {name: texts[0][1]}
    if others := [_translation(lang, text) for lang, text in texts[1:]]:
        found[f"_{name}"] = {"extension": others}
    return found


def _translation(language: str, text: str) -> Data:
    inner = [{"url": "lang", "valueCode": language}, {"url": "content", "valueString": text}]
    return {"url": at.TRANSLATION, "extension": inner}


def _number(text: str) -> int | float:
    number = Decimal(text)
    return int(number) if number == number.to_integral_value() else float(number)


def _coding(coding: Coding) -> Data:
    return _some(system=coding.system, code=coding.code) | _text("display", coding.label)


def _value(prefix: str, answer: Answer) -> Data:
    name = prefix + _KINDS[answer.kind]
    match answer.kind:
        case "coding":
            return {name: _coding(Coding(answer.system, answer.value, answer.label))}
        case "integer" | "decimal":
            return {name: _number(answer.value)}
        case "boolean":
            return {name: answer.value == "true"}
        case "quantity":
            value: Data = {"value": _number(answer.value)}
            return {name: value | _some(unit=answer.unit, system=answer.system or UCUM, code=answer.unit)}
        case "reference":
            return {name: {"reference": answer.value}}
        case "attachment":
            return {name: {"title": answer.value}}
    return _text(name, ((("", answer.value)), *answer.label[1:]))


def _expression(url: str, expression: Expression) -> Data:
    inner = _some(name=expression.name, language=expression.language, expression=expression.text)
    return {"url": url, "valueExpression": inner}


def _variable(expression: Expression) -> Data:
    return _expression(at.VARIABLE, expression)


def _constraint(found: Constraint, release: str) -> Data:
    """R5 has its own extension, whose expression is an Expression; that of R4 takes a string."""
    inner: list[Data] = [{"url": "key", "valueId": found.key}, {"url": "severity", "valueCode": found.severity}]
    if release == "R5":
        inner.append(_expression("expression", found.expression))
    else:
        inner.append({"url": "expression", "valueString": found.expression.text})
    inner += [{"url": "human", **_text("valueString", found.human)}] if found.human else []
    return {"url": at.TARGET_CONSTRAINT if release == "R5" else at.CONSTRAINT, "extension": inner}


def _item(item: Item, release: str) -> Data:
    said: Data = {}
    if extensions := _extensions(item, release):
        said["extension"] = extensions
    said["linkId"] = item.link
    said |= _some(code=[_coding(coding) for coding in item.codes], prefix=item.prefix)
    said |= _text("text", item.text)
    said["type"] = _type(item, release)
    if item.open and release == "R5":
        said["answerConstraint"] = "optionsOrString"
    said |= _some(enableWhen=[_condition(condition) for condition in item.enable])
    if len(item.enable) > 1:
        said["enableBehavior"] = item.behavior or "all"
    said |= _some(
        required=item.required, repeats=item.repeats, readOnly=item.read_only, maxLength=item.longest,
        answerValueSet=item.value_set, answerOption=[_option(option) for option in item.options],
        initial=[_value("value", answer) for answer in item.initial],
        item=[_item(inner, release) for inner in item.items],
    )  # fmt: skip
    return said


def _type(item: Item, release: str) -> str:
    if item.type not in ("choice", "open-choice"):
        return item.type
    return "coding" if release == "R5" else "open-choice" if item.open else "choice"


def _extensions(item: Item, release: str) -> list[Data]:
    found: list[Data] = [{"url": at.HIDDEN, "valueBoolean": True}] if item.hidden else []
    if item.control:
        system = "http://hl7.org/fhir/questionnaire-item-control"
        concept = {"coding": [{"system": system, "code": item.control}]}
        found.append({"url": at.CONTROL, "valueCodeableConcept": concept})
    url = at.UNIT_OPTION if item.type == "quantity" else at.UNIT
    found += [{"url": url, "valueCoding": _coding(unit)} for unit in item.units]
    for limit, plain, quantity in ((item.low, at.LOW, at.LOW_QUANTITY), (item.high, at.HIGH, at.HIGH_QUANTITY)):
        if limit is not None:
            found.append({"url": quantity if limit.kind == "quantity" else plain, **_value("value", limit)})
    if item.decimals is not None:
        found.append({"url": at.DECIMALS, "valueInteger": item.decimals})
    found += [_variable(variable) for variable in item.variables]
    found += [_expression(at.ENABLE_WHEN, item.enable_when)] if item.enable_when else []
    found += [_expression(at.CALCULATED, item.calculated)] if item.calculated else []
    return found + [_constraint(constraint, release) for constraint in item.constraints]


def _condition(condition: Condition) -> Data:
    answer = _value("answer", condition.answer) if condition.answer else {}
    return {"question": condition.question, "operator": condition.operator, **answer}


def _option(option: Option) -> Data:
    return _value("value", option.answer) | _some(initialSelected=option.initial)


def write_response(found: Response) -> bytes:
    """A QuestionnaireResponse; it is the same in all releases."""
    said: Data = {"resourceType": "QuestionnaireResponse"}
    said |= _some(id=found.id, questionnaire=found.questionnaire, status=found.status)
    said |= _some(subject={"reference": found.subject} if found.subject else None, authored=found.authored)
    said |= _some(item=[_response_item(item) for item in found.items])
    return _bytes(said)


def _response_item(item: ResponseItem) -> Data:
    answers = [
        _value("value", given.answer) | _some(item=[_response_item(inner) for inner in given.items])
        for given in item.answers
    ]
    inner = [_response_item(inner) for inner in item.items]
    return {"linkId": item.link, **_text("text", item.text), **_some(answer=answers, item=inner)}
