"""OQ: who may do what. Every action is tried by every role, at its site and at another, and in every state."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from trialwright.conduct import actions, worklists
from trialwright.conduct.actions import Person, jobs, locks, redaction, signing, tokens
from trialwright.conduct.rules.blinding import blinded, hidden_items
from trialwright.conduct.rules.locks import Scope
from trialwright.conduct.rules.policy import ACTIONS, ALLOWED, ROLES
from trialwright.conduct.rules.states import QUERY, SITE, SUBJECT, VISIT, Machine
from trialwright.kernel.errors import NotPermitted, Refused, TrialwrightError, UnknownName
from trialwright.rehearse.validation.bench import Bench, undone
from trialwright.rehearse.validation.cases import Case, judged, skipped
from trialwright.rehearse.validation.forms import filled, home
from trialwright.rehearse.validation.sheet import Sheet
from trialwright.study.definition import Study


@dataclass(frozen=True)
class Spot:
    """A subject with a form, at which actions are tried."""

    bench: Bench
    sheet: Sheet
    site: str
    subject: str
    other: Study
    """The definition under another id."""

    @property
    def blinds(self) -> bool:
        return bool(blinded(self.bench.study))


def role_by_action(bench: Bench, sheet: Sheet) -> Iterator[Case]:
    """The policy's table, tried: an action is open to a role exactly where the table says so."""
    spot = _spot(bench, sheet)
    elsewhere = bench.sites[1] if len(bench.sites) > 1 else ""
    with _asked_for():
        yield from _powers(bench, spot, elsewhere)


@contextmanager
def _asked_for() -> Iterator[None]:
    """There is an export to ask for."""
    jobs.KINDS[EXPORT] = _never
    try:
        yield
    finally:
        del jobs.KINDS[EXPORT]


def _never(*_asked: object) -> Path:
    raise Refused("It is only asked for.")


def _powers(bench: Bench, spot: Spot, elsewhere: str) -> Iterator[Case]:
    for role in ROLES:
        people = {"own site": bench.add_role(role, spot.site)}
        if elsewhere:
            people["another site"] = bench.add_role(role, elsewhere)
        whole = bench.add_role(role)
        for action in ACTIONS:
            for place, person in people.items():
                yield _power(spot, (role, action, place), person)
            if action in WHOLE:
                yield _power(spot, (role, action, EVERY), whole)


def _spot(bench: Bench, sheet: Sheet) -> Spot:
    subject = bench.seat(sheet.setting)
    bench.save(subject, sheet.visit, sheet.form, [*sheet.rest, sheet.entry(sheet.first)])
    where: dict[str, Any] = {"visit": sheet.visit, "group": sheet.group, **bench.do()}
    actions.open_query(bench.id, subject, sheet.form, sheet.item, "Really?", **where)
    data = bench.study.model_dump(mode="json", by_alias=True)
    data["study"]["id"] = f"{bench.id}_again"
    return Spot(bench, sheet, bench.sites[0], subject, Study.model_validate(data))


def _power(spot: Spot, named: tuple[str, str, str], person: Person) -> Case:
    role, action, place = named
    name = f"policy.{role}.{action}.{place.replace(' ', '_')}"
    requirement = f"{ROLES[role]} of {place if place == EVERY else 'a site'}: {ACTIONS[action]}"
    attempt = ATTEMPTS.get(action)
    if attempt is None or (action == "read_blinded" and not spot.blinds):
        return skipped(name, requirement, f"at {place}", NOT_TRIED[action])
    allowed = action in ALLOWED[role] and place == "own site"
    if action in WHOLE:
        allowed = action in ALLOWED[role] and place == EVERY
    if action in ANYWHERE:
        allowed = action in ALLOWED[role]
    return judged(
        name, requirement, f"try it at {place}", "open" if allowed else "closed", _tried(attempt, spot, person)
    )


