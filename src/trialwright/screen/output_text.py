"""A verdict as lines for a person: the answer, the counts, what would decide, then the reasons with their evidence."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator

from trialwright.screen import words
from trialwright.screen.verdict import AtomLine, CriterionResult, ValueLine, Verdict
from trialwright.study.definition import Study

WIDTH = 100
_MARKS = {"met": "+", "not_met": "-", "unknown": "?", "true": "+", "false": "-"}
_TEXTS = {
    "verdict": ("{0}", "{0}"),
    "who": ("{0} for {1} (version {2}), screened {3}", "{0}｜{1}（版本{2}）｜筛选日{3}"),
    "enrolled": (", enrolment {0}", "，入组日{0}"),
    "as_of": (", by what was known on {0}", "，按{0}已知资料"),
    "counts": (
        "Inclusion: {0} met, {1} not met, {2} unknown. Exclusion: {3} absent, {4} present, {5} unknown.",
        "入选：符合{0}，不符合{1}，未知{2}。排除：无{3}，有{4}，未知{5}。",
    ),
    "against": ("Stands against", "不符合项"),
    "alone": ("Could decide the verdict alone", "单项即可决定结论"),
    "open": ("Also needed", "其他尚缺资料"),
    "warnings": ("Please note", "请注意"),
    "inclusion": ("Inclusion (all must be met)", "入选标准（须全部符合）"),
    "exclusion": ("Exclusion (none may be met)", "排除标准（须全部不符合）"),
    "needs": ("needed: {0}", "尚缺：{0}"),
}


def as_text(study: Study, found: Verdict, lang: str = "en") -> str:
    """The verdict as text, in lines that a narrow terminal can hold."""
    return "\n".join(_lines(study, found, lang))


def _text(key: str, lang: str, *parts: object) -> str:
    return _TEXTS[key][lang.startswith("zh")].format(*parts)


def _lines(study: Study, found: Verdict, lang: str) -> Iterator[str]:
    yield words.text(found.state, lang).upper()
    yield _who(study, found, lang)
    yield _counts(found, lang)
    alone = [m.sentence for m in found.missing if m.verdicts]
    rest = [m.sentence for m in found.missing if not m.verdicts]
    yield from _numbered("against", [_line(c, lang) for c in found.reasons], lang)
    yield from _numbered("alone", alone, lang)
    yield from _numbered("open", rest, lang)
    yield from _numbered("warnings", found.warnings, lang)
    for kind in ("inclusion", "exclusion"):
        yield ""
        yield _text(kind, lang)
        for result in (c for c in found.criteria if c.kind == kind):
            yield from _criterion(result, lang)


def _who(study: Study, found: Verdict, lang: str) -> str:
    line = _text("who", lang, found.subject or "-", study.id, study.version, found.screening)
    if found.patient.enrolment:
        line += _text("enrolled", lang, found.patient.enrolment)
    return line + (_text("as_of", lang, found.as_of) if found.as_of else "")


def _counts(found: Verdict, lang: str) -> str:
    def count(kind: str, state: str) -> int:
        return sum(c.kind == kind and c.state == state for c in found.criteria)

    inclusion = (count("inclusion", state) for state in ("met", "not_met", "unknown"))
    exclusion = (count("exclusion", state) for state in ("not_met", "met", "unknown"))
    return _text("counts", lang, *inclusion, *exclusion)


def _numbered(head: str, lines: Iterable[str], lang: str) -> Iterator[str]:
    """A block of numbered sentences, each once; nothing where there are none."""
    once = list(dict.fromkeys(lines))
    if once:
        yield ""
        yield _text(head, lang)
    for n, line in enumerate(once, 1):
        yield from _folded(f"{n:>3}. ", line)


def _line(result: CriterionResult, lang: str) -> str:
    colon, stop = ("：", "。") if lang.startswith("zh") else (": ", ". ")
    state = words.criterion_state(result.kind, result.state, lang)
    return f"{result.id} {result.label.to(lang)}{colon}{state}{stop}{result.explanation}"


def _criterion(result: CriterionResult, lang: str) -> Iterator[str]:
    """State and reason, the words of the record and of the logic, then each atom with its evidence."""
    yield from _folded(f"  {_MARKS[result.state]} ", _line(result, lang))
    yield from _folded("      ", result.wanted)
    for atom in result.atoms:
        yield from _folded(f"      {_MARKS[atom.state]} ", _atom(atom, result.state == "unknown", lang))


def _atom(atom: AtomLine, is_open: bool, lang: str) -> str:
    parts = [", ".join(part for part in (_shown(v), v.when, _source(v)) if part) for v in atom.values]
    if atom.needs and is_open:
        parts.append(_text("needs", lang, ", ".join(atom.needs)))
    return f"{atom.text} | {'; '.join(parts)}" if parts else atom.text


def _shown(line: ValueLine) -> str:
    return f"{line.value} [{line.limits}]" if line.limits else line.value


def _source(line: ValueLine) -> str:
    """Where it was read, without the item's id, which the line says already."""
    return line.origin.removesuffix(f" ({line.item})")


def _folded(head: str, text: str) -> Iterator[str]:
    """A sentence under its head, folded at `WIDTH` columns; Chinese signs take two."""
    space = " " * len(head)
    if words.columns(text) == len(text):
        yield from textwrap.wrap(text, WIDTH, initial_indent=head, subsequent_indent=space, break_on_hyphens=False)
        return
    line, width = head, len(head)
    for char in text:
        wide = words.columns(char)
        if width + wide > WIDTH and char not in "。，；、）：":
            yield line
            line, width = space, len(space)
        line, width = line + char, width + wide
    yield line
