"""SDTM: the snapshot in the tables of SDTMIG 3.4, by the metadata of the definition's items alone."""

from __future__ import annotations

from collections.abc import Iterable

from trialwright.analyse import spec
from trialwright.analyse.sdtm import design, findings, records, subjects, supplemental
from trialwright.analyse.sdtm.context import Context
from trialwright.analyse.spec import DatasetSpec, Record
from trialwright.evidence.dataset import Dataset
from trialwright.evidence.snapshot import Snapshot
from trialwright.study.definition import Study

ALWAYS = ("LB", "VS", "PC", "IS")
"""Findings that are written even when nothing was captured; others only where an item goes there."""


def derive(study: Study, snapshot: Snapshot) -> dict[str, Dataset]:
    """Every data set by its name in capitals, in the order of submission: design, subjects, then by class."""
    context = Context(study, snapshot)
    rows: dict[str, Iterable[Record]] = {
        "TA": design.arms(study),
        "TE": design.elements(study),
        "TV": design.visits(study),
        "TI": design.criteria(study),
        "TS": design.summary(study, snapshot.cut, sum(row.enrolled is not None for row in snapshot.subjects)),
        "DM": subjects.demographics(context),
        "SV": subjects.visits(context),
        "DS": subjects.dispositions(context),
        "IE": subjects.criteria_not_met(context),
        **{domain: records.records(context, domain) for domain in ("AE", "CM", "EX", "MH")},
        **{domain: findings.records(context, domain) for domain in findings_domains(study)},
    }
    built: dict[str, Dataset] = {}
    for name, found in rows.items():
        fitting, beyond = supplemental.split(list(found), specification(name))
        built[name] = spec.build(specification(name), fitting)
        if beyond:
            built[f"SUPP{name}"] = spec.build(_supplemental(name), supplemental.located(beyond, built[name]))
    return built


def findings_domains(study: Study) -> list[str]:
    """Domains that some item names with a test code, and those always written."""
    named = {item.sdtm.domain for item in study.items if item.sdtm and item.sdtm.testcd}
    return sorted(named.union(ALWAYS))


def specification(domain: str) -> DatasetSpec:
    """The specification of a domain; a findings domain without words of its own takes the general ones."""
    content = spec.load(__name__)
    if domain in content["datasets"]:
        return spec.dataset_spec(domain, content["datasets"][domain], "SDTM")
    general = {key: value for key, value in content["findings"].items() if key != "domains"}
    own = content["findings"]["domains"].get(domain, {"label": f"{domain} Findings"})
    return spec.dataset_spec(domain, general | own, "SDTM")


def _supplemental(domain: str) -> DatasetSpec:
    entry = spec.load(__name__)["supplemental"] | {"label": f"Supplemental Qualifiers for {domain}"}
    return spec.dataset_spec(f"SUPP{domain}", entry, "SDTM")
