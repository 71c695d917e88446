"""Does what its standard input says, beside another process that does the same: `one_of_two.py PLACE STUDY`.

`ready` is printed, and after each line (`enrol SUBJECT`, `save SUBJECT VERSION WEIGHT`) `done` or the refusal.
"""

from __future__ import annotations

import sys


def main(place: str, study: str) -> None:
    from trialwright.kernel.errors import TrialwrightError
    from trialwright.web.setup import setup

    setup(place, migrate=False)
    from trialwright.conduct import actions
    from trialwright.conduct.actions import Entry

    by = actions.person(study, "investigator")
    print("ready", flush=True)
    for line in sys.stdin:
        what, subject, *rest = line.split()
        try:
            if what == "enrol":
                actions.enrol(study, subject, by=by)
            else:
                seen, weight = int(rest[0]), [Entry("weight", rest[1])]
                actions.save_form(study, subject, "vitals", weight, visit="screening", reason="x", version=seen, by=by)
            print("done", flush=True)
        except TrialwrightError as refusal:
            print(refusal, flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:3])
