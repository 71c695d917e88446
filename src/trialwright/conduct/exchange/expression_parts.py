"""Parts of an expression that is being taken over: an item, a constant, or what was put together from them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from trialwright.study.items import Item

_SWAPPED = {"<": ">", ">": "<", "<=": ">=", ">=": "<="}
_HOLDS = {"<": (-1,), "<=": (-1, 0), ">": (1,), ">=": (0, 1)}
"""Signs of the difference with which a comparison holds."""
NUMBER = re.compile(r"-?\d+(\.\d+)?")


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


def of_item(item: Item | None, name: str) -> Made:
    if item is None:
        raise Uncertain(f"'{name}' is no item of this study")
    return Made(item.id, item=item)


def truth(made: Made) -> Made:
    """What stands where yes or no is wanted."""
    if made.literal is not None or (made.item is not None and made.item.type not in ("boolean", "judgement")):
        raise Uncertain(f"'{made.text}' is neither true nor false")
    return made


def number(made: Made) -> Made:
    """What stands where a number is wanted: codes that are numbers all count as such, yes as 1, no as 0."""
    if made.literal is not None:
        if not NUMBER.fullmatch(made.literal):
            raise Uncertain(f"'{made.literal}' is no number")
        return Made(made.literal, literal=made.literal)
    if made.text.startswith("includes("):
        return Made(f"if {made.text} then 1 else 0", 0)
    item = made.item
    if item is None or item.type in ("quantity", "integer"):
        return made
    if item.type == "boolean":
        return Made(f"if {item.id} then 1 else 0", 0)
    if item.type != "choice" or not _counts(item):
        raise Uncertain(f"'{item.id}' is no number")
    return scored(item, {choice.code: choice.code for choice in item.choices})


def scored(item: Item, scores: Mapping[str, str]) -> Made:
    """The number that each choice stands for."""
    *first, last = scores
    steps = "".join(f'if {item.id} == "{code}" then {scores[code]} else ' for code in first)
    return Made(f"{steps}{scores[last]}", 0 if first else 9)


def _counts(item: Item) -> bool:
    """Whether all codes are numbers."""
    return all(NUMBER.fullmatch(choice.code) for choice in item.choices)


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
        if not NUMBER.fullmatch(said):
            raise Uncertain(f"'{said}' is no number")
        unit = f" {item.unit}" if item is not None and item.unit not in ("", "1") else ""
        return Made(f"{left.inside(5)} {sign} {said}{unit}", 4)
    if item.type in ("boolean", "judgement"):
        return _yes_no(left, sign, said)
    if item.type == "date" and re.fullmatch(r"\d{4}-\d{2}-\d{2}", said):
        return Made(f"{item.id} {sign} {said}", 4)
    if sign not in ("==", "!="):
        return ordered(item, sign, said)
    if item.type == "choice" and item.choice(said) is None:
        raise Uncertain(f"'{said}' is no choice of '{item.id}'")
    if item.type not in ("choice", "text") or '"' in said:
        raise Uncertain(f"'{item.id}' cannot be compared with a text")
    return Made(f'{left.text} {sign} "{said}"', 4)


def ordered(item: Item, sign: str, said: str) -> Made:
    """The codes that lie on one side of a number."""
    if item.type != "choice" or not _counts(item) or not NUMBER.fullmatch(said):
        raise Uncertain(f"the codes of '{item.id}' have no order")
    ends = [(choice.code, float(choice.code) - float(said)) for choice in item.choices]
    codes = [code for code, apart in ends if (apart > 0) - (apart < 0) in _HOLDS[sign]]
    if not codes:
        raise Uncertain(f"no choice of '{item.id}' is {sign} {said}")
    listed = ", ".join(f'"{code}"' for code in codes)
    return Made(f"{item.id} == {listed}" if len(codes) == 1 else f"{item.id} in ({listed})", 4)
