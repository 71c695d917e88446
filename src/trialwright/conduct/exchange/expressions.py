"""Conditions and computations of other systems in our language, where every word of them is certain.

Read are comparisons, and/or/not, sums and products of items of the study, quoted texts and numbers, as OpenEDC and
REDCap write them. Anything else (functions, other events, dates of today) is not guessed at.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from trialwright.study.items import Item

_TOKEN = re.compile(
    r"\s*(?:(?P<number>\d+(?:\.\d+)?)|(?P<text>\"[^\"]*\"|'[^']*')|(?P<field>\[[^\]]*\])"
    r"|(?P<sign><=|>=|==|!=|<>|&&|\|\||[-+*/^()<>=!,])|(?P<word>[A-Za-z_À-￿][\w.]*))"
)
_AGAIN = {"=": "==", "<>": "!=", "&&": "and", "||": "or", "!": "not"}
_ORDER = ("==", "!=", "<", "<=", ">", ">=")
_SWAPPED = {"<": ">", ">": "<", "<=": ">=", ">=": "<="}


class Uncertain(Exception):
    """Why an expression is not taken over, in a few words."""


@dataclass(frozen=True, slots=True)
class Made:
    """A part in our language. `level`: how tightly it holds (0 loosest). `item`: where it is one item alone."""

    text: str
    level: int = 9
    item: Item | None = None
    literal: str | None = None

    def inside(self, level: int) -> str:
        return f"({self.text})" if self.level < level else self.text


def taken_over(text: str, find: Callable[[str], Item | None], names: tuple[str, ...] = ()) -> Made:
    """The expression in our language. `find` gives the item of a name there; `names` are such with odd characters.

    Raises Uncertain.
    """
    reader = _Reader(_tokens(text, names), find)
    made = reader.alternatives()
    if reader.tokens:
        raise Uncertain(f"'{reader.tokens[0][1]}' is out of place")
    return made


def negated(made: Made) -> str:
    """The opposite, without a double `not`."""
    return (
        made.text.removeprefix("not ").removeprefix("(").removesuffix(")")
        if _bare_not(made)
        else f"not {made.inside(4)}"
    )


def _bare_not(made: Made) -> bool:
    return made.level == 3 and made.text.startswith("not (") and _closes(made.text[4:])


def _closes(text: str) -> bool:
    """Whether the first bracket closes at the very end."""
    depth = 0
    for position, sign in enumerate(text):
        depth += (sign == "(") - (sign == ")")
        if depth == 0:
            return position == len(text) - 1
    return False


def _tokens(text: str, names: tuple[str, ...]) -> list[tuple[str, str]]:
    odd = sorted((name for name in names if not re.fullmatch(r"[A-Za-z_]\w*", name)), key=len, reverse=True)
    found: list[tuple[str, str]] = []
    position = 0
    while text[position:].strip():
        start = len(text) - len(text[position:].lstrip())
        long = next(
            (name for name in odd if text.startswith(name, start) and not text[start + len(name) :][:1].isalnum()), ""
        )
        if long:
            found.append(("word", long))
            position = start + len(long)
            continue
        match = _TOKEN.match(text, position)
        if match is None:
            raise Uncertain(f"'{text[start : start + 12]}' is not understood")
        kind = str(match.lastgroup)
        found.append((kind, match[kind]))
        position = match.end()
    return found


class _Reader:
    """Recursive descent over the tokens; each step takes what it reads from their front."""

    def __init__(self, tokens: list[tuple[str, str]], find: Callable[[str], Item | None]) -> None:
        self.tokens, self.find, self.depth = tokens, find, 0

    def peek(self) -> str:
        kind, text = self.tokens[0] if self.tokens else ("", "")
        return _AGAIN.get(text, text.lower()) if kind in ("sign", "word") else ""

    def alternatives(self) -> Made:
        self.depth += 1
        if self.depth > 40:
            raise Uncertain("it is nested too deeply")
        made = self._joined("or", 1, lambda: self._joined("and", 2, self.negation))
        self.depth -= 1
        return made

    def _joined(self, word: str, level: int, part: Callable[[], Made]) -> Made:
        parts = [part()]
        while self.peek() == word:
            self.tokens.pop(0)
            parts.append(part())
        return parts[0] if len(parts) == 1 else Made(f" {word} ".join(truth(p).inside(level + 1) for p in parts), level)

    def negation(self) -> Made:
        if self.peek() == "not":
            self.tokens.pop(0)
            inner = truth(self.negation())
            return Made(f"not ({inner.text})", 3)
        return self.comparison()

    def comparison(self) -> Made:
        left = self.sum()
        if self.peek() not in _ORDER:
            return left
        sign = self.peek()
        self.tokens.pop(0)
        return compared(left, sign, self.sum())

    def sum(self) -> Made:
        made = self.product()
        while self.peek() in ("+", "-"):
            sign = self.tokens.pop(0)[1]
            made = Made(f"{_number(made).inside(5)} {sign} {_number(self.product()).inside(6)}", 5)
        return made

    def product(self) -> Made:
        made = self.power()
        while self.peek() in ("*", "/"):
            sign = self.tokens.pop(0)[1]
            made = Made(f"{_number(made).inside(6)} {sign} {_number(self.power()).inside(7)}", 6)
        return made

    def power(self) -> Made:
        made = self.atom()
        if self.peek() == "^":
            self.tokens.pop(0)
            times = self.atom().text.strip("()")
            if times not in ("2", "3"):
                raise Uncertain(f"the power {times} has no counterpart")
            made = Made(" * ".join([_number(made).inside(7)] * int(times)), 6)
        return made

    def atom(self) -> Made:
        if not self.tokens:
            raise Uncertain("it ends too early")
        kind, text = self.tokens.pop(0)
        match kind, text:
            case "number", _:
                return Made(text, literal=text)
            case "text", _:
                return Made(f'"{text[1:-1]}"', literal=text[1:-1])
            case "sign", "(":
                made = self.alternatives()
                if not self.tokens or self.tokens.pop(0)[1] != ")":
                    raise Uncertain("a bracket is not closed")
                return made
            case "field", _:
                return self._field(text[1:-1].strip())
            case "word", _ if self.peek() == "(":
                return self._function(text)
            case "word", _:
                return _item(self.find(text), text)
        raise Uncertain(f"'{text}' is out of place")

    def _field(self, name: str) -> Made:
        """A field of REDCap: `[sex]`, or `[race(2)]` for one box of several."""
        if self.tokens and self.tokens[0][0] == "field":
            raise Uncertain(f"'[{name}]' asks of another event")
        box = re.fullmatch(r"(\w+)\((.+)\)", name)
        made = _item(self.find(box[1] if box else name), name)
        if box is None:
            return made
        if made.item is None or made.item.type != "choices" or made.item.choice(box[2]) is None:
            raise Uncertain(f"'{name}' is no box of a checkbox")
        return Made(f'includes({made.text}, "{box[2]}")')

    def _function(self, name: str) -> Made:
        """Rounding is the one function that both have."""
        if name.lower() != "round":
            raise Uncertain(f"the function '{name}' has no certain counterpart")
        self.tokens.pop(0)
        first, digits = self.alternatives(), "0"
        if self.peek() == ",":
            self.tokens.pop(0)
            digits = self.atom().text
        if not self.tokens or self.tokens.pop(0)[1] != ")":
            raise Uncertain("a bracket is not closed")
        return Made(f"round({_number(first).text}, {digits})")


def _item(item: Item | None, name: str) -> Made:
    if item is None:
        raise Uncertain(f"'{name}' is no item of this study")
    return Made(item.id, item=item)


def truth(made: Made) -> Made:
    """What stands where yes or no is wanted."""
    if made.literal is not None or (made.item is not None and made.item.type not in ("boolean", "judgement")):
        raise Uncertain(f"'{made.text}' is neither true nor false")
    return made


def _number(made: Made) -> Made:
    if made.item is not None and made.item.type not in ("quantity", "integer"):
        raise Uncertain(f"'{made.item.id}' is no number")
    return made


def compared(left: Made, sign: str, right: Made) -> Made:
    """A comparison with the item on the left."""
    if left.literal is not None:
        left, right, sign = right, left, _SWAPPED.get(sign, sign)
    if left.literal is not None:
        raise Uncertain("two constants are compared")
    if right.literal is None:
        return Made(f"{left.inside(5)} {sign} {right.inside(5)}", 4)
    if right.literal == "":
        return _presence(left, sign)
    if left.text.startswith("includes("):
        return _yes_no(left, sign, right.literal)
    return _against(left, sign, right.literal)


def _presence(left: Made, sign: str) -> Made:
    """Compared with the empty text: whether there is an answer."""
    if left.item is None or sign not in ("==", "!="):
        raise Uncertain("only an item can be empty")
    return Made(f"known({left.text})") if sign == "!=" else Made(f"not (known({left.text}))", 3)


def _yes_no(left: Made, sign: str, said: str) -> Made:
    known: Mapping[str, bool] = {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False}
    if sign not in ("==", "!=") or said.lower() not in known:
        raise Uncertain(f"'{said}' is neither yes nor no")
    return left if known[said.lower()] == (sign == "==") else Made(f"not ({left.text})", 3)


def _against(left: Made, sign: str, said: str) -> Made:
    item = left.item
    if item is None or item.type in ("quantity", "integer"):
        if not re.fullmatch(r"-?\d+(\.\d+)?", said):
            raise Uncertain(f"'{said}' is no number")
        unit = f" {item.unit}" if item is not None and item.unit not in ("", "1") else ""
        return Made(f"{left.inside(5)} {sign} {said}{unit}", 4)
    if item.type in ("boolean", "judgement"):
        return _yes_no(left, sign, said)
    if sign not in ("==", "!="):
        raise Uncertain(f"the codes of '{item.id}' have no order")
    if item.type == "choice" and item.choice(said) is None:
        raise Uncertain(f"'{said}' is no choice of '{item.id}'")
    if item.type not in ("choice", "text") or '"' in said:
        raise Uncertain(f"'{item.id}' cannot be compared with a text")
    return Made(f'{left.text} {sign} "{said}"', 4)
