"""OQ: what conduct promises of every study, tried on a subject of the scratch study."""

from __future__ import annotations

import contextlib
import io
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from django.db import DatabaseError, connection, transaction

from trialwright.conduct import actions, verifier, worklists
from trialwright.conduct.actions import ReasonNeeded, StaleForm, archive, keyring, locks, signing, studies, tokens
from trialwright.conduct.rules.locks import Scope
from trialwright.conduct.worklists.signatures import signatures
from trialwright.conduct.worklists.verify import verify_audit
from trialwright.kernel.errors import Refused, TrialwrightError
from trialwright.rehearse.validation.bench import Bench, undone
from trialwright.rehearse.validation.cases import Case, judged
from trialwright.rehearse.validation.sheet import Sheet

RESTORED = "restored.sqlite3"
Database = Callable[[Path | str], None]


@dataclass(frozen=True)
class Trial:
    """A subject with one complete form on which things are tried."""

    bench: Bench
    sheet: Sheet
    subject: str
    folder: Path

    def save(self, value: str, **more: Any) -> actions.FormSaved:
        given = {"reason": "Read again", **self.bench.do(), **more}
        return actions.save_form(
            self.bench.id, self.subject, self.sheet.form, [self.sheet.entry(value)], visit=self.sheet.visit, **given
        )

    def where(self) -> tuple[str, str, str]:
        return self.bench.id, self.subject, self.sheet.form

    @property
    def events(self) -> int:
        return studies.trial(self.bench.id).sequence


def begin(bench: Bench, sheet: Sheet, folder: Path) -> Trial:
    subject = bench.seat(sheet.setting)
    bench.save(subject, sheet.visit, sheet.form, [*sheet.rest, sheet.entry(sheet.first)])
    return Trial(bench, sheet, subject, folder)


def cases(trial: Trial, database: Database, scratch: Path | str) -> Iterator[Case]:
    """Each test with its requirement; what it leaves behind is undone, but for the last ones."""
    for n, (requirement, test, expected, run) in enumerate(TESTS, start=1):
        with undone():
            yield judged(f"oq.{n:02}", requirement, test, expected, _tried(run, trial))
    last = len(TESTS) + 1
    yield judged(f"oq.{last:02}", *_EXPORT, "verified; damaged: found", _tried(exported, trial))
    yield judged(f"oq.{last + 1:02}", *_BACKUP, "same log; verified", restored(trial, database, scratch))


def _tried(run: Callable[[Trial], str], trial: Trial) -> str:
    """What a test found; an error that it did not foresee is told as such."""
    try:
        return run(trial)
    except (TrialwrightError, DatabaseError) as error:
        return f"{type(error).__name__}: {error}"


def _refused(do: Callable[[], object], kind: type[Exception] = Refused) -> str:
    try:
        with transaction.atomic():
            do()
    except kind:
        return "refused"
    return "done"


def written(trial: Trial) -> str:
    before = trial.events
    trial.save(trial.sheet.second)
    newest = worklists.audit_trail(trial.bench.id, trial.bench.everyone, size=1).lines[0]
    named = newest.who == trial.bench.everyone.username and newest.action == "save_form" and newest.at is not None
    return f"{trial.events - before} event; who, when, what: {'yes' if named else 'no'}"


def kept(trial: Trial) -> str:
    trial.save(trial.sheet.second)
    sheet = trial.sheet
    place = (sheet.group, 1, sheet.item)
    by = trial.bench.everyone
    steps = worklists.field_history(trial.bench.id, by, trial.subject, sheet.form, place, sheet.visit)
    values = [step.new.get("value") for step in steps]
    return f"both: {values == [sheet.first, sheet.second]}; reason: {steps[-1].reason == 'Read again'}"


def unreasoned(trial: Trial) -> str:
    return _refused(lambda: trial.save(trial.sheet.second, reason=""), ReasonNeeded)


def unchanged(trial: Trial) -> str:
    before = trial.events
    _refused(lambda: trial.save(trial.sheet.second, reason=""))
    return f"{trial.events - before} events"


