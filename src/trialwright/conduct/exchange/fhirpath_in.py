"""FHIRPath of questionnaires in our language, where every word of it is certain: answers of questions by their linkId,
comparisons, and/or/not, arithmetic, `iif`, `exists`, `round`. A number without its unit is the answer over it."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from trialwright.conduct.exchange.expression_parts import Made, Uncertain, compared, scored, truth
from trialwright.conduct.exchange.fhirpath import Tree, parse
from trialwright.kernel import units
from trialwright.study.items import Item

NUMBERS = ("quantity", "integer")
_ORDER = ("=", "!=", "<", "<=", ">", ">=")
_PASSED = frozenset({
    "first", "single", "last", "toDecimal", "toInteger", "toQuantity", "ofType", "as", "toString", "trace",
})  # fmt: skip
"""Functions that leave a single answer what it is."""
LONGEST, MOST_STEPS = 4_000, 2_000
"""Characters of what is made, and parts that are read for it."""
_WALKS = frozenset({"item", "descendants", "children", "repeat"})
_PRESENCE = frozenset({"exists", "empty", "hasValue"})
_KNOWN = _PASSED | _WALKS | _PRESENCE | {"where", "all", "not", "round", "abs", "sqrt", "ln", "power"}
_SCORES = frozenset({"ordinal", "weight"})
_KNOWN |= _SCORES


@dataclass(frozen=True, slots=True)
class Path:
    """A way to answers. `link`: the question; "" while none is named. `part`: node, answer, value, code, number."""

    link: str = ""
    part: str = "node"


class Translator:
    """`find`: the item of a linkId. `quantities`: linkIds whose answers carry their unit. `variables`: texts by name.
    `here`: the linkId of the question that it stands at. `scores`: by linkId and code, what answers count for."""

    def __init__(
        self,
        find: Callable[[str], Item | None],
        quantities: frozenset[str],
        variables: Mapping[str, str],
        here: str = "",
        scores: Mapping[str, Mapping[str, str]] | None = None,
    ) -> None:
        self.scores = scores or {}
        self.find, self.quantities, self.variables, self.here = find, quantities, variables, here
        self._open: tuple[str, ...] = ()
        self._focus = Path(here)
        self._steps = 0

    def taken_over(self, text: str) -> Made:
        """The expression in our language. Raises Uncertain."""
        self._steps = 0
        try:
            made = self._made(parse(text))
        except RecursionError:
            raise Uncertain("it is nested too deeply") from None
        if len(made.text) > LONGEST:
            raise Uncertain(f"it would have more than {LONGEST} characters")
        return made

    # --- Parts --------------------------------------------------------------------------------------------------------

    def _made(self, tree: Tree) -> Made:
        found = self._part(tree)
        return found if isinstance(found, Made) else self._value(found)

    def _part(self, tree: Tree) -> Made | Path:
        self._steps += 1
        if self._steps > MOST_STEPS:
            raise Uncertain("it is too long")
        match tree.kind:
            case "number":
                unit = f" {tree.parts[0].word}" if tree.parts and tree.parts[0].word != "1" else ""
                return Made(f"{tree.word}{unit}", literal=tree.word)
            case "text":
                return Made(f'"{tree.word}"', literal=tree.word)
            case "truth":
                return Made(tree.word, literal=tree.word)
            case "date":
                if not re.fullmatch(r"\d{4}-\d{2}(-\d{2})?", tree.word):
                    raise Uncertain(f"'@{tree.word}' has no certain counterpart")
                return Made(tree.word)
            case "variable":
                return self._variable(tree.word)
            case "sign":
                return self._operator(tree)
            case "name":
                return self._name(tree)
            case "call":
                return self._call(tree)
            case "index" if tree.parts[0] == Tree("number", "0") and tree.base:
                return self._part(tree.base)
        raise Uncertain("an empty collection" if tree.kind == "empty" else "one of several answers is asked for")

    def _variable(self, name: str) -> Made | Path:
        if name in ("resource", "questionnaireResponse", "rootResource"):
            return Path()
        if name == "context":
            return Path(self.here)
        if name not in self.variables:
            raise Uncertain(f"'%{name}' is not known here")
        if name in self._open or len(self._open) > 20:
            raise Uncertain(f"the variable '{name}' is defined by itself")
        self._open = (*self._open, name)
        try:
            return self._part(parse(self.variables[name]))
        finally:
            self._open = self._open[:-1]

    def _base(self, tree: Tree) -> Made | Path:
        """What a name or function is applied to; the question itself where nothing stands before it."""
        return self._part(tree.base) if tree.base else self._focus

    def _name(self, tree: Tree) -> Made | Path:
        if tree.word == "$this":
            return self._focus
        base = self._base(tree)
        if isinstance(base, Made):
            raise Uncertain(f"'{tree.word}' is out of place")
        step = (base.part, tree.word)
        if tree.word in _WALKS and base.part in ("node", "answer"):
            return Path()
        if base.part == "node" and tree.word == "answer":
            return replace(base, part="answer")
        if base.part == "answer" and re.fullmatch(r"value([A-Z]\w*)?", tree.word):
            return replace(base, part="value")
        if step == ("value", "code"):
            return replace(base, part="code")
        if step == ("value", "value"):
            return replace(base, part="number")
        raise Uncertain(f"'{tree.word}' has no certain counterpart")

    # --- Functions ----------------------------------------------------------------------------------------------------

    def _call(self, tree: Tree) -> Made | Path:
        if tree.word == "iif" and tree.base is None:
            return self._choice(tree)
        if tree.word not in _KNOWN:
            raise Uncertain(f"the function '{tree.word}' has no certain counterpart")
        base = self._base(tree)
        if isinstance(base, Path):
            if tree.word == "where":
                return self._where(base, tree)
            if tree.word in _WALKS and base.part in ("node", "answer"):
                return Path()
            if tree.word in _PRESENCE:
                return self._presence(base, tree)
            if tree.word in _SCORES:
                return self._score(base)
            if tree.word == "all" and base.part == "answer" and len(tree.parts) == 1:
                return self._each(base, tree.parts[0])
        if tree.word in _PASSED:
            return base
        return self._of_value(tree, base if isinstance(base, Made) else self._value(base))

    def _of_value(self, tree: Tree, made: Made) -> Made:
        match tree.word, len(tree.parts):
            case "exists", 0 if made.item is None:
                return truth(made)  # of answers that were chosen by a condition
            case "empty", 0 if made.item is None:
                return _not(truth(made))
            case "not", 0:
                return _not(truth(made))
            case "round", _:
                digits = tree.parts[0].word if tree.parts and tree.parts[0].kind == "number" else "0"
                return Made(f"round({number(made).text}, {digits})")
            case (("abs" | "sqrt" | "ln"), 0):
                return Made(f"{tree.word}({number(made).text})")
            case "power", 1 if tree.parts[0].word in ("2", "3"):
                return Made(" * ".join([number(made).inside(7)] * int(tree.parts[0].word)), 6)
        raise Uncertain(f"'{tree.word}' is out of place")

    def _where(self, base: Path, tree: Tree) -> Made | Path:
        """`where(linkId = 'x')` names the question; `where(code = 'a')` of its answers asks for one of them."""
        parts = list(_all_of(tree.parts[0])) if len(tree.parts) == 1 else []
        links = [link for part in parts if (link := _named(part, "linkId"))]
        if len(links) == 1 and base.part == "node":
            rest = [part for part in parts if not _named(part, "linkId")]
            if all(_is_answered(part) for part in rest):
                return Path(links[0])
        codes = [_named(part, "code", "value", "valueCoding") for part in parts]
        if base.link and base.part in ("answer", "value") and len(codes) == 1 and codes[0]:
            return self._equal(Path(base.link, "value"), Made("", literal=codes[0]))
        raise Uncertain("the answers are chosen by a condition")

    def _presence(self, base: Path, tree: Tree) -> Made:
        if tree.parts:
            inner = self._where(base, Tree("call", "where", tree.parts))
            if not isinstance(inner, Made):
                raise Uncertain("the answers are chosen by a condition")
            return inner if tree.word == "exists" else _not(inner)
        known = Made(f"known({self._item(base).id})")
        return known if tree.word != "empty" else _not(known)

    def _score(self, base: Path) -> Made:
        """The number that the answer stands for."""
        item, scores = self._item(base), self.scores.get(base.link, {})
        if item.type != "choice" or {choice.code for choice in item.choices} != scores.keys():
            raise Uncertain(f"not every answer to '{base.link}' stands for a number")
        return scored(item, scores)

    def _each(self, base: Path, condition: Tree) -> Made:
        """What holds for each answer: here there is one."""
        if self._item(base).type == "choices":
            raise Uncertain("each of several answers is asked for")
        before, self._focus = self._focus, base
        try:
            return truth(self._made(condition))
        finally:
            self._focus = before

    def _choice(self, tree: Tree) -> Made:
        if len(tree.parts) != 3:
            raise Uncertain("'iif' says nothing for one of its cases")
        if self._converts(tree):
            return self._made(tree.parts[2])
        asked, yes, no = (self._made(part) for part in tree.parts)
        return Made(f"if {truth(asked).text} then {yes.inside(1)} else {no.inside(1)}", 0)

    def _converts(self, tree: Tree) -> bool:
        """Whether an `iif` only brings an answer from another unit to the item's own: our language does so itself."""
        asked, yes, _ = tree.parts
        if asked.kind != "sign" or asked.word != "=" or asked.parts[1].kind != "text" or asked.parts[0].word != "code":
            return False
        path = self._part(asked.parts[0])
        if not isinstance(path, Path) or path.link not in self.quantities:
            return False
        item = self.find(path.link)
        if item is None or asked.parts[1].word not in item.units:
            return False
        shift = 0.0
        if yes.kind == "sign" and yes.word in ("+", "-") and yes.parts[1].kind == "number":
            shift = float(yes.parts[1].word) * (1 if yes.word == "+" else -1)
            yes = yes.parts[0]
        if yes.kind != "sign" or yes.word != "*" or yes.parts[1].kind != "number":
            return False
        if self._part(yes.parts[0]) != Path(path.link, "number"):
            return False
        zero, one = (units.convert(n, asked.parts[1].word, item.unit, item.molar_mass) for n in (0.0, 1.0))
        return math.isclose(float(yes.parts[1].word), one - zero, rel_tol=1e-6) and math.isclose(
            shift, zero, abs_tol=1e-6
        )

    # --- Values -------------------------------------------------------------------------------------------------------

    def _item(self, path: Path) -> Item:
        item = self.find(path.link) if path.link else None
        if item is None:
            what = f"'{path.link}' is no question of this form" if path.link else "no question is named"
            raise Uncertain(what)
        return item

    def _value(self, path: Path) -> Made:
        """An answer as our language has it. A number that is asked for without its unit is divided by it."""
        item = self._item(path)
        if path.part == "node":
            raise Uncertain(f"the answer to '{path.link}' is not asked for")
        bare = path.part == "number" or path.link not in self.quantities
        if bare and item.type in NUMBERS and item.unit not in ("", "1"):
            return Made(f"{item.id} / 1 {item.unit}", 6, replace_unit(item))
        return Made(item.id, item=item)

    def _operator(self, tree: Tree) -> Made:
        sign, parts = tree.word, tree.parts
        if len(parts) == 1:
            return Made(f"-{number(self._made(parts[0])).inside(7)}", 7)
        if sign in _ORDER or sign in ("~", "!~"):
            return self._compared(sign, self._part(parts[0]), self._part(parts[1]))
        if sign in ("and", "or"):
            level = 2 if sign == "and" else 1
            return Made(f" {sign} ".join(truth(self._made(part)).inside(level) for part in parts), level)
        if sign == "implies":
            first, second = (truth(self._made(part)) for part in parts)
            return Made(f"{_not(first).inside(1)} or {second.inside(1)}", 1)
        if sign in ("in", "contains"):
            item, code = (parts[1], parts[0]) if sign == "in" else parts
            return self._compared("=", self._part(item), self._part(code))
        if sign in ("+", "-"):
            left, right = (number(self._made(part)) for part in parts)
            return Made(f"{left.inside(5)} {sign} {right.inside(6)}", 5)
        if sign in ("*", "/"):
            left, right = (number(self._made(part)) for part in parts)
            return Made(f"{left.inside(6)} {sign} {right.inside(7)}", 6)
        raise Uncertain(f"'{sign}' has no certain counterpart")

    def _compared(self, sign: str, left: Made | Path, right: Made | Path) -> Made:
        if isinstance(right, Path) and isinstance(left, Made) and left.literal is not None:
            left, right, sign = right, left, {"<": ">", ">": "<", "<=": ">=", ">=": "<="}.get(sign, sign)
        ours = {"=": "==", "~": "==", "!~": "!="}.get(sign, sign)
        if isinstance(left, Path) and isinstance(right, Made) and right.literal is not None:
            return self._equal(left, right, ours)
        made = [side if isinstance(side, Made) else self._value(side) for side in (left, right)]
        if any(one.item is not None and one.item.type in ("choices", "file") for one in made):
            raise Uncertain("several codes are compared")
        if made[0].literal in ("true", "false") or made[1].literal in ("true", "false"):
            return compared(made[0], ours, made[1])
        return Made(f"{made[0].inside(5)} {ours} {made[1].inside(5)}", 4)

    def _equal(self, path: Path, right: Made, sign: str = "==") -> Made:
        """A comparison of an answer with a constant."""
        item = self._item(path)
        if item.type in NUMBERS and right.literal is not None and right.text != right.literal:
            if right.text.startswith('"'):
                raise Uncertain(f"'{item.id}' is a number")
            return Made(f"{item.id} {sign} {right.text}", 4)
        if item.type in ("choice", "choices") and path.part in ("value", "code", "answer"):
            return self._chosen(item, sign, str(right.literal))
        return compared(Made(item.id, item=item), sign, right)

    def _chosen(self, item: Item, sign: str, code: str) -> Made:
        if sign not in ("==", "!="):
            raise Uncertain(f"the codes of '{item.id}' have no order")
        return chosen(item, sign == "==", code)


