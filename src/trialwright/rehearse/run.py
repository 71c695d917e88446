"""The rehearsal: recruit, treat, capture, extract, analyse, report; one call, one folder, same seed same bytes."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from trialwright.kernel.errors import IntegrityError, TrialwrightError
from trialwright.rehearse import outputs
from trialwright.rehearse.second import second_process
from trialwright.study.definition import Study

if TYPE_CHECKING:
    from concurrent.futures import Executor

    from trialwright.evidence.results import Results
    from trialwright.evidence.snapshot import Snapshot
    from trialwright.rehearse.life import Stage

Progress = Callable[[float, str], None]
"""Hears the share that is done and a word on what is being done."""
Database = Callable[[Path], None]
"""Makes Django ready on a new database file (`web.setup.setup`, which stands above this room)."""

ARRIVALS_LIMIT = 40
"""Patients who may come for each place before the rehearsal gives up."""
DRIVEN = 0.8
"""Share of the whole at which conduct is done."""


@dataclass(frozen=True, slots=True)
class Summary:
    """What came out. `response`: responders, analysed, low and high limit of the primary endpoint's interval."""

    study: str
    seed: int
    out: Path
    screened: int
    failures: tuple[tuple[str, int], ...]
    enrolled: int
    completed: int
    left: tuple[tuple[str, int], ...]
    response: tuple[int, int, float, float] | None
    adverse_events: int
    subjects_with_events: int
    deaths: int
    queries: int
    queries_open: int
    audit_events: int
    audit_head: str

    def plain(self) -> dict[str, Any]:
        """For JSON."""
        return dataclasses.asdict(self) | {"out": str(self.out), "outputs": [name for name, _ in OUTPUTS]}


OUTPUTS = (
    ("report.html", "Report: recruitment, flow, exposure, response, safety"),
    ("results.json", "Registry record with its results section"),
    ("tables/", "Displays as HTML and RTF"),
    ("figures/", "Figures as SVG"),
    ("sdtm/", "SDTM data sets as XPT and Dataset-JSON"),
    ("adam/", "ADaM data sets as XPT and Dataset-JSON"),
    ("define.xml", "Define-XML of both"),
    ("snapshot.json", "What was captured, as analysis reads it"),
    ("conduct.sqlite3", "Database with the audit trail"),
    ("conduct.key", "Key that seals it: a rehearsal's, which follows from the seed"),
    ("run.json", "Seed, versions, hashes"),
)


def rehearse(
    study: Study, seed: int, out: Path, *, database: Database, overwrite: bool = False, progress: Progress | None = None
) -> Summary:
    """Run the whole trial with virtual patients and write all outputs to `out`.

    Raises OutputExists when `out` holds something (unless it is a rehearsal and `overwrite`), DefinitionError when the
    assumptions cannot be simulated, TrialwrightError when nobody can be enrolled. Nothing half-written remains.
    """
    tell = progress or (lambda share, words: None)
    with outputs.staged(out, overwrite=overwrite) as folder, second_process() as second:
        work = folder.parent / "work.sqlite3"
        database(work)
        _hurry()
        drive(study, seed, tell)
        return _finish(study, seed, (out, folder, work), second, tell)


def _hurry() -> None:
    """Nobody misses the working copy after a crash, so nothing waits for the disk. Django is ready only by now."""
    from trialwright.conduct.actions import forgo_durability

    forgo_durability()


def drive(study: Study, seed: int, tell: Progress) -> None:
    """Conduct the trial on the database that is set up, from opening to the last closed query.

    Raises TrialwrightError when the planned number cannot be reached.
    """
    from trialwright.conduct import actions
    from trialwright.rehearse.cast import engage
    from trialwright.rehearse.clock import Clock
    from trialwright.rehearse.life import Stage

    tell(0.0, "Opening the study")
    opened = _opening(study)
    actions.use_rehearsal_key(study.id, seed)
    actions.open_study(study, virtual=True, at=opened)
    clock = Clock()
    stage = Stage(study, engage(study, opened + dt.timedelta(hours=1)), clock, seed)
    _open_sites(stage)
    clock.start(_recruit(stage))
    planned = study.registration.design.enrolment
    clock.run(lambda: tell(DRIVEN * 0.9 * stage.enrolled / planned, f"Enrolled {stage.enrolled} of {planned}"))
    actions.seal(study.id)


