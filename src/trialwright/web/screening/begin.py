"""From the public page into the study: the subject is registered, and the answers enter the forms by the front door."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass

from django.db import transaction
from django.http import HttpRequest

from trialwright.conduct import actions, worklists
from trialwright.conduct.actions import Entry, FormErrors, Person, studies
from trialwright.kernel.dates import PartialDate
from trialwright.kernel.errors import InputError, Refused, TrialwrightError
from trialwright.kernel.texts import Text
from trialwright.study.definition import Study
from trialwright.study.schedule import Visit
from trialwright.web.accounts import gate
from trialwright.web.accounts.people import acting, username
from trialwright.web.screening.answers import Answers, spelt
from trialwright.web.screening.questions import Question


@dataclass(frozen=True, slots=True)
class Begun:
    """A screening that was started. `left`: labels of answers that stand on no form of the visit."""

    subject: str
    taken: int
    left: tuple[str, ...]


def sites(request: HttpRequest, study: Study) -> tuple[tuple[str, Text], ...]:
    """(id, name) of the open sites at which this person may register a subject; none for everybody else."""
    if not username(request) or gate.closed(request):
        return ()
    try:
        trial, by = studies.trial(study.id), acting(request, study.id)
    except TrialwrightError:
        return ()
    open_ = {row.site for row in trial.sites.all() if row.state == "active"}
    return tuple(
        (site.id, site.name)
        for site in studies.of_trial(trial).registration.sites
        if site.id in open_ and by.role_for("register_subject", site.id) and by.role_for("save_form", site.id)
    )


def begin(answers: Answers, by: Person, allowed: tuple[str, ...]) -> Begun:
    """Register, record consent, open the screening visit and fill its forms: all of it, or nothing and the reason.

    `allowed`: the sites to choose from. Raises InputError and Refused with a sentence for the person.
    """
    t, typed = answers.words, answers.typed
    answers.patient()
    site = typed.get("site", "") or (allowed[0] if len(allowed) == 1 else "")
    if answers.errors:
        raise InputError(t("screening.error.correct_first"))
    if site not in allowed:
        raise InputError(t("screening.error.site"))
    consented = _whole_day(answers.get("consented")) or _whole_day(_consent_answer(answers))
    if consented is None:
        raise InputError(t("screening.error.consent_day"))
    try:
        with transaction.atomic():
            subject, taken = _do(answers, site, consented, by)
    except FormErrors as refusal:
        said = (f"{_named(answers, place[2])}: {text}" for place, text in refusal.fields.items())
        raise InputError(" ".join(said)) from None
    return Begun(subject, taken, tuple(t.say(q.item.label) for q in _left(answers)))


def _named(answers: Answers, item: str) -> str:
    known = answers.study.item_by_id.get(item)
    return answers.words.say(known.label) if known else item


def _do(answers: Answers, site: str, consented: dt.date, by: Person) -> tuple[str, int]:
    """The actions themselves, each with its own event in the log. Returns the subject and how many fields were kept."""
    study = answers.study
    at = _now(study.id)
    visit = _visit(study)
    subject = actions.register_subject(study.id, site, by=by, at=at)
    actions.record_consent(study.id, subject, on=consented, by=by, at=at)
    if answers.typed.get("guardian"):
        actions.record_consent(study.id, subject, on=consented, guardian=True, by=by, at=at)
    actions.start_visit(study.id, subject, visit.id, on=answers.screening, by=by, at=at)
    taken = 0
    for form in visit.forms:
        entries = list(_entries(answers, form))
        if entries:
            saved = actions.save_form(study.id, subject, form, entries, visit=visit.id, by=by, at=at)
            taken += saved.changed
    return subject, taken


def _now(study_id: str) -> dt.datetime:
    """The time; in a virtual trial, whose calendar is its own, never before its latest event."""
    present = dt.datetime.now(dt.UTC)
    latest = worklists.newest(study_id) if studies.trial(study_id).virtual else None
    return max(present, latest) if latest else present


def _visit(study: Study) -> Visit:
    early = [visit for visit in study.schedule.visits if visit.anchor == "screening"]
    if not early:
        raise Refused(f"{study.id} schedules no screening visit.")
    return min(early, key=lambda visit: visit.offset)


def _consent_answer(answers: Answers) -> str:
    """The day of consent as answered: of the item that goes to DM.RFICDTC."""
    for item in answers.study.items:
        if item.sdtm and item.sdtm.variable == "RFICDTC" and item.id in answers.facts:
            return str(answers.facts[item.id]["value"] or "")
    return ""


def _whole_day(text: str) -> dt.date | None:
    try:
        day = PartialDate.parse(spelt(text))
    except InputError:
        return None
    return day.first if day.exact else None


def _left(answers: Answers) -> list[Question]:
    """Answered questions that stand on no form of the visit."""
    forms = _visit(answers.study).forms
    asked = [q for section in answers.sections for q in section.questions]
    answered = {slot.rpartition("-")[0] or slot for slot in answers.facts} | set(answers.facts)
    return [q for q in asked if q.id in answered and (q.place is None or q.place.form not in forms)]


def _entries(answers: Answers, form: str) -> Iterator[Entry]:
    """The answers that belong on a form, as its fields hold them."""
    for section in answers.sections:
        for question in section.questions:
            if question.place is None or question.place.form != form:
                continue
            if question.columns:
                yield from _rows(answers, question)
            elif question.id in answers.facts:
                yield _entry(answers, question, question.id)


def _entry(answers: Answers, question: Question, slot: str, row: int = 1) -> Entry:
    assert question.place is not None
    fact, group = answers.facts[slot], question.place.group.id
    if fact["value"] is None:
        reason = str(fact.get("reason") or "unknown").replace(" ", "_")
        return Entry(question.id, "", group=group, row=row, null_reason=reason)
    value, unit = fact["value"], str(fact.get("unit") or "")
    if fact["item"] != question.id or (unit and unit not in (question.item.unit, *question.item.units)):
        kept = next(f for f in answers.patient().facts if f.item == question.id)
        value, unit = kept.value, question.item.unit
    numeric = question.item.type in ("quantity", "integer")
    return Entry(
        question.id,
        f"{value:.10g}" if isinstance(value, float) else str(value),
        unit=(unit or question.item.unit) if numeric else "",
        group=group,
        row=row,
        low=fact.get("low") if unit != "" else None,
        high=fact.get("high") if unit != "" else None,
        when=str(fact.get("when") or "") if not question.columns else "",
    )


def _rows(answers: Answers, question: Question) -> Iterator[Entry]:
    """A series as rows of its group: the value, and the day, agent and route in the fields that hold them."""
    assert question.place is not None
    slots = [slot for slot in answers.facts if slot.rpartition("-")[0] == question.id]
    for row, slot in enumerate(slots, 1):
        yield _entry(answers, question, slot, row)
        for column, item in question.columns:
            said = str(answers.facts[slot].get(column) or "")
            if item is not None and said:
                yield Entry(item.id, said, group=question.place.group.id, row=row)
