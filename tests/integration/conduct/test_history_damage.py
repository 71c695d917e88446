"""Every damage to an exported history is found, wherever it is done and however well it is covered up."""

from __future__ import annotations

import datetime as dt
import json
import random
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from histories import History, Told, exported, key_of, long_history, told

from trialwright.conduct import verifier
from trialwright.conduct.verifier import Checkpoint, PublicKey, canonical, check, fold

Damage = Callable[[random.Random, History, Any], "bytes | None"]
"""Damages a history in place (or answers with the bytes); the third is a forger's key."""


def a_byte_edited(rng: random.Random, history: History, forger: Any) -> bytes:
    export = bytearray(history.bytes())
    place = rng.choice([n for n, byte in enumerate(export) if byte != 10])
    export[place] = rng.choice([byte for byte in range(33, 127) if byte != export[place]])
    return bytes(export)


def a_part_edited(rng: random.Random, history: History, forger: Any) -> None:
    event = rng.choice(history.events)
    row = json.loads(rng.choice(event.parts))
    event.parts[rng.randrange(len(event.parts))] = canonical([*row[:-1], "x"])


def an_event_deleted(rng: random.Random, history: History, forger: Any) -> None:
    n = rng.randrange(len(history.events))
    gone = history.events.pop(n)
    if n:
        history.events[n - 1].seals += gone.seals


def an_event_inserted(rng: random.Random, history: History, forger: Any) -> None:
    event = rng.choice(history.events)
    history.events.insert(rng.randrange(len(history.events) + 1), Told(dict(event.head), list(event.parts)))


def an_event_inserted_and_the_rest_recomputed(rng: random.Random, history: History, forger: Any) -> None:
    an_event_inserted(rng, history, forger)
    history.recompute()


def two_events_swapped(rng: random.Random, history: History, forger: Any) -> None:
    one, other = rng.sample(range(len(history.events)), 2)
    a, b = history.events[one], history.events[other]
    a.head, b.head, a.parts, b.parts = b.head, a.head, b.parts, a.parts


def two_events_swapped_and_the_rest_recomputed(rng: random.Random, history: History, forger: Any) -> None:
    two_events_swapped(rng, history, forger)
    history.recompute()


def parts_swapped(rng: random.Random, history: History, forger: Any) -> None:
    event = rng.choice([event for event in history.events if len(event.parts) > 1])
    event.parts.append(event.parts.pop(0))


def cut_off(rng: random.Random, history: History, forger: Any) -> bytes:
    export = history.bytes()
    return export[: rng.randrange(len(history.first) + 1, len(export) - 1)]


def cut_off_to_an_older_checkpoint(rng: random.Random, history: History, forger: Any) -> None:
    """The end is made to fit: only a later checkpoint that was kept elsewhere tells."""
    places = [n for n, event in enumerate(history.events) if event.seals]
    del history.events[rng.choice(places[:-1]) + 1 :]
    history.recompute()


def an_event_back_dated(rng: random.Random, history: History, forger: Any) -> None:
    head = rng.choice(history.events).head
    head["at"] = (dt.datetime.fromisoformat(head["at"]) - dt.timedelta(days=1)).isoformat(timespec="microseconds")


def an_event_back_dated_and_the_rest_recomputed(rng: random.Random, history: History, forger: Any) -> None:
    an_event_back_dated(rng, history, forger)
    history.recompute()


def everything_forged_with_another_key(rng: random.Random, history: History, forger: Any) -> None:
    a_part_edited(rng, history, forger)
    history.recompute(forger)
    history.first = canonical({**json.loads(history.first), "keys": [str(forger.public)]})


def a_checkpoint_deleted(rng: random.Random, history: History, forger: Any) -> None:
    rng.choice([event for event in history.events if event.seals]).seals.pop()


def a_checkpoint_moved(rng: random.Random, history: History, forger: Any) -> None:
    event = rng.choice([event for event in history.events if event.seals])
    other = rng.choice([each for each in history.events if each is not event])
    other.seals.append(event.seals.pop())


DAMAGES: tuple[Damage, ...] = (
    a_byte_edited, a_part_edited, an_event_deleted, an_event_inserted, an_event_inserted_and_the_rest_recomputed,
    two_events_swapped, two_events_swapped_and_the_rest_recomputed, parts_swapped, cut_off,
    cut_off_to_an_older_checkpoint, an_event_back_dated, an_event_back_dated_and_the_rest_recomputed,
    everything_forged_with_another_key, a_checkpoint_deleted, a_checkpoint_moved,
)  # fmt: skip
TIMES = 1000


def test_every_damage_is_found(desk: Any, tmp_path: Path) -> None:
    from trialwright.conduct.actions.keyring import SigningKey

    export = long_history(desk, tmp_path)
    key, forger = key_of(export), SigningKey("trialwright", bytes(32))
    good = check([export], [key])
    assert (good.problems, good.checkpoints) == ([], 5)
    known = [good.newest] if good.newest else []
    missed = []
    for n in range(TIMES):
        kind, rng = DAMAGES[n % len(DAMAGES)], random.Random(n)
        history = History.read(export)
        damaged = kind(rng, history, forger) or history.bytes()
        if damaged != export and found_nothing(damaged, key, known):
            missed.append((n, kind.__name__))
        assert damaged != export, (n, kind.__name__)
    assert missed == []


def found_nothing(damaged: bytes, key: PublicKey, known: list[Checkpoint]) -> bool:
    try:
        report = check([damaged], [key], known)
    except verifier.NotAnExport:
        return False
    return not report.problems


def test_an_event_that_the_keys_owner_dates_back_is_found(desk: Any, tmp_path: Path) -> None:
    from trialwright.conduct.actions.keyring import signing_key

    history = History.read(long_history(desk, tmp_path))
    an_event_back_dated(random.Random(5), history, None)
    history.recompute(signing_key())
    (says,) = check([history.bytes()]).problems
    assert "it was back-dated" in says


def test_a_clock_that_was_set_back_is_a_remark(desk: Any, tmp_path: Path) -> None:
    desk.enrolled()
    replace(desk, at=desk.at - dt.timedelta(hours=1)).screened()
    report = check([exported(desk, tmp_path)])
    assert report.problems == []
    assert any("it says itself that the clock was set back" in remark for remark in report.remarks)


def test_a_damage_is_named(desk: Any, tmp_path: Path) -> None:
    history = History.read(long_history(desk, tmp_path))
    history.events[11].head["who"] = "somebody"
    says = check([history.bytes()]).problems
    assert says[0] == "Event 13 does not follow on the event before it."
    assert says[1].startswith("Checkpoint 1 does not fit: events 1 to ")


def test_an_export_is_read_in_pieces_of_any_size(desk: Any, tmp_path: Path) -> None:
    export = long_history(desk, tmp_path)
    for size in (1, 7, 1000):
        report = check(export[n : n + size] for n in range(0, len(export), size))
        assert report.problems == []


def test_a_part_that_is_withheld_without_a_redaction_is_found(desk: Any, tmp_path: Path) -> None:
    told(desk)
    export = exported(desk, tmp_path)
    history = History.read(export)
    event = history.events[-1]
    folded = fold(event.parts)
    row = json.loads(event.parts[0])
    row[-1] = {"content": folded.content, "redacted": verifier.sha256(event.parts[0]).hexdigest()}
    event.parts[0] = canonical(row)
    says = check([history.bytes()], [key_of(export)]).problems
    assert any("is withheld, and no redaction tells why" in problem for problem in says), says