def stale(trial: Trial) -> str:
    version = trial.save(trial.sheet.second).version
    return _refused(lambda: trial.save(trial.sheet.first, version=version - 1), StaleForm)


def twice(trial: Trial) -> str:
    trial.save(trial.sheet.second)
    before = trial.events
    trial.save(trial.sheet.second)
    return f"{trial.events - before} events"


def frozen(trial: Trial) -> str:
    scope, do = Scope(subject=trial.subject, visit=trial.sheet.visit, form=trial.sheet.form), trial.bench.do()
    _silence(trial)
    found = []
    for close in (locks.freeze, locks.lock):
        close(trial.bench.id, scope, reason="Cleaned", **do)
        found.append(_refused(lambda: trial.save(trial.sheet.second)))
    found.append(_refused(lambda: locks.unlock(trial.bench.id, scope, reason="", **do)))
    locks.unlock(trial.bench.id, scope, reason="A value came late", **do)
    trial.save(trial.sheet.second)
    return ", ".join([*found, "done"])


def _silence(trial: Trial) -> None:
    """Close what checks have asked: neither a lock nor a signature goes over open queries."""
    for query in trial.bench.asked(trial.subject, trial.sheet.visit, trial.sheet.form):
        actions.close_query(trial.bench.id, trial.subject, query.number, "Confirmed", **trial.bench.do())


def signed(trial: Trial) -> str:
    _silence(trial)
    signing.sign(
        *trial.where(), visit=trial.sheet.visit, meaning="approval", factor="password+totp", **trial.bench.do()
    )
    before = _signature(trial)
    trial.save(trial.sheet.second)
    return f"{before}; {_signature(trial)}"


def _signature(trial: Trial) -> str:
    return signatures(trial.bench.id, trial.subject, trial.bench.everyone)[-1].state


def verified(trial: Trial) -> str:
    place = [(trial.sheet.group, 1, trial.sheet.item)]
    marked = actions.verify(*trial.where(), place, visit=trial.sheet.visit, **trial.bench.do())
    trial.save(trial.sheet.second)
    again = actions.verify(*trial.where(), place, visit=trial.sheet.visit, **trial.bench.do())
    return f"{marked.changed} marked; after a change: {again.changed} to mark"


def queried(trial: Trial) -> str:
    do, study = trial.bench.do(), trial.bench.id
    where: dict[str, Any] = {"visit": trial.sheet.visit, "group": trial.sheet.group}
    number = actions.open_query(study, trial.subject, trial.sheet.form, trial.sheet.item, "Really?", **where, **do)
    actions.answer_query(study, trial.subject, number, "Yes", **do)
    actions.close_query(study, trial.subject, number, **do)
    actions.reopen_query(study, trial.subject, number, "Look again", **do)
    actions.cancel_query(study, trial.subject, number, "By mistake", **do)
    return _refused(lambda: actions.reopen_query(study, trial.subject, number, "And again", **do))


def stranger(trial: Trial) -> str:
    bench = trial.bench
    bench.add_role("monitor")
    actions.remove_person(bench.id, "monitor", reason="Left", at=bench.now)
    removed = _refused(lambda: actions.person(bench.id, "monitor"))
    return f"{removed}, {_refused(lambda: actions.person(bench.id, 'nobody'))}"


def keys(trial: Trial) -> str:
    bench = trial.bench
    secret = tokens.make_token(bench.id, "validation", ["read"], 1, by=bench.everyone)
    _, holder = tokens.person_of(secret)
    limited = _refused(lambda: trial.save(trial.sheet.second, by=holder))
    tokens.revoke_token(bench.id, secret[:11], by=bench.everyone)
    return f"{limited}; revoked: {_refused(lambda: tokens.person_of(secret))}"


def appended(trial: Trial) -> str:
    actions.seal(trial.bench.id)
    actions.note_access(trial.bench.id, "form", trial.bench.everyone)
    found = [_refused(partial(_execute, statement), DatabaseError) for statement in _FORGED]
    return ", ".join(found)


