"""The registry's data model as data: every field, its piece name, path and type; the enums; the search areas."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from trialwright.kernel.errors import UnknownName

TYPES = (
    "text",
    "markup",
    "enum",
    "date",
    "partial date",
    "date time",
    "integer",
    "number",
    "boolean",
    "age",
    "geo point",
)


@dataclass(frozen=True, slots=True)
class Field:
    """One leaf of a record. `keys`: the JSON keys from the root; `lists`: which of them hold lists.

    `type` is one of TYPES; for an enum, `enum` names it. `repeated`: a record can hold several values.
    """

    piece: str
    keys: tuple[str, ...]
    lists: tuple[bool, ...]
    type: str
    enum: str = ""

    @property
    def path(self) -> str:
        return ".".join(self.keys)

    @property
    def repeated(self) -> bool:
        return any(self.lists)


@dataclass(frozen=True, slots=True)
class Branch:
    """An inner place of the tree: a section, a module, a structure or a list of structures."""

    piece: str
    keys: tuple[str, ...]
    repeated: bool
    children: tuple[Branch | Field, ...]

    @property
    def path(self) -> str:
        return ".".join(self.keys)

    def leaves(self) -> Iterator[Field]:
        for child in self.children:
            if isinstance(child, Field):
                yield child
            else:
                yield from child.leaves()


@dataclass(frozen=True, slots=True)
class SearchArea:
    """Fields that are searched together: piece name and weight. `param`: its place in `query.<param>`, or ""."""

    name: str
    param: str
    label: str
    parts: tuple[tuple[str, float], ...]


@dataclass(frozen=True, slots=True)
class Model:
    """`fields` by piece name, in the order of the record. `enums`: enum -> value -> the word that pages show."""

    root: Branch
    fields: Mapping[str, Field]
    branches: Mapping[str, Branch]
    enums: Mapping[str, Mapping[str, str]]
    areas: Mapping[str, SearchArea]

    def field(self, piece: str) -> Field:
        """The field with this piece name. Raises UnknownName."""
        if piece not in self.fields:
            raise UnknownName("field", piece, self.fields)
        return self.fields[piece]

    def labels(self, field: Field) -> Mapping[str, str]:
        """The values of an enum field with their words; nothing for another field."""
        return self.enums.get(field.enum, {})


@lru_cache(maxsize=1)
def model() -> Model:
    """The model, read once."""
    source = yaml.safe_load(Path(__file__).with_name("model.yaml").read_text(encoding="utf-8"))
    root = Branch("Study", (), False, tuple(_children(source["fields"], (), (), source["enums"])))
    branches: dict[str, Branch] = {}
    _collect(root, branches)
    areas = {
        name: SearchArea(name, area.get("param", ""), area.get("label", ""), tuple(area["fields"].items()))
        for name, area in source["areas"].items()
    }
    return Model(root, {leaf.piece: leaf for leaf in root.leaves()}, branches, source["enums"], areas)


def values_at(record: Mapping[str, Any], field: Field) -> Iterator[Any]:
    """Every value of a field in a record, in its order. What has the wrong shape is passed over."""
    return _descend(record, field.keys, field.lists)


def _descend(node: Any, keys: tuple[str, ...], lists: tuple[bool, ...]) -> Iterator[Any]:
    if not keys:
        if node is not None and node != "":
            yield node
        return
    if not isinstance(node, Mapping):
        return
    below = node.get(keys[0])
    if lists[0]:
        for each in below if isinstance(below, list) else ():
            yield from _descend(each, keys[1:], lists[1:])
    elif below is not None:
        yield from _descend(below, keys[1:], lists[1:])


def _children(
    tree: Mapping[str, Any], keys: tuple[str, ...], lists: tuple[bool, ...], enums: Mapping[str, Any]
) -> Iterator[Branch | Field]:
    for written, below in tree.items():
        if written == "_":
            continue
        key, repeated = written.removesuffix("[]"), written.endswith("[]")
        here, marks = (*keys, key), (*lists, repeated)
        if isinstance(below, str):
            piece, _, kind = below.partition(" ")
            enum = kind if kind in enums else ""
            yield Field(piece, here, marks, "enum" if enum else kind or "text", enum)
        else:
            piece = below.get("_", key[0].upper() + key[1:])
            yield Branch(piece, here, repeated, tuple(_children(below, here, marks, enums)))


def _collect(branch: Branch, into: dict[str, Branch]) -> None:
    for child in branch.children:
        if isinstance(child, Branch):
            into.setdefault(child.piece, child)
            _collect(child, into)