def _tried(attempt: Attempt, spot: Spot, person: Person) -> str:
    found = "open"
    with undone():
        try:
            attempt(spot, person)
        except (NotPermitted, UnknownName):
            found = "closed"  # a subject of a site that one does not see is not there
        except TrialwrightError:
            found = "open"  # the person may; the state, or the form, does not let it happen now
    return found


Attempt = Callable[[Spot, Person], object]
EXPORT = "validation"
"""A kind of job that is only asked for, and never done."""
NOT_TRIED: Mapping[str, str] = {
    "read_blinded": "nothing is blinded in this study",
    "read_accounts": "accounts belong to the installation: the scratch database has none",
}


EVERY = "every site"
WHOLE = ("open_study", "add_person", "publish_version", "read_blinded")
"""Things of the whole study: nobody whose role is bound to a site does them."""
ANYWHERE = ("read_audit", "make_token", "export")
"""Not bound to the place where they are tried: what is read is only of one's own sites."""


def _do(spot: Spot, by: Person) -> dict[str, Any]:
    return {"by": by, "at": spot.bench.now}


def _on(spot: Spot) -> tuple[str, str]:
    return spot.bench.id, spot.subject


def _form(spot: Spot) -> tuple[str, str, str]:
    return spot.bench.id, spot.subject, spot.sheet.form


def _scope(spot: Spot) -> Scope:
    return Scope(subject=spot.subject, visit=spot.sheet.visit, form=spot.sheet.form)


def _visit(spot: Spot) -> str:
    return spot.bench.study.schedule.visits[-1].id


def _close(spot: Spot, close: Callable[..., object], by: Person) -> object:
    return close(spot.bench.id, _scope(spot), reason="Validation", **_do(spot, by))


def _see_all(spot: Spot, by: Person) -> None:
    """What is hidden is refused without a word."""
    if hidden_items(spot.bench.study, by):
        raise NotPermitted("Something is hidden.")


ATTEMPTS: Mapping[str, Attempt] = {
    "open_study": lambda s, by: actions.open_study(s.other, **_do(s, by)),
    "add_person": lambda s, by: actions.add_person(s.bench.id, "new", "New", "monitor", **_do(s, by)),
    "activate_site": lambda s, by: actions.activate_site(s.bench.id, s.site, **_do(s, by)),
    "register_subject": lambda s, by: actions.register_subject(s.bench.id, s.site, **_do(s, by)),
    "record_consent": lambda s, by: actions.record_consent(*_on(s), **_do(s, by)),
    "start_visit": lambda s, by: actions.start_visit(*_on(s), _visit(s), **_do(s, by)),
    "miss_visit": lambda s, by: actions.miss_visit(*_on(s), _visit(s), "Validation", **_do(s, by)),
    "save_form": lambda s, by: actions.save_form(
        *_form(s), [s.sheet.entry(s.sheet.second)], visit=s.sheet.visit, reason="Validation", **_do(s, by)
    ),
    "decide_eligibility": lambda s, by: actions.decide_eligibility(*_on(s), **_do(s, by)),
    "enrol": lambda s, by: actions.enrol(*_on(s), **_do(s, by)),
    "plan_dose": lambda s, by: actions.plan_dose(*_on(s), 1, **_do(s, by)),
    "end_participation": lambda s, by: actions.end_participation(*_on(s), "moved", **_do(s, by)),
    "open_query": lambda s, by: actions.open_query(
        *_form(s), s.sheet.item, "And this?", visit=s.sheet.visit, group=s.sheet.group, **_do(s, by)
    ),
    "answer_query": lambda s, by: actions.answer_query(*_on(s), 1, "Yes", **_do(s, by)),
    "close_query": lambda s, by: actions.close_query(*_on(s), 1, **_do(s, by)),
    "reopen_query": lambda s, by: actions.reopen_query(*_on(s), 1, "Again", **_do(s, by)),
    "cancel_query": lambda s, by: actions.cancel_query(*_on(s), 1, "By mistake", **_do(s, by)),
    "redact_value": lambda s, by: redaction.redact_value(
        *_form(s), s.sheet.item, visit=s.sheet.visit, group=s.sheet.group, reason="A name was typed", **_do(s, by)
    ),
    "verify_value": lambda s, by: actions.verify(*_form(s), visit=s.sheet.visit, **_do(s, by)),
    "sign": lambda s, by: signing.sign(
        *_form(s), visit=s.sheet.visit, meaning="approval", factor="password+totp", **_do(s, by)
    ),
    "freeze": lambda s, by: _close(s, locks.freeze, by),
    "lock": lambda s, by: _close(s, locks.lock, by),
    "unlock": lambda s, by: _close(s, locks.unlock, by),
    "publish_version": lambda s, by: actions.publish_version(s.bench.id, s.bench.study, note="None", **_do(s, by)),
    "approve_version": lambda s, by: actions.approve_version(s.bench.id, s.site, s.bench.study.version, **_do(s, by)),
    "migrate_form": lambda s, by: actions.migrate_form(*_form(s), visit=s.sheet.visit, reason="None", **_do(s, by)),
    "export": lambda s, by: jobs.start_job(s.bench.id, EXPORT, {}, by),
    "attach_file": lambda s, by: actions.attach_file(*_on(s), "scan.pdf", b"scan", **_do(s, by)),
    "make_token": lambda s, by: tokens.make_token(s.bench.id, "validation", ["read"], 1, by=by),
    "read_blinded": _see_all,
    "read": lambda s, by: worklists.casebook(*_on(s), by),
    "read_audit": lambda s, by: worklists.audit_trail(s.bench.id, by, size=1),
}


