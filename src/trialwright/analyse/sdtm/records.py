"""Events and interventions (MH, CM, EX, AE): records from items that name a variable.

Items captured together make one record: the row of a repeating group, else the items of one category on one form.
An item that asks for one named thing (a yes/no or event item whose variable is the domain's topic) makes a record of
its own, pre-specified, with its answer as occurrence.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from trialwright.analyse.sdtm import terms
from trialwright.analyse.sdtm.context import Context, number
from trialwright.analyse.sdtm.findings import convert
from trialwright.analyse.sdtm.supplemental import split_text
from trialwright.analyse.spec import Record
from trialwright.evidence.snapshot import ValueRow
from trialwright.study.items import Item

TOPICS = {"MH": "MHTERM", "AE": "AETERM", "CM": "CMTRT", "EX": "EXTRT"}
YES_NO = ("AESER", "AESDTH", "AESLIFE", "AESHOSP", "AESDISAB", "AESCONG", "AESMIE", "AECONTRT")
ONGOING = ("ENRF", "ENRTPT")
"""Endings of variables in which a yes/no item says whether something still goes on."""

Key = tuple[str, str, str, str, int]
Captured = tuple[Item, ValueRow]


def records(context: Context, domain: str) -> Iterator[Record]:
    """Records of an events or interventions domain, without sequence."""
    together: dict[Key, list[Captured]] = defaultdict(list)
    for item, row in context.by_domain.get(domain, ()):
        if _is_question(domain, item):
            yield from _question(context, domain, item, row)
        else:
            together[_key(context, item, row)].append((item, row))
    for captured in together.values():
        values = _values(domain, captured)
        if domain == "EX":
            values = _exposure(context, values, captured)
        if values.get(TOPICS[domain]):
            yield _finished(context, domain, values, captured[0][1])


def _key(context: Context, item: Item, row: ValueRow) -> Key:
    """What belongs together: a row of a repeating group, else a category of a form."""
    form = context.study.form_by_id.get(row.form)
    repeats = any(g.repeating for g in form.groups if g.id == row.group) if form else row.row > 1
    if repeats:
        return (row.subject, row.visit, row.form, row.group, row.row)
    return (row.subject, row.visit, row.form, "" if item.sdtm is None else item.sdtm.category, 0)


def _is_question(domain: str, item: Item) -> bool:
    target = item.sdtm
    return (
        target is not None
        and item.type in ("boolean", "event", "judgement")
        and target.variable in (TOPICS[domain], f"{domain}OCCUR")
    )


def _question(context: Context, domain: str, item: Item, row: ValueRow) -> Iterator[Record]:
    """A pre-specified term: the answer is its occurrence; the day of an event item is its start."""
    if not row.value or item.sdtm is None:
        return
    start = terms.submission(item, row) if item.type == "event" else ""
    occurred = row.value != "none" if item.type == "event" else terms.yes_no(row.value) == "Y"
    values: Record = {
        TOPICS[domain]: (item.sdtm.test or str(item.label)).upper(),
        f"{domain}CAT": item.sdtm.category,
        f"{domain}PRESP": "Y",
        f"{domain}OCCUR": "Y" if occurred else "N",
        f"{domain}STDTC": start,
    }
    yield _finished(context, domain, values, row)


def _values(domain: str, captured: list[Captured]) -> Record:
    """Variables of the items captured together, with the units of doses and the category they share."""
    values: Record = {}
    for item, row in captured:
        if item.sdtm is None:
            continue
        variable = item.sdtm.variable
        values.setdefault(f"{domain}CAT", item.sdtm.category)
        if variable.endswith("DOSE") and (amount := number(row.value)) is not None:
            values[variable] = convert(item, amount, row.unit, row.item)
            values[f"{domain}DOSU"] = terms.unit(item.unit)
        elif variable and not variable.endswith("DOSE"):
            values[variable] = _text(variable, item, row)
    return values


def _text(variable: str, item: Item, row: ValueRow) -> str:
    """The submitted text; a yes/no item in a variable of another kind says a word or nothing."""
    value = terms.submission(item, row)
    if item.type != "boolean" or not value or variable in YES_NO or variable.endswith(("PRESP", "OCCUR")):
        return value
    if variable.endswith(ONGOING):
        return "ONGOING" if value == "Y" else "BEFORE"
    named = item.sdtm.test if item.sdtm and item.sdtm.test else str(item.label)
    return named.upper() if value == "Y" else ""


def _exposure(context: Context, values: Record, captured: list[Captured]) -> Record:
    """An administration: what the protocol fixes, and the visit's day where no time was captured."""
    dosing, row = context.study.dosing, captured[0][1]
    start = values.get("EXSTDTC") or context.visit_date(row.subject, row.visit)
    if values.get("EXDOSE") is None:
        return {}
    return {
        "EXTRT": dosing.treatment,
        "EXDOSFRM": dosing.infusion.form,
        "EXDOSFRQ": "ONCE",
        "EXROUTE": dosing.infusion.route,
        **values,
        "EXSTDTC": start,
        "EXENDTC": values.get("EXENDTC") or start,
    }


def _finished(context: Context, domain: str, values: Record, row: ValueRow) -> Record:
    """With identifiers, study days, visit and epoch."""
    start, end = values.get(f"{domain}STDTC", ""), values.get(f"{domain}ENDTC", "")
    collected = context.visit_date(row.subject, row.visit)
    timing = context.visit(row.subject, row.visit)
    record: Record = {
        "STUDYID": context.study_id,
        "DOMAIN": domain,
        "USUBJID": context.usubjid(row.subject),
        **timing,
        **values,
        "EPOCH": context.epoch(row.subject, start),
        f"{domain}DTC": collected,
        f"{domain}DY": context.study_day(row.subject, collected),
        f"{domain}STDY": context.study_day(row.subject, start),
        f"{domain}ENDY": context.study_day(row.subject, end),
    }
    if domain == "AE":
        record["AEDECOD"] = values.get("AEDECOD") or split_text(values["AETERM"])[0].capitalize()
        record["AESOC"] = values.get("AESOC") or values.get("AEBODSYS", "")
    if domain == "MH" and not values.get("MHDECOD") and not values.get("MHPRESP"):
        record["MHDECOD"] = split_text(values["MHTERM"])[0].capitalize()
    return record
