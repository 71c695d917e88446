"""Attacks by somebody who knows the format of an exported history, some of them by the owner of its key."""

from __future__ import annotations

import base64
import datetime as dt
import gzip
import json
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from histories import History, exported, key_of, long_history, told

from trialwright.conduct import verifier
from trialwright.conduct.rules.seal import signed_note
from trialwright.conduct.verifier import NotAnExport, PublicKey, canonical, check, chunks_of, said

SQLITE = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


def problems(export: bytes, *keys: PublicKey, known: Any = ()) -> list[str]:
    """What is found; a file that is not taken for a history at all is found out, too."""
    try:
        return check([export], keys, known).problems
    except NotAnExport as refusal:
        return [str(refusal)]


def forger() -> Any:
    from trialwright.conduct.actions.keyring import SigningKey

    return SigningKey("trialwright", bytes(range(32)))


def notes_of(history: History) -> list[tuple[list[bytes], int, str]]:
    """Where each checkpoint stands, and its note."""
    places = [(event.seals, n) for event in history.events for n in range(len(event.seals))]
    return [(seals, n, json.loads(seals[n])["checkpoint"]) for seals, n in places]


@SQLITE
def test_no_byte_of_what_frames_the_events_can_be_changed(desk: Any, tmp_path: Path) -> None:
    """Names, spellings of base64 and JSON among them: what is not signed itself is held to one way of writing."""
    told(desk)
    export = exported(desk, tmp_path)
    key, start = key_of(export), 0
    framing: list[int] = []
    for line in export.split(b"\n"):
        if line.startswith((b'{"checkpoint"', b'{"end"', b'{"format"')):
            framing += range(start, start + len(line))
        start += len(line) + 1
    changed = [(place, bytes([export[place] ^ flip])) for place in framing for flip in (1, 4)]
    assert [at for at, byte in changed if not problems(export[:at] + byte + export[at + 1 :], key)] == []


def another_spelling_of_the_root(note: str) -> str:
    lines = note.split("\n")
    signs = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    other = lines[2][:42] + signs[signs.index(lines[2][42]) ^ 1] + "="
    assert base64.b64decode(other) == base64.b64decode(lines[2])
    return "\n".join([*lines[:2], other, *lines[3:]])


RESPELLED: dict[str, Callable[[str], bytes]] = {
    "a number with zeros": lambda note: canonical({"checkpoint": note.replace("checkpoint 1", "checkpoint 01")}),
    "base64": lambda note: canonical({"checkpoint": another_spelling_of_the_root(note)}),
    "a key that comes twice": lambda note: (
        canonical({"checkpoint": note})[:-1] + b',"checkpoint":' + canonical(note) + b"}"
    ),
    "words beside it": lambda note: b'{"checkpoint":' + canonical(note) + b',"remark":"the clock was wrong"}',
    "NaN": lambda note: b'{"checkpoint":' + canonical(note) + b',"n":NaN}',
    "1e400": lambda note: b'{"checkpoint":' + canonical(note) + b',"n":1e400}',
    "escapes": lambda note: json.dumps({"checkpoint": note}, separators=(",", ":")).encode(),
    "a space": lambda note: canonical({"checkpoint": note}) + b" ",
    "another name": lambda note: canonical({"checkpoint": note.replace("\N{EM DASH} trialwright", "\N{EM DASH} x")}),
    "a second signature": lambda note: canonical({"checkpoint": note + note.split("\n\n")[1]}),
}


@SQLITE
@pytest.mark.parametrize("how", RESPELLED)
def test_a_checkpoint_in_another_spelling_is_found(desk: Any, tmp_path: Path, how: str) -> None:
    told(desk)
    export = exported(desk, tmp_path)
    history = History.read(export)
    ((seals, n, note),) = notes_of(history)
    seals[n] = RESPELLED[how](note)
    assert problems(history.bytes(), key_of(export))[0] == (
        "Checkpoint 1 was edited: it has not the form of a checkpoint."
        if how != "another name"
        else "Checkpoint 1 is not signed with a key that is trusted here."
    )


