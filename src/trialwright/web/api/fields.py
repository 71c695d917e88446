"""Which fields of a record an answer holds: piece names, paths, modules or search areas."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from trialwright.formats.ctgov.model import Branch, Field, Model, model
from trialwright.kernel.errors import InputError, nearest

Tree = dict[str, Any]
"""Key -> the part wanted below it; an empty one means everything below."""


def wanted(names: Iterable[str], queried: Iterable[str] = ()) -> Tree:
    """The tree of what `names` name. `queried`: what `@query` stands for. Raises InputError."""
    tree: Tree = {}
    for name in names:
        for keys in _places(name.strip(), queried):
            _plant(tree, keys)
    return tree


def project(record: Any, tree: Tree) -> Any:
    """The part of a record that a tree wants; None where there is nothing of it."""
    if not tree:
        return record
    if isinstance(record, list):
        parts = [project(each, tree) for each in record]
        kept = [part for part in parts if part is not None]
        return kept or None
    if not isinstance(record, Mapping):
        return None
    found = {key: project(record[key], tree[key]) for key in record if key in tree}
    return {key: part for key, part in found.items() if part is not None} or None


def _plant(tree: Tree, keys: tuple[str, ...]) -> None:
    """Add a place; one above it that is wanted whole stays whole."""
    here = tree
    for depth, key in enumerate(keys):
        last = depth == len(keys) - 1
        if key in here and not here[key]:
            return
        if last:
            here[key] = {}
        else:
            here = here.setdefault(key, {})


def _places(name: str, queried: Iterable[str]) -> list[tuple[str, ...]]:
    if name == "@query":
        return [keys for piece in queried for keys in _places(piece, ())]
    known = model()
    if name in known.areas:
        return [known.fields[piece].keys for piece, _ in known.areas[name].parts]
    found = field_or_branch(known, name)
    if found is None:
        hint = nearest(name, (*known.fields, *known.branches, *known.areas))
        raise InputError(f"`fields` parameter: there is no field `{name}`.", hint=hint)
    return [found.keys]


def field_or_branch(known: Model, name: str) -> Field | Branch | None:
    """What a piece name or a path names."""
    if name in known.fields:
        return known.fields[name]
    if name in known.branches:
        return known.branches[name]
    if name in ("HasResults", "hasResults"):
        return next((f for f in known.fields.values() if f.path == "hasResults"), None)
    lowered = name[:1].lower() + name[1:]
    places: list[Field | Branch] = [*known.fields.values(), *known.branches.values()]
    return next((place for place in places if place.path in (name, lowered)), None)
