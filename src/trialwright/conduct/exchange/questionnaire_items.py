"""A question of a Questionnaire as one of our items: type, unit, choices, limits; what does not fit is said."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from typing import Any

from trialwright.conduct.exchange.names import words
from trialwright.conduct.exchange.odm_items import goes_with, ucum_of
from trialwright.conduct.exchange.odm_names import text_of
from trialwright.formats.fhir.elements import SYSTEMS
from trialwright.formats.questionnaire.document import Answer, Coding, Item, Questionnaire, Texts
from trialwright.kernel.texts import JOINT

Data = dict[str, Any]
OWN = "urn:trialwright:item"
"""Code system of what FHIR's types do not tell of an item."""
MOLAR_MASS = "urn:trialwright:molar-mass"
"""Code system of grams per mole: FHIR offers units of mass and amount together and does not say how they go over."""
OTHER = "other"
LONG = 4
"""Lines offered for what FHIR calls a text (and not a string)."""
MOST_DECIMALS = 15
MOST_ANSWERS = 2_000
GROUPS = ("group", "")
_KINDS = {
    "boolean": "boolean", "decimal": "quantity", "integer": "integer", "quantity": "quantity", "date": "date",
    "dateTime": "datetime", "time": "time", "string": "text", "text": "text", "url": "text", "choice": "choice",
    "open-choice": "choice", "attachment": "file", "reference": "text", "question": "text",
}  # fmt: skip
_OWN_KINDS = {"judgement": ("boolean",), "event": ("string",), "partial": ("date",)}
"""What our own code says, and the types at which it is believed."""
_CODES = {"loinc": "loinc_also", "snomed": "snomed", "rxnorm": "rxnorm", "icd10": "icd10", "atc": "atc", "cvx": "cvx"}


def is_group(item: Item) -> bool:
    """A group; also what names no type and holds others."""
    return item.type == "group" or (item.type == "" and bool(item.items))


class Questions:
    """Reads the questions of one questionnaire. `say(link, sentence)` takes what is not taken over."""

    def __init__(self, source: Questionnaire, say: Callable[[str, str], None]) -> None:
        self.say = say
        self.sets = {name: found for found in reversed(source.value_sets) for name in found.names}

    def data(self, item: Item, name: str) -> tuple[Data, Data]:
        """An item of items.yaml, and what is kept of it for the way back."""
        kind, more, kept = self._kind(item)
        data: Data = {"id": name, "label": text_of(*label_of(item)), "type": kind, **more}
        if help_ := help_of(item):
            data["help"] = text_of(help_, "")
        if codes := _item_codes(item.codes):
            data["codes"] = codes
        if kind in ("quantity", "integer"):
            data |= _molar_mass(item)
            self._units(data, item)
        elif item.units:
            self.say(item.link, f"a unit stands at a {kind}, which has none.")
        self._limits(data, item)
        data["source"] = {"assumption": "Imported."}
        return data, {"type": item.type, **kept}

    def _kind(self, item: Item) -> tuple[str, Data, Data]:
        offered = [option.answer for option in item.options] or self._from_set(item)
        if len(offered) > MOST_ANSWERS:
            self.say(item.link, f"it offers {len(offered)} answers, too many to choose from; it is kept as text.")
            offered = []
        elif offered:
            choices, kept = self._choices(item, offered)
            return "choices" if item.repeats else "choice", {"choices": choices}, kept
        if item.type in ("choice", "open-choice") and not item.value_set and not item.options:
            self.say(item.link, "it lists no answers to choose from and is kept as text.")
        kind = _KINDS.get(item.type)
        if kind is None:
            self.say(item.link, f"the type '{item.type[:40]}' is not known; it is kept as text.")
        if item.type in ("reference", "question"):
            self.say(item.link, f"a {item.type} has no counterpart; it is kept as text.")
        said = next((coding.code for coding in item.codes if coding.system == OWN), "")
        if item.type in _OWN_KINDS.get(said, ()):
            return ("date", {"partial": True}, {}) if said == "partial" else (said, {}, {})
        more = {"lines": LONG} if item.type == "text" else {}
        return "text" if kind in (None, "choice") else kind, more, {}

    # --- Choices ------------------------------------------------------------------------------------------------------

    def _from_set(self, item: Item) -> list[Answer]:
        if not item.value_set:
            return []
        found = self.sets.get(item.value_set)
        if found is None or not found.codings:
            what = "kept elsewhere" if found is None else "not listed in the file"
            self.say(item.link, f"its answers are {what} ({item.value_set[:200]}); it is kept as text.")
            return []
        return [Answer("coding", one.code, one.system, one.label, score=one.score) for one in found.codings]

    def _choices(self, item: Item, offered: list[Answer]) -> tuple[list[Data], Data]:
        choices: dict[str, Data] = {}
        answers: dict[str, list[str]] = {}
        again: dict[str, int] = {}
        scores: dict[str, str] = {}
        for answer in offered:
            code = code_of(answer)
            if code in choices:
                if answers[code] == [answer.kind, answer.value, answer.system]:
                    self.say(item.link, f"the answer '{answer.value[:60]}' is offered twice.")
                    continue
                again[code] = again.get(code, 1) + 1
                code = f"{code}_{again[code]}"
                if code in choices:
                    self.say(item.link, f"the answer '{answer.value[:60]}' has no code of its own and is left out.")
                    continue
            label = answer.label or (("", answer.value),)
            choices[code] = {"code": code, "label": text_of(label, code), **_choice_codes(answer)}
            answers[code] = [answer.kind, answer.value, answer.system]
            if re.fullmatch(r"-?\d+(\.\d+)?", answer.score):
                scores[code] = answer.score
        kept: Data = {"answers": answers, **({"scores": scores} if scores else {})}
        if item.open:
            code = next(c for c in (OTHER, *(f"{OTHER}_{n}" for n in range(2, len(choices) + 3))) if c not in choices)
            choices[code] = {"code": code, "label": {"en": "Other", "zh": "其他"}}
            kept["open"] = code
        return list(choices.values()), kept

    # --- Numbers ------------------------------------------------------------------------------------------------------

    def _units(self, data: Data, item: Item) -> None:
        offered = [(ucum_of(unit.code) or ucum_of(_word(unit)), unit) for unit in item.units]
        offered += [(ucum_of(answer.unit), Coding("", answer.unit)) for answer in item.initial if answer.unit]
        for found, unit in offered:
            if not found and unit.code not in ("1", ""):
                self.say(item.link, f"the unit '{unit.code[:40]}' is not UCUM; it is left out.")
        usable = list(dict.fromkeys(found for found, _ in offered if found))
        if not usable and item.type == "quantity" and not any(unit.code == "1" for unit in item.units):
            self.say(item.link, "it names no unit that can be used; the number is kept without one.")
        others = [word for word in usable[1:] if goes_with(word, usable[0], data.get("molar_mass"))]
        for word in (word for word in usable[1:] if word not in others):
            self.say(item.link, f"the unit '{word}' cannot be stated in '{usable[0]}' and is left out.")
        if usable or data["type"] == "quantity":
            data["unit"] = usable[0] if usable else "1"
        if others:
            data["units"] = others
        if item.decimals is not None and 0 <= item.decimals <= MOST_DECIMALS and data["type"] == "quantity":
            data["decimals"] = item.decimals

    def _limits(self, data: Data, item: Item) -> None:
        found: Data = {}
        for side, answer in (("low", item.low), ("high", item.high)):
            if answer is None:
                continue
            if data["type"] == "date" and re.fullmatch(r"\d{4}-\d{2}-\d{2}", answer.value):
                continue  # a check of the form
            number = float(answer.value) if answer.kind in ("integer", "decimal", "quantity") else None
            elsewhere = answer.unit and ucum_of(answer.unit) != data.get("unit")
            if number is None or data["type"] not in ("quantity", "integer") or not math.isfinite(number) or elsewhere:
                shown = f"{answer.value[:40]} {answer.unit[:20]}".rstrip()
                self.say(
                    item.link, f"the {'lowest' if side == 'low' else 'highest'} answer, {shown}, is not taken over."
                )
                continue
            found[side] = number
        if "low" in found and "high" in found and found["low"] > found["high"]:
            self.say(item.link, "its limits are the wrong way round and are left out.")
        elif found:
            data["hard"] = found


