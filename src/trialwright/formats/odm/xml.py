"""XML from strangers: parsed without document types, entities or network, and read part by part with its lines."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

from lxml import etree

from trialwright.formats.odm.document import Foreign, More
from trialwright.kernel.errors import InputError, nearest

LARGEST = 512 * 1024 * 1024
"""Bytes of a file; more is no study's file but somebody's mistake."""
ODM_NAMESPACE = re.compile(r"http://www\.cdisc\.org/ns/odm/v(\d\.\d)")
_PROLOG_ENDS = re.compile(rb"<[A-Za-z_]")
_PREFIX = "NS_ERR_UNDEFINED_NAMESPACE"
XML_LANG = "{http://www.w3.org/XML/1998/namespace}lang"
_IGNORED = ("http://www.w3.org/2001/XMLSchema-instance", "http://www.w3.org/2000/09/xmldsig#")


def parse(content: bytes, file: str) -> tuple[etree._Element, list[str]]:
    """The root and what had to be overlooked. Raises InputError with file and line."""
    if len(content) > LARGEST:
        raise InputError(f"The file is larger than {LARGEST // 1024**2} MiB.", where=file, hint="Split it by subjects.")
    prolog = _PROLOG_ENDS.split(content.replace(b"\0", b"")[:100_000], maxsplit=1)[0]
    if b"<!DOCTYPE" in prolog:
        raise _doctype(file)
    parser = _parser(recover=False)
    try:
        root, notes = etree.fromstring(content, parser), []
    except etree.XMLSyntaxError as error:
        root = _forgiven(content, parser)
        if root is None:
            raise InputError(f"This is not XML: {_plain(error)}.", where=f"{file}:{error.lineno or 1}") from None
        notes = [f"{file}: {_plain(error)}; the prefix was passed over."]
    except ValueError as error:
        raise InputError(f"This is not XML: {error}.", where=file) from None
    about: Any = root.getroottree().docinfo  # the stubs lack most of it
    if about.doctype:
        raise _doctype(file)
    return root, notes


def _doctype(file: str) -> InputError:
    what = "The file declares a document type, which may hide entities that read other files."
    return InputError(what, where=file, hint="ODM needs none: take the declaration out.")


def _parser(*, recover: bool) -> etree.XMLParser:
    return etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, dtd_validation=False, huge_tree=False,
        remove_comments=True, remove_pis=True, recover=recover,
    )  # fmt: skip


def _forgiven(content: bytes, parser: etree.XMLParser) -> etree._Element | None:
    """A file whose only fault is a prefix that nothing declares; None for any other fault."""
    if any(entry.type_name != _PREFIX for entry in parser.error_log):
        return None
    lenient = _parser(recover=True)
    root = etree.fromstring(content, lenient)
    return root if all(entry.type_name == _PREFIX for entry in lenient.error_log) else None


def _plain(error: etree.XMLSyntaxError) -> str:
    return re.sub(r",? line \d+, column \d+.*$", "", error.msg or "it is cut short").strip().rstrip(".")


def _undeclared(element: etree._Element) -> bool:
    """Whether the prefix of an element is one that nothing declares."""
    tag: Any = element.tag
    return isinstance(tag, str) and not tag.startswith("{") and ":" in tag


def line_of(element: etree._Element) -> int:
    """Where an element begins; 0 where that is not known."""
    line: Any = element.sourceline  # the stubs do not say that it is a number or nothing
    return line or 0


def local(element: etree._Element) -> str:
    return _names(element)[1]


def _names(element: etree._Element) -> tuple[str | None, str]:
    """(namespace, name) of an element; a prefix that nothing declares stands for its namespace, as in `redcap:`."""
    tag: Any = element.tag  # a function for comments and the like
    if not isinstance(tag, str):
        return "-", ""
    if tag.startswith("{"):
        space, _, name = tag[1:].partition("}")
        return space, name
    prefix, colon, name = tag.rpartition(":")
    return (f"{prefix}:" if colon else None), name


def ours(element: etree._Element) -> bool:
    """Whether an element is ODM's own (or of no namespace, which some systems write)."""
    name = _names(element)[0]
    return name is None or bool(ODM_NAMESPACE.match(name))


