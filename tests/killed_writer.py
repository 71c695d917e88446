"""Saves a form again and again until it is killed. Run as a program: `killed_writer.py PLACE STUDY SUBJECT`.

Each line `go N` on standard input lets a new process begin, which prints its own id, then `begin n` and, once the save
was acknowledged, `saved n` for n from N on. Whoever reads that kills it; then `gone` is printed. (A process that loads
everything anew would take seconds; this one is a copy of one that has it all loaded, but no connection.)
"""

from __future__ import annotations

import os
import sys
from typing import Any


def main(place: str, study: str, subject: str) -> None:
    from django.db import connections

    from trialwright.web.setup import setup

    setup(place, migrate=False)
    from trialwright.conduct import actions

    by = actions.person(study, "investigator")
    save(study, subject, by, 0)
    connections.close_all()
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            try:
                write(study, subject, by, int(line.split()[1]))
            finally:
                os._exit(1)
        os.waitpid(child, 0)
        say("gone")


def write(study: str, subject: str, by: Any, number: int) -> None:
    say(f"pid {os.getpid()}")
    while True:
        say(f"begin {number}")
        save(study, subject, by, number)
        say(f"saved {number}")
        number += 1


def save(study: str, subject: str, by: Any, number: int) -> None:
    from trialwright.conduct import actions
    from trialwright.conduct.actions import Entry

    typed = {"height": number, "systolic": number + 1000, "diastolic": number}
    entries = [Entry(item, str(value)) for item, value in typed.items()]
    actions.save_form(study, subject, "vitals", entries, visit="screening", reason=str(number), by=by)


def say(text: str) -> None:
    os.write(1, f"{text}\n".encode())


if __name__ == "__main__":
    main(*sys.argv[1:4])
