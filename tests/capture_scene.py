"""A small study in conduct with keys to its API: an enrolled subject, one in screening, queries, a blinded item."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import yaml

from trialwright.study.definition import Study
from trialwright.study.load import built_in_studies, load_study

AT = dt.datetime(2026, 3, 2, 1, 0, tzinfo=dt.UTC)
STUDY = "tiny"
ROLES = ("investigator", "coordinator", "monitor", "data_manager", "auditor", "safety", "statistician")
BLINDED, SECRET = "creatinine", "77.125"
"""An item that only the safety physician may see, and its value."""
BASE = f"/api/capture/v1/studies/{STUDY}"
MORE = """
items:
- {id: scan, label: Scan, type: file, source: {assumption: a test}}
- {id: sealed, label: Sealed letter, type: file, blinded: true, source: {assumption: a test}}
- {id: remark, label: Remark, type: text, source: {assumption: a test}}
form: {id: papers, label: Papers, groups: [{id: more, fields: [scan, sealed, remark]}]}
log: {id: letters, label: Letters, kind: log, groups: [{id: letter, repeating: true, fields: [scan]}]}
extra:
- {id: unscheduled, number: 90, label: Unscheduled, forms: [vitals, papers], source: {assumption: a test}}
- {id: early, number: 80, label: Early end, kind: early_termination, forms: [vitals], source: {assumption: a test}}
"""
"""What the small study has beside its own: files, a long text, visits beyond the plan."""
TINY = Path(__file__).parent / "integration" / "conduct" / "tiny.yaml"


def definition() -> Study:
    data = yaml.safe_load(TINY.read_text(encoding="utf-8"))
    for item in data["items"]:
        item["blinded"] = item["id"] == BLINDED
    more = yaml.safe_load(MORE)
    data["items"] += more["items"]
    data["forms"] += [more["form"], more["log"]]
    data["schedule"]["visits"][0]["forms"].append("papers")
    data["schedule"]["logs"].append("letters")
    data["schedule"]["extra"] = more["extra"]
    assumptions = load_study(built_in_studies()[0]).assumptions
    return Study.model_validate({**data, "assumptions": assumptions})


def build() -> dict[str, str]:
    """Capture the scene in the database that Django is set up on; role -> secret of a key with all its rights."""
    from trialwright.conduct import actions
    from trialwright.conduct.actions import tokens

    study = definition()
    actions.open_study(study, virtual=True, at=AT)
    people = {role: actions.add_person(STUDY, role, f"Some {role}", role, at=AT) for role in ROLES}
    people["elsewhere"] = actions.add_person(STUDY, "elsewhere", "Someone else", "coordinator", site="02", at=AT)
    people["keeper"] = actions.add_person(STUDY, "keeper", "A keeper", "data_manager", at=AT)
    people["keeper"] = actions.add_person(STUDY, "keeper", "A keeper", "administrator", at=AT)
    for site in ("01", "02"):
        actions.activate_site(STUDY, site, at=AT)
    for n in range(2):
        _subject(people["investigator"], enrol=n == 0)
    actions.open_query(STUDY, "01-001", "vitals", "weight", "Really?", visit="screening", by=people["monitor"], at=AT)
    return {
        name: tokens.make_token(STUDY, "test", rights(person), 30, by=person)
        for name, person in people.items()
        if person.role_for("make_token", person.roles[0].site)
    }


def narrow(person: str, *scopes: str) -> str:
    """The secret of a key of somebody's for these scopes alone."""
    from trialwright.conduct.actions import people, tokens

    return tokens.make_token(STUDY, "narrow", scopes, 1, by=people.person(STUDY, person))


def refused(answer: Any, status: int, words: str) -> dict[str, Any]:
    """The problem, which is of this status and says these words."""
    assert answer.status_code == status, answer.content
    assert answer.headers["Content-Type"] == "application/problem+json"
    told = answer.json()
    assert told["status"] == status
    assert words in told["detail"]
    return told  # type: ignore[no-any-return]  # JSON


def rights(person: Any) -> list[str]:
    """All that a key of the person may be made for."""
    from trialwright.conduct.actions.tokens import NEVER
    from trialwright.conduct.rules.policy import ALLOWED

    return [action for role in person.roles for action in sorted(ALLOWED[role.role]) if action not in NEVER]


def _subject(by: Any, *, enrol: bool) -> None:
    from trialwright.conduct import actions
    from trialwright.conduct.actions import Entry

    do: dict[str, Any] = {"by": by, "at": AT}
    subject = actions.register_subject(STUDY, "01", **do)
    actions.record_consent(STUDY, subject, **do)
    actions.start_visit(STUDY, subject, "screening", **do)
    person = [Entry("birth_date", "1980-05-01"), Entry("sex", "female"), Entry("unfit", "no")]
    actions.save_form(STUDY, subject, "person", person, visit="screening", **do)
    actions.save_form(STUDY, subject, "vitals", [Entry("weight", "60")], visit="screening", **do)
    if enrol:
        actions.enrol(STUDY, subject, **do)
