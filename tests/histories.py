"""Exported histories for tests: made on a small trial, taken apart, put together again."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from trialwright.conduct import verifier
from trialwright.conduct.rules.seal import signed_note
from trialwright.conduct.rules.values import Entry
from trialwright.conduct.verifier import Checkpoint, Frontier, PublicKey, canonical, fold, leaf_hash

NAME = 'Maria Muster "Mia" 李\n\t\\u0041'
SECRET = {"visit": "screening", "reason": "typed by mistake"}


def told(desk: Any, *, weight: str = "60") -> str:
    """A subject whose form held a name for a while: two saves, then the right value."""
    from trialwright.conduct import actions

    subject = desk.screened(weight=weight)
    save: dict[str, Any] = {"visit": "screening", "by": desk.investigator, "at": desk.at}
    actions.save_form(desk.study, subject, "vitals", [Entry("weight", "61")], reason=f"Mother of {NAME} called", **save)
    actions.open_query(
        desk.study, subject, "vitals", "weight", f"Is this {NAME}?", visit="screening", by=desk.monitor, at=desk.at
    )
    return str(subject)


def exported(desk: Any, folder: Path) -> bytes:
    from trialwright.conduct import actions, worklists

    actions.seal(desk.study)
    worklists.write_history(desk.study, folder / "history.ndjson")
    return (folder / "history.ndjson").read_bytes()


def long_history(desk: Any, folder: Path) -> bytes:
    """Some forty events, five checkpoints, a redaction."""
    from trialwright.conduct import actions

    for hour in range(3):
        replace(desk, at=desk.at + dt.timedelta(hours=hour)).screened()
        actions.seal(desk.study)
    later = replace(desk, at=desk.at + dt.timedelta(hours=3))
    subject = told(later)
    actions.seal(desk.study)
    actions.redact_value(desk.study, subject, "vitals", "weight", **SECRET, by=desk.data_manager, at=later.at)
    return exported(desk, folder)


def key_of(export: bytes) -> PublicKey:
    return PublicKey.read(json.loads(export.partition(b"\n")[0])["keys"][0])


@dataclass
class Told:
    """An event of an export: its line as a mapping, and its parts."""

    head: dict[str, Any]
    parts: list[bytes]
    seals: list[bytes] = field(default_factory=list)
    """Lines of checkpoints after it."""

    @property
    def line(self) -> bytes:
        return canonical(self.head)


@dataclass
class History:
    """An export taken apart."""

    first: bytes
    events: list[Told]
    end: bytes

    @classmethod
    def read(cls, export: bytes) -> History:
        first, *lines, end = export.splitlines()
        events: list[Told] = []
        parts: list[bytes] = []
        for line in lines:
            if line.startswith(b"["):
                parts.append(line)
            elif line.startswith(b'{"action"'):
                events.append(Told(json.loads(line), parts))
                parts = []
            else:
                events[-1].seals.append(line)
        return cls(first, events, end)

    def lines(self) -> list[bytes]:
        body = [line for event in self.events for line in (*event.parts, event.line, *event.seals)]
        return [self.first, *body, self.end]

    def bytes(self) -> bytes:
        return b"\n".join(self.lines()) + b"\n"

    def recompute(self, key: Any = None) -> None:
        """Make the whole chain anew, as somebody with the program could; with a key, the checkpoints too."""
        tree, previous, newest, seals = Frontier(), "", None, 0
        for number, event in enumerate(self.events, 1):
            folded = fold(event.parts)
            event.head |= {"sequence": number, "previous": previous, "content": folded.content, "parts": folded.parts}
            leaf = leaf_hash(event.line)
            previous = leaf.hex()
            tree.append(leaf)
            for n, line in enumerate(event.seals):
                seals += 1
                if key:
                    old, _ = verifier.read_note(json.loads(line)["checkpoint"])
                    last = newest.digest if newest else ""
                    newest = Checkpoint(old.study, seals, tree.size, tree.root(), old.at, last)
                    event.seals[n] = canonical({"checkpoint": signed_note(newest, key.public, key.sign(newest.text))})
        self.end = canonical(verifier.end_of(seals, tree, previous))
