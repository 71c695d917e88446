"""The registry's texts (CommonMark) as paragraphs and lists. HTML in them is text, and nothing of them is a link."""

from __future__ import annotations

from functools import cache

from markdown_it import MarkdownIt
from markupsafe import Markup


@cache
def _reader() -> MarkdownIt:
    """Paragraphs, lists, escapes and emphasis; no HTML, link, image, heading or code."""
    return MarkdownIt("zero", {"html": False}).enable(["list", "escape", "entity", "newline", "emphasis", "backticks"])


def markup(text: str) -> Markup:
    """HTML of one text of a record."""
    return Markup(_reader().render(text))  # noqa: S704 (the reader escapes whatever is no markup)
