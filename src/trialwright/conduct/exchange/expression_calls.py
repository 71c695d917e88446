"""Functions of other systems (REDCap) in our language, where both mean the same for every answer.

Theirs pass over empty answers in sums, means, lowest and highest; differences of days count 365.2425 days a year.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from trialwright.conduct.exchange.expression_parts import Made, Uncertain, number, truth
from trialwright.study.items import Item

NOTHING = Made("0 / 0", 6)
"""No number: what an empty text is in a computation."""
LONGEST = 10_000
"""Characters of an expression here; one that grows beyond is no rule but a table."""
_DAYS = {"y": "/ 365.2425", "M": "/ 30.44", "d": "", "h": "* 24", "m": "* 1440", "s": "* 86400"}
_EMPTY = re.compile(r"not \(known\((\w+)\)\)")
_THERE = re.compile(r"known\((\w+)\)")
_ODD = re.compile(r"\b(if|coalesce|known)\b")


def call(name: str, parts: Sequence[Made]) -> Made:
    """The function `name` of these arguments. Raises Uncertain."""
    found = _CALLS.get(name.lower())
    if found is None:
        raise Uncertain(f"the function '{name}' has no certain counterpart")
    made, fewest, most = found
    if not fewest <= len(parts) <= most:
        raise Uncertain(f"the function '{name}' has {len(parts)} arguments")
    answer = made(parts)
    if len(answer.text) > LONGEST:
        raise Uncertain(f"it would have more than {LONGEST} characters")
    return answer


def _simple(name: str) -> Callable[[Sequence[Made]], Made]:
    return lambda parts: Made(f"{name}({number(parts[0]).text})")


def _digits(parts: Sequence[Made]) -> int:
    said = parts[1].literal if len(parts) > 1 else "0"
    if said is None or not re.fullmatch(r"\d", said):
        raise Uncertain("the number of decimals is no digit")
    return int(said)


def _round(parts: Sequence[Made]) -> Made:
    return Made(f"round({number(parts[0]).text}, {_digits(parts)})")


def _towards(sign: str, step: str) -> Callable[[Sequence[Made]], Made]:
    """Rounding down or up: one step back from what was rounded the wrong way."""

    def made(parts: Sequence[Made]) -> Made:
        given, digits = number(parts[0]), _digits(parts)
        near, one = f"round({given.text}, {digits})", f"{10**-digits:.{digits}f}"
        return Made(f"if {near} {sign} {given.inside(5)} then {near} {step} {one} else {near}", 0)

    return made


def _if(parts: Sequence[Made]) -> Made:
    asked = truth(parts[0])
    yes, no = (NOTHING if part.literal == "" else number(part) for part in parts[1:])
    names = [_EMPTY.fullmatch(part) for part in asked.text.split(" or ")]
    if yes is NOTHING and _needs(no, names):
        return no
    names = [_THERE.fullmatch(part) for part in asked.text.split(" and ")]
    if no is NOTHING and _needs(yes, names):
        return yes
    return Made(f"if {asked.text} then {yes.inside(1)} else {no.inside(1)}", 0)


def _needs(made: Made, names: Sequence[re.Match[str] | None]) -> bool:
    """Whether a computation is unknown anyway while one of these is."""
    words = re.findall(r"\w+", made.text)
    return not _ODD.search(made.text) and all(name is not None and name[1] in words for name in names)


def _items(parts: Sequence[Made], what: str) -> list[Item]:
    found = [part.item for part in parts if part.item is not None]
    if len(found) < len(parts):
        raise Uncertain(f"the {what} is of computations")
    return found


def _sum(parts: Sequence[Made]) -> Made:
    """What is empty is passed over; nothing where all are. A box of a checkbox is never empty."""
    total = _total(parts)
    if any(part.text.startswith("includes(") for part in parts):
        return total
    there = " or ".join(f"known({item.id})" for item in _items(parts, "sum"))
    return Made(f"if {there} then {total.text} else {NOTHING.text}", 0)


def _total(parts: Sequence[Made]) -> Made:
    return Made(" + ".join(f"coalesce({number(part).text}, 0)" for part in parts), 5 if len(parts) > 1 else 9)


def _mean(parts: Sequence[Made]) -> Made:
    there = " + ".join(f"(if known({item.id}) then 1 else 0)" for item in _items(parts, "mean"))
    return Made(f"{_total(parts).inside(6)} / ({there})", 6)


def _extreme(name: str) -> Callable[[Sequence[Made]], Made]:
    """The lowest or highest of those that are known: each gives way to its neighbours."""

    def made(parts: Sequence[Made]) -> Made:
        _items(parts, name)
        texts = [number(part).text for part in parts]
        turned = (", ".join(texts[at:] + texts[:at]) for at in range(len(texts)))
        return Made(f"{name}({', '.join(f'coalesce({turn})' for turn in turned)})")

    return made


def _apart(parts: Sequence[Made]) -> Made:
    """`datediff(first, second, "unit", "format", signed)` of two days."""
    first, second = (_day(part) for part in parts[:2])
    unit, flags = str(parts[2].literal), [str(part.literal).lower() for part in parts[3:]]
    if unit not in _DAYS:
        raise Uncertain(f"'{unit}' is no unit of time")
    days = Made(f"({second} - {first}) / 1 d", 6)
    signed = flags[-1:] in (["true"], ["1"])
    text = days.text if signed else f"abs({days.text})"
    return Made(f"{text} {_DAYS[unit]}".strip(), 6 if signed or _DAYS[unit] else 9)


def _day(part: Made) -> str:
    if part.item is not None and part.item.type == "date":
        return part.item.id
    if part.literal is not None and re.fullmatch(r"\d{4}-\d{2}-\d{2}", part.literal):
        return part.literal
    if part.literal in ("today", "now"):
        raise Uncertain("its answer changes from day to day")
    raise Uncertain(f"'{part.text}' is no date")


def _blank(parts: Sequence[Made]) -> Made:
    if parts[0].item is None:
        raise Uncertain("only an item can be empty")
    return Made(f"not (known({parts[0].item.id}))", 3)


_MANY = 60
_CALLS: dict[str, tuple[Callable[[Sequence[Made]], Made], int, int]] = {
    "abs": (_simple("abs"), 1, 1), "sqrt": (_simple("sqrt"), 1, 1), "round": (_round, 1, 2),
    "rounddown": (_towards(">", "-"), 1, 2), "roundup": (_towards("<", "+"), 1, 2), "if": (_if, 3, 3),
    "sum": (_sum, 1, _MANY), "mean": (_mean, 1, _MANY), "min": (_extreme("min"), 2, 8), "max": (_extreme("max"), 2, 8),
    "datediff": (_apart, 3, 5), "isblankormissingcode": (_blank, 1, 1),
}  # fmt: skip
"""What makes it, and how many arguments it takes."""
