"""The compact filters that the registry's site puts into its addresses: `status:rec com,phase:3,sex:f`."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from trialwright.kernel.errors import InputError, nearest
from trialwright.record.query.nodes import Node
from trialwright.record.query.parse import parse
from trialwright.record.search.request import Filters

_STATUS = {
    "not": "NOT_YET_RECRUITING", "rec": "RECRUITING", "enr": "ENROLLING_BY_INVITATION", "act": "ACTIVE_NOT_RECRUITING",
    "sus": "SUSPENDED", "ter": "TERMINATED", "com": "COMPLETED", "wit": "WITHDRAWN", "unk": "UNKNOWN",
    "ava": "AVAILABLE", "nla": "NO_LONGER_AVAILABLE", "tna": "TEMPORARILY_NOT_AVAILABLE",
    "afm": "APPROVED_FOR_MARKETING",
}  # fmt: skip
_PHASE = {"0": "EARLY_PHASE1", "1": "PHASE1", "2": "PHASE2", "3": "PHASE3", "4": "PHASE4", "na": "NA"}
_TYPE = {"int": "INTERVENTIONAL", "obs": "OBSERVATIONAL", "exp": "EXPANDED_ACCESS"}
_AGE = {"child": "CHILD", "adult": "ADULT", "older": "OLDER_ADULT"}
_SEX = {"f": "FEMALE", "m": "MALE", "all": ""}
_FUNDER = {
    "nih": "NIH", "fed": "FED", "othergov": "OTHER_GOV", "indiv": "INDIV", "industry": "INDUSTRY",
    "network": "NETWORK", "other": "OTHER", "unknown": "UNKNOWN", "ambig": "AMBIG",
}  # fmt: skip
_DOCUMENT = {"prot": "LargeDocHasProtocol", "sap": "LargeDocHasSAP", "icf": "LargeDocHasICF"}
_LISTS = {
    "status": ("status", _STATUS),
    "phase": ("phase", _PHASE),
    "studyType": ("study_type", _TYPE),
    "ages": ("std_age", _AGE),
    "funderType": ("sponsor_class", _FUNDER),
}
_KNOWN = (*_LISTS, "results", "sex", "healthy", "docs", "violation")


def aggregated(text: str) -> tuple[list[Node], Filters]:
    """What `aggFilters` asks for: conditions, and filters. Raises InputError."""
    nodes: list[Node] = []
    filters = Filters()
    for entry in re.split(r"[,|]", text):
        name, _, options = entry.strip().partition(":")
        if not name and not options:
            continue
        if name not in _KNOWN:
            raise InputError(f"`aggFilters` parameter: there is no filter `{name[:80]}`.", hint=nearest(name, _KNOWN))
        keys = options.split()
        if name in _LISTS:
            field, values = _LISTS[name]
            chosen: dict[str, Any] = {field: tuple(_one(name, key, values) for key in keys)}
            filters = replace(filters, **chosen)
        elif name == "docs":
            nodes += [parse(f"AREA[{_one(name, key, _DOCUMENT)}]true") for key in keys]
        elif name == "violation":
            nodes += [parse("AREA[FDAAA801Violation]true")] if _yes(name, keys) else []
        else:
            filters = _single(filters, name, keys)
    return nodes, filters


def _single(filters: Filters, name: str, keys: list[str]) -> Filters:
    if name == "sex":
        return replace(filters, sex=_one(name, " ".join(keys), _SEX))
    if name == "healthy":
        return replace(filters, healthy=True if _yes(name, keys) else None)
    return replace(filters, results=_one(name, " ".join(keys), {"with": "y", "without": ""}) == "y")


def _yes(name: str, keys: list[str]) -> bool:
    return _one(name, " ".join(keys), {"y": "y", "": ""}) == "y"


def _one(name: str, key: str, values: dict[str, str]) -> str:
    """The value of an option; Raises InputError."""
    found = values.get(key.lower())
    if found is None:
        hint = f"Known: {', '.join(key for key in values if key)}."
        raise InputError(f"`aggFilters` parameter: `{name}` has no option `{key[:80]}`.", hint=hint)
    return found
