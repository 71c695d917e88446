"""Verifies the exported history of a study. One file on its own: Python 3.11 and `cryptography` are all it needs.

    python verifier.py EXPORT [--key PUBLICKEY]... [--checkpoint OLDER_CHECKPOINT]

Every line of an export is exactly the bytes that were hashed. An event is the line `{"action":...}` after the lines of
its parts (`["value",key,old,new,salt]`); its `content` is the SHA-256 of those lines, its `parts` that over the SHA-256
of each. The event's line is a leaf of the study's Merkle tree (RFC 6962), its leaf hash is the next event's `previous`,
and checkpoints (signed notes, https://c2sp.org/tlog-checkpoint, Ed25519) sign the tree's root. A redacted part is
replaced by `[table,key,old,new,{"content":...,"redacted":its hash}]`, which an event after it must tell.

Exit codes: 0 verified, 1 something was changed, 2 the file is not an export or cannot be read.
"""

from __future__ import annotations

import argparse
import base64
import datetime as dt
import json
import re
import sys
import zlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

FORMAT = "trialwright-history/1"
ORIGIN = "trialwright/history/"
REDACTED = "[redacted]"  # stands where a value was
PATIENCE = dt.timedelta(seconds=60)  # that an event may have waited to be written; an older one is back-dated
ALGORITHM = b"\x01"  # Ed25519 in signed notes
LONGEST = 1 << 26  # bytes of a line and its parts
PIECE = 1 << 18  # bytes that are read or unpacked at once: few enough to stay in the cache
MOST = 10_000  # problems after which reading is given up
SHOWN = 20
_UNCONFIRMED = "The key came with the export. Compare it with the one that you were given, or say that one with --key: "
_UNCONFIRMED += "somebody who made everything anew, with a key of his own, would not be found else."
_OF_A_REHEARSAL = " (of a rehearsal: everybody can make it, and it proves nothing about people)"

