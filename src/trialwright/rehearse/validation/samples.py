"""Values that an item can take: one that is usual, and those at which an expression may turn."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Iterable, Iterator

from trialwright.conduct.rules import values
from trialwright.conduct.rules.capture import form_map
from trialwright.kernel import units
from trialwright.kernel.dates import PartialDate
from trialwright.kernel.errors import InputError, UnitError
from trialwright.kernel.texts import JOINT
from trialwright.logic import Expr
from trialwright.logic.nodes import Literal, Node, children
from trialwright.study.definition import Study
from trialwright.study.items import Item

MOST = 30
"""Candidates of one item."""
_DAYS = (0, -1, 1, -3, -7, -14, -28, -90, -365, -1500, -3650, -6500, -6600, -14600, -25550)
"""Days before the visit: the last ones make ages of 18 years and around, 40 and 70."""
FILE = b"scan"
"""The content of the file that a sample names; the bench attaches it."""
CONTENT = hashlib.sha256(FILE).hexdigest()


def typed(study: Study, item_id: str) -> bool:
    return study.item_by_id[item_id].derive is None


def usual(item: Item, day: dt.date, other: int = 0) -> str:
    """A value that no range objects to; with `other` a second one. "" where none is found."""
    found = [text for text in candidates(item, (), day) if text and not _unusual(item, text)]
    return found[min(other, len(found) - 1)] if found else ""


def _unusual(item: Item, text: str) -> bool:
    return bool(values.soft_message(item, text, item.unit)) if item.type in ("quantity", "integer") else False


def candidates(item: Item, constants: Iterable[Literal], day: dt.date) -> list[str]:
    """Texts that the item accepts, the usual ones first, and "" (left empty) last."""
    found: dict[str, None] = {}
    for text in _offered(item, constants, day):
        if len(found) < MOST and accepted(item, text):
            found.setdefault(text)
    return [*found, ""]


def accepted(item: Item, text: str) -> bool:
    try:
        kept = values.canonical(item, text)
        values.check_hard(item, kept, item.unit if item.type in ("quantity", "integer") else "")
    except InputError:
        return False
    return True


def _offered(item: Item, constants: Iterable[Literal], day: dt.date) -> Iterator[str]:
    if item.type in ("quantity", "integer"):
        yield from (number_text(item, number) for number in _numbers(item, constants))
    elif item.type in ("boolean", "judgement"):
        yield from ("true", "false")
    elif item.type in ("choice", "choices"):
        codes = [choice.code for choice in item.choices]
        yield from codes
        if item.type == "choices" and len(codes) > 1:
            yield JOINT.join(codes[:2])
            yield JOINT.join(codes)
    elif item.type in ("date", "event"):
        yield from (["none", "current"] if item.type == "event" else [])
        yield from (str(constant.value) for constant in constants if isinstance(constant.value, PartialDate))
        yield from (str(day + dt.timedelta(days=offset)) for offset in _DAYS)
    elif item.type == "datetime":
        yield from (
            f"{day + dt.timedelta(days=d)}T{clock}" for d in (0, -1, -7) for clock in ("09:30", "10:30", "08:00")
        )
    else:
        yield from {"time": ("09:30", "18:00"), "file": (f"scan.pdf{JOINT}{CONTENT}",)}.get(
            item.type, ("text", "other")
        )


def _numbers(item: Item, constants: Iterable[Literal]) -> Iterator[float]:
    limits = [limit for limit in (item.soft, item.normal, item.hard) if limit is not None]
    ends = [(limit.low, limit.high) for limit in limits]
    yield from ((low + high) / 2 for low, high in ends if low is not None and high is not None)
    yield from (low * 2 + 1 for low, high in ends if low is not None and high is None)
    yield from (high / 2 for low, high in ends if low is None and high is not None)
    for constant in constants:
        number = _stated(constant, item)
        if number is not None:
            yield from (number * factor for factor in (1, 0.9, 1.1, 0.5, 2))
    for end in (end for pair in ends for end in pair if end is not None):
        yield from (end, end * 1.01 + 0.01, end * 0.99 - 0.01)
    yield from (1, 10, 100, 0.1, 5, 50, 1000, 0, 2, 20)


def _stated(constant: Literal, item: Item) -> float | None:
    """A number of the expression in the item's unit; as it stands where the two do not measure the same."""
    if isinstance(constant.value, bool) or not isinstance(constant.value, (int, float)):
        return None
    try:
        return units.convert(float(constant.value), constant.kind.unit or "1", item.unit or "1", item.molar_mass)
    except UnitError:
        return float(constant.value)


def number_text(item: Item, number: float) -> str:
    """A number as somebody would type it: whole for an integer, else 6 significant digits."""
    if item.type == "integer":
        return str(round(number))
    return values.number_text(float(f"{number:.6g}"), None)


def constants_of(expr: Expr) -> tuple[Literal, ...]:
    """The constants in an expression, those inside derivations too."""
    found: list[Literal] = []
    pending: list[Node] = [expr.root]
    while pending:
        node = pending.pop()
        if isinstance(node, Literal):
            found.append(node)
        pending += children(node)
    return tuple(dict.fromkeys(found))


def group_of(study: Study, form: str, item: str) -> str:
    return form_map(study, form).group_of[item]
