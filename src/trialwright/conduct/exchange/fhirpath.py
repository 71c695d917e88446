"""FHIRPath as a syntax tree: what questionnaires use of its grammar (literals, paths, functions, operators)."""

from __future__ import annotations

import re
from dataclasses import dataclass

from trialwright.conduct.exchange.expression_parts import Uncertain

LONGEST, DEEPEST = 10_000, 40
_TOKEN = re.compile(
    r"\s*(?:(?P<number>\d+(?:\.\d+)?)|(?P<text>'(?:[^'\\]|\\.)*')|(?P<date>@[\dT:.Z+-]+)"
    r"|(?P<variable>%(?:`[^`]+`|'[^']+'|[A-Za-z_][\w-]*))|(?P<word>\$?[A-Za-z_]\w*|`[^`]+`)"
    r"|(?P<sign><=|>=|!=|!~|[-+*/&=~<>()\[\]{},.|]))"
)
_SPACE = re.compile(r"(?:\s|//[^\n]*|/\*.*?\*/)*", re.DOTALL)
_LEVELS: tuple[tuple[str, ...], ...] = (
    ("implies",), ("or", "xor"), ("and",), ("in", "contains"), ("=", "~", "!=", "!~"), ("<", ">", "<=", ">="), ("|",),
    ("is", "as"), ("+", "-", "&"), ("*", "/", "div", "mod"),
)  # fmt: skip
"""Operators from the loosest to the tightest."""
_ESCAPES = {"n": " ", "r": " ", "t": " ", "f": " "}


@dataclass(frozen=True, slots=True)
class Tree:
    """`kind`: number, text, date, truth, empty, variable, name, call, index, sign (an operator; `-` with one part is
    the negative). `word`: its name or value. `parts`: for name and call first what they are applied to, if anything."""

    kind: str
    word: str
    parts: tuple[Tree, ...] = ()
    base: Tree | None = None


def parse(text: str) -> Tree:
    """Raises Uncertain."""
    if len(text) > LONGEST:
        raise Uncertain(f"it has more than {LONGEST} characters")
    reader = _Reader(_tokens(text))
    tree = reader.level(0)
    if reader.tokens:
        raise Uncertain(f"'{reader.tokens[-1][1]}' is out of place")
    return tree


def _tokens(text: str) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    position = 0
    while True:
        skipped = _SPACE.match(text, position)
        position = skipped.end() if skipped else position
        if position >= len(text):
            return found[::-1]
        match = _TOKEN.match(text, position)
        if match is None or match.end() == position:
            raise Uncertain(f"'{text[position : position + 12]}' is not understood")
        found.append((str(match.lastgroup), match[str(match.lastgroup)]))
        position = match.end()


class _Reader:
    """Recursive descent; the tokens lie in reverse, the next one last."""

    def __init__(self, tokens: list[tuple[str, str]]) -> None:
        self.tokens, self.depth = tokens, 0

    def peek(self) -> str:
        kind, text = self.tokens[-1] if self.tokens else ("", "")
        return text if kind in ("sign", "word") else ""

    def take(self, wanted: str) -> bool:
        if self.peek() != wanted:
            return False
        self.tokens.pop()
        return True

    def need(self, wanted: str) -> None:
        if not self.take(wanted):
            raise Uncertain("a bracket is not closed")

    def level(self, number: int) -> Tree:
        self.depth += 1
        if self.depth > DEEPEST * len(_LEVELS):
            raise Uncertain("it is nested too deeply")
        made = self.level(number + 1) if number + 1 < len(_LEVELS) else self.unary()
        while self.peek() in _LEVELS[number]:
            sign = self.tokens.pop()[1]
            right = self.level(number + 1) if number + 1 < len(_LEVELS) else self.unary()
            made = Tree("sign", sign, (made, right))
        self.depth -= 1
        return made

    def unary(self) -> Tree:
        if self.take("-"):
            return Tree("sign", "-", (self.unary(),))
        self.take("+")
        made = self.term()
        while self.peek() in (".", "["):
            if self.take("["):
                made = Tree("index", "", (self.level(0),), made)
                self.need("]")
                continue
            self.tokens.pop()
            made = self.step(made)
        return made

    def step(self, base: Tree | None) -> Tree:
        kind, word = self.tokens.pop() if self.tokens else ("", "")
        if kind != "word":
            raise Uncertain("it ends too early" if not kind else f"'{word}' is out of place")
        word = word.strip("`")
        if not self.take("("):
            return Tree("name", word, (), base)
        arguments: list[Tree] = []
        while not self.take(")"):
            if arguments:
                self.need(",")
            arguments.append(self.level(0))
        return Tree("call", word, tuple(arguments), base)

    def term(self) -> Tree:
        kind, word = self.tokens[-1] if self.tokens else ("", "")
        if kind == "word" and word not in ("true", "false"):
            return self.step(None)
        if not self.tokens:
            raise Uncertain("it ends too early")
        self.tokens.pop()
        match kind:
            case "number":
                return self._quantity(word)
            case "text":
                return Tree("text", re.sub(r"\\(.)", lambda m: _ESCAPES.get(m[1], m[1]), word[1:-1]))
            case "date":
                return Tree("date", word[1:])
            case "variable":
                return Tree("variable", word[1:].strip("`'"))
            case "word":
                return Tree("truth", word)
        if word == "(":
            made = self.level(0)
            self.need(")")
            return made
        if word == "{":
            self.need("}")
            return Tree("empty", "")
        raise Uncertain(f"'{word}' is out of place")

    def _quantity(self, word: str) -> Tree:
        """A number, with the UCUM unit that may follow it in quotes."""
        if self.tokens and self.tokens[-1][0] == "text":
            return Tree("number", word, (Tree("text", self.tokens.pop()[1][1:-1]),))
        return Tree("number", word)


def every(tree: Tree) -> list[Tree]:
    """The tree and all below it."""
    found, waiting = [], [tree]
    while waiting:
        part = waiting.pop()
        found.append(part)
        waiting += [*part.parts, *([part.base] if part.base else [])]
    return found
