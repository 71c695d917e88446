"""What a person sends from a form becomes entries; each type has its own way to be asked for."""

from __future__ import annotations

from dataclasses import fields as parts
from typing import Any

import pytest

from trialwright.conduct.worklists.form import FieldView
from trialwright.kernel.texts import Text
from trialwright.study.items import Choice
from trialwright.web.conduct import fields
from trialwright.web.conduct.fields import Cell

CHOICES = tuple(Choice(code=code, label=Text(en=code)) for code in ("fever", "rash", "cough", "pain", "chills"))


def cell(kind: str, value: str = "", **more: Any) -> Cell:
    empty: dict[str, Any] = {part.name: "" for part in parts(FieldView)}
    known = {
        "row": 1,
        "group": "g",
        "item": "x",
        "label": Text(en="X"),
        "choices": CHOICES,
        "lines": 1,
        "derived": False,
    }
    return Cell(FieldView(**{**empty, **known, "type": kind, "value": value, **more}), {}, "", False)


@pytest.mark.parametrize(
    ("kind", "more", "shape"),
    [
        ("text", {}, "text"), ("text", {"lines": 4}, "long"), ("choice", {}, "list"), ("choices", {}, "several"),
        ("time", {}, "time"), ("date", {}, "date"), ("file", {}, "file"), ("quantity", {}, "number"),
        ("integer", {"derived": True}, "output"),
    ],
)  # fmt: skip
def test_each_type_is_asked_for_in_its_way(kind: str, more: dict[str, Any], shape: str) -> None:
    assert cell(kind, **more).shape == shape


def test_ticked_boxes_come_one_by_one_and_are_joined() -> None:
    sent = [("k:g:1:x", ""), ("k:g:1:x", "rash"), ("k:g:1:x", "pain"), ("k:g:2:x", ""), ("v:g:1:y", "a")]
    typed = fields.read(sent)
    assert typed == {("g", 1, "x"): {"value": "rash;pain"}, ("g", 2, "x"): {"value": ""}, ("g", 1, "y"): {"value": "a"}}
    assert cell("choices", "rash;pain").chosen == ("rash", "pain")