def _opening(study: Study) -> dt.datetime:
    """A week before the start, in the morning of the first site."""
    day = study.registration.status.start - dt.timedelta(days=7)
    zone = ZoneInfo(study.registration.sites[0].timezone)
    return dt.datetime(day.year, day.month, day.day, 9, tzinfo=zone)


def _open_sites(stage: Stage) -> None:
    from trialwright.conduct import actions
    from trialwright.simulate.recruitment import Opening, opening_date, openings

    def opens(opening: Opening) -> Any:
        day = opening_date(stage.study, opening)
        at = dt.datetime(day.year, day.month, day.day, 7, 30, tzinfo=ZoneInfo(opening.zone))
        yield at
        if not stage.full:
            actions.activate_site(stage.study.id, opening.site, by=stage.cast.central["administrator"], at=at)

    for opening in openings(stage.study):
        stage.clock.start(opens(opening))


def _recruit(stage: Stage) -> Any:
    """Lets each patient begin at the moment of arrival, until every place is taken."""
    from trialwright.rehearse.desk import Desk
    from trialwright.rehearse.life import Life
    from trialwright.simulate.patient import arrivals

    limit = ARRIVALS_LIMIT * stage.study.registration.design.enrolment
    for patient in arrivals(stage.study, stage.seed):
        yield patient.arrival
        if stage.full:
            return
        if patient.number > limit:
            raise TrialwrightError(
                f"{limit} virtual patients came and only {stage.enrolled} were enrolled.",
                where="assumptions.yaml",
                hint="Check `people` and `screening` against the criteria.",
            )
        desk = Desk(stage.study, stage.cast, patient.site, stage.clock.start)
        stage.clock.start(Life(stage, patient, desk).run())


def _finish(study: Study, seed: int, places: tuple[Path, Path, Path], second: Executor, tell: Progress) -> Summary:
    """From the conducted trial to the folder of outputs: one process analyses and writes while the other verifies."""
    from trialwright.conduct.extract import snapshot
    from trialwright.conduct.worklists.verify import verify_audit

    out, folder, work = places
    tell(DRIVEN * 0.95, "Taking the snapshot")
    taken = snapshot(study.id)
    analysed = second.submit(outputs.analyse_and_write, folder, study, taken)
    tell(DRIVEN, "Verifying the audit trail, deriving the data sets, writing the outputs")
    audit = verify_audit(study.id)
    if not audit.verified:
        raise IntegrityError(f"The audit trail does not verify: {audit.problems[0]}")
    copy = folder.parent / outputs.DATABASE
    outputs.copy_database(work, copy)
    results = analysed.result()
    copy.rename(folder / outputs.DATABASE)
    outputs.copy_key(work, folder / outputs.DATABASE)
    outputs.write_run(folder, study, seed, {"audit": {"events": audit.events, "head": audit.head}})
    tell(1.0, "Done")
    return summarise(study, seed, out, (taken, results), audit.events)


def summarise(study: Study, seed: int, out: Path, found: tuple[Snapshot, Results], events: int) -> Summary:
    """The main figures of a rehearsal."""
    taken, results = found
    terms = results.events.terms
    names = study.endpoints.event_forms
    rows = {(v.subject, v.row) for v in taken.values if v.form == names.adverse_events and v.item == names.term}
    return Summary(
        study=study.id,
        seed=seed,
        out=out,
        screened=results.flow.screened,
        failures=results.flow.screen_failures,
        enrolled=results.flow.started,
        completed=results.flow.completed,
        left=results.flow.reasons,
        response=_response(study, results),
        adverse_events=sum(term.events for term in terms),
        subjects_with_events=len({subject for subject, _ in rows}),
        deaths=results.events.deaths,
        queries=len(taken.queries),
        queries_open=sum(query.closed is None for query in taken.queries),
        audit_events=events,
        audit_head=taken.audit_head,
    )


def _response(study: Study, results: Results) -> tuple[int, int, float, float] | None:
    primary = study.endpoints.primary().id
    outcome = next((o for o in results.outcomes if o.endpoint == primary), None)
    if outcome is None or not outcome.tests:
        return None
    test = outcome.tests[0]
    share = test.estimate if test.estimate <= 1 else test.estimate / 100
    scale = 1 if test.high <= 1 else 100
    return round(share * outcome.analysed), outcome.analysed, test.low / scale, test.high / scale
