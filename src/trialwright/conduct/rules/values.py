"""Typed values: what people type, checked against its item and brought to one form. Raises InputError for one field."""

from __future__ import annotations

import datetime as dt
import math
import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass

from trialwright.evidence.patient import Value
from trialwright.kernel import units
from trialwright.kernel.dates import PartialDate
from trialwright.kernel.errors import InputError
from trialwright.kernel.texts import JOINT
from trialwright.study.items import Item, Limits

NULL_REASONS = {
    "not_done": "not done",
    "not_applicable": "not applicable",
    "unknown": "unknown",
    "refused": "refused by the subject",
}
_TRUE, _FALSE = {"true", "yes", "y", "1"}, {"false", "no", "n", "0"}
_NUMBER = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]{1,3})?").fullmatch
_CLOCK = re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9])?").fullmatch
_DAY = re.compile(r"[0-9]{4}(-[0-9]{2}(-[0-9]{2})?)?").fullmatch
_MOMENT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,6})?)?(Z|[+-][0-9]{2}:[0-9]{2})?"
).fullmatch
_WIDE = {0xFF01 + n: 0x21 + n for n in range(94)}
"""Digits, letters and signs as wide as a Chinese one, as an input method types them -> the plain ones."""
_WRITTEN = ("quantity", "integer", "date", "event", "time", "datetime")
"""Types whose values other programs read: in plain digits."""
LONGEST_NAME = 200
"""Characters of a file's name."""
BELOW = "<"
"""A result below the assay's limit is typed as `<` and the limit."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One field as somebody filled it in. `group` "" is the group of the form that holds the item.

    `value` "" without a `null_reason` empties the field. `low`, `high`: the laboratory's limits, in `unit`.
    """

    item: str
    value: str
    unit: str = ""
    group: str = ""
    row: int = 1
    low: float | None = None
    high: float | None = None
    null_reason: str = ""
    when: str = ""


Place = tuple[str, int, str]
"""(group, row, item) of a field on a form."""


def canonical(item: Item, text: str) -> str:
    """The text to keep: as typed for numbers and dates, `true`/`false` for yes and no, the code of a choice."""
    value = parse(item, text)
    if isinstance(value, bool):
        return "true" if value else "false"
    if item.type == "choices":
        return str(value)
    text = _plain(item, text)
    if item.type == "datetime":
        return text.replace(" ", "T")
    return text.lower() if item.type == "event" else text


def parse(item: Item, text: str) -> Value:
    """The value that `text` stands for; None for a result below the limit of quantification. Raises InputError."""
    text = _plain(item, text)
    if item.type in ("quantity", "integer"):
        return _number(item, text)
    if item.type in ("boolean", "judgement"):
        return _yes_or_no(text)
    if item.type == "choice":
        return _choice(item, text)
    if item.type in ("date", "event"):
        return text.lower() if item.type == "event" and text.lower() in ("none", "current") else _date(item, text)
    if item.type in _OTHERS:
        return _OTHERS[item.type](item, text)
    return _datetime(text) if item.type == "datetime" else text


def _plain(item: Item, text: str) -> str:
    text = text.strip()
    return text if text.isascii() or item.type not in _WRITTEN else text.translate(_WIDE)


def _number(item: Item, text: str) -> float | None:
    if text.startswith(BELOW) and item.lloq is not None and _NUMBER(text[1:].strip()):
        return None
    if not _NUMBER(text):
        hint = "Write a decimal point, not a comma." if "," in text else "Write digits, as in 37.5."
        raise InputError(f"'{text}' is not a number.", hint=hint)
    number = float(text)
    if not math.isfinite(number):
        raise InputError(f"'{text}' is too large a number.")
    if item.type == "integer" and not number.is_integer():
        raise InputError(f"'{text}' is not a whole number.")
    return number


def _yes_or_no(text: str) -> bool:
    if text.lower() in _TRUE | _FALSE:
        return text.lower() in _TRUE
    raise InputError(f"'{text}' is neither yes nor no.")


def _choice(item: Item, text: str) -> str:
    if item.choice(text):
        return text
    codes = ", ".join(c.code for c in item.choices[:8]) + (", ..." if len(item.choices) > 8 else "")
    raise InputError(f"'{text}' is not one of the choices.", hint=f"Choose from: {codes}.")


def _choices(item: Item, text: str) -> str:
    """Several codes in the definition's order, each once."""
    chosen = {_choice(item, part.strip()) for part in text.split(JOINT) if part.strip()}
    return JOINT.join(choice.code for choice in item.choices if choice.code in chosen)


def _text(item: Item, text: str) -> str:
    if item.lines == 1 and ("\n" in text or "\r" in text):
        raise InputError("The text has several lines.", hint="Write it in one.")
    if any(unicodedata.category(c) == "Cc" and c not in "\n\r\t" for c in text):
        raise InputError("The text holds a character that cannot be printed.", hint="Type it anew.")
    return text


def _date(item: Item, text: str) -> PartialDate:
    if not _DAY(text):
        raise InputError(f"'{text}' is not a date.", hint="Write 2026-03-15, 2026-03 or 2026.")
    day = PartialDate.parse(text)
    if item.type == "date" and not item.partial and not day.exact:
        raise InputError(f"'{text}' is not a whole date.", hint="Write 2026-03-15.")
    return day


