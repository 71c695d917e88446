"""Conditions, computations and checks of a Questionnaire in our language; what is not certain is said and left out."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from dataclasses import field as dataclass_field
from graphlib import TopologicalSorter

from trialwright.conduct.exchange.expression_parts import Made, Uncertain, compared, ordered, truth
from trialwright.conduct.exchange.fhirpath_in import Translator, chosen
from trialwright.conduct.exchange.folder import Data
from trialwright.conduct.exchange.names import Names
from trialwright.conduct.exchange.odm_items import ucum_of
from trialwright.conduct.exchange.odm_names import text_of
from trialwright.conduct.exchange.questionnaire_items import code_of
from trialwright.formats.questionnaire.document import Answer, Condition, Constraint, Expression, Item, Questionnaire
from trialwright.study import items as ours

_SIGNS = {"=": "==", "!=": "!=", ">": ">", "<": "<", ">=": ">=", "<=": "<="}
FURTHEST = 20
"""Computed items that a computed item may go through."""
_FHIRPATH = ("text/fhirpath", "text/FHIRPath")
_NAME = re.compile(r"[a-z_][a-z0-9_]*")
_QUOTED = re.compile(r"\"[^\"]*\"")


@dataclass
class Asked:
    """A question and what it became: its item, its field on the form, and the items around it."""

    source: Item
    data: Data
    field: Data
    above: tuple[Item, ...]
    group: str
    hidden: bool = False
    scores: Mapping[str, str] = dataclass_field(default_factory=dict)
    """The number that each code stands for, where the file says one."""


class Rules:
    """The rules of one questionnaire. `asked`: by linkId."""

    def __init__(self, source: Questionnaire, asked: Mapping[str, Asked], say: Callable[[str, str], None]) -> None:
        self.source, self.asked, self.say = source, asked, say
        self.items = {link: ours.Item.model_validate(each.data) for link, each in asked.items()}
        self.quantities = frozenset(link for link, each in asked.items() if each.source.type == "quantity")
        self.made: dict[int, Made | None] = {}
        """Conditions of items that hold for several questions, read once."""

    def add_to(self, found: Sequence[Asked]) -> list[Data]:
        """Write conditions and computations into fields and items; the answer is the checks of the form."""
        for each in found:
            self._condition(each)
            if each.source.calculated is not None:
                self._computation(each)
        self._break_circles(found)
        return self._checks(found)

    # --- Conditions ---------------------------------------------------------------------------------------------------

    def _condition(self, each: Asked) -> None:
        parts = [made for item in (*each.above, each.source) if (made := self._of(item)) is not None]
        texts = list(dict.fromkeys(part.inside(2) for part in parts))
        if each.hidden:
            each.field["show_when"] = "false"
            each.field.pop("required", None)
        elif texts:
            each.field["show_when"] = parts[0].text if len(texts) == 1 else " and ".join(texts)

    def _of(self, item: Item) -> Made | None:
        """Its own condition; read once, however many questions stand below it."""
        if id(item) not in self.made:
            self.made[id(item)] = self._read(item)
        return self.made[id(item)]

    def _read(self, item: Item) -> Made | None:
        try:
            if item.enable_when is not None:
                return truth(self._expression(item.enable_when, item))
            if not item.enable:
                return None
            return self._joined(item)
        except Uncertain as why:
            instead = "what stands in it is always asked" if item.type == "group" else "it is always asked"
            self.say(item.link, f"its condition is not taken over: {why}; {instead}.")
            return None

    def _joined(self, item: Item) -> Made:
        parts = [self._one(condition) for condition in item.enable]
        if len(parts) == 1:
            return parts[0]
        either = item.behavior == "any" or (not item.behavior and self.source.release == "STU3")
        if not item.behavior and self.source.release != "STU3":
            self.say(item.link, "it does not say whether all or any of its conditions must hold; all are taken.")
        word, level = ("or", 1) if either else ("and", 2)
        return Made(f" {word} ".join(part.inside(level + 1) for part in parts), level)

    def _one(self, condition: Condition) -> Made:
        item, answer = self.items.get(condition.question), condition.answer
        if item is None:
            raise Uncertain(f"it asks of '{condition.question[:80]}', which is no question of this form")
        if condition.operator == "exists":
            wanted = answer is None or answer.value != "false"
            return Made(f"known({item.id})") if wanted else Made(f"not (known({item.id}))", 3)
        sign = _SIGNS.get(condition.operator)
        if sign is None:
            raise Uncertain(f"'{condition.operator[:20]}' is no operator")
        if answer is None:
            raise Uncertain("it names no answer to compare with")
        return self._against(item, condition.question, sign, answer)

    def _against(self, item: ours.Item, link: str, sign: str, answer: Answer) -> Made:
        if item.type in ("choice", "choices"):
            if sign not in ("==", "!="):
                return ordered(item, sign, answer.value)
            return chosen(item, sign == "==", self._code(item, link, answer))
        if item.type in ("quantity", "integer") and answer.kind == "quantity" and answer.unit:
            unit = ucum_of(answer.unit)
            if not unit:
                raise Uncertain(f"the unit '{answer.unit[:40]}' is not known")
            return Made(f"{item.id} {sign} {answer.value} {unit}", 4)
        if item.type in ("date", "datetime", "event"):
            if not re.fullmatch(r"\d{4}-\d{2}(-\d{2})?", answer.value):
                raise Uncertain(f"'{answer.value[:40]}' is no day")
            return Made(f"{item.id} {sign} {answer.value}", 4)
        if item.type == "time":
            if sign not in ("==", "!=") or not re.fullmatch(r"[\d:.]+", answer.value):
                raise Uncertain("times have no order here")
            return Made(f'{item.id} {sign} "{answer.value}"', 4)
        return compared(Made(item.id, item=item), sign, Made(answer.value, literal=answer.value))

    def _code(self, item: ours.Item, link: str, answer: Answer) -> str:
        """Our code of the answer that a condition names: by code, else by what is shown."""
        source = self.asked[link].source
        wanted = code_of(answer)
        if item.choice(wanted) is not None:
            return wanted
        shown = answer.label[0][1] if answer.label else answer.value
        for choice in item.choices:
            if choice.label.en == " ".join(shown.split()):
                return choice.code
        if source.open:
            raise Uncertain(f"'{wanted[:60]}' is an answer that is typed")
        return wanted

    # --- Expressions --------------------------------------------------------------------------------------------------

    def _translator(self, item: Item, above: tuple[Item, ...]) -> Translator:
        scopes = [self.source.variables, *(each.variables for each in above), item.variables]
        variables = {one.name: one.text for found in scopes for one in found if one.language in _FHIRPATH and one.text}
        scores = {link: each.scores for link, each in self.asked.items() if each.scores}
        return Translator(self.items.get, self.quantities, variables, item.link, scores)

    def _above(self, item: Item) -> tuple[Item, ...]:
        found = self.asked.get(item.link)
        if found is not None:
            return found.above
        around = next((each.above for each in self.asked.values() if item in each.above), ())
        return around[: around.index(item)] if item in around else ()

    def _expression(self, expression: Expression, item: Item) -> Made:
        if expression.language not in _FHIRPATH:
            raise Uncertain(f"it is written in {expression.language[:40]}")
        return self._translator(item, self._above(item)).taken_over(expression.text)

    def _computation(self, each: Asked) -> None:
        expression = each.source.calculated
        assert expression is not None
        try:
            made = self._expression(expression, each.source)
        except Uncertain as why:
            self.say(each.source.link, f"its computation is not taken over: {why}; it is typed.")
            return
        unit = str(each.data.get("unit", ""))
        bare = unit not in ("", "1") and each.source.type != "quantity"
        each.data["derive"] = f"{made.inside(6)} * 1 {unit}" if bare else made.text

    # --- Circles ------------------------------------------------------------------------------------------------------

    def _break_circles(self, found: Sequence[Asked]) -> None:
        derived = {each.data["id"]: each for each in found if "derive" in each.data}
        for name in _in_circles({name: str(each.data["derive"]) for name, each in derived.items()}):
            del derived.pop(name).data["derive"]
            self.say(self._link(name, found), "its computation goes round in a circle; it is typed.")
        for name in _far({name: str(each.data["derive"]) for name, each in derived.items()}):
            del derived[name].data["derive"]
            self.say(
                derived[name].source.link, f"its computation goes through more than {FURTHEST} others; it is typed."
            )
        shown = {each.data["id"]: each for each in found if "show_when" in each.field}
        for name in _in_circles({name: str(each.field["show_when"]) for name, each in shown.items()}):
            del shown[name].field["show_when"]
            self.say(shown[name].source.link, "its condition depends on itself; it is always asked.")

    @staticmethod
    def _link(name: str, found: Sequence[Asked]) -> str:
        return next(each.source.link for each in found if each.data["id"] == name)

    # --- Checks -------------------------------------------------------------------------------------------------------

    def _checks(self, found: Sequence[Asked]) -> list[Data]:
        names, checks = Names("check"), []
        for each in found:
            checks += [{"id": names.give(f"{each.data['id']}_limit"), **check} for check in _days(each)]
        by_id = {each.data["id"]: each for each in found}
        for each in found:
            for constraint in each.source.constraints:
                check = self._check(constraint, each.source, each)
                if check:
                    checks.append({"id": names.give(constraint.key, f"{each.data['id']}_check"), **check})
        for constraint in self.source.constraints:
            check = self._check(constraint, Item("", "group"), None)
            if check:
                first = next((name for name in _names(check["logic"]) if name in by_id), "")
                checks.append({"id": names.give(constraint.key), **check, "item": first})
        return checks

    def _check(self, constraint: Constraint, item: Item, each: Asked | None) -> Data | None:
        try:
            made = truth(self._expression(constraint.expression, item))
        except Uncertain as why:
            self.say(item.link, f"the check '{constraint.key[:60]}' is not taken over: {why}.")
            return None
        if each is not None and _as_limits(made.text, each.data, constraint.severity):
            return None
        message = text_of(constraint.human, f"Please check: {constraint.key or item.link}.")
        return {"logic": made.text, "message": message, "item": each.data["id"] if each else ""}


def _days(each: Asked) -> Iterator[Data]:
    """The earliest and the latest day that is an answer, as checks: limits here are numbers."""
    name, label = each.data["id"], each.data["label"].get("en", "")
    for end, sign, word in ((each.source.low, ">=", "before"), (each.source.high, "<=", "after")):
        if each.data["type"] == "date" and end is not None and re.fullmatch(r"\d{4}-\d{2}-\d{2}", end.value):
            yield {"logic": f"{name} {sign} {end.value}", "message": f"{label} is {word} {end.value}.", "item": name}


def _names(text: str) -> list[str]:
    return _NAME.findall(_QUOTED.sub(" ", text))


def _in_circles(texts: Mapping[str, str]) -> list[str]:
    """Names whose texts come back to themselves (and those between two circles): what is left once all that leads
    nowhere, and all that nothing leads to, is taken away."""
    graph = {name: {word for word in _names(text) if word in texts} for name, text in texts.items()}
    for _ in range(2):
        back: dict[str, set[str]] = {name: set() for name in graph}
        for name, others in graph.items():
            for other in others:
                back[other].add(name)
        free = [name for name, others in graph.items() if not others]
        while free:
            name = free.pop()
            del graph[name]
            for other in back[name] & graph.keys():
                graph[other].discard(name)
                if not graph[other]:
                    free.append(other)
        graph = {name: back[name] & graph.keys() for name in graph}
    return [name for name in texts if name in graph]


def _far(texts: Mapping[str, str]) -> list[str]:
    """Names whose texts go through more than `FURTHEST` others, one behind the other; there are no circles."""
    graph = {name: {word for word in _names(text) if word in texts} for name, text in texts.items()}
    depth: dict[str, int] = {}
    taken: list[str] = []
    for name in TopologicalSorter(graph).static_order():
        depth[name] = 1 + max((depth[other] for other in graph[name]), default=0)
        if depth[name] > FURTHEST:
            taken.append(name)
            depth[name] = 0
    return sorted(taken)


def _as_limits(text: str, data: Data, severity: str) -> bool:
    """Whether a check says only how large or small the answer may be; then it is a limit of the item."""
    unit = f"(?: {re.escape(str(data.get('unit', '')))})?"
    one = re.compile(rf"{data['id']} (<=|>=|<|>) (-?\d+(?:\.\d+)?){unit}")
    found = [one.fullmatch(part) for part in text.split(" and ")]
    if data["type"] not in ("quantity", "integer") or not all(found):
        return False
    limits: Data = {}
    for match in found:
        assert match is not None
        side = "low" if match[1].startswith(">") else "high"
        limits[side] = float(match[2])
        if len(match[1]) == 1:
            limits[f"open_{side}"] = True
    kind = "soft" if severity in ("warning", "information") else "hard"
    already = data.get(kind, {})
    if already.keys() & limits.keys() or len(limits.keys() & {"low", "high"}) < len(found):
        return False
    both = {**already, **limits}
    if both.get("low", -1e308) > both.get("high", 1e308):
        return False
    data[kind] = both
    return True