_FORGED = (
    "UPDATE conduct_event SET who = 'somebody'", "DELETE FROM conduct_event",
    "UPDATE conduct_checkpoint SET size = 0", "DELETE FROM conduct_access",
)  # fmt: skip


def _execute(statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement)


def held(trial: Trial) -> str:
    return "verified" if verify_audit(trial.bench.id).verified else "not verified"


def tampered(trial: Trial) -> str:
    """A value changed behind the back of the log."""
    _execute("UPDATE conduct_value SET value = 'tampered' WHERE id = (SELECT MIN(id) FROM conduct_value)")
    return "found" if not verify_audit(trial.bench.id).verified else "not found"


def exported(trial: Trial) -> str:
    actions.seal(trial.bench.id)
    file = trial.folder / "history.ndjson"
    worklists.write_history(trial.bench.id, file)
    whole = _verdict(file)
    lines = file.read_bytes().split(b"\n")
    del lines[len(lines) // 2]
    file.write_bytes(b"\n".join(lines))
    return f"{whole}; damaged: {'found' if _verdict(file) != 'verified' else 'not found'}"


def _verdict(file: Path) -> str:
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        return "verified" if verifier.main([str(file)]) == 0 else "not verified"


def restored(trial: Trial, database: Database, scratch: Path | str) -> str:
    """Back up, restore into a new database, compare; Django stands on the scratch database again after."""
    key, before = keyring.key_file(), studies.trial(trial.bench.id).head
    made = archive.write_archive(trial.folder / "pack.backup", {keyring.KEY_FILE: key} if key else {})
    if key:
        shutil.copy(key, (trial.folder / RESTORED).with_suffix(".key"))
    try:
        database(trial.folder / RESTORED)
        archive.load_archive(archive.read_archive(made.file))
        same = studies.trial(trial.bench.id).head == before
        holds = verify_audit(trial.bench.id).verified
        return f"{'same log' if same else 'another log'}; {'verified' if holds else 'not verified'}"
    except (TrialwrightError, DatabaseError) as error:
        return f"{type(error).__name__}: {error}"
    finally:
        database(scratch)


_EXPORT = (
    "Anybody can verify an export offline", "export the history, verify it, take out a line, verify it again",
)  # fmt: skip
_BACKUP = ("A backup can be restored", "back up, restore into a new database, compare the logs, verify")
TESTS: tuple[tuple[str, str, str, Callable[[Trial], str]], ...] = (
    ("Every change is in the audit trail", "change a value", "1 event; who, when, what: yes", written),
    ("The trail shows old, new and reason", "change a value, read its history", "both: True; reason: True", kept),
    ("A change of a saved value needs a reason", "change a value without one", "refused", unreasoned),
    ("What is refused changes nothing", "try that again, count the events", "0 events", unchanged),
    ("Nobody overwrites unseen changes", "save with the version before", "refused", stale),
    ("Saving twice saves once", "save the same again", "0 events", twice),
    (
        "Frozen and locked data do not change, and are unlocked only with a reason",
        "freeze, save, lock, save, unlock without a reason, unlock with one, save",
        "refused, refused, refused, done", frozen,
    ),
    ("A change makes a signature void", "sign the form, change a value", "valid; void", signed),
    ("A change takes verification away", "verify, change, verify", "1 marked; after a change: 1 to mark", verified),
    ("A query follows its states", "open, answer, close, reopen, cancel, reopen", "refused", queried),
    ("Whoever has no role gets in nowhere", "a person removed; a name never known", "refused, refused", stranger),
    ("A key does no more than it was made for", "read-only key saves; revoke it", "refused; revoked: refused", keys),
    (
        "The log is append-only in the database itself", "UPDATE and DELETE by SQL on events, checkpoints, accesses",
        "refused, refused, refused, refused", appended,
    ),
    ("The history verifies", "verify the log against all tables", "verified", held),
    ("Damage behind the log's back is found", "change a value by SQL, verify", "found", tampered),
)  # fmt: skip
