"""ADTTE: days from the first dose to a response, and to death, with those still waiting censored."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from trialwright.analyse.adam.dates import sas_date
from trialwright.analyse.adam.names import OVERALL_SURVIVAL, Names
from trialwright.analyse.adam.response import Assessment, Assessments
from trialwright.analyse.adam.subject_level import flag
from trialwright.analyse.spec import Record
from trialwright.evidence.dataset import Dataset
from trialwright.kernel.truth import Truth
from trialwright.study.definition import Study
from trialwright.study.endpoints import Endpoint


def records(
    study: Study, assessed: Assessments, adsl: Dataset, subjects: Mapping[str, Record], names: Names
) -> Iterator[Record]:
    """One record for each dosed subject and parameter: time-to-event endpoints with parts, and overall survival."""
    endpoints = [e for e in study.endpoints.endpoints if e.measure == "time_to_event" and e.parts]
    for row in adsl.frame.iter_rows(named=True):
        if row["TRTSDT"] is None:
            continue
        carried = subjects[row["USUBJID"]]
        for endpoint in endpoints:
            if row[flag(endpoint.population)] == "Y":
                at_visits = assessed.get((endpoint.id, row["USUBJID"]), ())
                yield carried | _response(at_visits, row, _never(study, endpoint, row)) | _named(endpoint, names)
        yield carried | _survival(row) | {"PARAM": "Overall Survival (days)", "PARAMCD": OVERALL_SURVIVAL}


def _named(endpoint: Endpoint, names: Names) -> Record:
    return {"PARAM": f"{endpoint.title} (days)", "PARAMCD": names.endpoint(endpoint), "ENDPTID": endpoint.id}


NEVER = {"DEATH": "died", "LACK OF EFFICACY": "left for lack of efficacy"}
"""Reasons to end participation after which nobody can respond any more."""


def last_day(study: Study, endpoint: Endpoint) -> int:
    """Days from the first dose to the end of the window of the endpoint's last visit."""
    visits = [study.schedule.visit(name) for name in endpoint.visits]
    return max((v.offset + v.window.after for v in visits), default=0)


def _never(study: Study, endpoint: Endpoint, subject: Record) -> tuple[int, str] | None:
    """Where those stay censored who can no longer respond: (last planned day as SAS date, why); None for others.

    Censored where they left, they would count as likely to respond as those still observed, which inflates the share.
    """
    reason = "DEATH" if subject["DTHFL"] == "Y" else subject["DCSREAS"]
    if endpoint.aim != "efficacy" or reason not in NEVER:
        return None
    day = last_day(study, endpoint)
    return subject["TRTSDT"] + day, f"Last planned day ({day}): {NEVER[reason]} before a response"


def _response(at_visits: Sequence[Assessment], subject: Record, never: tuple[int, str] | None) -> Record:
    """To the first visit at which every part holds; else censored at the last visit with any part assessed, or on the
    last planned day where no response can follow (`never`)."""
    assessed = [a for a in at_visits if a.day]
    responses = [a for a in assessed if a.whole is Truth.TRUE]
    if responses:
        day = min(sas_date(a.day) or 0 for a in responses)
        return _time(subject, day, event="First visit at which all parts hold")
    if never:
        return _time(subject, never[0], censored=never[1])
    known = [a for a in assessed if any(part is not Truth.UNKNOWN for part in a.parts)]
    last = max((sas_date(a.day) or 0 for a in known), default=subject["TRTSDT"])
    why = "Last assessment" if known else "First dose, no assessment afterwards"
    return _time(subject, last, censored=why)


def _survival(subject: Record) -> Record:
    if subject["DTHFL"] == "Y":
        day = subject["DTHDT"] or subject["EOSDT"] or subject["LSTALVDT"]
        return _time(subject, day, event="Death")
    last = subject["LSTALVDT"] or subject["TRTSDT"]
    return _time(subject, last, censored="Last known alive")


def _time(subject: Record, day: int, *, event: str = "", censored: str = "") -> Record:
    start = subject["TRTSDT"]
    day = max(day, start)
    return {
        "STARTDT": start,
        "ADT": day,
        "AVAL": float(day - start + 1),
        "AVALU": "DAYS",
        "CNSR": 0 if event else 1,
        "EVNTDESC": event or "Censored",
        "CNSDTDSC": censored,
    }
