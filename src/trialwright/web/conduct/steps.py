"""Steps of a casebook: visits, decisions on eligibility and doses, enrolment, the end of participation."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from trialwright.conduct import actions
from trialwright.conduct.rules.states import SUBJECT
from trialwright.conduct.worklists import Casebook
from trialwright.kernel.errors import InputError, Refused, UnknownName
from trialwright.kernel.texts import Text
from trialwright.study.definition import Study
from trialwright.web.conduct.desk import Desk
from trialwright.web.page import words

COMPLETED = "completed"
"""The reason of those who take part to the end, as `actions.end_participation` knows it."""
NOT_ENROLLED = ("consent_refused", "not_eligible", "eligibility_undetermined", "enrolment_complete")
"""Reasons for which screening ends without enrolment."""


@dataclass(frozen=True, slots=True)
class Tried:
    """A step that was sent: which, of what, what was typed for it; the sentence if it was refused."""

    step: str = ""
    of: str = ""
    on: str = ""
    reason: str = ""
    said: str = ""
    """A reason in words, where no listed one was chosen."""
    sentence: str = ""


def sent(post: Mapping[str, str]) -> Tried:
    """A button sends step=what:of; what belongs to it has the names on:of, reason:of and said:of."""
    what, _, of = post.get("step", "").partition(":")
    return Tried(what, of, *(post.get(f"{name}:{of}", "").strip() for name in ("on", "reason", "said")))


def do(desk: Desk, subject: str, tried: Tried) -> tuple[str, str]:
    """Returns the sentence that says what was done, and the anchor to come back to. Raises Refused, InputError."""
    if tried.step not in STEPS:
        raise UnknownName("step", tried.step, STEPS)
    done = STEPS[tried.step](desk, subject, tried)
    return done if isinstance(done, tuple) else (words(desk.request)(f"casebook.did.{tried.step}"), done)


def _who(desk: Desk) -> dict[str, Any]:
    return {"by": desk.by, "at": desk.now}


def _start(desk: Desk, subject: str, tried: Tried) -> str:
    actions.start_visit(desk.id, subject, tried.of, on=_day(tried.on), **_who(desk))
    return tried.of


def _add(desk: Desk, subject: str, tried: Tried) -> str:
    return actions.add_visit(desk.id, subject, tried.of, on=_day(tried.on), **_who(desk))


def _miss(desk: Desk, subject: str, tried: Tried) -> str:
    if not tried.reason:
        raise Refused(words(desk.request)("casebook.say_why"))
    actions.miss_visit(desk.id, subject, tried.of, tried.reason, **_who(desk))
    return tried.of


def _decide(desk: Desk, subject: str, tried: Tried) -> str:
    actions.decide_eligibility(desk.id, subject, **_who(desk))
    return "criteria"


def _enrol(desk: Desk, subject: str, tried: Tried) -> str:
    actions.enrol(desk.id, subject, **_who(desk))
    return "visits"


def _plan_dose(desk: Desk, subject: str, tried: Tried) -> tuple[str, str]:
    plan = desk.study.schedule.plan(tried.of)
    if plan is None or plan.dose is None:
        raise UnknownName("visit with a dose", tried.of, [v.id for v in desk.study.schedule.visits if v.dose])
    t = words(desk.request)
    decided = actions.plan_dose(desk.id, subject, plan.dose, on=_day(tried.on), **_who(desk))
    return t("casebook.did.plan", n=plan.dose, decision=t.code("dose_state", decided.decision)), tried.of


def _end(desk: Desk, subject: str, tried: Tried) -> tuple[str, str]:
    t = words(desk.request)
    if tried.reason and tried.said:
        raise Refused(t("casebook.one_reason"))
    reason = tried.reason or tried.said
    if not reason:
        raise Refused(t("casebook.say_end"))
    state = actions.end_participation(desk.id, subject, reason, on=_day(tried.on), **_who(desk))
    said = t("casebook.did.end", state=t.code("subject_state", state))
    last = last_visit(desk.study) if state == "discontinued" else None
    return (said, "") if last is None else (f"{said} {t('casebook.last_visit', visit=t.say(last[1]))}", last[0])


STEPS: Mapping[str, Callable[[Desk, str, Tried], str | tuple[str, str]]] = {
    "start": _start, "add": _add, "miss": _miss, "decide": _decide, "enrol": _enrol, "plan": _plan_dose, "end": _end,
}  # fmt: skip


def _day(text: str) -> dt.date | None:
    """The day that was typed; None for an empty field: today. Raises InputError."""
    if not text:
        return None
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        raise InputError(f"'{text}' is not a day.", hint="Write 2026-03-15.") from None


def last_visit(study: Study) -> tuple[str, Text] | None:
    """The visit that is proposed to those who leave early."""
    return next(((v.id, v.label) for v in study.schedule.extra if v.kind == "early_termination"), None)


def reasons(desk: Desk, book: Casebook) -> list[tuple[str, str]]:
    """(code, word) of the reasons for which participation can end now; the definition's own where it lists them."""
    t = words(desk.request)
    listed = [(choice.code, t.say(choice.label)) for choice in _choices(desk.study)]
    if book.state == SUBJECT.start:
        listed = [(code, t(f"end_reason.{code}")) for code in NOT_ENROLLED] + listed
    elif COMPLETED not in dict(listed):
        listed = [(COMPLETED, t("end_reason.completed")), *listed]
    return [(code, word) for code, word in listed if SUBJECT.allowed(book.state, _step(code))]


def reason_in_words(desk: Desk, code: str) -> str:
    """A reason as people read it: the definition's label, our word, or as typed."""
    t = words(desk.request)
    known = {choice.code: t.say(choice.label) for choice in _choices(desk.study)}
    key = f"end_reason.{code}"
    return known.get(code) or (t(key) if t.has(key) else code)


def _step(code: str) -> str:
    return "complete" if code == COMPLETED else "end"


def _choices(study: Study) -> tuple[Any, ...]:
    item = next((item for item in study.items if item.sdtm and item.sdtm.variable == "DSDECOD"), None)
    return tuple(item.choices) if item and item.choices else ()