def chosen(item: Item, wanted: bool, code: str) -> Made:
    """Whether a code is the answer, or among them. Raises Uncertain for one that the item does not offer."""
    if item.choice(code) is None or '"' in code:
        raise Uncertain(f"'{code}' is no choice of '{item.id}'")
    if item.type == "choices":
        found = Made(f'includes({item.id}, "{code}")')
        return found if wanted else _not(found)
    return Made(f'{item.id} {"==" if wanted else "!="} "{code}"', 4)


def replace_unit(item: Item) -> Item:
    """The item as the pure number that is left once its unit is divided out."""
    return item.model_copy(update={"unit": "1"})


def number(made: Made) -> Made:
    if made.item is not None and made.item.type not in NUMBERS:
        raise Uncertain(f"'{made.item.id}' is no number")
    if made.literal is not None and (made.text.startswith('"') or made.literal in ("true", "false")):
        raise Uncertain(f"'{made.literal}' is no number")
    return made


def _not(made: Made) -> Made:
    return Made(f"not ({made.text})", 3)


def _all_of(tree: Tree) -> list[Tree]:
    if tree.kind == "sign" and tree.word == "and":
        return [*_all_of(tree.parts[0]), *_all_of(tree.parts[1])]
    return [tree]


def _named(tree: Tree, *names: str) -> str:
    """The text that `linkId = 'x'` compares with; for codes also `value.code = 'x'`."""
    if tree.kind != "sign" or tree.word not in ("=", "~"):
        return ""
    for left, right in (tree.parts, tree.parts[::-1]):
        if left.kind != "name" or right.kind != "text" or left.word not in names:
            continue
        if left.base is None or (left.base.kind == "name" and left.base.word in ("value", "valueCoding", "$this")):
            return right.word
    return ""


def _is_answered(tree: Tree) -> bool:
    """`answer.exists()`, `answer.empty().not()`: an answer that is not there is none anyway."""
    said = [part.word for part in _chain(tree)]
    return said in (["answer", "exists"], ["answer", "empty", "not"], ["answer", "value", "exists"])


def _chain(tree: Tree) -> list[Tree]:
    return [*(_chain(tree.base) if tree.base else []), tree]
