"""Basic data structure: one record for each finding, with baseline, change, shift, grade (ADLB, ADVS, ADIS, ADPC)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping

from trialwright.analyse.adam.dates import hours_between, relative_day, sas_date, sas_datetime
from trialwright.analyse.spec import Record
from trialwright.evidence.dataset import Dataset

Grade = Callable[[str, Record, Record], int | None]
"""(test code, record, baseline record) -> CTCAE grade, None where there is no rule or no value."""


def records(
    dataset: Dataset, subjects: Mapping[str, Record], *, below: float = 0.5, grade: Grade | None = None
) -> Iterator[Record]:
    """Records of one findings domain; `below`: which part of the limit stands for a result below it."""
    rows = [
        _measured(row, dataset.name, subjects[row["USUBJID"]], below) for row in dataset.frame.iter_rows(named=True)
    ]
    baseline = {(row["USUBJID"], row["PARAMCD"]): row for row in rows if row["ABLFL"] == "Y"}
    final = {(row["USUBJID"], row["PARAMCD"], row["AVISITN"], row["ATPTN"]): row for row in _in_time(rows)}
    chosen = {id(row) for row in final.values()}
    for row in rows:
        base = baseline.get((row["USUBJID"], row["PARAMCD"]), {})
        analysed = id(row) in chosen and row["AVISIT"] and not row["AVISIT"].startswith("UNSCHEDULED")
        grades = _grades(grade, row, base)
        yield row | _against(row, base) | grades | {"ANL01FL": "Y" if analysed else ""}


def _in_time(rows: Iterable[Record]) -> list[Record]:
    """Records with a result, in the order of their days."""
    found = [row for row in rows if row["AVALC"]]
    return sorted(found, key=lambda row: (row["ADT"] or 0, row["SRCSEQ"]))


def _measured(row: Record, domain: str, subject: Record, below: float) -> Record:
    unit = row.get(f"{domain}STRESU", "")
    when = row[f"{domain}DTC"]
    day, text = sas_date(when), row[f"{domain}STRESC"]
    value, limit = row[f"{domain}STRESN"], row.get(f"{domain}LLOQ")
    if value is None and limit is not None and text.startswith("<"):
        value = below * limit
    baseline = row.get(f"{domain}LOBXFL", "")
    after = day is not None and subject["TRTSDT"] is not None and day >= subject["TRTSDT"]
    return subject | {
        "PARAM": f"{row[f'{domain}TEST']} ({unit})" if unit else row[f"{domain}TEST"],
        "PARAMCD": row[f"{domain}TESTCD"],
        "PARCAT1": row.get(f"{domain}CAT", ""),
        "AVISIT": row.get("VISIT", ""),
        "AVISITN": row.get("VISITNUM"),
        "ADT": day,
        "ADY": relative_day(day, subject["TRTSDT"]),
        "AVAL": value,
        "AVALC": text,
        "AVALU": unit,
        "ABLFL": baseline,
        "ANRLO": row.get(f"{domain}STNRLO"),
        "ANRHI": row.get(f"{domain}STNRHI"),
        "ANRIND": row.get(f"{domain}NRIND", ""),
        "ONTRTFL": "Y" if after and not baseline else "",
        "ATPT": row.get(f"{domain}TPT", ""),
        "ATPTN": row.get(f"{domain}TPTNUM"),
        "ADTM": sas_datetime(when),
        "ARRLT": hours_between(row.get(f"{domain}RFTDTC", ""), when),
        "ALLOQ": limit,
        "SRCDOM": domain,
        "SRCSEQ": row[f"{domain}SEQ"],
    }


def _against(row: Record, base: Record) -> Record:
    """Change and shift from baseline, for records after it."""
    value, start = row["AVAL"], base.get("AVAL")
    later = bool(base) and row["ONTRTFL"] == "Y"
    change = value - start if later and value is not None and start is not None else None
    before, now = base.get("ANRIND", ""), row["ANRIND"]
    return {
        "BASE": start,
        "CHG": None if change is None else round(change, 10),
        "PCHG": round(100 * change / start, 8) if change is not None and start else None,
        "BNRIND": before,
        "SHIFT1": f"{before} to {now}" if later and before and now else "",
    }


def _grades(grade: Grade | None, row: Record, base: Record) -> Record:
    if grade is None:
        return {}
    own = grade(row["PARAMCD"], row, base if row["ONTRTFL"] else {})
    start = grade(base["PARAMCD"], base, {}) if base else None
    return {
        "ATOXGR": "" if own is None else str(own),
        "ATOXGRN": own,
        "BTOXGR": "" if start is None else str(start),
    }


def concentrations(
    dataset: Dataset,
    subjects: Mapping[str, Record],
    first_doses: Mapping[str, str],
    planned: Mapping[tuple[float, float], float],
) -> Iterator[Record]:
    """ADPC: with times from the first dose. `planned`: hours from it to a sample, by visit number and time point."""
    when = {(row["USUBJID"], row["PCSEQ"]): row for row in dataset.frame.iter_rows(named=True)}
    for row in records(dataset, subjects, below=0.0):
        source = when[row["USUBJID"], row["SRCSEQ"]]
        nominal = planned.get((row["AVISITN"], row["ATPTN"]))
        yield row | {
            "NFRLT": nominal,
            "AFRLT": hours_between(first_doses.get(row["USUBJID"], ""), source["PCDTC"]),
            "FRLTU": "h",
        }