_CANONICAL = json.JSONEncoder(sort_keys=True, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
_OTHER = f"This is not the exported history of a study in the format {FORMAT}."


class NotAnExport(Exception):
    """The file is not the history of a study, or cannot be read."""


def canonical(value: object) -> bytes:
    """One sequence of bytes for one value: JSON with sorted keys, no spaces, characters as they are, UTF-8."""
    return _CANONICAL.encode(value).encode()


class Folded(NamedTuple):
    """The parts of an event as its line has them. `content`: hash of their lines; `parts`: over the hash of each.

    `withheld`: those that were redacted; they count with the hash that they name, and name the `content` as it was.
    """

    content: str
    parts: str
    withheld: list[bytes]


def fold(parts: Sequence[bytes]) -> Folded:
    content = sha256(b"\n".join(parts)).hexdigest()
    digests = [sha256(part).digest() for part in parts]
    withheld = []
    for number, part in enumerate(parts):
        if part.endswith(b'"}]') and (named := _named(part)):
            content, digests[number] = named
            withheld.append(part)
    return Folded(content, sha256(b"".join(digests)).hexdigest(), withheld)


def _named(part: bytes) -> tuple[str, bytes] | None:
    """What stands where a part was redacted: hash of all parts as they were, and its own. None when it was not."""
    try:
        last = json.loads(part)[-1]
        digest = bytes.fromhex(last["redacted"])
        return (str(last["content"]), digest) if len(digest) == 32 else None
    except (ValueError, TypeError, LookupError):
        return None


def leaf_hash(data: bytes) -> bytes:
    return sha256(b"\x00" + data).digest()


class Frontier:
    """Right edge of the Merkle tree (RFC 6962, 2.1): roots of its complete subtrees, the largest first. O(1) a leaf."""

    def __init__(self, size: int = 0, roots: Iterable[bytes] = ()) -> None:
        """Raises ValueError when there are not as many roots as a tree of `size` leaves has."""
        self.size, self.roots = size, list(roots)
        if len(self.roots) != size.bit_count():
            raise ValueError(f"A tree of {size} leaves has {size.bit_count()} complete subtrees.")

    def append(self, leaf: bytes) -> None:
        size, self.size = self.size, self.size + 1
        while size & 1:
            leaf = sha256(b"\x01" + self.roots.pop() + leaf).digest()
            size >>= 1
        self.roots.append(leaf)

    def root(self) -> bytes:
        """The Merkle tree hash of all leaves so far."""
        if not self.roots:
            return sha256(b"").digest()
        *others, found = self.roots
        for left in reversed(others):
            found = sha256(b"\x01" + left + found).digest()
        return found


def _is_name(text: str) -> bool:
    """Whether it is one word that can be printed."""
    return text.isprintable() and len(text.split()) == 1


@dataclass(frozen=True, slots=True)
class PublicKey:
    """An Ed25519 key of signed notes, written `name+id+base64`. A rehearsal's key says so in its name."""

    name: str
    raw: bytes

    @property
    def id(self) -> str:
        """Eight hexadecimal digits."""
        return sha256(self.name.encode() + b"\n" + ALGORITHM + self.raw).hexdigest()[:8]

    def __str__(self) -> str:
        return f"{self.name}+{self.id}+{base64.b64encode(ALGORITHM + self.raw).decode()}"

    @classmethod
    def read(cls, text: str) -> PublicKey:
        """Raises ValueError for something else, and for a key whose id does not fit."""
        name, digits, coded = text.strip().split("+", 2)
        raw = base64.b64decode(coded, validate=True)
        key = cls(name, raw[1:])
        if raw[:1] != ALGORITHM or len(raw) != 33 or key.id != digits or not _is_name(name):
            raise ValueError("This is not the public key of a history.")
        return key

    def signed(self, text: bytes, signature: bytes) -> bool:
        try:
            from cryptography.exceptions import InvalidSignature
            from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
        except ImportError:
            raise NotAnExport("Signatures cannot be checked: install the Python package `cryptography`.") from None
        with suppress(InvalidSignature):
            Ed25519PublicKey.from_public_bytes(self.raw).verify(signature, text)
            return True
        return False


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What is signed: the first `size` events of the study are the leaves of the tree with that `root` (32 bytes).

    `at`: UTC in ISO form with microseconds. `previous`: digest of the checkpoint before it; "" for the first.
    """

    study: str
    number: int
    size: int
    root: bytes
    at: str
    previous: str

    @property
    def text(self) -> str:
        root = base64.b64encode(self.root).decode()
        more = f"checkpoint {self.number}\nat {self.at}\nprevious {self.previous or '-'}\n"
        return f"{ORIGIN}{self.study}\n{self.size}\n{root}\n{more}"

    @property
    def digest(self) -> str:
        return sha256(self.text.encode()).hexdigest()


# In one spelling: an earlier moment is a smaller text.
_MOMENT = r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{6}\+00:00"
_NOTE = re.compile(
    rf"{ORIGIN}(?P<study>[^\s\ud800-\udfff]+)\n(?P<size>[0-9]{{1,18}})\n(?P<root>[A-Za-z0-9+/=]{{44}})\n"
    rf"checkpoint (?P<number>[0-9]{{1,18}})\nat (?P<at>{_MOMENT})\nprevious (?P<previous>-|[0-9a-f]{{64}})\n"
    r"\n(?P<signatures>(?:\N{EM DASH} \S+ \S+\n)+)"
).fullmatch


def read_note(text: str) -> tuple[Checkpoint, list[tuple[str, str, bytes]]]:
    """The checkpoint of a signed note, and (key's name, its id, signature) of each signature. Raises ValueError."""
    found = _NOTE(text)
    if found is None:
        raise ValueError("This is not a checkpoint.")
    root = base64.b64decode(found["root"], validate=True)
    previous = "" if found["previous"] == "-" else found["previous"]
    checkpoint = Checkpoint(found["study"], int(found["number"]), int(found["size"]), root, found["at"], previous)
    signed = []
    for line in found["signatures"].splitlines():
        _, name, coded = line.split(" ")
        by = base64.b64decode(coded, validate=True)
        signed.append((name, by[:4].hex(), by[4:]))
        if base64.b64encode(by).decode() != coded:
            raise ValueError("a signature in another spelling")
    if not text.startswith(f"{checkpoint.text}\n"):
        raise ValueError("a checkpoint in another spelling")
    return checkpoint, signed


_TEXT = rb'"[^"\\]*(?:\\.[^"\\]*)*"'
_EVENT = re.compile(
    rb'\{"action":"(\w*)","at":"(%b)","content":"([0-9a-f]{64})","form":%b,"local":%b,'
    rb'"parts":"([0-9a-f]{64})","previous":"([0-9a-f]*)","role":"\w*","sequence":(\d{1,18}),"site":%b,"study":(%b),'
    rb'"subject":%b,"version":%b,"visit":%b,"who":%b,"zone":%b\}' % (_MOMENT.encode(), *((_TEXT,) * 9))
).fullmatch


class Walk:
    """Walks the events and checkpoints of a study in their order and notes in `problems` whatever does not fit.

    `trusted`: keys whose signatures count. `known`: checkpoints that somebody kept elsewhere.
    `remarks`: what a reader should know and what is no problem in itself.
    """

    def __init__(self, study: str, trusted: Iterable[PublicKey], known: Iterable[Checkpoint] = ()) -> None:
        self.study = study
        self.keys = tuple(trusted)
        self.problems: list[str] = []
        self.remarks: list[str] = []
        self.tree = Frontier()
        self.sequence = self.checkpoints = self.sealed = 0
        self.newest: Checkpoint | None = None
        self.signers: dict[str, None] = {}  # ids of the keys that have signed, in the order in which they first did
        self._known = sorted(known, key=lambda checkpoint: -checkpoint.size)
        self._kept = {checkpoint.number: checkpoint.digest for checkpoint in self._known}
        if others := [each.study for each in self._known if each.study != study]:
            self.problems.append(f"A checkpoint kept elsewhere is of another study: {others[0]}.")
        self._study = canonical(study)
        self._latest = self._previous = b""
        self._root_fits = True
        self._withheld: dict[tuple[int, bytes], None] = {}

    @property
    def head(self) -> str:
        """Hash of the last event."""
        return self._previous.decode()

    def event(self, line: bytes, text: bytes, stored: str | None = None) -> None:
        """The next event; `text`: the lines of its parts; `stored`: the hash that is kept of it, where one is."""
        found = _EVENT(line)
        if found is None:
            self.problems.append(f"Event {self.sequence + 1} was edited: it has not the form of an event.")
            return self._append(line, stored)
        action, at, content, parts, previous, sequence, study = found.groups()
        number = int(sequence)
        if number != self.sequence + 1 or study != self._study:
            self._misplaced(number, study)
        self.sequence = number
        if sha256(text).hexdigest().encode() != content:
            self._unfolded(action, (content, parts), text)
        if previous != self._previous:
            self.problems.append(f"Event {number} does not follow on the event before it.")
        if at < self._latest:
            self._earlier(f"Event {number}", at, text)
        else:
            self._latest = at
        if action == b"redact_value":
            self._told(text)
        return self._append(line, stored, action)

    def _append(self, line: bytes, stored: str | None, action: bytes = b"") -> None:
        leaf = sha256(b"\x00" + line).digest()
        self._previous = leaf.hex().encode()
        if stored is not None and stored.encode() != self._previous:
            self.problems.append(f"Event {self.sequence} ({action.decode()}) was edited: its hash does not fit.")
            self._previous = stored.encode()
        self.tree.append(leaf)
        while self._known and self._known[-1].size == self.tree.size:
            if (kept := self._known.pop()).root != self.tree.root():
                self.problems.append(f"The first {kept.size} events are not those of the checkpoint kept elsewhere.")

    def _misplaced(self, number: int, study: bytes) -> None:
        last, add = self.sequence, self.problems.append
        if number > last + 1:
            add(f"Event {last + 1} is missing: event {number} follows {last}.")
        elif number <= last:
            add(f"Event {number} stands after event {last}: it was moved or inserted.")
        if study != self._study:
            add(f"Event {number} belongs to another study.")

    def _unfolded(self, action: bytes, hashes: tuple[bytes, bytes], text: bytes) -> None:
        """A part is not the one that was hashed: allowed only where it was redacted, which a later event must tell."""
        folded = fold(text.split(b"\n"))
        self._withheld |= dict.fromkeys((self.sequence, part) for part in folded.withheld)
        if not folded.withheld or (folded.content.encode(), folded.parts.encode()) != hashes:
            name = f"Event {self.sequence} ({action.decode()})"
            self.problems.append(f"{name} was edited: what it changed is not what was logged.")

    def _told(self, text: bytes) -> None:
        """A redaction names each part that it has replaced, as it stands now."""
        with suppress(LookupError, TypeError, ValueError):
            for each in _details(text)["redacts"]:
                self._withheld.pop((each["event"], canonical([each["table"], *each["row"]])), None)

    def _earlier(self, name: str, at: bytes, text: bytes = b"") -> None:
        """Something is dated before what stands before it."""
        if _apart(at, self._latest) <= PATIENCE:
            return
        says = f"{name} is dated {at[:19].decode()}, after {self._latest[:19].decode()}"
        if _details(text).get("clock") == "set back":
            self.remarks.append(f"{says}: it says itself that the clock was set back.")
        else:
            self.problems.append(f"{says}: it was back-dated.")
        self._latest = at

    def checkpoint(self, line: bytes) -> None:
        """The line of the next checkpoint, where it stands: after the last event that it seals."""
        try:
            note = json.loads(line)["checkpoint"]
            found, (signature,) = read_note(note)
            if canonical({"checkpoint": note}) != line:
                raise ValueError("another spelling")
        except (ValueError, LookupError, TypeError):
            self.problems.append(f"Checkpoint {self.checkpoints + 1} was edited: it has not the form of a checkpoint.")
            return
        name = f"Checkpoint {found.number}"
        if found.study != self.study:
            self.problems.append(f"{name} belongs to another study.")
        if found.number != self.checkpoints + 1:
            self.problems.append(f"Checkpoint {self.checkpoints + 1} is missing: {found.number} stands in its place.")
        if found.previous != (self.newest.digest if self.newest else ""):
            self.problems.append(f"{name} does not follow on the checkpoint before it.")
        if found.size != self.tree.size:
            self.problems.append(f"{name} seals {found.size} events and stands after {self.tree.size}.")
        elif self._root_fits and found.root != self.tree.root():
            self._root_fits = False
            span = f"events {self.sealed + 1} to {found.size}"
            self.problems.append(f"{name} does not fit: {span} are not the ones that were sealed.")
        if (at := found.at.encode()) < self._latest:
            self._earlier(name, at)
        self._latest = max(self._latest, at)
        if self._kept.get(found.number, found.digest) != found.digest:
            self.problems.append(f"{name} is not the one that was kept elsewhere.")
        self._signed(found, signature, name)
        self.newest, self.checkpoints, self.sealed = found, found.number, found.size

    def _signed(self, found: Checkpoint, by: tuple[str, str, bytes], name: str) -> None:
        *key, signature = by
        self.signers[by[1]] = None
        trusted = [each for each in self.keys if [each.name, each.id] == key]
        if not trusted:
            self.problems.append(f"{name} is not signed with a key that is trusted here.")
        elif not any(each.signed(found.text.encode(), signature) for each in trusted):
            self.problems.append(f"{name} was edited: its signature does not fit.")

    def finish(self, *, whole: bool = True) -> None:
        """The end: everything withheld must be explained, everything known reached, and a `whole` history sealed."""
        for number, part in self._withheld:
            table = json.loads(part)[0]
            self.problems.append(f"Event {number}: a {table} is withheld, and no redaction tells why.")
        for kept in reversed(self._known):
            ends = f"it ends with event {self.tree.size}, and the checkpoint kept elsewhere seals {kept.size}"
            self.problems.append(f"The history was cut off: {ends}.")
        if whole and (self.sealed < self.tree.size or not self.checkpoints):
            span = f"Events {self.sealed + 1} to {self.tree.size}"
            self.problems.append(f"{span} are under no checkpoint: nothing vouches for them.")


def _apart(earlier: bytes, later: bytes) -> dt.timedelta:
    try:
        return dt.datetime.fromisoformat(later.decode()) - dt.datetime.fromisoformat(earlier.decode())
    except ValueError:  # a day that cannot be
        return dt.timedelta.max


def _details(text: bytes) -> dict[str, Any]:
    """What an event tells beside its rows."""
    try:
        found = [json.loads(part)[1] for part in text.split(b"\n") if part.startswith(b'["details",')]
    except (ValueError, LookupError):
        return {}
    return found[0] if found and isinstance(found[0], dict) else {}


def check(chunks: Iterable[bytes], keys: Sequence[PublicKey] = (), known: Iterable[Checkpoint] = ()) -> Walk:
    """Check an export, in pieces of any size. `keys`: those to trust; none: those that it names. Raises NotAnExport."""
    source = _records(chunks)
    study, named = _first(next(source, (b"", b""))[1])
    walk = Walk(study, keys or named, known)
    end = text = b""
    try:
        for text, line in source:
            if line[:10] == b'{"action":' and not end:
                walk.event(line, text)
            elif line[:14] == b'{"checkpoint":' and not text and not end:
                walk.checkpoint(line)
            elif line[:7] == b'{"end":' and not text and not end:
                end = line
            elif line or text:
                walk.problems.append(f"After event {walk.sequence} stands a line that is none of a history.")
            if len(walk.problems) > MOST:
                break
    except (EOFError, zlib.error, RecursionError):
        walk.problems.append("The file is damaged or was cut off: it cannot be read to its end.")
    walk.finish()
    if not end:
        walk.problems.append("The export was cut off: its last line is missing.")
    elif end != canonical(end_of(walk.checkpoints, walk.tree, walk.head)):
        walk.problems.append("The last line does not fit: it tells of other events than those that stand before it.")
    elif list(walk.signers) != [key.id for key in named]:
        walk.problems.append("The first line was edited: it names other keys than those that signed.")
    if not keys:
        walk.remarks.append(_UNCONFIRMED)
    return walk


def _records(chunks: Iterable[bytes]) -> Iterator[tuple[bytes, bytes]]:
    """(lines of parts, which begin with `[`; the line after them, which begins with `{`). Raises NotAnExport."""
    rest, text, begun = b"\n", b"", False
    for chunk in chunks:
        *pieces, rest = (rest + chunk).split(b"\n{")
        for piece in pieces:
            if begun:
                line, _, below = piece.partition(b"\n")
                yield text, b"{" + line
                text = below
            elif piece:
                raise NotAnExport(_OTHER)
            begun = True
        if len(rest) > LONGEST:
            raise NotAnExport(f"{_OTHER} A line of it is longer than {LONGEST >> 20} MiB.")
    if begun:
        line, _, below = rest.removesuffix(b"\n").partition(b"\n")
        yield text, b"{" + line
        if below:
            yield below, b""


def _first(line: bytes) -> tuple[str, list[PublicKey]]:
    try:
        first = json.loads(line)
        study, keys = first["study"], [PublicKey.read(text) for text in first["keys"]]
        plain = {"format": FORMAT, "keys": [str(key) for key in keys], "study": study}
        if canonical(plain) != line or not _is_name(study):
            raise ValueError("another format, or more than that")
        return study, keys
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        raise NotAnExport(_OTHER) from None


def end_of(checkpoints: int, tree: Frontier, head: str) -> dict[str, Any]:
    """The last line of an export."""
    return {"end": {"checkpoints": checkpoints, "events": tree.size, "head": head, "root": tree.root().hex()}}


def chunks_of(file: Path) -> Iterator[bytes]:
    """The bytes of an export, packed with gzip or not. Raises OSError, EOFError and zlib.error for a damaged one."""
    with file.open("rb") as source:
        packed = source.read(2) == b"\x1f\x8b"
        source.seek(0)
        pieces = iter(lambda: source.read(PIECE), b"")
        yield from _unpacked(pieces) if packed else pieces


def _unpacked(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Little by little, however much is packed into a few bytes."""
    unpack, left = zlib.decompressobj(31), b""
    for piece in pieces:
        left = b"more" if unpack.eof else piece
        while left and not unpack.eof:
            yield unpack.decompress(left, PIECE)
            left = unpack.unconsumed_tail
        if left or unpack.unused_data:
            break
    if not unpack.eof or left or unpack.unused_data:
        raise EOFError("it was cut off, or something was added")


def said(found: Walk) -> str:
    """What was found, for people: whatever the export would have it say, each sentence keeps to its line."""
    name = f"{found.study}: {found.tree.size} events, {found.checkpoints} checkpoints"
    if found.newest and not found.problems:
        lines = [f"{name}: verified. Every event is the one that was sealed, up to {found.newest.at[:19]} UTC."]
        lines.append(f"Newest checkpoint: {found.newest.number}, root {found.newest.root.hex()}.")
    else:
        lines = [f"{name}: NOT verified, {len(found.problems)} problems:"]
        lines += [f"  {problem}" for problem in found.problems[:SHOWN]]
        if (more := len(found.problems) - SHOWN) > 0:
            lines.append(f"  and {more} more.")
    lines += [f"Note: {remark}" for remark in found.remarks]
    lines += [f"Key: {key}{_OF_A_REHEARSAL if 'rehearsal' in key.name else ''}" for key in found.keys]
    return "\n".join("".join(sign if sign.isprintable() else "?" for sign in line) for line in lines)


def read_key(text: str) -> PublicKey:
    """A public key, or the file that holds one. Raises NotAnExport."""
    try:
        return PublicKey.read(Path(text).read_text("utf-8") if Path(text).is_file() else text)
    except (OSError, ValueError):
        raise NotAnExport(f"{text[:80]} is neither a public key nor a file that holds one.") from None


def read_checkpoint(file: Path, keys: Sequence[PublicKey] = ()) -> Checkpoint:
    """The checkpoint in a file (a signed note), whose signature must fit if `keys` are given. Raises NotAnExport."""
    try:
        found, signatures = read_note(f"{file.read_text('utf-8').strip()}\n")  # mail and editors add empty lines
    except (OSError, ValueError):
        raise NotAnExport(f"{file} does not hold a checkpoint.") from None
    text = found.text.encode()
    if keys and not any(key.id == named and key.signed(text, by) for key in keys for _, named, by in signatures):
        raise NotAnExport(f"The checkpoint in {file} is not signed with the key that was given.")
    return found


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Verify the exported history of a study.")
    parser.add_argument("export", type=Path, help="the file that `trialwright conduct history` wrote")
    parser.add_argument("--key", action="append", default=[], help="the public key that you were given, or its file")
    parser.add_argument("--checkpoint", action="append", default=[], type=Path, help="a checkpoint kept elsewhere")
    asked = parser.parse_args(arguments)
    try:
        keys = [read_key(text) for text in asked.key]
        known = [read_checkpoint(file, keys) for file in asked.checkpoint]
        found = check(chunks_of(asked.export), keys, known)
    except (NotAnExport, OSError, EOFError, zlib.error) as problem:
        says = getattr(problem, "strerror", None) or problem
        what = problem if isinstance(problem, NotAnExport) else f"{asked.export} cannot be read: {says}."
        sys.stderr.write(f"{what}\n")
        return 2
    sys.stdout.write(f"{said(found)}\n")
    return 1 if found.problems else 0


if __name__ == "__main__":
    sys.exit(main())
