"""The calculators that a command line or a page calls: typed inputs in, an answer with its reasons out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from textwrap import wrap
from typing import Any

from trialwright.kernel import units
from trialwright.kernel.errors import InputError, UnknownName
from trialwright.kernel.texts import Text
from trialwright.kernel.truth import Truth
from trialwright.science.clinic import SHELF, Card, Finding, Input, Part, Quantity, Value
from trialwright.screen.calculator_inputs import Raw, pairs, read_inputs

__all__ = [
    "Answer",
    "answer_document",
    "answer_text",
    "calculate",
    "calculators",
    "list_document",
    "list_text",
    "pairs",
]


@dataclass(frozen=True, slots=True)
class Answer:
    """`value` is None while it is not decided; `interval` then says between what it lies, where that can be said.

    `inputs` are the values as understood, in the units of the card; `missing` the inputs that could still change the
    answer, the furthest reaching first.
    """

    card: Card
    value: float | Truth | str | None
    interval: tuple[float, float] | None
    unit: str
    parts: tuple[Part, ...]
    inputs: Mapping[str, Value]
    missing: tuple[str, ...]
    notes: tuple[Text, ...]
    warnings: tuple[Text, ...]

    @property
    def source(self) -> str:
        return self.card.source


def calculators() -> tuple[Card, ...]:
    """All cards, in the order of the shelf."""
    return tuple(SHELF.values())


def calculate(name: str, given: Mapping[str, Raw]) -> Answer:
    """Compute one card from what was typed: `{"ferritin": "2500 ug/L", "haemophagocytosis": "no"}`.

    Raises UnknownName for a calculator, input or choice, InputError for a value that cannot be or is missing,
    UnitError for a unit that does not fit.
    """
    if name not in SHELF:
        raise UnknownName("calculator", name, SHELF)
    card = SHELF[name]
    values, assumed = read_inputs(card, given)
    absent = [i.name for i in card.inputs if not i.optional and i.name not in values]
    if absent:
        raise InputError(f"{card.id} needs {' and '.join(absent)} too.", hint=f"For example {_example(card, absent)}.")
    try:
        found = card.answer(values)
    except (ArithmeticError, ValueError):
        found = Finding(None)
    return Answer(
        card, found.value, found.interval, found.unit or card.unit, found.parts, values, found.missing, found.notes,
        tuple(_warnings(card, values, assumed, found)),
    )  # fmt: skip


def _warnings(card: Card, values: Mapping[str, Value], assumed: tuple[Input, ...], found: Finding) -> Iterator[Text]:
    by_name = {i.name: i for i in card.all_inputs}
    for name in card.outside(**values):
        yield _outside(by_name[name], values[name], card.note)
    if assumed:
        en = ", ".join(f"{i.label.en} in {units.show(i.unit)}" for i in assumed)
        zh = "，".join(f"{i.label.to('zh')} {units.show(i.unit)}" for i in assumed)
        yield Text(en=f"No unit was given; taken as {en}.", zh=f"未注明单位，按以下单位计算：{zh}。")
    if found.value is None and found.interval is None and not found.notes:
        yield Text(en="There is no answer for these values.", zh="该组数值无法得出结果。")


def _outside(wanted: Input, value: Value, note: Text | None) -> Text:
    low, high = wanted.valid
    unit = shown_unit(wanted)
    en, zh = (f"from {low:g}", f"自{low:g}起") if high is None else (f"{low:g} to {high:g}", f"{low:g}至{high:g}")
    shown = f"{value:g}" if isinstance(value, (int, float)) else str(value)
    why = note or Text(en="")
    return Text(
        en=f"{wanted.label.en} {shown} {unit} lies outside the range in which the formula was validated ({en} {unit}). "
        f"{why.en}".strip(),
        zh=f"{wanted.label.to('zh')}{shown}超出公式验证范围（{zh}）。{why.to('zh')}",
    )


def _example(card: Card, names: list[str]) -> str:
    return " ".join(f"{name}={shown_input(card, name, card.example[0][name])}" for name in names)


def shown_input(card: Card, name: str, value: Value) -> str:
    """A value as one would type it, without spaces inside a unit: `2500ug/L`."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Quantity):
        return f'"{value.value:g} {value.unit}"' if value.unit[:1].isdigit() else f"{value.value:g}{value.unit}"
    if isinstance(value, str):
        return f'"{value}"' if " " in value else value
    unit = next(i.unit for i in card.all_inputs if i.name == name)
    if unit[:1].isdigit() and unit != "1":
        return f'"{value:g} {unit}"'
    return f"{value:g}{'' if unit in ('1', 'a') else unit}"


_WORDS = {
    "true": Text(en="yes", zh="是"),
    "false": Text(en="no", zh="否"),
    "unknown": Text(en="not decided", zh="未定"),
    "out_of_scope": Text(en="out of scope", zh="不适用"),
    "missing": Text(en="Could still change the answer", zh="尚可改变结果"),
    "source": Text(en="Source", zh="来源"),
    "warning": Text(en="Please note", zh="请注意"),
    "inputs": Text(en="Computed from", zh="计算依据"),
    "limits": Text(en="Holds", zh="适用范围"),
}


