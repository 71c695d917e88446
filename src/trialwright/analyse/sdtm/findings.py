"""Findings: one record for each captured result, in its original and its standard unit."""

from __future__ import annotations

import math
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping

from trialwright.analyse.sdtm import terms
from trialwright.analyse.sdtm.context import Context, moment, number
from trialwright.analyse.spec import Record
from trialwright.evidence.snapshot import ValueRow
from trialwright.kernel import units
from trialwright.study.items import Item, Limits
from trialwright.study.schedule import Sample

Row = tuple[str, str, str, str, int]
"""Subject, visit, form, group, row: what was captured together."""


def records(context: Context, domain: str) -> Iterator[Record]:
    """Records of a findings domain, without sequence. Variables captured beside a result go into its record."""
    captured = context.by_domain.get(domain, [])
    beside = _beside(captured)
    last: dict[tuple[str, str], tuple[str, int]] = {}
    found: list[Record] = []
    for item, row in captured:
        if item.sdtm is None or not item.sdtm.testcd:
            continue
        record = _record(context, domain, item, row, beside.get(_row(row), {}))
        _note_baseline(context, record, row.subject, (domain, len(found)), last)
        found.append(record)
    for _, index in last.values():
        found[index][f"{domain}LOBXFL"] = "Y"
    yield from found


def _row(row: ValueRow) -> Row:
    return (row.subject, row.visit, row.form, row.group, row.row)


def _beside(captured: list[tuple[Item, ValueRow]]) -> Mapping[Row, Record]:
    """Captured variables (for example the time of a sample), by the row in which they stand."""
    found: dict[Row, Record] = defaultdict(dict)
    for item, row in captured:
        if item.sdtm and item.sdtm.variable and (value := terms.submission(item, row)):
            found[_row(row)][item.sdtm.variable] = value
    return found


def _record(context: Context, domain: str, item: Item, row: ValueRow, beside: Record) -> Record:
    target = item.sdtm
    assert target is not None
    when = beside.get(f"{domain}DTC") or moment(row) or context.visit_date(row.subject, row.visit)
    timing = context.visit(row.subject, row.visit)
    values: Record = {
        "TESTCD": target.testcd,
        "TEST": target.test or str(item.label)[:40],
        "CAT": target.category,
        "SPEC": target.specimen,
        "METHOD": target.method,
        "LOINC": item.codes.loinc,
        "DTC": when,
        "DY": context.study_day(row.subject, when),
        "DRVFL": "Y" if item.derive else "",
        "LLOQ": item.lloq,
        **_result(item, row, target.testcd),
        **_range(context, item, row),
        **_time_point(context, item, row, when),
    }
    # Against limits of its own a result is compared as captured: rounding must not carry it over one.
    own = values["STRESN"] is not None and (row.low is not None or row.high is not None)
    compared = (
        (number(row.value), row.low, row.high) if own else (values[name] for name in ("STRESN", "STNRLO", "STNRHI"))
    )
    values["NRIND"] = _indicator(*compared)
    prefixed = {f"{domain}{name}": value for name, value in values.items()}
    epoch = timing.get("EPOCH") or context.epoch(row.subject, when)
    return {
        **prefixed,
        **beside,
        **timing,
        "EPOCH": epoch,
        "STUDYID": context.study_id,
        "DOMAIN": domain,
        "USUBJID": context.usubjid(row.subject),
    }


def _result(item: Item, row: ValueRow, testcd: str) -> Record:
    """The result as captured and in the item's own unit."""
    empty: Record = {"ORRES": "", "ORRESU": "", "STRESC": "", "STRESN": None, "STRESU": "", "STAT": "", "REASND": ""}
    if not row.value.strip():
        reason = terms.REASONS.get(row.null_reason, row.null_reason.upper())
        return empty | {"STAT": terms.NOT_DONE, "REASND": "" if reason == terms.NOT_DONE else reason}
    if item.type not in ("quantity", "integer"):
        text = terms.submission(item, row)
        original = row.value if item.type == "text" else text
        return empty | {"ORRES": original, "STRESC": text}
    captured_unit = row.unit or item.unit
    own: Record = {"ORRES": row.value.strip(), "ORRESU": terms.unit(captured_unit, testcd)}
    own["STRESU"] = terms.unit(item.unit, testcd)
    value = number(row.value)
    if value is None:
        return empty | own | {"STRESC": row.value.strip()}
    standard = rounded(item, convert(item, value, row.unit, row.item), value, row.value)
    if item.lloq is not None and standard < item.lloq:
        return empty | own | {"STRESC": f"<{item.lloq:g}"}
    return empty | own | {"STRESN": standard, "STRESC": plain(standard)}