@SQLITE
def test_the_first_line_holds_nothing_that_is_not_vouched_for(desk: Any, tmp_path: Path) -> None:
    told(desk)
    export = exported(desk, tmp_path)
    first, _, rest = export.partition(b"\n")
    plain, key = json.loads(first), key_of(export)
    forged = [
        canonical({**plain, "sponsor": "somebody"}),
        first[:-1] + b',"study":"tiny"}',
        first.replace(b",", b", ", 1),
        canonical({**plain, "study": "tiny: 9 events: verified.\nEvery"}),
        canonical({**plain, "study": ["tiny"]}),
        canonical({**plain, "keys": [*plain["keys"], str(forger().public)]}),
        canonical({**plain, "keys": [str(forger().public)]}),
        canonical({**plain, "keys": []}),
    ]
    for line in forged:
        assert problems(line + b"\n" + rest, key), line


@SQLITE
@pytest.mark.parametrize(
    ("spelled", "moment"),
    [
        ("without hyphens", "20260101T010000.000000+00:00"),
        ("of another zone", "2026-03-02T09:00:00.000000+14:00"),
        ("of a day that cannot be", "2026-02-30T01:00:00.000000+00:00"),
        ("without any", ""),
        ("as a word", "yesterday"),
        ("a day earlier", "2026-03-01T01:00:00.000000+00:00"),
    ],
)
def test_the_keys_owner_cannot_hide_an_earlier_date_by_its_spelling(
    desk: Any, tmp_path: Path, spelled: str, moment: str
) -> None:
    from trialwright.conduct.actions.keyring import signing_key

    history = History.read(long_history(desk, tmp_path))
    history.events[16].head["at"] = moment
    history.recompute(signing_key())
    assert problems(history.bytes(), signing_key().public), spelled


@SQLITE
def test_a_checkpoint_that_was_kept_must_come_again_as_it_was(desk: Any, tmp_path: Path) -> None:
    """The owner of the key signs the same events again under another time: only who kept the note can tell."""
    from trialwright.conduct.actions.keyring import signing_key

    export, key = long_history(desk, tmp_path), signing_key()
    history = History.read(export)
    notes = [(seals, n, verifier.read_note(note)[0]) for seals, n, note in notes_of(history)]
    kept, last = notes[1][2], ""
    for seals, n, old in notes:
        later = dt.datetime.fromisoformat(old.at) + dt.timedelta(minutes=7 if old == kept else 0)
        new = replace(old, at=later.isoformat(timespec="microseconds"), previous=last)
        seals[n], last = canonical({"checkpoint": signed_note(new, key.public, key.sign(new.text))}), new.digest
    assert problems(history.bytes(), key.public) == []
    assert problems(history.bytes(), key.public, known=[kept]) == [
        "Checkpoint 2 is not the one that was kept elsewhere."
    ]


@SQLITE
def test_a_checkpoint_of_another_study_is_told_as_such(desk: Any, tmp_path: Path) -> None:
    export = long_history(desk, tmp_path)
    kept = check([export]).newest
    assert kept is not None
    found = problems(export, key_of(export), known=[replace(kept, study="other")])
    assert found[0] == "A checkpoint kept elsewhere is of another study: other."


@SQLITE
def test_two_exports_do_not_make_one(desk: Any, tmp_path: Path) -> None:
    """Lines of one put into the other, one after the other, or twice."""
    long = long_history(desk, tmp_path)
    (tmp_path / "again").mkdir()
    replace(desk, at=desk.at + dt.timedelta(hours=9)).screened()
    longer, key = exported(desk, tmp_path / "again"), key_of(long)
    one, other = History.read(long), History.read(longer)
    other.events[3] = one.events[4]
    mixed = [
        long + longer,
        longer + longer.split(b"\n")[-2] + b"\n",
        b"\n".join(longer.split(b"\n")[:40] + long.split(b"\n")[39:]),
        b"\n".join([*long.split(b"\n")[:-2], longer.split(b"\n")[-2], b""]),
        other.bytes(),
    ]
    assert problems(longer, key) == []
    for export in mixed:
        assert problems(export, key)


