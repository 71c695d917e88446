"""A YAML file as plain data that remembers on which line each part stands."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from trialwright.kernel.errors import DefinitionError

Place = tuple[str | int, ...]
"""Where a part stands in a file: keys and positions from the top."""

MOST_PARTS = 200_000
"""More than any study needs; aliases of aliases would otherwise fill the memory."""

_INTEGER = re.compile(r"[-+]?(0|[1-9][0-9]*)\Z")


@dataclass(frozen=True, slots=True)
class Document:
    """`data`: what the file holds. `lines`: the line (from 1) of each part."""

    name: str
    data: Any
    lines: dict[Place, int] = field(default_factory=dict)

    def line(self, place: Place) -> int:
        """Line of the part at `place`, or of the nearest part around it that is in the file."""
        while place not in self.lines and place:
            place = place[:-1]
        return self.lines.get(place, 1)

    def where(self, place: Place) -> str:
        return f"{self.name}:{self.line(place)}"


def read_yaml(path: Path) -> Document:
    """Read one file of a study folder. Raises DefinitionError with file and line."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise DefinitionError(f"The file cannot be read: {error.strerror}.", where=path.name) from None
    except UnicodeDecodeError as error:
        line = path.read_bytes()[: error.start].count(b"\n") + 1
        raise DefinitionError(
            "This is not UTF-8 text.", where=f"{path.name}:{line}", hint="Save it as UTF-8."
        ) from None
    return parse_yaml(text, path.name)


def parse_yaml(text: str, name: str) -> Document:
    """Like `read_yaml` for text that is at hand."""
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        root = yaml.compose(text, Loader=loader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f"{name}:{mark.line + 1}" if mark else name
        problem = (error.problem or "it cannot be read").replace("\n", " ")
        raise DefinitionError(
            f"This is not YAML: {problem}.", where=where, hint="Check indents, colons and quotes."
        ) from None
    except yaml.YAMLError as error:
        raise DefinitionError(f"This is not YAML: {error}.", where=name) from None
    except RecursionError:
        raise DefinitionError(
            "The parts are nested too deep.", where=name, hint="Check brackets and indents."
        ) from None
    document = Document(name, None if root is None else _Builder(name).build(root, ()))
    if root is not None:
        _note_lines(root, (), document.lines)
    return document


class _Builder:
    """Turns YAML nodes into dicts, lists and scalars. Keys are always text, dates stay text, `01` stays "01"."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._open: set[int] = set()
        self._parts = 0

    def build(self, node: yaml.Node, place: Place) -> Any:
        self._parts += 1
        if self._parts > MOST_PARTS:
            raise self._wrong(
                node, f"The file has more than {MOST_PARTS} parts.", "Does an alias repeat others many times?"
            )
        if isinstance(node, yaml.ScalarNode):
            return _scalar(node)
        if id(node) in self._open:
            raise self._wrong(node, "This alias contains itself.", "Write the part out.")
        self._open.add(id(node))
        built = self._mapping(node, place) if isinstance(node, yaml.MappingNode) else self._sequence(node, place)
        self._open.discard(id(node))
        return built

    def _mapping(self, node: yaml.MappingNode, place: Place) -> dict[str, Any]:
        built: dict[str, Any] = {}
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise self._wrong(key, "A key must be a plain word.", "Quote values that hold braces or brackets.")
            if key.value in built:
                raise self._wrong(key, f"'{key.value}' is given twice.", "Keep one of the two.")
            built[key.value] = self.build(value, (*place, key.value))
        return built

    def _sequence(self, node: yaml.Node, place: Place) -> list[Any]:
        return [self.build(child, (*place, index)) for index, child in enumerate(node.value)]

    def _wrong(self, node: yaml.Node, what: str, hint: str) -> DefinitionError:
        return DefinitionError(what, where=f"{self._name}:{node.start_mark.line + 1}", hint=hint)


def _note_lines(node: yaml.Node, place: Place, lines: dict[Place, int]) -> None:
    lines[place] = node.start_mark.line + 1
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            _note_lines(value, (*place, key.value), lines)
            lines[*place, key.value] = key.start_mark.line + 1
    elif isinstance(node, yaml.SequenceNode):
        for index, child in enumerate(node.value):
            _note_lines(child, (*place, index), lines)


def _scalar(node: yaml.ScalarNode) -> Any:
    """The few scalar types that definitions need; `no`, `01` and dates stay text."""
    kind, text = node.tag.rsplit(":", 1)[-1], node.value
    if node.style in ("'", '"', "|", ">"):
        return text
    if kind == "null":
        return None
    if kind == "bool" and text.lower() in ("true", "false"):
        return text.lower() == "true"
    if kind == "int" and _INTEGER.match(text):
        return int(text)
    if kind == "float":
        try:
            return float(text)
        except ValueError:
            return text
    return text
