"""A transactional document played to its end: what stands after its last transaction, as a snapshot.

Each element of the data says by its TransactionType what becomes of it; one that says nothing does as that around it.
What is inserted, updated or "upserted" stands as it was told last; what is removed is gone with all that it holds; a
context is only the way to what is inside.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from trialwright.formats.odm.document import ClinicalData, Document, EventData, GroupData, ItemData, Noted

TRANSACTIONAL, SNAPSHOT = "Transactional", "Snapshot"
TYPE = "TransactionType"
_Step = tuple[str, str, str]
"""(kind, OID, repeat key) of a subject, event, form or group."""
_Names = tuple[str, str]
"""(study, version of its definition)."""
_Some = TypeVar("_Some", bound=Noted)


def settled(document: Document) -> Document:
    """The document itself where it is no transactional one."""
    if document.type != TRANSACTIONAL:
        return document
    playing, groups = _Playing(), dict[_Names, tuple[GroupData, ...]]()
    for data in document.data:
        names = data.study, data.version
        groups[names] = (*groups.get(names, ()), *data.groups)
        for subject in data.subjects:
            playing.play(playing.root, names, ("subject", subject.key, ""), subject, "Insert")
    said = f"{document.file}: {playing.count} transactions were played; of each value the last state is taken."
    found = ((names, tuple(playing.root.under(names)), loose) for names, loose in groups.items())
    stands = tuple(ClinicalData(*names, subjects, loose) for names, subjects, loose in found if subjects or loose)
    return replace(document, type=SNAPSHOT, data=stands, notes=(*document.notes, said))


@dataclass(slots=True)
class _Node:
    """A part that holds others, as it was told last; `names` and those of `items`: the version that told it."""

    bare: Any = None
    names: _Names = ("", "")
    inside: dict[_Step, _Node] = field(default_factory=dict)
    items: dict[str, tuple[_Names, ItemData]] = field(default_factory=dict)

    def has(self, names: _Names) -> bool:
        """Whether anything here stands under the version."""
        return (
            self.names == names
            or any(told == names for told, _ in self.items.values())
            or any(node.has(names) for node in self.inside.values())
        )

    def under(self, names: _Names) -> Iterator[Any]:
        """The parts inside that stand under the version, with those that they hold."""
        for node in self.inside.values():
            if not node.has(names):
                continue
            held = tuple(node.under(names))
            if isinstance(node.bare, GroupData):
                items = tuple(item for told, item in node.items.values() if told == names)
                yield replace(node.bare, groups=held, items=items)
            elif isinstance(node.bare, EventData):
                yield replace(node.bare, groups=held)
            else:
                events = tuple(part for part in held if isinstance(part, EventData))
                groups = tuple(part for part in held if isinstance(part, GroupData))
                yield replace(node.bare, events=events, groups=groups)


class _Playing:
    """The state that grows from `root`; `count`: values that were told of."""

    def __init__(self) -> None:
        self.root, self.count = _Node(), 0

    def play(self, above: _Node, names: _Names, step: _Step, part: Any, inherited: str) -> bool:
        """Play what a part and all inside it say; whether it is gone: what a removal leaves empty goes as well."""
        how = part.vendor(TYPE) or inherited
        node = above.inside.setdefault(step, _Node())
        if node.bare is None or how != "Context":
            node.bare, node.names = _bare(part), names
        inside = [("event", event.oid, event.repeat, event) for event in getattr(part, "events", ())]
        inside += [("form" if group.form else "group", group.oid, group.repeat, group) for group in part.groups]
        gone = [self.play(node, names, (*inner,), each, how) for *inner, each in inside]
        gone += [self._item(node, names, item, how) for item in getattr(part, "items", ())]
        empty = step[0] != "subject" and not node.inside and not node.items
        if how == "Remove" or (empty and any(gone)):
            del above.inside[step]
            return True
        return False

    def _item(self, node: _Node, names: _Names, item: ItemData, inherited: str) -> bool:
        self.count += 1
        if (item.vendor(TYPE) or inherited) == "Remove":
            return node.items.pop(item.oid, None) is not None
        node.items[item.oid] = names, _plain(item)
        return False


def _bare(part: Any) -> Any:
    """Without what is inside."""
    if isinstance(part, GroupData):
        return _plain(replace(part, groups=(), items=()))
    if isinstance(part, EventData):
        return _plain(replace(part, groups=()))
    return _plain(replace(part, events=(), groups=()))


def _plain(part: _Some) -> _Some:
    """Without its transaction type, which says nothing of what stands."""
    return replace(part, more=tuple(pair for pair in part.more if pair[0] != TYPE)) if part.more else part