def convert(item: Item, value: float, unit: str, name: str = "") -> float:
    """A value in the item's own unit, to ten significant digits (what is left is noise of the conversion).

    `name`: the id under which it was reported; a synonym (urea nitrogen for urea) brings its own unit and molar mass.
    """
    synonym = next((s for s in item.synonyms if s.id == name), None)
    given = unit or (synonym.unit if synonym else item.unit)
    molar_mass = synonym.molar_mass if synonym and synonym.molar_mass else item.molar_mass
    if not item.unit or given == item.unit:
        return value
    return float(f"{units.convert(value, given, item.unit, molar_mass):.10g}")


SIGNIFICANT = 3
"""Digits that a converted result keeps at least."""


def rounded(item: Item, standard: float, value: float, text: str) -> float:
    """A converted result with the decimals of its item, and never fewer digits than the original has.

    `value` is the original and `text` how it was written; what was not converted stays as it is.
    """
    if standard in (value, 0):
        return standard
    digits = len(re.sub(r"[eE].*|\D", "", text).lstrip("0"))
    decimals = max(digits, SIGNIFICANT) - 1 - math.floor(math.log10(abs(standard)))
    return round(standard, max(decimals, item.decimals or 0))


def plain(value: float) -> str:
    """A number without trailing zeros or exponent."""
    text = f"{value:.10f}".rstrip("0").rstrip(".") if abs(value) < 1e15 else f"{value:.10g}"
    return text if text not in ("-0", "") else "0"


def _range(context: Context, item: Item, row: ValueRow) -> Record:
    """Reference limits: as captured and converted; the definition's own where the laboratory gave none."""
    if row.low is not None or row.high is not None:
        return {
            "ORNRLO": "" if row.low is None else plain(row.low),
            "ORNRHI": "" if row.high is None else plain(row.high),
            "STNRLO": _limit(item, row.low, row),
            "STNRHI": _limit(item, row.high, row),
        }
    limits = item.normal.of(context.sexes.get(row.subject)) if item.normal else Limits()
    return {"ORNRLO": "", "ORNRHI": "", "STNRLO": limits.low, "STNRHI": limits.high}


def _limit(item: Item, limit: float | None, row: ValueRow) -> float | None:
    if limit is None:
        return None
    return rounded(item, convert(item, limit, row.unit, row.item), limit, plain(limit))


def _indicator(value: float | None, low: float | None, high: float | None) -> str:
    if value is None or (low is None and high is None):
        return ""
    if low is not None and value < low:
        return "LOW"
    return "HIGH" if high is not None and value > high else "NORMAL"


def _time_point(context: Context, item: Item, row: ValueRow, when: str) -> Record:
    """The planned time of a timed sample: the n-th sample of a visit stands in the n-th row of its form."""
    planned = [s for s in context.study.schedule.samples if s.item == item.id and s.visit == row.visit]
    if not 1 <= row.row <= len(planned):
        return {}
    sample: Sample = planned[row.row - 1]
    named: Record = {"TPT": str(sample.label).upper(), "TPTNUM": float(row.row)}
    if context.study.schedule.visit(row.visit).dose is not None and (row.subject, row.visit) not in context.doses:
        # Its time counts from a dose that was not given; the dose before it is not what was meant.
        return named
    return named | {
        "ELTM": _duration(sample.hours),
        "TPTREF": "START OF INFUSION",
        "RFTDTC": context.dose_for(row.subject, row.visit, when),
    }


def _duration(hours: float) -> str:
    """ISO 8601 duration."""
    sign = "-" if hours < 0 else ""
    minutes = round(abs(hours) * 60)
    whole, rest = divmod(minutes, 60)
    return f"{sign}PT{whole}H" if not rest else f"{sign}PT{whole}H{rest}M"


def _note_baseline(
    context: Context, record: Record, subject: str, place: tuple[str, int], last: dict[tuple[str, str], tuple[str, int]]
) -> None:
    """Keep the latest result of each test before the first dose. A day without time counts as before it."""
    domain, index = place
    when, reference = record[f"{domain}DTC"], context.reference(subject)
    size = min(len(when), len(reference))
    has_result = record[f"{domain}STRESC"] and not record[f"{domain}STAT"]
    if not reference or not has_result or size < len("2026-01-01") or when[:size] > reference[:size]:
        return
    key = (subject, record[f"{domain}TESTCD"])
    if key not in last or last[key][0] <= when:
        last[key] = (when, index)
