"""Deny by default: every action, really done by somebody of every role, obeys the policy's table."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from django.db import transaction

from trialwright.conduct.rules.locks import Scope
from trialwright.conduct.rules.policy import ACTIONS, ALLOWED, ROLES, Person, Role
from trialwright.conduct.rules.values import Entry
from trialwright.kernel.errors import NotPermitted, Refused, UnknownName
from trialwright.study.definition import Study

Deed = Callable[["Scene", Person], object]
SCREENING = {"visit": "screening"}


@dataclass
class Scene:
    """A study in which each action has something that it could be done to."""

    desk: Any
    definition: Study
    waiting: str
    """Screened, eligible."""
    enrolled: str
    registered: str
    queries: dict[str, int]
    """state -> a query of the one who waits."""

    @property
    def id(self) -> str:
        return str(self.desk.study)

    @property
    def at(self) -> Any:
        return self.desk.at

    def version(self, name: str) -> Study:
        data = self.definition.model_dump(mode="json", by_alias=True)
        data["study"]["version"] = name
        return Study.model_validate(data)


@pytest.fixture(scope="module")
def tiny(tiny: Study) -> Study:
    """With one blinded item, and a site that is not active yet."""
    data = tiny.model_dump(mode="json", by_alias=True)
    data["study"]["sites"].append({**data["study"]["sites"][0], "id": "03", "name": {"en": "Third"}})
    for item in data["items"]:
        item["blinded"] = item["id"] == "creatinine"
    return Study.model_validate(data)


@pytest.fixture
def scene(desk: Any, tiny: Study) -> Scene:
    from trialwright.conduct import actions

    do: dict[str, Any] = {"by": desk.investigator, "at": desk.at}
    waiting, enrolled = desk.screened(), desk.enrolled()
    registered = actions.register_subject(desk.study, "01", **do)
    ask: dict[str, Any] = {**SCREENING, "by": desk.monitor, "at": desk.at}
    queries = {
        state: actions.open_query(desk.study, waiting, "person", "sex", f"{state}?", **ask)
        for state in ("open", "answered", "closed")
    }
    actions.answer_query(desk.study, waiting, queries["answered"], "So.", **do)
    actions.close_query(desk.study, waiting, queries["closed"], by=desk.monitor, at=desk.at)
    found = Scene(desk, tiny, waiting, enrolled, registered, queries)
    actions.publish_version(desk.study, found.version("2.0"), note="amended", by=desk.data_manager, at=desk.at)
    actions.approve_version(desk.study, "01", "2.0", by=actions.INSTALLER, at=desk.at)
    actions.freeze(desk.study, Scope(subject=waiting, visit="screening", form="lab"), by=desk.monitor, at=desk.at)
    return found


def _do(name: str, *given: str, **more: Any) -> Deed:
    """The action of that name; `given` names what of the scene it is done to."""

    def deed(scene: Scene, by: Person) -> object:
        from trialwright.conduct import actions

        what = [getattr(scene, part[1:]) if part.startswith(".") else part for part in given]
        return getattr(actions, name)(scene.id, *what, **more, by=by, at=scene.at)

    return deed


def _query(name: str, state: str) -> Deed:
    def deed(scene: Scene, by: Person) -> object:
        from trialwright.conduct import actions

        return getattr(actions, name)(scene.id, scene.waiting, scene.queries[state], "Words.", by=by, at=scene.at)

    return deed


def _read_accounts(scene: Scene, by: Person) -> object:
    from trialwright.conduct.worklists.accounts import demand_account_reader

    return demand_account_reader(by.username)


def _read_blinded(scene: Scene, by: Person) -> object:
    from trialwright.conduct.worklists.history import demand_whole

    return demand_whole(scene.id, by)


def _worklist(name: str, *given: str) -> Deed:
    def deed(scene: Scene, by: Person) -> object:
        from trialwright.conduct import worklists

        return getattr(worklists, name)(scene.id, *(getattr(scene, part) for part in given), by)

    return deed


def _open_study(scene: Scene, by: Person) -> object:
    from trialwright.conduct import actions

    data = scene.definition.model_dump(mode="json", by_alias=True)
    data["study"]["id"] = "tinier"
    return actions.open_study(Study.model_validate(data), by=by, at=scene.at)


def _publish(scene: Scene, by: Person) -> object:
    from trialwright.conduct import actions

    return actions.publish_version(scene.id, scene.version("3.0"), note="once more", by=by, at=scene.at)


def _export(scene: Scene, by: Person) -> object:
    from trialwright.conduct.export.reading import scope

    return scope(scene.id, by)


def _make_token(scene: Scene, by: Person) -> object:
    from trialwright.conduct.actions import tokens

    return tokens.make_token(scene.id, "nightly", ["read"], 7, by=by)


def _attach(scene: Scene, by: Person) -> object:
    from trialwright.conduct import actions

    return actions.attach_file(scene.id, scene.enrolled, "scan.pdf", b"%PDF", by=by, at=scene.at)


VITALS = Scope("01", "", "screening", "vitals")
DEEDS: dict[str, Deed] = {
    "open_study": _open_study,
    "add_person": _do("add_person", "new", "New", "monitor"),
    "activate_site": _do("activate_site", "03"),
    "register_subject": _do("register_subject", "01"),
    "record_consent": _do("record_consent", ".registered"),
    "start_visit": _do("start_visit", ".enrolled", "week1"),
    "miss_visit": _do("miss_visit", ".enrolled", "week1"),
    "save_form": _do("save_form", ".waiting", "vitals", entries=[Entry("height", "170")], **SCREENING),
    "decide_eligibility": _do("decide_eligibility", ".waiting"),
    "enrol": _do("enrol", ".waiting"),
    "plan_dose": _do("plan_dose", ".enrolled", dose=1),
    "end_participation": _do("end_participation", ".enrolled", "moved"),
    "open_query": _do("open_query", ".waiting", "vitals", "weight", "So?", **SCREENING),
    "answer_query": _query("answer_query", "open"),
    "close_query": _query("close_query", "answered"),
    "reopen_query": _query("reopen_query", "closed"),
    "cancel_query": _query("cancel_query", "open"),
    "redact_value": _do("redact_value", ".waiting", "vitals", "weight", reason="a slip", **SCREENING),
    "verify_value": _do("verify", ".waiting", "vitals", **SCREENING),
    "sign": _do("sign", ".waiting", "vitals", meaning="approval", factor="passkey", **SCREENING),
    "freeze": _do("freeze", scope=VITALS),
    "lock": _do("lock", scope=VITALS),
    "unlock": _do("unlock", scope=Scope("01", "01-001", "screening", "lab"), reason="once more"),
    "publish_version": _publish,
    "approve_version": _do("approve_version", "02", "2.0"),
    "migrate_form": _do("migrate_form", ".waiting", "vitals", reason="amended", **SCREENING),
    "attach_file": _attach,
    "export": _export,
    "make_token": _make_token,
    "read": _worklist("casebook", "waiting"),
    "read_audit": _worklist("audit_trail"),
    "read_blinded": _read_blinded,
    "read_accounts": _read_accounts,
}
READING = {"read", "read_audit", "read_blinded", "read_accounts", "export", "make_token", "attach_file"}
"""Actions that leave no event in the history."""


DONE = [(action, role) for role in ROLES for action in ACTIONS if action in ALLOWED[role]]
REFUSED = [(action, role) for role in ROLES for action in ACTIONS if action not in ALLOWED[role]]


def person(scene: Scene, role: str, site: str = "") -> Person:
    from trialwright.conduct import actions

    return actions.add_person(scene.id, f"{role}{site}", f"Some {role}", role, site=site, at=scene.at)


def head(scene: Scene) -> tuple[int, str]:
    from trialwright.conduct.store.models import Trial

    trial = Trial.objects.get(study=scene.id)
    return trial.sequence, trial.head


def test_every_action_of_the_policy_is_tried_here() -> None:
    assert set(DEEDS) == set(ACTIONS)


def test_what_the_table_does_not_allow_is_refused_with_a_sentence_and_leaves_no_trace(scene: Scene) -> None:
    people = {role: person(scene, role) for role in ROLES}
    before = head(scene)
    for action, role in REFUSED:
        with pytest.raises(Refused, match=r" may not .*\.$|holds what is blinded") as refusal:
            DEEDS[action](scene, people[role])
        assert isinstance(refusal.value, NotPermitted) or action in ("read_accounts", "read_blinded"), action
    assert head(scene) == before


def test_what_the_table_allows_is_done_under_the_role(scene: Scene) -> None:
    from trialwright.conduct.store.models import Event

    people = {role: person(scene, role) for role in ROLES}
    for action, role in DONE:
        with transaction.atomic():
            DEEDS[action](scene, people[role])
            if action not in READING:
                last = Event.objects.order_by("-id")[0]
                assert (last.action, last.who, last.role) == (action, role, role)
            transaction.set_rollback(True)


def test_a_role_at_one_site_does_nothing_at_another_nor_for_the_whole_study(scene: Scene) -> None:
    people = {role: person(scene, role, "02") for role in ROLES}
    before = head(scene)
    at_own_site = {"make_token", "export", "read_audit", "read_accounts", "approve_version"}
    for action, role in (pair for pair in DONE if pair[0] not in at_own_site):
        said = r"may .* only at site 02|holds what is blinded|There is no subject"
        with pytest.raises((Refused, UnknownName), match=said):
            DEEDS[action](scene, people[role])
    assert head(scene) == before


def test_somebody_without_a_role_may_nothing(scene: Scene) -> None:
    nobody = Person("nobody", "Nobody")
    for action, deed in DEEDS.items():
        with pytest.raises(Refused, match=r"no role|may not|blinded"):
            deed(scene, nobody)
        assert action
    assert Person("x", "X", (Role("auditor"),)).role_for("save_form") is None