def answer_text(answer: Answer, lang: str = "en") -> str:
    """The answer as lines for people."""

    def word(key: str) -> str:
        return _WORDS[key].to(lang)

    colon = "：" if lang.startswith("zh") else ": "
    lines = [f"{answer.card.label.to(lang)}{colon}{_shown(answer.value, answer.interval, answer.unit, lang)}"]
    for part in answer.parts:
        interval = None if part.low is None or part.high is None else (part.low, part.high)
        value = (
            None if interval else Text(en="unknown", zh="未知") if part.value in (None, Truth.UNKNOWN) else part.value
        )
        lines.append(f"  {part.label.to(lang)}{colon}{_shown(value, interval, part.unit, lang)}")
    lines += [f"  {note.to(lang)}" for note in answer.notes]
    given = [f"{name}={shown_input(answer.card, name, value)}" for name, value in answer.inputs.items()]
    lines += [f"{word('inputs')}{colon}{', '.join(given)}"] if given else []
    lines += [f"{word('missing')}{colon}{', '.join(answer.missing)}"] if answer.missing else []
    lines += [f"{word('warning')}{colon}{warning.to(lang)}" for warning in answer.warnings]
    if answer.card.note and answer.card.note not in answer.notes and not answer.warnings:
        lines.append(f"{word('limits')}{colon}{answer.card.note.to(lang)}")
    return "\n".join([*lines, f"{word('source')}{colon}{answer.source}"])


def _shown(value: float | Truth | Text | str | None, interval: tuple[float, float] | None, unit: str, lang: str) -> str:
    if interval is not None:
        joint = "至" if lang.startswith("zh") else " to "
        text = f"{interval[0]:.4g}{joint}{interval[1]:.4g}"
    elif isinstance(value, Text):
        return value.to(lang)
    elif value is None or isinstance(value, (Truth, str)):
        key = value.value if isinstance(value, Truth) else value or "unknown"
        return _WORDS[key].to(lang)
    else:
        text = f"{value:.4g}" if abs(value) < 10_000 else f"{value:.0f}"
    return f"{text} {units.show(unit)}".strip()


def answer_document(answer: Answer, lang: str = "en") -> dict[str, Any]:
    """The answer for programs (JSON)."""
    return {
        "calculator": answer.card.id,
        "label": answer.card.label.to(lang),
        "value": _plain(answer.value, lang),
        "interval": list(answer.interval) if answer.interval else None,
        "unit": answer.unit,
        "parts": [_part(part, lang) for part in answer.parts],
        "inputs": {name: _input(answer.card, name, value) for name, value in answer.inputs.items()},
        "missing": list(answer.missing),
        "notes": [note.to(lang) for note in answer.notes],
        "warnings": [warning.to(lang) for warning in answer.warnings],
        "limits": answer.card.note.to(lang) if answer.card.note else "",
        "source": answer.source,
    }


def _part(part: Part, lang: str) -> dict[str, Any]:
    interval = None if part.low is None else [part.low, part.high]
    value = None if interval else _plain(part.value, lang)
    return {
        "name": part.name, "label": part.label.to(lang), "value": value, "interval": interval, "unit": part.unit
    }  # fmt: skip


def _plain(value: float | Truth | Text | str | None, lang: str) -> float | bool | str | None:
    if isinstance(value, Truth):
        return {Truth.TRUE: True, Truth.FALSE: False}.get(value)
    return value.to(lang) if isinstance(value, Text) else value


def _input(card: Card, name: str, value: Value) -> dict[str, Any]:
    if isinstance(value, Quantity):
        return {"value": value.value, "unit": value.unit}
    unit = next(i.unit for i in card.all_inputs if i.name == name)
    return {"value": value, "unit": unit} if unit else {"value": value}


def list_text(lang: str = "en") -> str:
    """A line for each calculator, and under it what it takes; optional inputs in brackets."""
    lines = []
    for card in calculators():
        inputs = " ".join(f"[{_shape(i)}]" if i.optional else _shape(i) for i in card.all_inputs)
        lines += [
            f"{card.id}: {card.label.to(lang)}",
            *wrap(inputs, 110, initial_indent="    ", subsequent_indent="    "),
        ]
    return "\n".join(lines)


def _shape(wanted: Input) -> str:
    if wanted.kind == "truth":
        return f"{wanted.name}=yes|no"
    if wanted.kind == "code":
        return f"{wanted.name}={'|'.join(wanted.codes) if 0 < len(wanted.codes) < 10 else 'TEXT'}"
    return f"{wanted.name}={'NUMBER' if wanted.any_unit or wanted.unit == '1' else shown_unit(wanted)}"


def shown_unit(wanted: Input) -> str:
    """The unit of an input as people write it."""
    return "years" if wanted.unit == "a" else units.show(wanted.unit)


def list_document(lang: str = "en") -> list[dict[str, Any]]:
    """All cards for programs (JSON), with their inputs."""
    return [
        {
            "calculator": card.id,
            "label": card.label.to(lang),
            "unit": card.unit,
            "inputs": [_described(wanted, lang) for wanted in card.all_inputs],
            "note": card.note.to(lang) if card.note else "",
            "source": card.source,
        }
        for card in calculators()
    ]


def _described(wanted: Input, lang: str) -> dict[str, Any]:
    return {
        "name": wanted.name,
        "label": wanted.label.to(lang),
        "kind": wanted.kind,
        "unit": wanted.unit,
        "choices": list(wanted.codes),
        "optional": wanted.optional,
    }
