"""The private key that signs checkpoints: a file beside the database, made at first use, readable by its owner alone.

With PostgreSQL it lies in the data folder (`places`). TRIALWRIGHT_KEY names another file. A rehearsal's key follows
from its seed, so that the same seed gives the same bytes; its name says so, for everybody can make it.
"""

from __future__ import annotations

import base64
import hashlib
import os
import secrets
import threading
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.db import connection

from trialwright.conduct.actions.places import data_folder
from trialwright.conduct.rules.chain import SALT, salts
from trialwright.conduct.verifier import ALGORITHM, PublicKey
from trialwright.kernel.errors import IntegrityError

NAME = "trialwright"
REHEARSAL = "trialwright-rehearsal"
KEY_FILE = "conduct.key"
"""Its name in the data folder of an installation on PostgreSQL."""
_HEAD = "PRIVATE+KEY"


@dataclass(frozen=True, slots=True)
class SigningKey:
    """`seed`: 32 bytes. Its text is that of signed notes: PRIVATE+KEY+name+id+base64."""

    name: str
    seed: bytes

    @property
    def public(self) -> PublicKey:
        return PublicKey(self.name, self._key.public_key().public_bytes_raw())

    @property
    def _key(self) -> Ed25519PrivateKey:
        return Ed25519PrivateKey.from_private_bytes(self.seed)

    def sign(self, text: str) -> bytes:
        return self._key.sign(text.encode())

    def salts(self, study: str, sequence: int, count: int) -> list[str]:
        """New salts for an event: random ones, and those of a rehearsal from its key."""
        if self.name == REHEARSAL:
            noise = hashlib.shake_256(self.seed + f"{study}\n{sequence}".encode()).digest(SALT * count)
        else:
            noise = secrets.token_bytes(SALT * count)
        return salts(noise)

    def __str__(self) -> str:
        return f"{_HEAD}+{self.name}+{self.public.id}+{base64.b64encode(ALGORITHM + self.seed).decode()}"


_READ: dict[str, SigningKey] = {}
"""Place of the key -> the key, read once in a process."""


def key_file() -> Path | None:
    """Where the key of the database in use is kept; None for a database in memory, whose key lives as long as it."""
    named = os.environ.get("TRIALWRIGHT_KEY")
    if named:
        return Path(named)
    folder = data_folder()
    if folder is None or connection.vendor != "sqlite":
        return folder and folder / KEY_FILE
    return Path(connection.settings_dict["NAME"]).with_suffix(".key")


def signing_key() -> SigningKey:
    """The key of the database in use. Raises IntegrityError for a file that holds none."""
    file = key_file()
    place = str(file or connection.settings_dict["NAME"])
    known = _READ.get(place)
    if known is None:
        fresh = SigningKey(NAME, secrets.token_bytes(32))
        known = _READ[place] = fresh if file is None else _kept(file, fresh)
    return known


def use_rehearsal_key(study: str, seed: int) -> None:
    """Give the database in use, which is new, the key of a rehearsal."""
    file = key_file()
    key = SigningKey(REHEARSAL, hashlib.sha256(f"{REHEARSAL}\n{study}\n{seed}".encode()).digest())
    _READ[str(file or connection.settings_dict["NAME"])] = key if file is None else _kept(file, key)


def _kept(file: Path, fresh: SigningKey) -> SigningKey:
    """The key in the file; `fresh` is written to it when there is no file yet. Others see it whole or not at all."""
    if file.exists():
        return _read(file)
    part = file.with_name(f"{file.name}.{os.getpid()}-{threading.get_ident()}")
    try:
        with open(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as out:
            out.write(f"{fresh}\n")
        os.link(part, file)
    except FileExistsError:
        return _read(file)
    except OSError as error:
        raise IntegrityError(
            f"The key that signs the history cannot be written to {file.name} ({error.strerror}).",
            hint="Make its folder writable, or name another file in TRIALWRIGHT_KEY.",
        ) from None
    finally:
        part.unlink(missing_ok=True)
    return fresh


def _read(file: Path) -> SigningKey:
    try:
        text = file.read_text(encoding="ascii").strip()
        _, _, name, _, coded = text.split("+", 4)
        key = SigningKey(name, base64.b64decode(coded, validate=True)[1:])
        if str(key) != text:
            raise ValueError("another text")
    except (OSError, ValueError):
        raise IntegrityError(
            f"{file.name} is not the key that signs the history.", hint="Put the right file there from the backup."
        ) from None
    return key
