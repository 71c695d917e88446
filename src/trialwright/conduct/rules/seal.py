"""When a study's new events are to be sealed under a checkpoint, and the note that says so."""

from __future__ import annotations

import base64
import datetime as dt
from dataclasses import dataclass

from trialwright.conduct.verifier import Checkpoint, PublicKey


@dataclass(frozen=True, slots=True)
class Limits:
    """How long events may stand unsealed."""

    events: int = 1000
    wait: dt.timedelta = dt.timedelta(seconds=5)

    def reached(self, events: int, waited: dt.timedelta | None = None) -> bool:
        """Whether `events` unsealed ones, of which the oldest has waited for so long, are to be sealed now.

        None: nobody knows how long, as in a virtual trial, whose calendar is not that of the machine.
        """
        if events <= 0:
            return False
        return events >= self.events or (waited is not None and waited >= self.wait)


LIMITS = Limits()


def signed_note(checkpoint: Checkpoint, key: PublicKey, signature: bytes) -> str:
    """The checkpoint as a signed note (https://c2sp.org/signed-note), which other programs can verify too."""
    coded = base64.b64encode(bytes.fromhex(key.id) + signature).decode()
    return f"{checkpoint.text}\n\N{EM DASH} {key.name} {coded}\n"
