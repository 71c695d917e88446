"""ADAE: adverse events, with what makes them treatment-emergent, related and graded."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from trialwright.analyse.adam.dates import imputed, relative_day
from trialwright.analyse.spec import Record
from trialwright.evidence.dataset import Dataset

SEVERITY = {"MILD": 1, "MODERATE": 2, "SEVERE": 3}
UNRELATED = ("NOT", "UNLIKELY", "NONE", "N")
"""First words of a causality that stands for no relation."""


def records(ae: Dataset, subjects: Mapping[str, Record]) -> Iterator[Record]:
    """One record for each record of AE; the flags of first occurrence in order of start."""
    rows = [_record(row, subjects[row["USUBJID"]]) for row in ae.frame.iter_rows(named=True)]
    rows.sort(key=lambda row: (row["USUBJID"], row["ASTDT"] is None, row["ASTDT"] or 0, row["AESEQ"]))
    seen: set[tuple[str, ...]] = set()
    for row in rows:
        for variable, by in (("AOCCFL", ()), ("AOCCSFL", ("AEBODSYS",)), ("AOCCPFL", ("AEDECOD",))):
            key = (variable, row["USUBJID"], *(row[name] for name in by))
            if row["TRTEMFL"] == "Y" and key not in seen:
                seen.add(key)
                row[variable] = "Y"
        yield row


def _record(row: Record, subject: Record) -> Record:
    treated = subject["TRTSDT"]
    start, start_flag = imputed(row["AESTDTC"], last=False, not_before=treated)
    end, end_flag = imputed(row["AEENDTC"], last=True)
    grade = row.get("AETOXGR") or ""
    severity = row.get("AESEV") or _severity(grade)
    emergent = treated is not None and (start is None or start >= treated)
    return {
        **row,
        **subject,
        "ASTDT": start,
        "ASTDTF": start_flag,
        "AENDT": end,
        "AENDTF": end_flag,
        "ASTDY": relative_day(start, treated),
        "AENDY": relative_day(end, treated),
        "ADURN": end - start + 1 if start is not None and end is not None else None,
        "ADURU": "DAYS" if start is not None and end is not None else "",
        "TRTEMFL": "Y" if emergent else "",
        "AREL": "NOT RELATED" if row["AEREL"].upper().split(" ")[0] in UNRELATED else "RELATED",
        "ATOXGR": grade,
        "ATOXGRN": int(grade) if grade.isdigit() else None,
        "ASEV": severity,
        "ASEVN": SEVERITY.get(severity),
    }


def _severity(grade: str) -> str:
    return {"1": "MILD", "2": "MODERATE"}.get(grade, "SEVERE" if grade else "")
