"""Seals a study's events under signed checkpoints: in the deed that reaches a limit, and whenever somebody asks.

Sealing N new events reads N hashes and the tree's right edge, which the newest checkpoint keeps.
"""

from __future__ import annotations

import datetime as dt
import logging

from django.db import transaction
from django.db.models import F

from trialwright.conduct.actions.keyring import signing_key
from trialwright.conduct.rules.chain import moment
from trialwright.conduct.rules.seal import LIMITS
from trialwright.conduct.store import models as db
from trialwright.conduct.store.alone import only_one
from trialwright.conduct.store.rows import rows
from trialwright.conduct.verifier import Checkpoint, Frontier
from trialwright.kernel.errors import IntegrityError, UnknownName

_LOG = logging.getLogger("trialwright.sealing")


def seal(study_id: str, *, at: dt.datetime | None = None) -> bool:
    """Seal whatever stands unsealed; True when something did. Raises UnknownName, IntegrityError.

    A virtual trial's checkpoint bears the time of its newest event: its calendar is its own.
    """
    with transaction.atomic():
        trial = rows(db.Trial).lock(study=study_id)
        if trial is None:
            raise UnknownName("study in conduct", study_id, db.Trial.objects.values_list("study", flat=True))
        if trial.sealed >= trial.sequence:
            return False
        seal_now(trial, at or dt.datetime.now(dt.UTC))
        rows(db.Trial).update(trial, SEALED)
    return True


def seal_all(*, at: dt.datetime | None = None) -> int:
    """Seal every study that has unsealed events; how many were. Nothing is locked when nothing is to be done, and
    nothing is done while another process is at it. Raises IntegrityError, after the others, for one that is damaged.
    """
    waiting = db.Trial.objects.filter(sequence__gt=F("sealed")).order_by("study").values_list("study", flat=True)
    sealed, problems = 0, []
    with only_one("sealing") as mine:
        for study in list(waiting) if mine else ():
            try:
                sealed += seal(study, at=at)
            except IntegrityError as problem:
                problems.append(problem)
    if problems:
        raise problems[0]
    return sealed


SEALED = ("sealed", "unsealed_since", "latest")
"""Columns of the study's row that sealing changes."""


def seal_if_due(trial: db.Trial, at: dt.datetime) -> None:
    """Called in a deed, when its event is written: seal when a limit is reached. The caller writes the study's row.

    A log that was damaged is not signed; that is no reason to lose what somebody has typed just now.
    """
    since = trial.unsealed_since
    waited = None if trial.virtual or since is None else at - since
    if LIMITS.reached(trial.sequence - trial.sealed, waited):
        try:
            seal_now(trial, at)
        except IntegrityError as problem:
            _LOG.error("Nothing was sealed: %s", problem)


def seal_now(trial: db.Trial, at: dt.datetime) -> None:
    """Write the checkpoint over all events of a locked study. Raises IntegrityError when the log has gaps."""
    newest = trial.checkpoints.order_by("-number").first()
    tree = _tree(trial, newest)
    latest = trial.latest or at
    found = Checkpoint(
        study=trial.study,
        number=newest.number + 1 if newest else 1,
        size=tree.size,
        root=tree.root(),
        at=moment(latest if trial.virtual else max(at, latest)),
        previous=as_checkpoint(newest).digest if newest else "",
    )
    key = signing_key()
    rows(db.Checkpoint).insert(
        db.Checkpoint(
            trial=trial, number=found.number, size=found.size, root=found.root.hex(),
            at=dt.datetime.fromisoformat(found.at), previous=found.previous, key=str(key.public),
            signature=key.sign(found.text).hex(), edge="".join(root.hex() for root in tree.roots),
        )
    )  # fmt: skip
    trial.sealed, trial.unsealed_since, trial.latest = tree.size, None, dt.datetime.fromisoformat(found.at)


def _tree(trial: db.Trial, newest: db.Checkpoint | None) -> Frontier:
    """The tree over all events: from the edge that the newest checkpoint keeps, with the events since."""
    tree = Frontier()
    if newest:
        edge = bytes.fromhex(newest.edge)
        tree = Frontier(newest.size, [edge[n : n + 32] for n in range(0, len(edge), 32)])
        if tree.root().hex() != newest.root:
            raise IntegrityError(f"Checkpoint {newest.number} of {trial.study} was edited.", hint="Verify the audit.")
    since = trial.events.filter(sequence__gt=tree.size).order_by("sequence").values_list("hash", flat=True)
    for digest in since.iterator(chunk_size=5000):
        tree.append(bytes.fromhex(digest))
    if tree.size != trial.sequence:
        raise IntegrityError(
            f"The log of {trial.study} has {tree.size} events; {trial.sequence} were written.", hint="Verify the audit."
        )
    return tree


def as_checkpoint(row: db.Checkpoint) -> Checkpoint:
    """What the row says, as it was signed."""
    return Checkpoint(row.trial_id, row.number, row.size, bytes.fromhex(row.root), moment(row.at), row.previous)