UNREACHED = "no action of conduct takes it there"
WHY: Mapping[str, str] = {
    "capture": "the study has no log, which could be filled in whatever visits there were",
    "closing_visit": "it is the visit of early termination, which opens with the end of participation",
    "dose": "the dose hangs on what is captured before: compare the plan of a subject by hand",
    "pass": "it happens by itself when the check holds again: see Ranges, where one subject has every value in turn",
    "close": "conduct has no action that closes a site",
}
"""action -> why it is not tried in a state."""


def state_by_action(bench: Bench, sheet: Sheet) -> Iterator[Case]:
    """Every action in every state, by somebody who may: the state tables, tried."""
    for machine, reach, steps in _machines(bench, sheet):
        for state in machine.table:
            for action in machine.actions:
                name = f"state.{machine.thing.lower()}.{state}.{action}"
                requirement = f"{machine.thing} that is {state}: {machine.actions[action]}"
                if state not in reach or action not in steps:
                    yield skipped(name, requirement, "try it", UNREACHED if action in steps else WHY[action])
                else:
                    want = "done" if machine.allowed(state, action) else "refused"
                    found = _stepped(state, reach[state], steps[action])
                    yield judged(name, requirement, "try it", want, found)


Reach = Callable[[], str]
Step = Callable[[str], object]


def _stepped(state: str, reach: Reach, step: Step) -> str:
    """`refused`: for the state and nothing else."""
    found = "done"
    with undone():
        thing = reach()
        try:
            step(thing)
        except TrialwrightError as error:
            found = "refused" if f"is {state.replace('_', ' ')}" in str(error) else f"{type(error).__name__}: {error}"
    return found


def _machines(bench: Bench, sheet: Sheet) -> Iterator[tuple[Machine, Mapping[str, Reach], Mapping[str, Step]]]:
    yield SUBJECT, _subjects(bench), _subject_steps(bench, sheet)
    yield VISIT, _visits(bench, sheet), _visit_steps(bench, sheet)
    yield QUERY, _queries(bench, sheet), _query_steps(bench)
    closed: dict[str, Reach] = {}
    if len(bench.study.registration.sites) > 2:
        closed["planned"] = lambda: bench.study.registration.sites[2].id
    register: Step = lambda site: actions.register_subject(bench.id, site, **bench.do())  # noqa: E731  # beside its kin
    activate: Step = lambda site: actions.activate_site(bench.id, site, **bench.do())  # noqa: E731
    yield SITE, {**closed, "active": lambda: bench.sites[0]}, {"register": register, "activate": activate}


