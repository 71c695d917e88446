"""ADSL: one record for each subject, with populations, treatment, disposition and baseline."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from trialwright.analyse.adam.dates import sas_date
from trialwright.analyse.adam.names import AGE_GROUPS
from trialwright.analyse.spec import Record
from trialwright.evidence.dataset import Dataset
from trialwright.study.definition import Study
from trialwright.study.endpoints import Population

FLAGS = {"ENR": "ENRLFL", "PP": "PPROTFL", "COMP": "COMPLFL"}
"""Names that ADaMIG gives to flags, where they are not simply the population's id and FL."""

FLAG_LABELS = {
    "ENRLFL": "Enrolled Population Flag",
    "FASFL": "Full Analysis Set Population Flag",
    "SAFFL": "Safety Population Flag",
    "ITTFL": "Intent-To-Treat Population Flag",
    "PPROTFL": "Per-Protocol Population Flag",
    "COMPLFL": "Completers Population Flag",
}
"""Labels that ADaMIG gives to flags; others take the population's own."""

BASELINE = {"HEIGHTBL": "HEIGHT", "WEIGHTBL": "WEIGHT", "BMIBL": "BMI"}
CARRIED = ("STUDYID", "USUBJID", "SUBJID", "SITEID", "AGE", "SEX", "TRTSDT", "TRTEDT")
"""What every analysis data set takes over from ADSL, beside treatment and population flags."""

Rows = Mapping[str, Sequence[Record]]


def flag(population: str) -> str:
    """The variable that flags a population of the study: SAF is SAFFL, ENR is ENRLFL."""
    return FLAGS.get(population, f"{population[:6]}FL")


def by_subject(dataset: Dataset | None) -> dict[str, list[Record]]:
    """Records of a data set by subject; nothing for one that is not there."""
    found: dict[str, list[Record]] = defaultdict(list)
    for row in dataset.frame.iter_rows(named=True) if dataset else ():
        found[row["USUBJID"]].append(row)
    return dict(found)


def records(study: Study, sdtm: Mapping[str, Dataset]) -> Iterator[Record]:
    """One record for each record of DM."""
    tables = {name: by_subject(sdtm.get(name)) for name in ("DS", "EX", "SV", "IE", "MH", "VS")}
    members = {p.id: _members(study, p, sdtm, tables) for p in study.endpoints.populations}
    order = [criterion.id for criterion in study.eligibility.criteria]
    for dm in sdtm["DM"].frame.iter_rows(named=True):
        own = {name: rows.get(dm["USUBJID"], []) for name, rows in tables.items()}
        failed = [row["IETESTCD"] for row in own["IE"] if row["IETESTCD"] in order]
        yield {
            **dm,
            "AGEGR1": _age_group(dm["AGE"]),
            "TRT01P": dm["ARM"],
            "TRT01A": dm["ACTARM"],
            **{flag(p): "Y" if dm["USUBJID"] in found else "N" for p, found in members.items()},
            "SCRFFL": "Y" if dm["ARMNRS"] == "SCREEN FAILURE" else "",
            "SCRFCRIT": min(failed, key=order.index, default=""),
            "RFICDT": sas_date(dm["RFICDTC"]),
            **_treatment(dm, own["EX"]),
            **_end(dm, own),
            "PRIMDIAG": next((r["MHTERM"] for r in own["MH"] if r.get("MHCAT") == "PRIMARY DIAGNOSIS"), ""),
            **_baseline(own["VS"]),
        }


def _age_group(age: int | None) -> str:
    if age is None:
        return ""
    return next((word for low, high, word in AGE_GROUPS if low <= age < high), "")


def _treatment(dm: Record, doses: Sequence[Record]) -> Record:
    first, last = sas_date(dm["RFXSTDTC"]), sas_date(dm["RFXENDTC"])
    given = [row["EXDOSE"] for row in doses if row["EXDOSE"]]
    return {
        "TRTSDT": first,
        "TRTEDT": last,
        "TRTDURD": last - first + 1 if first is not None and last is not None else None,
        "DOSESN": len(given) if given else None,
        "CUMDOSE": round(sum(given), 6) if given else None,
    }


def _end(dm: Record, own: Rows) -> Record:
    """Disposition of enrolled subjects, and until when they were known to live."""
    enrolled = next((row["DSSTDTC"] for row in own["DS"] if row["DSDECOD"] == "ENROLLED"), "")
    ended = next((row["DSDECOD"] for row in own["DS"] if row["DSCAT"] == "DISPOSITION EVENT"), "")
    status = "COMPLETED" if ended == "COMPLETED" else ("DISCONTINUED" if ended else "ONGOING")
    seen = [row["SVSTDTC"] for row in own["SV"]] + [dm["RFPENDTC"], dm["RFXENDTC"], dm["RFICDTC"]]
    alive = [day for text in seen if (day := sas_date(text)) is not None]
    death = sas_date(dm["DTHDTC"])
    return {
        "ENRLDT": sas_date(enrolled),
        "EOSSTT": status if enrolled else "",
        "EOSDT": sas_date(dm["RFPENDTC"]),
        "DCSREAS": ended if enrolled and status == "DISCONTINUED" else "",
        "DTHDT": death,
        "LSTALVDT": death if death is not None else max(alive, default=None),
    }


def _baseline(signs: Sequence[Record]) -> Record:
    values = {row["VSTESTCD"]: row["VSSTRESN"] for row in signs if row.get("VSLOBXFL") == "Y"}
    return {name: values.get(test) for name, test in BASELINE.items()}


def _members(
    study: Study, population: Population, sdtm: Mapping[str, Dataset], tables: Mapping[str, Rows]
) -> frozenset[str]:
    """Subjects of a population, by its rule."""
    dosed = frozenset(row["USUBJID"] for row in sdtm["DM"].frame.iter_rows(named=True) if row["RFXSTDTC"])
    if population.rule == "enrolled":
        rows = (row for found in tables["DS"].values() for row in found)
        return frozenset(row["USUBJID"] for row in rows if row["DSDECOD"] == "ENROLLED")
    if population.rule == "dosed":
        return dosed
    if population.rule == "dosed_with_followup":
        visits = (row for found in tables["SV"].values() for row in found)
        return dosed & {row["USUBJID"] for row in visits if (row["SVSTDY"] or 0) > 1}
    return dosed & _with_item(study, population.item or "", sdtm)


def _with_item(study: Study, item_id: str, sdtm: Mapping[str, Dataset]) -> set[str]:
    """Subjects with a result of an item."""
    item = study.item_by_id.get(item_id)
    target = item.sdtm if item else None
    dataset = sdtm.get(target.domain) if target else None
    if target is None or dataset is None:
        return set()
    domain = target.domain
    rows = dataset.frame.iter_rows(named=True)
    if target.variable:
        return {row["USUBJID"] for row in rows if row.get(target.variable) not in (None, "")}
    return {row["USUBJID"] for row in rows if row[f"{domain}TESTCD"] == target.testcd and row[f"{domain}STRESC"]}


def carried(study: Study, adsl: Dataset) -> dict[str, Record]:
    """What other analysis data sets take over, by subject."""
    flags = [flag(population.id) for population in study.endpoints.populations]
    found: dict[str, Record] = {}
    for row in adsl.frame.iter_rows(named=True):
        taken: dict[str, Any] = {name: row.get(name) for name in (*CARRIED, *flags)}
        found[row["USUBJID"]] = taken | {"TRTP": row["TRT01P"], "TRTA": row.get("TRT01A", "")}
    return found
