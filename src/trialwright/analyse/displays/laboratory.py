"""Laboratory values: worst value after the first dose against baseline, by normal range and by CTCAE grade."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from trialwright.analyse.adam.grading import grader
from trialwright.analyse.displays import words
from trialwright.analyse.displays.data import Data, Reading
from trialwright.evidence.results import Display, Row, Table
from trialwright.study.items import Item

_RANGES = ("Low", "Normal", "High", "Low and high")
_GRADES = ("0", "1", "2", "3", "4")


def laboratory_items(data: Data) -> list[Item]:
    """Laboratory tests with a normal range, in the order of the data dictionary."""
    return [i for i in data.study.items if i.sdtm and i.sdtm.domain == "LB" and i.sdtm.testcd and i.normal]


def shifts(data: Data, number: str) -> Display:
    """Baseline range against the worst range after the first dose, for each test."""
    dosed = {s.key for s in data.dosed()}
    rows: list[Row] = []
    newly: list[tuple[int, str]] = []
    for item in laboratory_items(data):
        readings = [r for r in data.readings(item) if r.subject in dosed and r.value is not None]
        before, after = _by_subject(r for r in readings if r.base), _by_subject(r for r in readings if _later(r))
        pairs = [(_worst(before.get(key, ())), _worst(found)) for key, found in sorted(after.items())]
        if not pairs:
            continue
        rows.append(Row(words.labelled(item)))
        newly.append((sum(b == "Normal" and w not in ("", "Normal") for b, w in pairs), item.label.en))
        for start in ("Low", "Normal", "High", ""):
            counted = Counter(w for b, w in pairs if b == start)
            if counted:
                total = sum(counted.values())
                cells = (str(total), *(words.share(counted[r], total) for r in _RANGES))
                rows.append(Row(f"Baseline {start.lower()}" if start else "No baseline", cells, 1))
    most = max(newly, default=(0, ""))
    finding = (
        f"From a normal baseline, {words.lower_first(most[1])} left its range most often ({words.subjects(most[0])})."
        if most[0]
        else "No laboratory value left its normal range from a normal baseline."
    )
    return Display(
        "laboratory-shifts",
        number,
        "Laboratory shifts from baseline by normal range",
        finding,
        f"Subjects who received at least one dose (N = {len(dosed)})",
        Table("Test and baseline", ("Subjects", *(f"Worst: {r.lower()}" for r in _RANGES)), tuple(rows)),
        None,
        (
            "Ranges are those of the laboratory, or of the definition where it gave none.",
            "Worst: any value outside the range after the first dose; low and high together where both occurred.",
        ),
        ("ADSL", "LB"),
    )


def _later(reading: Reading) -> bool:
    return not reading.base and reading.day is not None and reading.day > 0


def _by_subject(readings: Iterable[Reading]) -> dict[str, list[Reading]]:
    found: dict[str, list[Reading]] = {}
    for reading in readings:
        found.setdefault(reading.subject, []).append(reading)
    return found


def _worst(readings: Sequence[Reading]) -> str:
    low = any(r.value is not None and r.low is not None and r.value < r.low for r in readings)
    high = any(r.value is not None and r.high is not None and r.value > r.high for r in readings)
    if not readings:
        return ""
    return "Low and high" if low and high else "Low" if low else "High" if high else "Normal"


def has_grades(data: Data) -> bool:
    """Whether ADLB grades any test."""
    return any(_grade(r.get("ATOXGR")) is not None for r in data.rows("ADLB"))


def grades(data: Data, number: str) -> Display:
    """Baseline CTCAE grade against the highest grade after the first dose, for each graded test."""
    dosed = {s.key for s in data.dosed()}
    graded = [r for r in _graded_by_limits(data) if r["USUBJID"] in dosed]
    rows: list[Row] = []
    severe: list[tuple[int, str]] = []
    for item in (i for i in laboratory_items(data) if i.ctcae and i.sdtm):
        here = [r for r in graded if item.sdtm and r.get("PARAMCD") == item.sdtm.testcd]
        pairs = _grade_pairs(here)
        if not pairs:
            continue
        rows.append(Row(f"{item.ctcae} ({words.lower_first(item.label.en)})"))
        severe.append((sum(after >= 3 and before < 3 for before, after in pairs), item.ctcae))
        for start in sorted({before for before, _ in pairs}):
            counted = Counter(after for before, after in pairs if before == start)
            total = sum(counted.values())
            label = f"Baseline grade {start}" if start >= 0 else "No baseline"
            rows.append(Row(label, (str(total), *(words.share(counted[int(g)], total) for g in _GRADES)), 1))
    most = max(severe, default=(0, ""))
    finding = (
        f"A new grade 3 or 4 was commonest for {words.lower_first(most[1])} ({words.subjects(most[0])})."
        if most[0]
        else "No laboratory value rose to grade 3 or 4 after the first dose."
    )
    return Display(
        "laboratory-grades",
        number,
        "Laboratory shifts from baseline by CTCAE grade",
        finding,
        f"Subjects who received at least one dose (N = {len(dosed)})",
        Table("CTCAE term and baseline", ("Subjects", *(f"Highest: {g}" for g in _GRADES)), tuple(rows)),
        None,
        (
            f"Laboratory grades of CTCAE version {data.study.endpoints.ctcae}; grade 5 is not a laboratory finding.",
            "Values before and after the first dose are graded alike, by the limits of normal.",
            "ATOXGR in ADLB grades later values by multiples of an abnormal baseline where CTCAE says so.",
        ),
        ("ADSL", "ADLB"),
    )


def _graded_by_limits(data: Data) -> list[Mapping[str, Any]]:
    """Rows of ADLB with the grade that their value has without regard to the baseline."""
    grade = grader(data.study, "LB")
    if grade is None:
        return []
    found = ((row, grade(row["PARAMCD"], dict(row), {})) for row in data.rows("ADLB"))
    return [{**row, "ATOXGR": str(own)} for row, own in found if own is not None]


def _grade(value: object) -> int | None:
    """A grade's size; ADaM marks the direction of low values with a minus sign."""
    text = str(value if value is not None else "").strip().lstrip("-")
    return int(float(text)) if text.replace(".", "", 1).isdigit() else None


def _grade_pairs(rows: Iterable[Mapping[str, Any]]) -> list[tuple[int, int]]:
    """(baseline, highest later) by subject; -1 where there is no baseline grade."""
    before: dict[str, int] = {}
    after: dict[str, int] = {}
    for row in rows:
        grade, day = _grade(row.get("ATOXGR")) or 0, row.get("ADY")
        if row.get("ABLFL") == "Y":
            before[row["USUBJID"]] = grade
        elif day is not None and day > 1:
            after[row["USUBJID"]] = max(after.get(row["USUBJID"], 0), grade)
    return [(before.get(key, -1), highest) for key, highest in sorted(after.items())]