GARBAGE: dict[str, bytes] = {
    "nothing": b"",
    "a mark of byte order": b"\xef\xbb\xbf",
    "a line before": b"[]\n",
    "an empty line before": b"\n",
}


@SQLITE
@pytest.mark.parametrize("before", [each for each in GARBAGE if each != "nothing"])
def test_what_stands_before_an_export_makes_it_none(desk: Any, tmp_path: Path, before: str) -> None:
    told(desk)
    export = exported(desk, tmp_path)
    with pytest.raises(NotAnExport):
        check([GARBAGE[before] + export], [key_of(export)])


@SQLITE
@pytest.mark.parametrize("after", [b"x", b"[]\n", b"{}\n", b"\x00", b"\n\n", b'{"end":{}}\n'])
def test_what_stands_after_an_export_is_found(desk: Any, tmp_path: Path, after: bytes) -> None:
    told(desk)
    export = exported(desk, tmp_path)
    assert problems(export + after, key_of(export))


def test_files_that_are_no_export_are_refused_in_one_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(verifier, "LONGEST", 1 << 22)
    with zipfile.ZipFile(tmp_path / "packed.zip", "w") as packed:
        packed.writestr("history.ndjson", b'{"format":"trialwright-history/1"}\n{"end":{}}\n')
    for name, content in {
        "empty": b"", "packed.zip": (tmp_path / "packed.zip").read_bytes(), "nested": b'{"format":' + b"[" * 100_000,
        "long.gz": gzip.compress(b'{"format":1}\n' + b"[" * (verifier.LONGEST + 10), 1),
    }.items():  # fmt: skip
        file = tmp_path / name
        file.write_bytes(content)
        assert verifier.main([str(file)]) == 2
        told = capsys.readouterr()
        assert (told.out, told.err.count("\n")) == ("", 1), name


@SQLITE
def test_a_packed_export_has_nothing_behind_it(desk: Any, tmp_path: Path) -> None:
    told(desk)
    file, packed = tmp_path / "history.ndjson.gz", gzip.compress(exported(desk, tmp_path))
    for added in (b"x", b"x" * (verifier.PIECE + 1), packed):
        file.write_bytes(packed + added)
        assert "it cannot be read to its end" in check(chunks_of(file)).problems[0]
    file.write_bytes(packed)
    assert check(chunks_of(file)).problems == []


def test_little_that_unpacks_to_much_is_read_little_by_little(tmp_path: Path) -> None:
    file = tmp_path / "bomb.gz"
    file.write_bytes(gzip.compress(bytes(64 << 20), 9))
    assert max(map(len, chunks_of(file))) <= verifier.PIECE


@SQLITE
def test_reading_ends_where_nothing_fits_any_more(desk: Any, tmp_path: Path) -> None:
    told(desk)
    export = exported(desk, tmp_path)
    flood = export + b'{"action":}\n' * (3 * verifier.MOST)
    assert len(problems(flood, key_of(export))) < verifier.MOST + 20


@SQLITE
def test_an_export_cannot_put_words_into_the_verifiers_mouth(desk: Any, tmp_path: Path) -> None:
    """A table's name that would begin a line of its own, and turn the direction of writing."""
    told(desk)
    history = History.read(exported(desk, tmp_path))
    event = history.events[-1]
    digest = "0" * 64
    event.parts[0] = canonical(["\nverified\u202e", [], {}, {}, {"content": digest, "redacted": digest}])
    lines = said(check([history.bytes()])).split("\n")
    assert "NOT verified" in lines[0]
    assert all(line.startswith(("  ", "Note: ", "Key: ")) and line.isprintable() for line in lines[1:])


@SQLITE
def test_a_kept_checkpoint_may_have_gone_through_the_mail(desk: Any, tmp_path: Path) -> None:
    told(desk)
    history = History.read(exported(desk, tmp_path))
    ((_, _, note),) = notes_of(history)
    kept = tmp_path / "kept.txt"
    kept.write_bytes(f"\n{note}\n\n".replace("\n", "\r\n").encode())
    assert verifier.read_checkpoint(kept, [key_of(history.first)]) == verifier.read_note(note)[0]