class Reader:
    """What one file's parts share: its name and what was passed over, counted by kind."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.passed: Counter[str] = Counter()
        self.first: dict[str, int] = {}

    def pass_over(self, what: str, line: int) -> None:
        self.passed[what] += 1
        self.first.setdefault(what, line)

    def notes(self) -> list[str]:
        return [
            f"{self.file}:{self.first[what]}: {what} is not read{f' ({count} times)' if count > 1 else ''}."
            for what, count in self.passed.items()
        ]

    def wrong(self, what: str, line: int, hint: str = "") -> InputError:
        return InputError(what, where=f"{self.file}:{line}", hint=hint)


class Cursor:
    """One element while it is read: what nobody asked for is left to `rest`."""

    def __init__(self, element: etree._Element, reader: Reader) -> None:
        self.element, self.reader = element, reader
        self.name, self.line = local(element), line_of(element)
        self._asked: set[str] = set()
        self._children: dict[str, list[etree._Element]] = {}
        self._foreign: list[etree._Element] = []
        for child in element:
            if ours(child):
                self._children.setdefault(local(child), []).append(child)
            elif _undeclared(child):
                reader.pass_over(f"{child.tag} in {self.name}, whose prefix nothing declares,", line_of(child))
            elif _names(child)[0] not in (*_IGNORED, "-"):
                self._foreign.append(child)

    def get(self, name: str, default: str = "") -> str:
        self._asked.add(name)
        return self.element.get(name, default)

    def need(self, name: str) -> str:
        """An attribute that must be there."""
        value = self.get(name)
        if not value:
            present = [str(key) for key in self.element.attrib]
            what = f"{self.name} has no {name}."
            raise self.reader.wrong(what, self.line, nearest(name, present) if present else "")
        return value

    def yes(self, name: str) -> bool:
        return self.get(name) in ("Yes", "true", "1")

    def all(self, *names: str) -> list[Cursor]:
        """The children of these names, in the order of the file."""
        found = [child for name in names for child in self._children.pop(name, [])]
        if len(names) > 1:
            order = {child: number for number, child in enumerate(self.element)}
            found.sort(key=order.__getitem__)
        return [Cursor(child, self.reader) for child in found]

    def one(self, name: str) -> Cursor | None:
        found = self.all(name)
        return found[0] if found else None

    def needed(self, name: str) -> Cursor:
        """A child that must be there."""
        found = self.one(name)
        if found is None:
            alike = next((other for other in self._children if other.lower() == name.lower()), "")
            hint = f"It holds '{alike}': names in XML tell capitals from small letters." if alike else ""
            raise self.reader.wrong(f"{self.name} has no {name}.", self.line, hint)
        return found

    def text(self) -> str:
        return "".join(str(part) for part in self.element.itertext())

    def words(self, name: str) -> str:
        """The text of a child; "" where there is none."""
        found = self.one(name)
        return found.text() if found else ""

    def texts(self, name: str = "") -> tuple[tuple[str, str], ...]:
        """Translated texts of a child (of this very element without `name`)."""
        holder = self.one(name) if name else self
        if holder is None:
            return ()
        found = tuple((part.lang(), part.text()) for part in holder.all("TranslatedText"))
        own = (holder.element.text or "").strip()
        return found or ((("", own),) if own else ())

    def lang(self) -> str:
        return self.element.get(XML_LANG, "")

    def rest(self) -> tuple[More, tuple[Foreign, ...], int]:
        """(attributes nobody asked for, foreign elements, line); ODM's own children that are left are passed over."""
        for name, children in self._children.items():
            for child in children:
                self.reader.pass_over(f"{name} in {self.name}", line_of(child))
        more = tuple(
            (str(key), str(value))
            for key, value in self.element.attrib.items()
            if key not in self._asked and not any(str(key).startswith(f"{{{name}}}") for name in _IGNORED)
        )
        return more, tuple(foreign(child) for child in self._foreign), self.line


def foreign(element: etree._Element) -> Foreign:
    inner = [child for child in element if isinstance(child.tag, str) and not _undeclared(child)]
    attributes = tuple((str(key), str(value)) for key, value in element.attrib.items())
    return Foreign(str(element.tag), attributes, (element.text or "").strip(), tuple(foreign(child) for child in inner))
