"""Subjects as a whole: demographics (DM), visits (SV), disposition (DS), criteria not met (IE)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from trialwright.analyse.sdtm import terms
from trialwright.analyse.sdtm.context import DAY, Context
from trialwright.analyse.sdtm.design import arm_code, criterion_text
from trialwright.analyse.spec import Record
from trialwright.evidence.snapshot import SubjectRow
from trialwright.kernel.dates import completed_years

MILESTONE = "PROTOCOL MILESTONE"
"""Consent and enrolment come before the first dose, also on the day of the first dose."""
COLLECTED = ("BRTHDTC", "SEX", "RACE", "ETHNIC")


def demographics(context: Context) -> Iterator[Record]:
    """DM: every subject who was screened, enrolled or not."""
    captured = {name: context.variable("DM", name) for name in (*COLLECTED, "RFICDTC")}
    deaths = death_dates(context)
    sites = {site.id: site for site in context.study.registration.sites}
    for subject, row in context.subjects.items():
        consent = captured["RFICDTC"].get(subject) or _iso(row.consented)
        birth = captured["BRTHDTC"].get(subject, "")
        exposure = context.exposure.get(subject)
        ended = _iso(row.ended)
        site = sites.get(row.site)
        age = _age(birth, consent or _iso(row.screened))
        yield _identified(context, "DM", subject) | {
            "SUBJID": subject,
            "RFSTDTC": exposure.first if exposure else "",
            "RFENDTC": ended if exposure else "",
            "RFXSTDTC": exposure.first if exposure else "",
            "RFXENDTC": exposure.last if exposure else "",
            "RFICDTC": consent,
            "RFPENDTC": ended,
            "DTHDTC": deaths.get(subject, ""),
            "DTHFL": "Y" if subject in deaths else "",
            "SITEID": row.site,
            **{name: captured[name].get(subject, "") for name in COLLECTED},
            "SEX": captured["SEX"].get(subject, "U"),
            "AGE": age,
            "AGEU": "YEARS" if age is not None else "",
            **_arms(context, row),
            "COUNTRY": terms.country(str(site.country)) if site else "",
        }


def _iso(day: dt.date | None) -> str:
    return day.isoformat() if day else ""


def _identified(context: Context, domain: str, subject: str) -> Record:
    return {"STUDYID": context.study_id, "DOMAIN": domain, "USUBJID": context.usubjid(subject)}


def _age(birth: str, on: str) -> int | None:
    if len(birth) < DAY or len(on) < DAY:
        return None
    return completed_years(dt.date.fromisoformat(birth[:DAY]), dt.date.fromisoformat(on[:DAY]))


def _arms(context: Context, row: SubjectRow) -> Record:
    """Planned and actual arm, or why there is none."""
    arm = next((arm for arm in context.study.registration.arms if arm.id == row.arm), None)
    if arm is None:
        reason = "SCREEN FAILURE" if row.state == "screen_failed" else "NOT ASSIGNED"
        return {"ARMNRS": reason}
    code, label = arm_code(arm), str(arm.label)
    planned: Record = {"ARMCD": code, "ARM": label}
    if row.subject in context.exposure:
        return planned | {"ACTARMCD": code, "ACTARM": label}
    return planned | {"ARMNRS": "ASSIGNED, NOT TREATED"}


def death_dates(context: Context) -> dict[str, str]:
    """Days of death ("" if not known): as captured, else the end for that reason, else the end of a fatal event."""
    found = dict.fromkeys(_fatal_events(context), "") | _fatal_events(context)
    for subject, row in context.subjects.items():
        if row.end_reason and disposition(context, row.end_reason)[1] == "DEATH":
            found[subject] = _iso(row.ended)
    return found | context.variable("DM", "DTHDTC")


def _fatal_events(context: Context) -> dict[str, str]:
    fatal = {
        (row.subject, row.visit, row.form, row.group, row.row)
        for item, row in context.by_domain.get("AE", ())
        if item.sdtm and item.sdtm.variable == "AEOUT" and terms.submission(item, row) == "FATAL"
    }
    found = {key[0]: "" for key in sorted(fatal)}
    for item, row in context.by_domain.get("AE", ()):
        key = (row.subject, row.visit, row.form, row.group, row.row)
        if item.sdtm and item.sdtm.variable == "AEENDTC" and key in fatal:
            found[row.subject] = terms.submission(item, row)
    return found


def visits(context: Context) -> Iterator[Record]:
    """SV: visits that took place or were missed; not those still to come."""
    for row in context.snapshot.visits:
        occurred = row.state == "done" and row.actual is not None
        if row.subject not in context.subjects or not (occurred or row.state == "missed"):
            continue
        day = _iso(row.actual) if occurred else ""
        planned = row.visit in context.scheduled
        timing = context.visit(row.subject, row.visit)
        if not timing:
            continue
        yield _identified(context, "SV", row.subject) | {
            **timing,
            "EPOCH": timing.get("EPOCH") or context.epoch(row.subject, day),
            "SVPRESP": "Y" if planned else "",
            "SVOCCUR": ("Y" if occurred else "N") if planned else "",
            "SVSTDTC": day,
            "SVENDTC": day,
            "SVSTDY": context.study_day(row.subject, day),
            "SVENDY": context.study_day(row.subject, day),
            "SVUPDES": "" if planned else _reason_for(context, row.visit),
        }


def _reason_for(context: Context, visit: str) -> str:
    """What an unplanned visit was."""
    extra = context.beyond.get(visit)
    return extra.label.en.upper() if extra else visit.replace("_", " ").upper()


def disposition(context: Context, code: str) -> tuple[str, str]:
    """(reported term, standardised term) of a reason to end participation."""
    item = next((i for i in context.study.items if i.sdtm and i.sdtm.variable == "DSDECOD"), None)
    choice = item.choice(code) if item else None
    if choice is None:
        word = code.replace("_", " ").upper()
        return word, word
    return str(choice.label).upper(), choice.submission or choice.code.replace("_", " ").upper()


def dispositions(context: Context) -> Iterator[Record]:
    """DS: informed consent, enrolment, and how screening or participation ended."""
    consent = context.variable("DM", "RFICDTC")
    for subject, row in context.subjects.items():
        milestones = [
            ("INFORMED CONSENT OBTAINED", consent.get(subject) or _iso(row.consented)),
            ("ENROLLED", _iso(row.enrolled)),
        ]
        for term, day in milestones:
            if day:
                yield _disposition(context, subject, (term, term), MILESTONE, day)
        if row.state == "screen_failed":
            failed = ("SCREEN FAILURE", "SCREEN FAILURE")
            yield _disposition(context, subject, failed, "DISPOSITION EVENT", _iso(row.ended or row.screened))
        elif row.end_reason:
            words = disposition(context, row.end_reason)
            yield _disposition(context, subject, words, "DISPOSITION EVENT", _iso(row.ended))


def _disposition(context: Context, subject: str, words: tuple[str, str], category: str, day: str) -> Record:
    term, decoded = words
    return _identified(context, "DS", subject) | {
        "DSTERM": term,
        "DSDECOD": decoded,
        "DSCAT": category,
        "DSSCAT": "STUDY PARTICIPATION" if category == "DISPOSITION EVENT" else "",
        "EPOCH": "SCREENING" if category == MILESTONE else context.epoch(subject, day),
        "DSSTDTC": day,
        "DSSTDY": context.study_day(subject, day),
    }


def criteria_not_met(context: Context) -> Iterator[Record]:
    """IE: inclusion criteria that do not hold and exclusion criteria that do; unknown ones are not exceptions."""
    criteria = {criterion.id: criterion for criterion in context.study.eligibility.criteria}
    visit = next((v.id for v in context.study.schedule.visits if v.epoch == "SCREENING"), "")
    decided = {(row.subject, row.criterion): row for row in context.snapshot.criteria}
    for (subject, criterion_id), row in decided.items():
        criterion = criteria.get(criterion_id)
        exception = {"inclusion": "not_met", "exclusion": "met"}
        if criterion is None or subject not in context.subjects or row.state != exception[criterion.kind]:
            continue
        day = context.visit_date(subject, visit) or _iso(context.subjects[subject].screened)
        answer = "N" if criterion.kind == "inclusion" else "Y"
        yield (
            _identified(context, "IE", subject)
            | context.visit(subject, visit)
            | {
                "IETESTCD": criterion.id,
                "IETEST": criterion_text(criterion),
                "IECAT": criterion.kind.upper(),
                "IEORRES": answer,
                "IESTRESC": answer,
                "IEDTC": day,
                "IEDY": context.study_day(subject, day),
            }
        )
