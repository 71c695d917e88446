"""Texts in a CSV file that a spreadsheet program must not take for a formula.

A text that begins with `=`, `+`, `-`, `@`, a tab, a line end or their full-width forms gets an apostrophe before it,
unless it is a plain number; one that begins with apostrophes and then such a sign gets one more. So whatever was typed
can be read back: `freed(safe(text)) == text` for every text.
"""

from __future__ import annotations

import re

_DANGER = "=+\\-@\\t\\r\\n＝＋－＠"
_WOULD_RUN = re.compile(f"'*[{_DANGER}]")
_MADE_SAFE = re.compile(f"'+[{_DANGER}]")
_NUMBER = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]{1,3})?\Z")
FIRST = frozenset("'=+-@\t\r\n＝＋－＠")
"""What a text begins with that may have to be changed: a quick look spares most texts the rest."""


def safe(text: str) -> str:
    """The text as it may stand in a CSV file."""
    if not text or text[0] not in FIRST or not _WOULD_RUN.match(text) or _NUMBER.match(text):
        return text
    return f"'{text}"


def freed(text: str) -> str:
    """What `safe` was given."""
    return text[1:] if _MADE_SAFE.match(text) else text
