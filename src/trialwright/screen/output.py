"""A verdict as text for people and as JSON for programs."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from trialwright.screen import words
from trialwright.screen.verdict import AtomLine, CriterionResult, Verdict
from trialwright.study.definition import Study

_MARKS = {"met": "+", "not_met": "-", "unknown": "?", "true": "+", "false": "-"}
_HEADS = {
    "title": (
        "{subject} for {study} {version}, screened {day}: {state}",
        "{subject}｜{study} {version}｜筛选日{day}：{state}",
    ),
    "inclusion": ("Inclusion (all must be met)", "入选标准（须全部符合）"),
    "exclusion": ("Exclusion (none may be met)", "排除标准（须全部不符合）"),
    "missing": ("What would decide, the furthest first", "尚缺资料（按决定作用排序）"),
    "warnings": ("Please note", "请注意"),
}


def as_document(study: Study, found: Verdict) -> str:
    """The verdict as JSON text."""
    document = {
        "verdict": found.state,
        "study": study.id,
        "version": study.version,
        "subject": found.subject,
        "screening": str(found.screening) if found.screening else None,
        "criteria": [_criterion(c) for c in found.criteria],
        "missing": [
            {"item": m.item, "label": m.label, "criteria": list(m.criteria), "sentence": m.sentence,
             "decides": [{"id": id_, "state": state} for id_, state in m.decides]}
            for m in found.missing
        ],
        "warnings": list(found.warnings),
    }  # fmt: skip
    return json.dumps(document, ensure_ascii=False, indent=2)


def _criterion(result: CriterionResult) -> dict[str, Any]:
    return {
        "id": result.id,
        "state": result.state,
        "label": result.label.en,
        "explanation": result.explanation,
        "atoms": [_atom(atom) for atom in result.atoms],
        "flips_under": list(result.flips_under),
    }


def _atom(atom: AtomLine) -> dict[str, Any]:
    values = [
        {
            "item": v.item,
            "value": v.value,
            "when": v.when or None,
            "limits": v.limits or None,
            "origin": v.origin or None,
        }
        for v in atom.values
    ]
    return {
        "text": atom.text,
        "state": atom.state,
        "term": atom.term or None,
        "values": values,
        "needs": list(atom.needs),
    }


def as_text(study: Study, found: Verdict, lang: str = "en") -> str:
    """The verdict as lines: the answer, the criteria with their atoms, what is missing, warnings."""
    return "\n".join(_lines(study, found, lang))


def _lines(study: Study, found: Verdict, lang: str) -> Iterator[str]:
    zh = lang.startswith("zh")
    state = words.text(found.state, lang)
    yield _HEADS["title"][zh].format(
        subject=found.subject or "-", study=study.id, version=study.version, day=found.screening, state=state
    )
    for kind in ("inclusion", "exclusion"):
        yield ""
        yield _HEADS[kind][zh]
        for result in (c for c in found.criteria if c.kind == kind):
            yield from _criterion_lines(result, lang)
    for head, lines in (("missing", [m.sentence for m in found.missing]), ("warnings", list(found.warnings))):
        if lines:
            yield ""
            yield _HEADS[head][zh]
            yield from (f"  {n}. {line}" for n, line in enumerate(lines, 1))


def _criterion_lines(result: CriterionResult, lang: str) -> Iterator[str]:
    state = words.text(result.state, lang)
    line = "  {mark} {id} {label}：{state}。{why}" if lang.startswith("zh") else "  {mark} {id} {label}: {state}. {why}"
    mark = _MARKS[result.state]
    yield line.format(mark=mark, id=result.id, label=result.label.to(lang), state=state, why=result.explanation)
    if len(result.atoms) < 2:
        return
    for atom in result.atoms:
        facts = "; ".join(
            f"{v.value}{f' [{v.limits}]' if v.limits else ''}{f', {v.when}' if v.when else ''}" for v in atom.values
        )
        yield f"      {_MARKS.get(atom.state, '?')} {atom.text}{f' ({facts})' if facts else ''}"
