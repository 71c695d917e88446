"""Biomedical concepts of USDM as items: results with their units, qualifiers with their codes."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

from trialwright.conduct.exchange.names import Names
from trialwright.conduct.exchange.odm_items import goes_with
from trialwright.conduct.exchange.unit_words import unit_of
from trialwright.formats.usdm import Code, Concept, Property

Data = dict[str, Any]
SOURCE = {"assumption": "Imported."}
_KINDS = {
    "text": "text", "string": "text", "float": "quantity", "decimal": "quantity", "double": "quantity",
    "number": "quantity", "integer": "integer", "int": "integer", "boolean": "boolean", "date": "date",
    "partialdate": "date", "incompletedate": "date", "datetime": "datetime", "partialdatetime": "datetime",
    "incompletedatetime": "datetime", "time": "time", "partialtime": "time", "uri": "text", "url": "text",
    "durationdatetime": "text", "duration": "text",
}  # fmt: skip
_CONSTANT = re.compile(r"[A-Z]{2}(TESTCD|TEST|CAT|SCAT|DOMAIN)$")
"""Variables of SDTM that name the concept and are not answered."""
_RESULT, _UNIT, _MOMENT = (re.compile(rf"[A-Z]{{2}}{end}$") for end in ("ORRES", "ORRESU", r"(ST|EN)?DTC"))
_NO_WORD = re.compile(r"^(no concept code|unknown|none)?$", re.IGNORECASE)


class Concepts:
    """Makes items of concepts; each property becomes one, once. `say(name, sentence)`: what is not taken over."""

    def __init__(self, names: Names, say: Callable[[str, str], None]) -> None:
        self.names, self.say = names, say
        self.made: dict[str, Data] = {}
        """Items by id."""
        self.kept: dict[str, Data] = {}
        self._made: dict[tuple[str, str], str] = {}
        self.silent: list[str] = []
        """Properties that say neither a type nor codes."""

    def fields(self, concepts: Sequence[Concept]) -> list[Data]:
        """The fields of a form that asks for these concepts. What all ask alike (fasting, moment) is asked once."""
        fields: dict[str, Data] = {}
        shared: dict[object, str] = {}
        for concept in concepts:
            for part in self._asked(concept):
                same = _sameness(part, concept)
                name = shared.get(same) if same else None
                if name is None:
                    name = self._item(concept, part)
                    if same:
                        shared[same] = name
                fields.setdefault(name, {"item": name, **({"required": True} if part.required else {})})
        last = set(shared.values()) if len(concepts) > 1 else set()
        return [fields[name] for name in sorted(fields, key=lambda name: name in last)]

    def _asked(self, concept: Concept) -> list[Property]:
        """Properties that people answer."""
        found = []
        for part in concept.properties:
            named = part.name.strip().upper()
            if not part.enabled or _CONSTANT.match(named) or _UNIT.match(named):
                continue
            if not part.responses and not part.datatype and not _MOMENT.match(named):
                self.silent.append(f"{part.name} of {concept.title}")
                continue
            found.append(part)
        if not concept.properties:
            self.say(concept.title, "the concept has no properties; its answer is a text.")
            found.append(Property("", concept.name, concept.label, datatype="text", code=concept.code))
        elif not found:
            self.say(concept.title, "none of its properties can be answered.")
        return found

    def _item(self, concept: Concept, part: Property) -> str:
        key = concept.id or concept.name, part.id or part.name
        if key in self._made:
            return self._made[key]
        result = bool(_RESULT.match(part.name.upper())) or part.code.code == concept.code.code != ""
        name = self.names.give(*_id_words(concept, part, result=result))
        self._made[key] = name
        kind = self._kind(concept, part)
        data: Data = {"id": name, "label": _label(concept, part, result=result), "type": kind}
        if part.responses and kind == "choice":
            data["choices"] = _choices(part.responses)
        if kind in ("quantity", "integer"):
            data |= self._units(concept, kind)
        code = concept.code if result else part.code
        if re.fullmatch(r"C\d+", code.code):
            data["codes"] = {"ncit": code.code}
        data["source"] = SOURCE
        self.made[name] = data
        self.kept[name] = {"concept": concept.id, "property": part.name}
        return name

    def surrogate(self, key: str, title: str) -> str:
        """A concept that only has a name."""
        if ("surrogate", key) not in self._made:
            name = self.names.give(title)
            self._made["surrogate", key] = name
            self.made[name] = {"id": name, "label": {"en": title}, "type": "text", "source": SOURCE}
            self.kept[name] = {"surrogate": key}
        return self._made["surrogate", key]

    def _kind(self, concept: Concept, part: Property) -> str:
        if part.responses and not (_RESULT.match(part.name.upper()) and part.datatype in ("float", "integer")):
            return "choice"
        if not part.datatype:
            return "datetime"
        kind = _KINDS.get(part.datatype.lower().replace(" ", ""))
        if kind is None:
            self.say(concept.title, f"the data type '{part.datatype[:40]}' of {part.name} is kept as text.")
        return kind or "text"

    def _units(self, concept: Concept, kind: str) -> Data:
        """From the property beside the result that holds the unit."""
        holder = next((part for part in concept.properties if _UNIT.match(part.name.strip().upper())), None)
        codes = holder.responses if holder else ()
        found = {code.decode or code.code: unit_of(code.decode) or unit_of(code.code) for code in codes}
        for word in (word for word, unit in found.items() if not unit):
            self.say(concept.title, f"the unit '{word[:60]}' is not known as UCUM and is left out.")
        if holder is not None and not codes:
            self.say(concept.title, "it names no unit; the number is kept without one.")
        usable = list(dict.fromkeys(unit for unit in found.values() if unit))
        data: Data = {"unit": usable[0]} if usable else {"unit": "1"} if kind == "quantity" else {}
        others = [unit for unit in usable[1:] if goes_with(unit, usable[0], None)]
        for unit in (unit for unit in usable[1:] if unit not in others):
            self.say(concept.title, f"the unit '{unit}' cannot be stated in '{usable[0]}' and is left out.")
        return data | ({"units": others} if others else {})


def _sameness(part: Property, concept: Concept) -> object | None:
    """What makes two qualifiers one question; None for a result, or for free text."""
    if _RESULT.match(part.name.upper()) or part.code.code == concept.code.code != "":
        return None
    if not part.responses and not _MOMENT.match(part.name.upper()) and part.datatype != "datetime":
        return None
    return part.name, part.datatype, part.responses


def _label(concept: Concept, part: Property, *, result: bool) -> Data:
    if result:
        return {"en": concept.title}
    word = part.code.decode if not _NO_WORD.match(part.code.decode.strip()) else ""
    shown = part.label if part.label and part.label != part.name else ""
    text = shown or word or part.name or concept.title
    free = not part.responses and not _MOMENT.match(part.name.upper()) and part.datatype != "datetime"
    many = free and len(concept.properties) > 1 and any(_RESULT.match(p.name.upper()) for p in concept.properties)
    return {"en": f"{concept.title}: {text}" if many else text}


def _id_words(concept: Concept, part: Property, *, result: bool) -> tuple[str, ...]:
    if not result:
        return part.name, part.code.decode
    test = next((p.code.decode for p in concept.properties if p.name.upper().endswith("TESTCD")), "")
    return (test if len(test) <= 8 else "", concept.name, concept.label, part.name)


def _choices(codes: Sequence[Code]) -> list[Data]:
    found: dict[str, Data] = {}
    for code in codes:
        key = " ".join((code.code or code.decode).replace(";", ",").split())
        if key:
            found.setdefault(key, {"code": key, "label": {"en": " ".join(code.decode.split()) or key}})
    return list(found.values())


def domains(concepts: Sequence[Concept]) -> set[str]:
    """SDTM domains that the concepts' variables belong to (AE of AETERM)."""
    names = [part.name.upper() for concept in concepts for part in concept.properties]
    return {name[:2] for name in names if re.fullmatch(r"[A-Z]{2}[A-Z]{2,6}", name)}
