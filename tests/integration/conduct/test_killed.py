"""A writer is killed in mid-save, a hundred times: what was acknowledged is there, and nothing is half saved."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from kept import Kept

KILLS = 100
EVERY = 10
WRITER = Path(__file__).parents[2] / "killed_writer.py"


class Writer:
    """The program `killed_writer.py`, which writes in one child process after the other."""

    def __init__(self, *arguments: str) -> None:
        self.program = subprocess.Popen(
            [sys.executable, str(WRITER), *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self.pid = 0
        self.begun = self.saved = 0

    def start(self, number: int) -> None:
        assert self.program.stdin
        self.begun = self.saved = number - 1
        self.program.stdin.write(f"go {number}\n")
        self.program.stdin.flush()
        self.pid = int(self._line()[1])

    def wait_for(self, saves: int) -> None:
        """Until so many more saves have begun than before."""
        wanted = self.begun + saves
        while self.begun < wanted:
            self._note(self._line())

    def kill(self) -> None:
        os.kill(self.pid, signal.SIGKILL)
        while (line := self._line()) != ["gone"]:
            self._note(line)

    def end(self) -> None:
        assert self.program.stdin
        assert self.program.stdout
        self.program.stdin.close()
        self.program.wait(timeout=20)
        self.program.stdout.close()

    def _line(self) -> list[str]:
        assert self.program.stdout
        line = self.program.stdout.readline()
        assert line, "the writer ended by itself"
        return line.split()

    def _note(self, line: list[str]) -> None:
        what, number = line
        if what == "begin":
            self.begun = int(number)
        else:
            self.saved = int(number)


@pytest.fixture
def writer(desk: Any, database: Kept) -> Iterator[Writer]:
    made = Writer(database.place, desk.study, desk.screened())
    yield made
    made.end()


def stands() -> int:
    """The number that every value of the form bears: it was saved as a whole."""
    from trialwright.conduct.store.models import Event, Form, Value

    form = Form.objects.get(form="vitals")
    values = {row.item: int(row.value) for row in Value.objects.filter(form=form, item__in=TYPED)}
    if not values:
        return 0
    numbers = {value - TYPED[item] for item, value in values.items()}
    assert len(values) == len(TYPED), values
    assert len(numbers) == 1, f"half of a save: {values}"
    number = numbers.pop()
    assert Event.objects.latest("sequence").reason == str(number), "the log ends with the save that stands"
    assert form.version == number + 2, "no save was counted twice, none was lost"
    return number


TYPED = {"height": 0, "systolic": 1000, "diastolic": 0}


def test_what_was_acknowledged_outlives_a_hundred_kills(writer: Writer, desk: Any, database: Kept) -> None:
    from trialwright.conduct.worklists import verify_audit

    draw, cut, number = random.Random(20260302), 0, 0
    for turn in range(1, KILLS + 1):
        writer.start(number + 1)
        writer.wait_for(draw.randint(1, 2))
        time.sleep(draw.uniform(0, 0.012))
        writer.kill()
        database.settle()
        number = stands()
        assert writer.saved <= number <= writer.begun, f"save {writer.saved} was acknowledged, {number} stands"
        cut += writer.begun > writer.saved
        if turn % EVERY == 0:
            assert verify_audit(desk.study).problems == ()
    assert cut > KILLS // 4, "most kills come in the middle of a save"
