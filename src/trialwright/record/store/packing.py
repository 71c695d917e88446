"""Records as compressed bytes. A dictionary trained on the first records saves a quarter; each frame names its own."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence

import zstandard

LEVEL = 3
DICTIONARY = 64 * 1024
"""Bytes of a trained dictionary."""

ENOUGH = 256
"""Records that a dictionary is trained on; with fewer there is none."""

CORES = 2
"""Threads that pack a batch."""

SAMPLE = 32 * 1024
"""Bytes that are looked at of each."""


def train(texts: Sequence[bytes]) -> tuple[int, bytes] | None:
    """A dictionary (its number and bytes) from these records; None where there are too few, or too much alike."""
    if len(texts) < ENOUGH:
        return None
    step = len(texts) // ENOUGH
    try:
        made = zstandard.train_dictionary(DICTIONARY, [text[:SAMPLE] for text in texts[::step][:ENOUGH]], level=LEVEL)
    except zstandard.ZstdError:
        return None
    return made.dict_id(), made.as_bytes()


class Packer:
    """Packs with the newest dictionary, unpacks with the one that the frame names. Safe in several threads."""

    def __init__(self, load: Callable[[], dict[int, bytes]]) -> None:
        """`load` answers all dictionaries by their numbers, newest last; asked again for a number not yet known."""
        self._load = load
        self._dictionaries: dict[int, zstandard.ZstdCompressionDict] | None = None
        self._own = threading.local()

    def learn(self, number: int, body: bytes) -> None:
        """Use this dictionary from now on."""
        self._dictionaries = {**self._known(), number: zstandard.ZstdCompressionDict(body)}
        self._own = threading.local()

    def pack(self, text: bytes) -> bytes:
        return self._packer().compress(text)

    def pack_all(self, texts: Sequence[bytes]) -> list[bytes]:
        """Many at once, on several cores."""
        if not texts:
            return []
        packed = self._packer().multi_compress_to_buffer(list(texts), threads=CORES)
        return [packed[place].tobytes() for place in range(len(packed))]

    def _packer(self) -> zstandard.ZstdCompressor:
        packer: zstandard.ZstdCompressor | None = getattr(self._own, "packer", None)
        if packer is None:
            newest = next(reversed(self._known().values()), None)
            packer = self._own.packer = zstandard.ZstdCompressor(level=LEVEL, dict_data=newest)
        return packer

    def unpack(self, body: bytes) -> bytes:
        number = zstandard.get_frame_parameters(body).dict_id
        unpackers: dict[int, zstandard.ZstdDecompressor] | None = getattr(self._own, "unpackers", None)
        if unpackers is None:
            unpackers = self._own.unpackers = {0: zstandard.ZstdDecompressor()}
        if number not in unpackers:
            if number not in self._known():
                self._dictionaries = None
            unpackers[number] = zstandard.ZstdDecompressor(dict_data=self._known()[number])
        return unpackers[number].decompress(body)

    def _known(self) -> dict[int, zstandard.ZstdCompressionDict]:
        known = self._dictionaries
        if known is None:
            known = {number: zstandard.ZstdCompressionDict(body) for number, body in self._load().items()}
            self._dictionaries = known
        return known
