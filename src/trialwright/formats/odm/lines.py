"""Captured values of ODM written as text, without a tree: the quick way, which says what `write` says.

What is rare (audit records, signatures, annotations, queries) is written by the plain writer, once, and then repeated.
"""

from __future__ import annotations

import re

from lxml import etree

from trialwright.formats.odm.document import Annotation, Audit, ItemData, Noted, Query, Signature
from trialwright.formats.odm.write import DataWriter

_IN_ATTRIBUTE = {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "\n": "&#10;", "\r": "&#13;", "\t": "&#9;"}
_IN_TEXT = {"&": "&amp;", "<": "&lt;", ">": "&gt;", "\r": "&#13;"}
_ODD_ATTRIBUTE = re.compile('[&<>"\n\r\t]')
_ODD_TEXT = re.compile("[&<>\r]")
UNPRINTABLE = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Signs that XML cannot hold."""


def attribute(text: str) -> str:
    """A text as it stands between the quotes of an attribute."""
    return _ODD_ATTRIBUTE.sub(lambda found: _IN_ATTRIBUTE[found[0]], text) if _ODD_ATTRIBUTE.search(text) else text


def content(text: str) -> str:
    """A text as it stands in an element."""
    return _ODD_TEXT.sub(lambda found: _IN_TEXT[found[0]], text) if _ODD_TEXT.search(text) else text


def opening(name: str, **attributes: str) -> str:
    """The tag that opens an element; attributes that are empty are left out."""
    said = "".join(f' {key}="{attribute(value)}"' for key, value in attributes.items() if value)
    return f"<{name}{said}>"


class Lines(DataWriter):
    """Parts of a document as text, to be put together."""

    def tag(self, name: str) -> str:
        """Without a namespace: the text is put where the document's own is in force."""
        return name

    def holder(self, name: str) -> etree._Element:
        return etree.Element(name)

    def notes(
        self, audit: Audit | None = None, signature: Signature | None = None,
        annotations: tuple[Annotation, ...] = (), queries: tuple[Query, ...] = (),
    ) -> str:  # fmt: skip
        """What stands beside a value, a group or an event, in the order of the standard."""
        holder = self.holder("Notes")
        part = Noted(audit=audit, signature=signature, annotations=annotations, queries=queries)
        self._noted_first(holder, part)
        self._noted_last(holder, part)
        return _inside(holder)

    def item(self, item: ItemData) -> str:
        """A value as the plain writer gives it."""
        holder = self.holder("Notes")
        self._item_data(holder, item)
        return _inside(holder)

    def subject_head(self, site: str) -> str:
        return opening("SiteRef", LocationOID=site).replace(">", "/>") if site else ""


def _inside(holder: etree._Element) -> str:
    return "".join(etree.tostring(child, encoding="unicode") for child in holder)
