"""Long work that somebody asked for: progress, cancelling, restarts, and what is left of it."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from trialwright.kernel.errors import InputError, Refused, UnknownName


class Kinds:
    """Kinds of jobs for a test; `seen` is what they were called with."""

    def __init__(self) -> None:
        self.seen: list[Any] = []
        self.middle: Any = lambda: None

    def write(self, study: str, asked: Any, by: Any, folder: Path, tell: Any) -> Path:
        self.seen.append((study, dict(asked), by.username))
        tell(1, 2)
        self.middle()
        tell(2, 2)
        file = folder / "values.csv"
        file.write_text("subject,value\n", encoding="utf-8")
        return file

    def refuse(self, *_: Any) -> Path:
        raise InputError("There is no form 'x'.")

    def break_down(self, *_: Any) -> Path:
        raise ValueError("Zhang San, born 1980-01-01")


@pytest.fixture
def kinds() -> Iterator[Kinds]:
    from trialwright.conduct.actions.jobs import KINDS

    made, before = Kinds(), dict(KINDS)
    KINDS.update(write=made.write, refuse=made.refuse, broken=made.break_down)
    yield made
    KINDS.clear()
    KINDS.update(before)


def test_a_job_leaves_a_file_that_its_person_may_fetch(desk: Any, kinds: Kinds) -> None:
    from trialwright.conduct import actions
    from trialwright.conduct.store.models import Access

    number = actions.start_job(desk.study, "write", {"form": "vitals"}, desk.sponsor)
    assert actions.jobs.job(desk.study, number, desk.sponsor).state == "queued"
    with pytest.raises(Refused, match="is not done: it is queued"):
        actions.result_of(desk.study, number, desk.sponsor)
    assert actions.work_once()
    assert not actions.work_once()
    assert kinds.seen == [(desk.study, {"form": "vitals"}, "sponsor")]
    found = actions.jobs.job(desk.study, number, desk.sponsor)
    assert (found.state, found.done, found.total) == ("done", 2, 2)
    file = actions.result_of(desk.study, number, desk.sponsor)
    assert file.name == "values.csv"
    assert hashlib.sha256(file.read_bytes()).hexdigest() == found.sha256
    assert file.parent.stat().st_mode & 0o077 == 0, "for the server's eyes alone"
    noted = list(Access.objects.order_by("id").values_list("who", "what", "detail"))
    assert noted[0] == ("sponsor", "export", "write form=vitals")
    assert noted[1][:2] == ("sponsor", "download")
    with pytest.raises(UnknownName):
        actions.result_of(desk.study, number, desk.auditor)


def test_who_may_not_export_is_told(desk: Any, kinds: Kinds) -> None:
    from trialwright.conduct import actions

    with pytest.raises(Refused, match="may not export data"):
        actions.start_job(desk.study, "write", {}, desk.monitor)
    with pytest.raises(UnknownName, match="There is no kind of export 'nonsense'"):
        actions.start_job(desk.study, "nonsense", {}, desk.sponsor)
    for _ in range(10):
        actions.start_job(desk.study, "write", {}, desk.sponsor)
    with pytest.raises(Refused, match="10 exports of yours are not done yet"):
        actions.start_job(desk.study, "write", {}, desk.sponsor)


def test_a_job_that_fails_says_why_and_no_more(desk: Any, kinds: Kinds, caplog: pytest.LogCaptureFixture) -> None:
    from trialwright.conduct import actions

    refused = actions.start_job(desk.study, "refuse", {}, desk.sponsor)
    broken = actions.start_job(desk.study, "broken", {}, desk.sponsor)
    while actions.work_once():
        continue
    shown = {job.number: (job.state, job.message) for job in actions.jobs.jobs(desk.study, desk.sponsor)}
    assert shown[refused] == ("failed", "There is no form 'x'.")
    assert shown[broken] == ("failed", "It failed inside trialwright (ValueError).")
    assert "Zhang" not in caplog.text
    assert not list(actions.jobs.folder_of_jobs().iterdir()), "nothing half written is left"


def test_a_person_who_lost_the_role_gets_nothing(desk: Any, kinds: Kinds) -> None:
    from trialwright.conduct import actions

    number = actions.start_job(desk.study, "write", {}, desk.sponsor)
    actions.remove_person(desk.study, "sponsor", reason="left", at=desk.at)
    actions.work_once()
    assert (
        actions.jobs.job(desk.study, number, desk.sponsor).message
        == "sponsor has no role in study tiny. An administrator can give one."
    )


def test_a_job_can_be_cancelled_before_and_while_it_runs(
    desk: Any, kinds: Kinds, monkeypatch: pytest.MonkeyPatch
) -> None:
    from trialwright.conduct import actions
    from trialwright.conduct.actions import working

    first = actions.start_job(desk.study, "write", {}, desk.sponsor)
    assert actions.cancel_job(desk.study, first, desk.sponsor).state == "cancelled"
    assert not actions.work_once()
    second = actions.start_job(desk.study, "write", {}, desk.sponsor)
    monkeypatch.setattr(working, "BEAT", 0.01)
    kinds.middle = lambda: actions.cancel_job(desk.study, second, desk.sponsor)
    assert actions.work_once()
    found = actions.jobs.job(desk.study, second, desk.sponsor)
    assert (found.state, found.result) == ("cancelled", "")
    assert not list(actions.jobs.folder_of_jobs().iterdir())


def test_a_job_whose_worker_died_is_done_again_three_times_at_most(desk: Any, kinds: Kinds) -> None:
    from trialwright.conduct import actions
    from trialwright.conduct.actions import jobs

    number = actions.start_job(desk.study, "write", {}, desk.sponsor)
    later = dt.datetime.now(dt.UTC)
    for _ in range(3):
        dead = jobs.claim(later)
        assert dead is not None
        assert jobs.revive(later + jobs.SILENT) == 0, "it may still live"
        later += jobs.SILENT + dt.timedelta(seconds=1)
        assert jobs.revive(later) == 1
        assert not jobs.finish(dead, "1-1/x", ""), "it was taken from this worker"
    assert jobs.claim(later) is None
    found = jobs.job(desk.study, number, desk.sponsor)
    assert (found.state, found.message) == ("failed", "The server ended 3 times while it was at work on this.")


def test_files_go_after_a_time(desk: Any, kinds: Kinds) -> None:
    from trialwright.conduct import actions
    from trialwright.conduct.actions import jobs

    number = actions.start_job(desk.study, "write", {}, desk.sponsor)
    actions.work_once()
    orphan = jobs.folder_of_jobs() / "77-1"
    orphan.mkdir()
    assert actions.clear_away() == 0
    later = dt.datetime.now(dt.UTC) + jobs.KEEP + dt.timedelta(days=1)
    assert actions.clear_away(later) == 2
    assert not list(jobs.folder_of_jobs().iterdir())
    with pytest.raises(Refused, match=r"was removed\. Ask for it again"):
        actions.result_of(desk.study, number, desk.sponsor)


def test_who_lost_a_role_gets_nothing_that_was_made_under_it(desk: Any, kinds: Kinds) -> None:
    from trialwright.conduct import actions

    made = actions.start_job(desk.study, "write", {}, desk.sponsor)
    assert actions.work_once()
    actions.remove_person(desk.study, "sponsor", reason="other duties", at=desk.at)
    again = actions.add_person(desk.study, "sponsor", "Some sponsor", "auditor", site="02", at=desk.at)
    with pytest.raises(Refused, match="was removed"):
        actions.result_of(desk.study, made, again)


def test_a_job_that_runs_when_its_person_loses_the_role_leaves_no_file(desk: Any, kinds: Kinds) -> None:
    from trialwright.conduct import actions

    kinds.middle = lambda: actions.remove_person(desk.study, "sponsor", reason="other duties", at=desk.at)
    number = actions.start_job(desk.study, "write", {}, desk.sponsor)
    assert actions.work_once()
    assert actions.jobs.job(desk.study, number, desk.sponsor).state == "cancelled"
    folder = actions.jobs.folder_of_jobs()
    assert not list(folder.rglob("*.csv"))
