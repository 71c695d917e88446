"""Each subject's course: doses, first response, serious events and end, as a swimmer plot with its listing."""

from __future__ import annotations

from dataclasses import dataclass

from trialwright.analyse.displays import words
from trialwright.analyse.displays.courses import day_axis
from trialwright.analyse.displays.data import Data, Subject
from trialwright.analyse.displays.disposition import ONGOING, end_word
from trialwright.analyse.displays.population import dose_days
from trialwright.analyse.displays.responses import times
from trialwright.analyse.displays.safety import events
from trialwright.evidence.results import Display, Figure, Row, Table
from trialwright.formats import svg
from trialwright.study.endpoints import Endpoint


@dataclass(frozen=True, slots=True)
class Course:
    """Days are counted from the first dose. `last` is the end of participation, or the cut."""

    subject: Subject
    doses: tuple[int, ...]
    last: int
    response: float | None
    serious: tuple[int, ...]


def response_time(data: Data) -> Endpoint | None:
    """The time-to-event endpoint that waits for the parts of a response, if there is one."""
    every = data.study.endpoints.endpoints
    responses = [e.parts for e in every if e.measure == "binary" and e.parts]
    return next((e for e in every if e.measure == "time_to_event" and e.parts in responses), None)


def courses(data: Data) -> list[Course]:
    """Dosed subjects, the longest on study first."""
    first = response_time(data)
    reached = {key: day - 1 for key, (day, seen) in times(data, first).items() if seen} if first else {}
    serious: dict[str, list[int]] = {}
    for event in events(data):
        start = event.row.get("ASTDY")
        if event.serious and isinstance(start, (int, float)) and start >= 1:
            serious.setdefault(event.subject, []).append(int(start) - 1)
    cut = data.snapshot.cut.date()
    found = []
    for subject in data.dosed():
        doses = dose_days(data, subject)
        last = max([subject.day(subject.ended or cut) or 0, *doses])
        days = tuple(sorted(serious.get(subject.key, ())))
        found.append(Course(subject, tuple(doses), last, reached.get(subject.key), days))
    return sorted(found, key=lambda c: (-c.last, c.subject.number))


_KINDS = (
    svg.Kind("Dose", "tick", "accent"),
    svg.Kind("First response", "triangle", "green"),
    svg.Kind("Serious adverse event", "diamond", "amber"),
    svg.Kind("Death", "cross", "red"),
)


def swimmer(data: Data, number: str) -> Display:
    """One lane and one row for each dosed subject."""
    found = courses(data)
    responded = sum(c.response is not None for c in found)
    early = sum(c.subject.state == "discontinued" for c in found)
    finding = f"{early} of {len(found)} dosed subjects left the study early"
    finding += f"; {responded} responded at some visit." if response_time(data) else "."
    rows = [_row(data, c) for c in found]
    columns = ("Age", "Sex", "Doses", "First response (day)", "Serious events (day)", "Last day", "End")
    return Display(
        "subject-courses",
        number,
        "Course of each subject",
        finding,
        f"Subjects who received at least one dose (N = {len(found)})",
        Table("Subject", columns, tuple(rows)),
        _figure(data, found, finding) if found else None,
        ("Days are counted from the first dose (day 0).",),
        ("ADSL", "EX", "ADTTE", "ADAE"),
    )


def _row(data: Data, course: Course) -> Row:
    s = course.subject
    age = words.NONE if s.age is None else str(s.age)
    response = words.NONE if course.response is None else f"{course.response:.0f}"
    serious = ", ".join(str(d) for d in course.serious) or words.NONE
    return Row(s.number, (age, s.sex, str(len(course.doses)), response, serious, str(course.last), _end(data, s)))


def _end(data: Data, subject: Subject) -> str:
    return "Completed" if subject.state == "completed" else end_word(data, subject)


def _figure(data: Data, found: list[Course], finding: str) -> Figure:
    lanes = []
    for course in found:
        treated = min(course.last, (course.doses[-1] if course.doses else 0) + data.study.dosing.interval_days)
        marks = [(float(d), 0) for d in course.doses] + [(float(d), 2) for d in course.serious]
        if course.response is not None:
            marks.append((course.response, 1))
        if course.subject.died:
            marks.append((float(course.last), 3))
        end = _end(data, course.subject)
        spans = [(0.0, float(treated), 0), (float(treated), float(course.last), 1)]
        note = "" if end == "Completed" else end
        lanes.append(svg.Lane(course.subject.number, spans, marks, note, ongoing=end == ONGOING))
    axis = day_axis(data, float(max(c.last for c in found)))
    spans_legend = (("On treatment", "wash"), ("Follow-up", "grid"))
    alt = f"{finding} One bar for each subject from the first dose to the last day; the table lists the same days."
    return Figure(svg.swimmer(svg.Words(finding, alt), axis, lanes, spans=spans_legend, events=_KINDS), alt)
