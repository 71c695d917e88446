"""Conditions and computations of an ODM file in our language, once all its items are known."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from trialwright.conduct.exchange import odm_names as names
from trialwright.conduct.exchange.expression_parts import Uncertain, truth
from trialwright.conduct.exchange.expressions import negated, taken_over
from trialwright.conduct.exchange.folder import Data
from trialwright.formats.odm.document import Ref, Rule
from trialwright.study.items import Item

if TYPE_CHECKING:
    from trialwright.conduct.exchange.odm_in import Definition

READABLE = ("OpenEDC", names.LANGUAGE)
"""Contexts of expressions whose language is known."""


class Rules:
    """Writes into the fields and items of a definition when they are asked, and how they are computed."""

    def __init__(self, definition: Definition) -> None:
        self.definition, self.parts, self.say = definition, definition.parts, definition.say
        version = definition.version
        self.conditions = {rule.oid: rule for rule in version.conditions}
        self.methods = {rule.oid: rule for rule in version.methods}
        made = {data["id"]: Item.model_validate(data) for data in self.parts.items}
        known = {oid: made[name] for (kind, oid), name in definition.ids.items() if kind == "item"}
        paths = {
            f"{group.oid}-{ref.oid}": known[ref.oid]
            for group in definition.groups.values()
            for ref in group.refs
            if ref.kind == "item" and ref.oid in known
        }
        self.known = {**paths, **known}

    def add(self) -> None:
        for form in self.parts.forms:
            for group in form["groups"]:
                around = list(self._around(form["id"], group["id"]))
                for field in group["fields"]:
                    self._field(form["id"], group["id"], field, around)

    def _around(self, form: str, group: str) -> Iterator[Ref]:
        """References with a condition through which a form holds a group."""
        kept = self.parts.kept["groups"][f"{form}.{group}"]
        oid = self.parts.kept["forms"][form]["oid"]
        for step in (*kept.get("path", ()), kept["oid"]):
            held = self.definition.groups[oid].refs
            yield from (ref for ref in held if ref.kind == "group" and ref.oid == step and ref.condition)
            oid = step

    def _field(self, form: str, group: str, field: Data, around: list[Ref]) -> None:
        ref = self.definition.ref(form, group, field["item"])
        if ref is None:
            return
        place = f"{form}.{group}.{field['item']}"
        conditional = [*around, *([ref] if ref.condition else [])]
        if conditional:
            found = [text for each in conditional if (text := self._condition(each))]
            if found:
                field["show_when"] = found[0] if len(found) == 1 else " and ".join(f"({text})" for text in found)
            self.parts.keep("fields", place, read_as=field.get("show_when"))
        if ref.method:
            item = next(data for data in self.parts.items if data["id"] == field["item"])
            found_method = self._method(ref) if "derive" not in item else item["derive"]
            if found_method:
                item["derive"] = found_method
            self.parts.keep("fields", place, computed_as=found_method)

    def _condition(self, ref: Ref) -> str | None:
        rule, what = self.conditions.get(ref.condition), "field" if ref.kind == "item" else "group"
        if rule is None:
            at = self.definition.at(ref)
            self.say(f"{at}: the condition '{ref.condition}' is not defined; the {what} is always asked.")
            return None
        return self._read(rule, f"the {what} is always asked", negate=True)

    def _method(self, ref: Ref) -> str | None:
        rule = self.methods.get(ref.method)
        if rule is None:
            self.say(f"{self.definition.at(ref)}: the method '{ref.method}' is not defined; the item is typed.")
            return None
        return self._read(rule, "the item is typed", negate=False)

    def _read(self, rule: Rule, instead: str, *, negate: bool) -> str | None:
        at = self.definition.at(rule)
        text = next((e for e in rule.expressions if e.context in READABLE), None)
        if text is None:
            said = ", ".join(e.context or "no context" for e in rule.expressions) or "words only"
            self.say(f"{at}: '{rule.oid}' is written for others ({said}); {instead}.")
            return None
        if text.context == names.LANGUAGE:
            return text.code.removeprefix("not (").removesuffix(")") if negate else text.code
        try:
            made = taken_over(text.code, self.known.get, tuple(self.known))
            return negated(truth(made)) if negate else made.text
        except Uncertain as why:
            self.say(f"{at}: '{rule.oid}' is not taken over: {why}; {instead}.")
            return None
