"""The pack as PDF: what was tried and found, for a shelf and for an inspector. The same pack gives the same bytes."""

from __future__ import annotations

import json
import re
from importlib.resources import files
from typing import Any

from trialwright.conduct.rules.policy import ACTIONS, ROLES
from trialwright.rehearse.validation.pack import Pack

SHOWN = 600
"""Cases of a section that are printed; of the others those that passed are only counted (the JSON has all)."""
PHASES = {
    "IQ": "Installation qualification", "OQ": "Operational qualification",
    "PQ": "Performance qualification (user acceptance)",
}  # fmt: skip
_CHINESE = re.compile(r"[\u2e80-\u9fff\uf900-\ufaff\uff00-\uffef]")


def pdf(pack: Pack) -> bytes:
    import typst

    text = json.dumps(content(pack), ensure_ascii=False, sort_keys=True)
    template = (files("trialwright.rehearse.validation") / "pack.typ").read_bytes()
    # English is set in the fonts that Typst carries; Chinese words need one of the system.
    compiler = typst.Compiler(ignore_system_fonts=not _CHINESE.search(text))
    made = compiler.compile(template, format="pdf", sys_inputs={"pack": text}, timestamp=0)
    assert isinstance(made, bytes)
    return made


def content(pack: Pack) -> dict[str, Any]:
    """What the PDF says: plain texts only."""
    plain = pack.plain()
    plain["phases"] = PHASES
    for section in plain["sections"]:
        cases = section["cases"]
        kept = [case for n, case in enumerate(cases) if n < SHOWN or case["result"] != "passed"]
        section["matrix"] = matrix(cases) if section["id"] == "roles" else {}
        if section["matrix"]:
            kept = [case for case in kept if case["result"] == "failed"]
        section["left_out"] = len(cases) - len(kept)
        section["cases"] = kept
    for each, traced in zip(plain["traceability"], pack.traced, strict=True):
        each["counted"] = traced.counted
    return plain


def matrix(cases: list[dict[str, Any]]) -> dict[str, Any]:
    """Role by action as it was found: open at one's own site, at every site, or closed; ! where a test failed."""
    found: dict[tuple[str, str], dict[str, str]] = {}
    for case in cases:
        _, role, action, place = [*case["id"].split("."), "", "", ""][:4]
        if place:
            cell = "!" if case["result"] == "failed" else case["found"]
            found.setdefault((action, role), {})[place] = cell
    roles = list(dict.fromkeys(role for _, role in found))
    actions = list(dict.fromkeys(action for action, _ in found))
    rows = [[ACTIONS[action], *(_mark(found.get((action, role), {})) for role in roles)] for action in actions]
    return {"roles": [ROLES[role] for role in roles], "rows": rows} if rows else {}


def _mark(cell: dict[str, str]) -> str:
    if "!" in cell.values():
        return "!"
    own, other = cell.get("own_site", ""), cell.get("another_site", "")
    if cell.get("every_site"):
        return "study" if cell["every_site"] == "open" else "–"
    return "all" if own == other == "open" else "own" if own == "open" else "–" if own == "closed" else ""
