"""Splits the registry's eligibility text into its lists."""

from __future__ import annotations

import re
from dataclasses import dataclass

_HEADING = re.compile(
    r"\W*(?:[\w'/-]+ ){0,3}?(inclusion|exclusion)(?: criteri(?:a|on)\b[^.]{0,40}\W*| ?:\W*)$", re.IGNORECASE
)
_BULLET = re.compile(r"(\s*)(?:[*•·○▪–-]|\(?\d{1,2}[.)、]|\(?[a-z][.)](?= ))\s+(.*)")
_ESCAPE = re.compile(r"\\([\\`*_{}\[\]()#+\-.!<>~|&])")


@dataclass(frozen=True, slots=True)
class Criteria:
    """`inclusion`, `exclusion`: one text for each criterion, its sub-items on lines of their own."""

    preamble: tuple[str, ...]
    inclusion: tuple[str, ...]
    exclusion: tuple[str, ...]


def split_criteria(text: str) -> Criteria:
    """The lists of an eligibility text. What stands before the first heading is the preamble."""
    blocks: dict[str, list[str]] = {"preamble": [], "inclusion": [], "exclusion": []}
    current, depth, after_gap = blocks["preamble"], -1, True
    for line in text.splitlines():
        if not line.strip():
            after_gap = True
            continue
        if heading := _heading(line):
            current, depth = blocks[heading], -1
            continue
        bullet = _BULLET.match(line)
        indent = len(bullet[1].expandtabs(2)) if bullet else 0
        words = plain(bullet[2] if bullet else line)
        if depth < 0 or not current:
            current.append(words)
            depth = indent
        elif bullet and indent > depth:
            current[-1] += f"\n{words}"
        elif bullet or after_gap:
            current.append(words)
        else:
            current[-1] += f" {words}"
        after_gap = False
    return Criteria(*(tuple(block) for block in blocks.values()))


def plain(text: str) -> str:
    """Markup escapes taken out: `\\>` is >."""
    return _ESCAPE.sub(r"\1", text).strip()


def _heading(line: str) -> str:
    if _BULLET.match(line) and not line.rstrip().endswith(":"):
        return ""
    match = _HEADING.match(line.strip())
    return match[1].lower() if match and len(line) < 90 else ""