def _subjects(bench: Bench) -> Mapping[str, Reach]:
    def ended(reason: str, subject: str) -> str:
        actions.end_participation(bench.id, subject, reason, **bench.do())
        return subject

    return {
        "screening": bench.registered,
        "screen_failed": lambda: ended("not eligible", bench.registered()),
        "enrolled": bench.enrolled,
        "completed": lambda: ended("completed", bench.enrolled()),
        "discontinued": lambda: ended("moved", bench.enrolled()),
    }


def _subject_steps(bench: Bench, sheet: Sheet) -> Mapping[str, Step]:
    first = bench.study.schedule.visits[0].id
    return _log_steps(bench) | {
        "consent": lambda s: actions.record_consent(bench.id, s, **bench.do()),
        "decide": lambda s: actions.decide_eligibility(bench.id, s, **bench.do()),
        "enrol": lambda s: actions.enrol(bench.id, s, **bench.do()),
        "visit": lambda s: actions.miss_visit(bench.id, s, first, "Validation", **bench.do()),
        "complete": lambda s: actions.end_participation(bench.id, s, "completed", **bench.do()),
        "end": lambda s: actions.end_participation(bench.id, s, "moved", **bench.do()),
    }


def _log_steps(bench: Bench) -> dict[str, Step]:
    """Saving a log, where the study has one that takes a value."""
    for name in bench.study.schedule.logs:
        form = bench.study.form_by_id[name]
        setting = home(bench, form)
        entries = [*filled(bench, setting, form).values()][:1] if setting else []
        if entries:
            return {"capture": lambda s: bench.save(s, "", name, entries)}  # noqa: B023  # it returns at once
    return {}


def _visits(bench: Bench, sheet: Sheet) -> Mapping[str, Reach]:
    visit = sheet.visit
    day = sheet.setting.day

    def missed() -> str:
        subject = bench.enrolled()
        actions.miss_visit(bench.id, subject, visit, "Validation", **bench.do())
        return subject

    def done() -> str:
        subject = bench.enrolled()
        assert day is not None, "the sheet belongs to a visit"
        bench.start(subject, visit, day)
        return subject

    return {"planned": bench.enrolled, "missed": missed, "done": done}


def _visit_steps(bench: Bench, sheet: Sheet) -> Mapping[str, Step]:
    return {
        "start": lambda s: actions.start_visit(bench.id, s, sheet.visit, on=sheet.setting.day, **bench.do()),
        "miss": lambda s: actions.miss_visit(bench.id, s, sheet.visit, "Validation", **bench.do()),
        "capture": lambda s: bench.save(s, sheet.visit, sheet.form, [sheet.entry(sheet.first)]),
    }


def _queries(bench: Bench, sheet: Sheet) -> Mapping[str, Reach]:
    def asked(*steps: Callable[[str], object]) -> str:
        subject = bench.seat(sheet.setting)
        bench.save(subject, sheet.visit, sheet.form, [sheet.entry(sheet.first)])
        where: dict[str, Any] = {"visit": sheet.visit, "group": sheet.group, **bench.do()}
        number = actions.open_query(bench.id, subject, sheet.form, sheet.item, "Really?", **where)
        for step in steps:
            step(f"{subject} {number}")
        return f"{subject} {number}"

    step = _query_steps(bench)
    return {
        "open": asked,
        "answered": lambda: asked(step["answer"]),
        "closed": lambda: asked(step["close"]),
        "cancelled": lambda: asked(step["cancel"]),
    }


def _query_steps(bench: Bench) -> Mapping[str, Step]:
    def taken(action: Callable[..., None]) -> Step:
        def step(query: str) -> None:
            subject, number = query.split()
            action(bench.id, subject, int(number), "Validation", **bench.do())

        return step

    return {
        "answer": taken(actions.answer_query), "close": taken(actions.close_query),
        "reopen": taken(actions.reopen_query), "cancel": taken(actions.cancel_query),
    }  # fmt: skip
