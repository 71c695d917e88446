"""The worksheet for the source documents: one page with the verdict, each criterion with its evidence, and a signature.

PDF comes from Typst. English is set in the fonts that Typst carries, so the same answers give the same bytes on every
machine; Chinese needs a font of the system.
"""

from __future__ import annotations

import json
import re
from functools import cache
from importlib.resources import files
from typing import Any

from trialwright.web.screening.shown import Judged, Shown

_MARKS = {"met": "✓", "not": "✗", "unknown": "?"}
_CHINESE = re.compile(r"[\u2e80-\u9fff\uf900-\ufaff\uff00-\uffef]")
_FONTS = ("Noto Sans CJK SC", "Source Han Sans SC", "PingFang SC", "Microsoft YaHei", "WenQuanYi Micro Hei", "SimSun")
"""Fonts with simplified Chinese, the first one found is taken."""

_LONGEST = 200
"""Characters of evidence for one criterion: the page is one page; the screen has the rest."""


class NoFont(Exception):
    """The worksheet has Chinese text, and this machine has no font for it."""


def content(shown: Shown) -> dict[str, Any]:
    """What the worksheet says, in the person's language: plain texts only."""
    t, study = shown.answers.words, shown.answers.study
    return {
        "lang": t.lang,
        "title": t("screening.worksheet_title"),
        "study": study.registration.identity.nct_id,
        "study_title": t.say(study.registration.identity.brief_title),
        "version": study.version,
        "subject": shown.verdict.subject,
        "screening": str(shown.answers.screening),
        "enrolment": str(shown.answers.enrolment or ""),
        "state": shown.verdict.state,
        "sign": list(shown.sign),
        "verdict": t.code("verdict", shown.verdict.state),
        "counts": t("screening.counts", **shown.counts),
        "tables": [
            {"title": t(f"screening.{kind}"), "lines": [_line(shown, j) for j in shown.kind(kind)]}
            for kind in ("inclusion", "exclusion")
        ],
        "lists": [entry for entry in _lists(shown) if entry["lines"]],
        "example": t("screening.example_is") if shown.is_example else "",
        "note": t("screening.made_for"),
        "words": {
            key: t(f"screening.{key}")
            for key in (
                "study", "definition", "subject", "screening_day", "enrolment_day", "criterion", "answer", "evidence",
                "decision", "decision_eligible", "decision_not", "investigator", "signature", "signed_on",
            )
        },
    }  # fmt: skip


def _line(shown: Shown, judged: Judged) -> dict[str, str]:
    t, result = shown.answers.words, judged.result
    return {
        "id": result.id,
        "label": t.say(judged.criterion.label),
        "mark": _MARKS[judged.sign[0]],
        "sign": judged.sign[0],
        "state": t(f"screening.state.{judged.criterion.kind}.{result.state}"),
        "why": _short(result.explanation),
    }


def _short(text: str) -> str:
    if len(text) <= _LONGEST:
        return text
    return text[:_LONGEST].rsplit(" ", 1)[0].rstrip(" ,;") + " …"


def _lists(shown: Shown) -> list[dict[str, Any]]:
    t = shown.answers.words
    flips = [t("screening.flips_what", criterion=c, reading=t.say(label)) for c, label in shown.flipping]
    tests = [test.sentence for test in shown.tests]
    more = [t.count("screening.missing_more", len(tests) - 6)] if len(tests) > 6 else []
    return [
        {"title": t("screening.missing"), "lines": [*tests[:6], *more]},
        {"title": t("screening.flips"), "lines": flips},
        {"title": t("screening.warnings"), "lines": [_short(w) for w in shown.warnings][:5]},
    ]


def pdf(sheet: dict[str, Any]) -> bytes:
    """The worksheet as PDF; the same content gives the same bytes. Raises NoFont."""
    import typst

    text = json.dumps(sheet, ensure_ascii=False, sort_keys=True)
    chinese = bool(_CHINESE.search(text))
    font = _chinese_font() if chinese else ""
    if chinese and not font:
        raise NoFont
    made = typst.Compiler(ignore_system_fonts=not chinese).compile(
        _template(), format="pdf", sys_inputs={"sheet": text, "font": font}, timestamp=0
    )
    assert isinstance(made, bytes)
    return made


@cache
def _template() -> bytes:
    return (files("trialwright.web.screening") / "worksheet.typ").read_bytes()


@cache
def _chinese_font() -> str:
    import typst

    known = set(typst.Fonts().families())
    return next((font for font in _FONTS if font in known), "")
