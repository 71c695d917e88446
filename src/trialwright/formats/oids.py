"""Object identifiers that Define-XML and Dataset-JSON share, so that one can point into the other."""

from __future__ import annotations

from trialwright.evidence.dataset import Dataset
from trialwright.study.definition import Study


def study_oid(study: Study) -> str:
    return f"STDY.{study.registration.identity.org_study_id}"


def metadata_oid(study: Study) -> str:
    return f"MDV.{study.registration.identity.org_study_id}.{study.version}"


def group_oid(dataset: Dataset) -> str:
    return f"IG.{dataset.name.upper()}"


def item_oid(dataset: Dataset, variable: str, value: str = "") -> str:
    """The variable, or what it holds where `value` is the test or parameter code."""
    return ".".join(part for part in ("IT", dataset.name.upper(), variable, value) if part)