def _time(item: Item, text: str) -> str:
    if not _CLOCK(text):
        raise InputError(f"'{text}' is not a time.", hint="Write 09:30 or 09:30:15.")
    return text


def _file(item: Item, text: str) -> str:
    """A file's name and the SHA-256 of its content. The name is one word of a path: nobody reads or writes by it."""
    name, _, digest = text.rpartition(JOINT)
    if (
        not re.fullmatch(r"[0-9a-f]{64}", digest)
        or not name.strip()
        or len(name) > LONGEST_NAME
        or set("/\\") & set(name)
    ):
        raise InputError(
            f"'{text[:60]}' is not a file.", hint="It is kept as its name, ';' and the SHA-256 of its content."
        )
    return text


_OTHERS: dict[str, Callable[[Item, str], str]] = {"choices": _choices, "text": _text, "time": _time, "file": _file}


def _datetime(text: str) -> PartialDate:
    try:
        if not _MOMENT(text):
            raise ValueError
        moment = dt.datetime.fromisoformat(text)
    except ValueError:
        raise InputError(f"'{text}' is not a date with time.", hint="Write 2026-03-15T09:30.") from None
    return PartialDate.day(moment.date())


def check_unit(item: Item, unit: str) -> str:
    """The unit to keep: the item's own when none is chosen. Raises InputError for one that the item does not offer."""
    if item.type not in ("quantity", "integer") or not item.unit:
        if unit:
            raise InputError(f"{item.label} has no unit; '{unit}' was given.")
        return ""
    offered = (item.unit, *item.units)
    if unit and unit not in offered:
        raise InputError(f"'{unit}' is not a unit of {item.label}.", hint=f"Choose from: {', '.join(offered)}.")
    return unit or item.unit


def in_own_unit(item: Item, number: float, unit: str) -> float:
    """`number` stated in the item's own unit."""
    return units.convert(number, unit, item.unit, item.molar_mass) if unit and unit != item.unit else number


def check_hard(item: Item, text: str, unit: str) -> None:
    """Raise InputError when the number lies outside the limits of what is possible."""
    outside = _outside(item, text, unit, item.hard)
    if outside:
        raise InputError(
            f"{outside} is impossible: {_range(item, item.hard)}.", hint=_forgotten_point(item, text, unit)
        )


def soft_message(item: Item, text: str, unit: str) -> str:
    """The query to raise for an unusual number; "" when it is usual."""
    outside = _outside(item, text, unit, item.soft)
    return (
        f"{item.label} {outside} is unusual: {_range(item, item.soft)}. Please confirm or correct." if outside else ""
    )


def check_when(text: str) -> str:
    """A day or a moment in ISO form, or "". Raises InputError."""
    if _MOMENT(text):
        _datetime(text)
    elif text and not _DAY(text):
        raise InputError(f"'{text}' is not a date.", hint="Write 2026-03-15, or 2026-03-15T09:30.")
    elif text:
        PartialDate.parse(text)
    return text


def check_null_reason(reason: str) -> None:
    if reason not in NULL_REASONS:
        raise InputError(f"'{reason}' is not a reason.", hint=f"Choose from: {', '.join(NULL_REASONS)}.")


def _outside(item: Item, text: str, unit: str, limits: Limits | None) -> str:
    if limits is None or item.type not in ("quantity", "integer") or not text:
        return ""
    number = parse(item, text)
    if not isinstance(number, float):
        return ""
    own = in_own_unit(item, number, unit)
    return "" if limits.hold(own) else f"{text} {units.show(unit)}".strip()


def _range(item: Item, limits: Limits | None) -> str:
    assert limits is not None
    unit = units.show(item.unit)
    low = "" if limits.low is None else f"{'above' if limits.open_low else 'at least'} {limits.low:g}"
    high = "" if limits.high is None else f"{'below' if limits.open_high else 'at most'} {limits.high:g}"
    if low and high and not (limits.open_low or limits.open_high):
        return f"expected {limits.low:g} to {limits.high:g} {unit}".strip()
    return f"expected {' and '.join(side for side in (low, high) if side)} {unit}".strip()


def _forgotten_point(item: Item, text: str, unit: str) -> str:
    """Does a tenth of the number fit? Then a decimal point was probably forgotten."""
    number = parse(item, text)
    if "." in text or not isinstance(number, float):
        return ""
    tenth = f"{number / 10:g}"
    return f"Was {tenth} meant?" if not _outside(item, tenth, unit, item.soft or item.hard) else ""


def future(item: Item, text: str, today: dt.date) -> bool:
    """Whether a captured day lies wholly after `today`."""
    if item.type not in ("date", "datetime", "event") or not text:
        return False
    value = parse(item, text)
    return isinstance(value, PartialDate) and value.first > today


def number_text(number: float, decimals: int | None) -> str:
    """A computed number as text: rounded to `decimals`, else 10 significant digits, never in exponent form."""
    if decimals is not None:
        return f"{number:.{decimals}f}"
    text = f"{number:.10g}"
    return text if "e" not in text else f"{number:.12f}".rstrip("0").rstrip(".")


def value_text(value: object, decimals: int | None = None) -> str:
    """A computed value in the form in which it would have been typed."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return number_text(float(value), decimals)
    return str(value)
