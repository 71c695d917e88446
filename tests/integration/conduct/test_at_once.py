"""People and processes at work at once: one wins, the other is told, and nothing is counted twice."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import connections
from kept import Kept

PROGRAM = Path(__file__).parents[2] / "one_of_two.py"


class Two:
    """Two processes that work on one database."""

    def __init__(self, place: str, study: str) -> None:
        command = [sys.executable, str(PROGRAM), place, study]
        self.both = [
            subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(2)
        ]
        assert [self._answer(one) for one in self.both] == ["ready", "ready"]

    def do(self, *lines: str) -> list[str]:
        """What each answers to its line; both get theirs at once."""
        for one, line in zip(self.both, lines, strict=True):
            assert one.stdin
            one.stdin.write(f"{line}\n")
            one.stdin.flush()
        return sorted(self._answer(one) for one in self.both)

    def _answer(self, one: subprocess.Popen[str]) -> str:
        assert one.stdout
        return one.stdout.readline().strip()

    def end(self) -> None:
        for one in self.both:
            one.communicate(timeout=30)


@pytest.fixture
def two(desk: Any, database: Kept) -> Iterator[Two]:
    made = Two(database.place, desk.study)
    yield made
    made.end()


def test_of_two_processes_one_gets_the_last_place_and_one_save_is_stale(desk: Any, two: Two) -> None:
    from trialwright.conduct.store.models import Form, Trial
    from trialwright.conduct.worklists import verify_audit

    first, second = (desk.enrolled() for _ in range(2))
    waiting = [desk.screened(site) for site in ("01", "02")]
    answers = two.do(*(f"enrol {subject}" for subject in waiting))
    assert answers == ["Enrolment is complete: all 3 places are taken.", "done"]
    assert Trial.objects.get().enrolled == 3
    for turn in range(5):
        seen = Form.objects.get(form="vitals", subject__subject=first).version
        answers = two.do(f"save {first} {seen} {70 + turn}", f"save {first} {seen} {80 + turn}")
        assert answers[1] == "done"
        assert "was saved by somebody else while you worked on it" in answers[0]
        assert Form.objects.get(form="vitals", subject__subject=first).version == seen + 1
    assert two.do(f"save {first} {seen + 1} 90", f"save {second} 1 90") == ["done", "done"], "other forms do not matter"
    assert verify_audit(desk.study).problems == ()


def together(count: int, work: Callable[[int], object]) -> list[object]:
    """What `work(0)` ... `work(count - 1)` answer, in threads that begin at once; an error is an answer too."""
    gate, answers = threading.Barrier(count), dict[int, object]()

    def run(number: int) -> None:
        gate.wait()
        try:
            answers[number] = work(number)
        except Exception as error:
            answers[number] = error
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=[number]) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return [answers[number] for number in range(count)]


def test_twenty_who_register_at_once_get_numbers_without_gaps(desk: Any) -> None:
    from trialwright.conduct import actions
    from trialwright.conduct.worklists import verify_audit

    names = together(20, lambda n: actions.register_subject(desk.study, "01", by=desk.investigator, at=desk.at))
    assert sorted(map(str, names)) == [f"01-{number:03}" for number in range(1, 21)]
    assert verify_audit(desk.study).problems == ()


def test_several_who_seal_at_once_write_one_checkpoint(desk: Any) -> None:
    from trialwright.conduct import actions
    from trialwright.conduct.store.models import Checkpoint

    desk.screened()
    sealed = together(6, lambda n: actions.seal_all())
    assert sorted(map(str, sealed)) == ["0"] * 5 + ["1"]
    assert Checkpoint.objects.count() == 1


def test_a_job_is_done_by_one_worker(desk: Any) -> None:
    from trialwright.conduct import actions

    def run(_study: str, _asked: Any, _by: Any, folder: Path, _tell: Any) -> Path:
        file = folder / "a.csv"
        file.write_text("a\n")
        return file

    actions.jobs.KINDS["test"] = run
    try:
        wanted = [actions.start_job(desk.study, "test", {}, desk.sponsor) for _ in range(5)]
        done = together(8, lambda n: sum(iter(actions.work_once, False)))
    finally:
        del actions.jobs.KINDS["test"]
    assert sum(map(int, map(str, done))) == 5
    assert {actions.jobs.job(desk.study, number, desk.sponsor).attempt for number in wanted} == {1}


def test_verifying_while_people_work_raises_no_false_alarm(desk: Any) -> None:
    from trialwright.conduct import actions
    from trialwright.conduct.actions import Entry
    from trialwright.conduct.worklists import verify_audit

    subjects = [desk.screened() for _ in range(3)]

    def work(number: int) -> object:
        if number == 0:
            return [problem for _ in range(12) for problem in verify_audit(desk.study).problems]
        for weight in range(61, 81):
            typed = [Entry("weight", str(weight))]
            actions.save_form(
                desk.study, subjects[number - 1], "vitals", typed, visit="screening", reason="x",
                by=desk.investigator, at=desk.at,
            )  # fmt: skip
        return "done"

    assert together(4, work) == [[], "done", "done", "done"]
