"""Adverse events from the first dose on: overview, by organ class and term, and as the registry counts them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from trialwright.analyse.displays import words
from trialwright.analyse.displays.data import Data
from trialwright.evidence.results import AdverseEvents, Display, EventStat, Figure, Row, Table
from trialwright.formats import svg
from trialwright.kernel.errors import TrialwrightError

_UNRELATED = frozenset({"", "NO", "N", "NONE", "NOT RELATED", "UNRELATED", "UNLIKELY", "UNLIKELY RELATED"})
_SHOWN = 15
"""Terms in the figure."""


@dataclass(frozen=True, slots=True)
class Event:
    """One treatment-emergent event. `grade` 0: not graded."""

    subject: str
    term: str
    organ_class: str
    grade: int
    serious: bool
    related: bool
    action: str
    outcome: str
    row: Mapping[str, object]


def events(data: Data) -> list[Event]:
    """Treatment-emergent events of dosed subjects, in the order of ADAE."""
    dosed = {s.key for s in data.dosed()}
    rows = (r for r in data.rows("ADAE") if r.get("TRTEMFL") == "Y" and r["USUBJID"] in dosed)
    return [_event(r) for r in rows]


def _event(row: Mapping[str, object]) -> Event:
    grade = str(row.get("AETOXGR") or "").strip()
    return Event(
        subject=str(row["USUBJID"]),
        term=str(row.get("AEDECOD") or row.get("AETERM") or "Not coded"),
        organ_class=str(row.get("AEBODSYS") or "Not coded").capitalize(),
        grade=int(grade) if grade.isdigit() else 0,
        serious=row.get("AESER") == "Y",
        related=str(row.get("AEREL") or "").upper() not in _UNRELATED,
        action=str(row.get("AEACN") or ""),
        outcome=str(row.get("AEOUT") or ""),
        row=row,
    )


def overview(data: Data, number: str) -> Display:
    """Subjects and events by seriousness, relation, grade and action taken."""
    found, n = events(data), len(data.dosed())
    kinds: list[tuple[str, int, Callable[[Event], bool]]] = [
        ("Any adverse event", 0, lambda e: True),
        ("Related to the study drug", 1, lambda e: e.related),
        ("Grade 3 or higher", 1, lambda e: e.grade >= 3),
        ("Serious", 1, lambda e: e.serious),
        ("Serious and related", 1, lambda e: e.serious and e.related),
        ("Dose delayed or interrupted for it", 1, lambda e: e.action == "DRUG INTERRUPTED"),
        ("Drug stopped for it", 1, lambda e: e.action == "DRUG WITHDRAWN"),
        ("Fatal", 1, lambda e: e.outcome == "FATAL" or e.grade == 5),
    ]
    rows = []
    for label, indent, belongs in kinds:
        chosen = [e for e in found if belongs(e)]
        rows.append(Row(label, (words.share(_who(chosen), n), str(len(chosen))), indent))
    rows.append(Row("Deaths from any cause", (words.share(sum(s.died for s in data.dosed()), n), "")))
    serious = _who(e for e in found if e.serious)
    finding = (
        f"{_who(found)} of {n} subjects ({words.percent(_who(found), n)}) had {len(found)} adverse events; "
        f"{serious} ({words.percent(serious, n)}) had a serious one."
    )
    return Display(
        "adverse-events-overview",
        number,
        "Overview of adverse events",
        finding,
        f"Subjects who received at least one dose (N = {n})",
        Table("Subjects with at least one", ("Subjects", "Events"), tuple(rows)),
        None,
        (_EMERGENT, "Related: judged as possibly, probably or definitely related. Grades are those of CTCAE."),
        ("ADSL", "ADAE"),
    )


_EMERGENT = "Events that began on or after the day of the first dose."


def _who(found: Iterable[Event]) -> int:
    return len({e.subject for e in found})


def by_term(data: Data, number: str) -> Display:
    """Organ classes and terms, each subject once at the highest grade; the commonest terms as bars."""
    found, n = events(data), len(data.dosed())
    rows = [_graded("Any adverse event", found, n, 0)]
    for organ_class, inside in _grouped(found, lambda e: e.organ_class):
        rows.append(_graded(organ_class, inside, n, 0))
        rows += [_graded(term, same, n, 1) for term, same in _grouped(inside, lambda e: e.term)]
    terms = _grouped(found, lambda e: e.term)
    most = ", ".join(f"{words.lower_first(t)} ({_who(same)})" for t, same in terms[:3])
    finding = f"The commonest of {len(terms)} terms in {n} subjects: {most}." if terms else "No adverse event occurred."
    columns = ("All grades", "Grade 1-2", "Grade 3", "Grade 4", "Grade 5", "Events")
    return Display(
        "adverse-events-by-term",
        number,
        "Adverse events by organ class and term",
        finding,
        f"Subjects who received at least one dose (N = {n})",
        Table("Organ class and term", columns, tuple(rows)),
        _bars(terms, n, finding) if terms else None,
        (_EMERGENT, "Each subject counts once in a row, at the highest grade of its events there."),
        ("ADSL", "ADAE"),
    )


def _grouped(found: Iterable[Event], key: Callable[[Event], str]) -> list[tuple[str, list[Event]]]:
    """Groups with the most subjects first, then by name."""
    groups: dict[str, list[Event]] = {}
    for event in found:
        groups.setdefault(key(event), []).append(event)
    return sorted(groups.items(), key=lambda kv: (-_who(kv[1]), kv[0]))


def _worst(found: Iterable[Event]) -> dict[str, int]:
    worst: dict[str, int] = {}
    for event in found:
        worst[event.subject] = max(worst.get(event.subject, 0), event.grade)
    return worst


def _graded(label: str, found: Sequence[Event], n: int, indent: int) -> Row:
    grades = list(_worst(found).values())
    low = sum(g <= 2 for g in grades)
    single = tuple(words.share(grades.count(g), n) for g in (3, 4, 5))
    return Row(label, (words.share(len(grades), n), words.share(low, n), *single, str(len(found))), indent)


def _bars(terms: Sequence[tuple[str, list[Event]]], n: int, finding: str) -> Figure:
    rows = []
    for term, same in terms[:_SHOWN]:
        grades = list(_worst(same).values())
        high = sum(g >= 3 for g in grades)
        parts = (100 * (len(grades) - high) / n, 100 * high / n)
        rows.append(svg.Bar(term, parts, words.share(len(grades), n)))
    told = "; ".join(f"{bar.label} {bar.note}" for bar in rows)
    alt = f"Subjects by term, the {len(rows)} commonest: {told}."
    legend = (("Grade 1 or 2", "wash"), ("Grade 3 or higher", "accent"))
    return Figure(svg.bars(svg.Words(finding, alt), svg.Axis("Subjects", "%"), rows, legend=legend), alt)


def registry_events(data: Data, time_frame: str) -> AdverseEvents:
    """Serious and other events as the registry counts them.

    Raises TrialwrightError if more are affected than were at risk, which would be a fault of the derivation.
    """
    found, n = events(data), len(data.dosed())
    stats = []
    for serious in (True, False):
        chosen = [e for e in found if e.serious is serious]
        for organ_class, inside in sorted(_grouped(chosen, lambda e: e.organ_class)):
            for term, same in sorted(_grouped(inside, lambda e: e.term)):
                stats.append(EventStat(term, organ_class, serious, _who(same), len(same), n))
    result = AdverseEvents(
        time_frame=time_frame,
        at_risk=n,
        deaths=sum(s.died for s in data.dosed()),
        serious_affected=_who(e for e in found if e.serious),
        other_affected=_who(e for e in found if not e.serious),
        terms=tuple(stats),
    )
    check(result)
    return result


def check(result: AdverseEvents) -> None:
    """Raise TrialwrightError unless affected <= at risk and affected <= events, for each term and in all."""
    for stat in result.terms:
        if not 0 < stat.affected <= min(stat.events, stat.at_risk):
            raise TrialwrightError(
                f"{stat.affected} affected by {stat.events} events among {stat.at_risk}.", where=f"events, {stat.term}"
            )
    for word, count in (
        ("deaths", result.deaths),
        ("serious", result.serious_affected),
        ("other", result.other_affected),
    ):
        if count > result.at_risk:
            raise TrialwrightError(f"{count} affected of {result.at_risk} at risk.", where=f"events, {word}")
