"""Conditions and computations of other systems in our language, where every word of them is certain.

Read are comparisons, and/or/not, sums and products of items of the study, quoted texts, numbers and the functions of
`expression_calls`, as OpenEDC and REDCap write them. Anything else (other functions, dates of today) is not guessed at.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from trialwright.conduct.exchange.expression_calls import LONGEST, call
from trialwright.conduct.exchange.expression_parts import Made, Uncertain, compared, number, of_item, truth
from trialwright.study.items import Item

_TOKEN = re.compile(
    r"\s*(?:(?P<number>\d+(?:\.\d+)?)|(?P<text>\"[^\"]*\"|'[^']*')|(?P<field>\[[^\]]*\])"
    r"|(?P<sign><=|>=|==|!=|<>|&&|\|\||[-+*/^()<>=!,])|(?P<word>[A-Za-z_À-￿][\w.]*))"
)
_AGAIN = {"=": "==", "<>": "!=", "&&": "and", "||": "or", "!": "not"}
_ORDER = ("==", "!=", "<", "<=", ">", ">=")


Find = Callable[[str], Item | None]
There = Callable[[str, str], Item | None]
"""Of an event and a name: the item, where all its values are of that event."""


def taken_over(text: str, find: Find, names: tuple[str, ...] = (), *, there: There | None = None) -> Made:
    """The expression in our language. `find` gives the item of a name there; `names` are such with odd characters.

    Raises Uncertain.
    """
    reader = _Reader(_tokens(text, names), find, there)
    try:
        made = reader.alternatives()
    except RecursionError:
        raise Uncertain("it is nested too deeply") from None
    if reader.tokens:
        raise Uncertain(f"'{reader.tokens[0][1]}' is out of place")
    if len(made.text) > LONGEST:
        raise Uncertain(f"it would have more than {LONGEST} characters")
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

    def __init__(self, tokens: list[tuple[str, str]], find: Find, there: There | None = None) -> None:
        self.tokens, self.find, self.there, self.depth = tokens, find, there, 0

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
            made = Made(f"{number(made).inside(5)} {sign} {number(self.product()).inside(6)}", 5)
        return made

    def product(self) -> Made:
        made = self.power()
        while self.peek() in ("*", "/"):
            sign = self.tokens.pop(0)[1]
            made = Made(f"{number(made).inside(6)} {sign} {number(self.power()).inside(7)}", 6)
        return made

    def power(self) -> Made:
        made = self.atom()
        if self.peek() == "^":
            self.tokens.pop(0)
            times = self.atom().text.strip("()")
            if times not in ("2", "3"):
                raise Uncertain(f"the power {times} has no counterpart")
            made = Made(" * ".join([number(made).inside(7)] * int(times)), 6)
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
            case "sign", "-":
                made = self.power()
                if made.literal is not None:
                    return number(Made("", literal=f"-{made.literal}"))
                return Made(f"-{number(made).inside(7)}", 7)
            case "sign", "(":
                made = self.alternatives()
                if not self.tokens or self.tokens.pop(0)[1] != ")":
                    raise Uncertain("a bracket is not closed")
                return made
            case "field", _:
                return self._field(text[1:-1].strip())
            case "word", _ if self.peek() == "(":
                return self._function(text)
            case "word", "true" | "false" if self.find(text) is None:
                return Made(f'"{text}"', literal=text)
            case "word", _:
                return of_item(self.find(text), text)
        raise Uncertain(f"'{text}' is out of place")

    def _field(self, name: str) -> Made:
        """A field of REDCap: `[sex]`, `[race(2)]` for a box, `[visit_1][sex]` where it is asked once."""
        event = ""
        if self.tokens and self.tokens[0][0] == "field":
            event, name = name, self.tokens.pop(0)[1][1:-1].strip()
        box = re.fullmatch(r"(\w+)\s*\(\s*(.+?)\s*\)", name)
        plain = box[1] if box else name
        item = self.find(plain) if not event else self.there(event, plain) if self.there else None
        if event and item is None:
            raise Uncertain(f"'[{event}][{name}]' asks of another event")
        made = of_item(item, name)
        if box is None:
            return made
        if item is None or item.type != "choices" or item.choice(box[2]) is None:
            raise Uncertain(f"'{name}' is no box of a checkbox")
        return Made(f'includes({made.text}, "{box[2]}")')

    def _function(self, name: str) -> Made:
        self.tokens.pop(0)
        parts: list[Made] = []
        while self.peek() != ")" or parts:
            parts.append(self.alternatives())
            if self.peek() != ",":
                break
            self.tokens.pop(0)
        if not self.tokens or self.tokens.pop(0)[1] != ")":
            raise Uncertain("a bracket is not closed")
        return call(name, parts)
