"""Text to syntax tree. A mistake names its line and column, and what could have stood there."""

from __future__ import annotations

from functools import lru_cache
from importlib import resources
from typing import TYPE_CHECKING

from trialwright.kernel.errors import LogicError

if TYPE_CHECKING:
    from lark import Lark, Token, Tree

_SPOKEN = {
    "NAME": "a name", "NUMBER": "a number", "QUANTITY": "a quantity", "STRING": "a text", "DATE": "a date",
    "LSQB": "'['", "RSQB": "']'",
    "LPAR": "'('", "RPAR": "')'", "COMMA": "','", "COLON": "':'", "COMPARE": "a comparison", "PLUS": "'+' or '-'",
    "TIMES": "'*' or '/'", "MINUS": "'-'", "$END": "the end",
}  # fmt: skip


@lru_cache(maxsize=1024)
def parse(text: str) -> Tree[Token]:
    """The syntax tree of a text; who gets it leaves it as it is. Raises LogicError."""
    from lark.exceptions import UnexpectedCharacters, UnexpectedEOF, UnexpectedToken

    try:
        return _parser().parse(text)
    except UnexpectedCharacters as error:
        char = text[error.pos_in_stream or 0]
        hint = {
            "=": "Write '==' to compare.",
            "&": "Write 'and'.",
            "|": "Write 'or'.",
            "!": "Write 'not' or '!='.",
        }.get(char, "")
        raise LogicError(
            f"'{char}' does not belong here.", where=place(text, error.line, error.column), hint=hint
        ) from None
    except UnexpectedToken as error:
        if error.token.type == "$END":
            raise LogicError(
                "The expression ends too early.", where=place(text, *_end(text)), hint=_expected(error)
            ) from None
        where = place(text, error.token.line or 1, error.token.column or 1)
        raise LogicError(f"'{error.token}' does not belong here.", where=where, hint=_expected(error)) from None
    except UnexpectedEOF:
        raise LogicError("The expression ends too early.", where=place(text, *_end(text))) from None


def place(text: str, line: int, column: int) -> str:
    """`column 7`, or `line 2, column 7` where the text has several lines."""
    return f"line {line}, column {column}" if "\n" in text.strip() else f"column {column}"


def _end(text: str) -> tuple[int, int]:
    lines = text.rstrip().split("\n")
    return len(lines), len(lines[-1]) + 1


def _expected(error: object) -> str:
    names = sorted(getattr(error, "accepts", None) or getattr(error, "expected", None) or ())
    spoken = list(dict.fromkeys(_SPOKEN.get(name, f"'{name.lower()}'") for name in names))
    return (
        f"Here could stand {', '.join(spoken[:-1])} or {spoken[-1]}."
        if len(spoken) > 1
        else (f"Here should stand {spoken[0]}." if spoken else "")
    )


@lru_cache(maxsize=1)
def _parser() -> Lark:
    from lark import Lark

    grammar = resources.files("trialwright.logic").joinpath("grammar.lark").read_text(encoding="utf-8")
    return Lark(grammar, parser="lalr", propagate_positions=True, maybe_placeholders=True)
