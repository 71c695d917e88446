"""The matching collection as registry records, and the measures over its judgements."""

from __future__ import annotations

import ast
import gzip
import json
import re
from collections import defaultdict
from pathlib import Path
from typing import Any


def listed(text: Any) -> list[str]:
    """A field that is a list, a list written as text, or one text."""
    if isinstance(text, list):
        return [str(each) for each in text]
    if not isinstance(text, str) or not text.strip():
        return []
    if text.startswith("["):
        try:
            return [str(each) for each in ast.literal_eval(text)]
        except (ValueError, SyntaxError):
            return [text]
    return [text]


def _clean(text: Any) -> str:
    joined = " ".join(text) if isinstance(text, list) else str(text or "")
    return re.sub(r"</?[a-z]+>", " ", joined.replace("&#xD;", "").replace("&gt;", ">").replace("&lt;", "<")).strip()


def as_record(trial: dict[str, Any]) -> dict[str, Any]:
    """One trial of the collection in the shape of API v2."""
    rules = {
        "eligibilityCriteria": _clean(trial.get("crit")).replace("\r", ""),
        "minimumAge": str(trial.get("amin") or ""),
        "maximumAge": str(trial.get("amax") or ""),
        "sex": str(trial.get("sex") or "").upper(),
    }
    meshes = [{"term": term} for term in listed(trial.get("mesh"))]
    return {
        "protocolSection": {
            "identificationModule": {"nctId": trial["_id"], "briefTitle": _clean(trial.get("title"))},
            "descriptionModule": {"briefSummary": _clean(trial.get("summary"))},
            "conditionsModule": {"conditions": listed(trial.get("cond")), "keywords": listed(trial.get("kw"))},
            "armsInterventionsModule": {"interventions": [{"name": name} for name in listed(trial.get("intr"))]},
            "eligibilityModule": {key: value for key, value in rules.items() if value and value != "N/A"},
        },
        "derivedSection": {"conditionBrowseModule": {"meshes": meshes}},
    }


def trials(folder: Path) -> list[dict[str, Any]]:
    with gzip.open(folder / "trials.jsonl.gz", "rt", encoding="utf-8") as file:
        return [as_record(json.loads(line)) for line in file]


def notes(folder: Path) -> dict[str, str]:
    lines = (folder / "patients.jsonl").read_text(encoding="utf-8").splitlines()
    return {row["_id"]: row["text"] for row in map(json.loads, lines)}


def judgements(folder: Path) -> dict[str, dict[str, int]]:
    """For each note the grade (0, 1, 2) of each judged trial."""
    found: dict[str, dict[str, int]] = defaultdict(dict)
    for line in (folder / "judgements.tsv").read_text(encoding="utf-8").splitlines()[1:]:
        note, trial, grade = line.split("\t")
        found[note][trial] = int(grade)
    return dict(found)


def all_records(shared: Path) -> list[dict[str, Any]]:
    """Every record at hand, each once: the registry's own, then those of the collection that they do not hold."""
    with gzip.open(shared / "record" / "ctgov_v2_dev.jsonl.gz", "rt", encoding="utf-8") as file:
        whole = [json.loads(line) for line in file]
    found: dict[str, dict[str, Any]] = {}
    for record in (*whole, *trials(shared / "matching")):
        found.setdefault(record["protocolSection"]["identificationModule"]["nctId"], record)
    return list(found.values())