def code_of(answer: Answer) -> str:
    """Our code of an answer: its own, unless that holds what stands between several."""
    code = " ".join(answer.value.split())
    if JOINT not in code:
        return code
    return (words(code) if answer.kind == "string" else "") or code.replace(JOINT, ",")


def label_of(item: Item) -> tuple[Texts, str]:
    """What the question asks: its text, else the first text that is shown beside it, else its prefix."""
    shown = next((part.text for part in item.items if part.type == "display" and part.text), ())
    return item.text or shown, item.prefix or item.link or "Question"


def help_of(item: Item) -> Texts:
    """The texts that are shown beside a question, joined in each language."""
    shown = [part.text for part in item.items if part.type == "display" and part.text]
    said = shown if item.text else shown[1:]
    languages = dict.fromkeys(language for text in said for language, _ in text)
    found = []
    for language in languages:
        parts = [dict(text).get(language) or text[0][1] for text in said]
        found.append((language, " ".join(parts)))
    return tuple(found)


def _molar_mass(item: Item) -> Data:
    said = next((coding.code for coding in item.codes if coding.system == MOLAR_MASS), "")
    return {"molar_mass": float(said)} if re.fullmatch(r"[1-9]\d{0,5}(\.\d{1,9})?", said) else {}


def _word(unit: Coding) -> str:
    return unit.label[0][1] if unit.label else ""


def _item_codes(codes: tuple[Coding, ...]) -> Data:
    loinc = [coding.code for coding in codes if SYSTEMS.get(coding.system) == "loinc"]
    found: Data = {"loinc": loinc[0]} if loinc else {}
    if loinc[1:]:
        found["loinc_also"] = loinc[1:]
    return found | _by_system(coding for coding in codes if SYSTEMS.get(coding.system) != "loinc")


def _by_system(codes: Any) -> Data:
    found: dict[str, list[str]] = {}
    for coding in codes:
        name = _CODES.get(SYSTEMS.get(coding.system, ""), "")
        if name and coding.code not in found.setdefault(name, []):
            found[name].append(coding.code)
    return dict(found)


def _choice_codes(answer: Answer) -> Mapping[str, Any]:
    found = _by_system([Coding(answer.system, answer.value)]) if answer.kind == "coding" else {}
    return {"codes": found} if found else {}
