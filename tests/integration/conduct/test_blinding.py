"""What is blinded shows nowhere: a value that stands out is planted, and looked for in everything a person can read."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from trialwright.conduct.rules.capture import FormErrors
from trialwright.conduct.rules.policy import Person, Role
from trialwright.conduct.rules.values import Entry
from trialwright.kernel.errors import Refused
from trialwright.study.definition import Study

PLANTED = "187.31"
CORRECTED = "188.47"
DERIVED = ("60.2", "60.5")
"""The body mass index that follows from them and a height of 176.4 cm."""
TELLING = (PLANTED, CORRECTED, *DERIVED, "1870.0", "1880.0", "1870 mg", "1880 mg")


@pytest.fixture(scope="module")
def tiny(tiny: Study) -> Study:
    """The weight is blinded: the body mass index, a criterion, a check, the dose and its explanation hang on it."""
    data = tiny.model_dump(mode="json", by_alias=True)
    for item in data["items"]:
        item["blinded"] = item["id"] == "weight"
    return Study.model_validate(data)


@pytest.fixture
def desk(desk: Any) -> Any:
    from trialwright.conduct import actions

    desk.people |= {
        role: actions.add_person(desk.study, role, f"Some {role}", role, at=desk.at)
        for role in ("safety", "statistician", "administrator")
    }
    return desk


@pytest.fixture
def subject(desk: Any) -> str:
    """Typed by somebody who may not read it, asked about, dosed by, corrected, answered, verified in part, signed."""
    from trialwright.conduct import actions

    seeing = Person("both", "Both", (Role("investigator"), Role("safety")))
    do: dict[str, Any] = {"by": desk.investigator, "at": desk.at}
    subject: str = desk.screened(weight=PLANTED)
    height = [Entry("height", "176.4")]
    actions.save_form(desk.study, subject, "vitals", height, visit="screening", **do)
    actions.enrol(desk.study, subject, **do)
    actions.start_visit(desk.study, subject, "week1", **do)
    actions.save_form(desk.study, subject, "vitals", [Entry("weight", PLANTED), *height], visit="week1", **do)
    actions.plan_dose(desk.study, subject, 1, **do)
    actions.save_form(desk.study, subject, "infusion", [Entry("given", "3000")], visit="week1", **do)
    save: dict[str, Any] = {"visit": "week1", "reason": f"it was {CORRECTED}", "by": seeing, "at": desk.at}
    actions.save_form(desk.study, subject, "vitals", [Entry("weight", CORRECTED)], **save)
    actions.open_query(
        desk.study, subject, "vitals", "weight", f"Is {CORRECTED} right?", visit="week1", by=desk.safety, at=desk.at
    )
    actions.answer_query(desk.study, subject, 1, f"{PLANTED} it is.", by=seeing, at=desk.at)
    actions.verify(desk.study, subject, "vitals", visit="week1", by=desk.monitor, at=desk.at)
    return subject


def readable(desk: Any, subject: str, by: Person) -> Iterator[tuple[str, Any]]:
    """Everything that the person can read of the study."""
    from trialwright.conduct import worklists
    from trialwright.conduct.worklists.audit import AuditFilter
    from trialwright.conduct.worklists.register import register

    study = desk.study
    yield "dashboard", worklists.dashboard(study, by)
    yield "matrix", worklists.subjects_matrix(study, by)
    yield "casebook", worklists.casebook(study, subject, by)
    yield "register", register(study, by)
    yield "queries", worklists.queries(study, by, size=100)
    yield "verification", worklists.verification(study, by, level="form")
    yield "signatures", worklists.signatures(study, subject, by)
    yield "todo", worklists.todo(study, by)
    for visit, form in (("screening", "vitals"), ("week1", "vitals"), ("week1", "infusion"), ("screening", "person")):
        yield f"form {form}", worklists.form_view(study, subject, form, by, visit=visit)
        yield f"since {form}", worklists.since(study, subject, form, by, visit=visit, version=1)
        seen = worklists.preview(study, subject, form, [], by, visit=visit, today=desk.at.date())
        yield f"preview {form}", (seen.derived, seen.found, seen.errors)
    if by.role_for("read_audit"):
        yield "trail", worklists.audit_trail(study, by, size=500)
        yield "trail of the item", worklists.audit_trail(study, by, AuditFilter(item="weight"), size=500)
        for item in ("weight", "bmi", "height"):
            history = worklists.field_history(study, by, subject, "vitals", ("body", 1, item), "week1")
            yield f"history of {item}", history


ROLES = ("investigator", "coordinator", "monitor", "data_manager", "auditor", "sponsor", "statistician")


def test_nothing_that_a_masked_person_reads_tells_the_value(desk: Any, subject: str) -> None:
    for role in ROLES:
        for what, found in readable(desk, subject, desk.people[role]):
            told = [telling for telling in TELLING if telling in repr(found)]
            assert not told, f"{what} tells the {role} {told}"


def test_who_may_read_it_reads_it_and_the_test_would_have_found_it(desk: Any, subject: str) -> None:
    told = {what for what, found in readable(desk, subject, desk.safety) if any(t in repr(found) for t in TELLING)}
    assert told >= {
        "casebook", "queries", "form vitals", "since vitals", "preview vitals", "trail", "trail of the item",
        "history of weight", "history of bmi",
    }  # fmt: skip


def test_the_trail_cannot_be_searched_for_a_value(desk: Any, subject: str) -> None:
    from trialwright.conduct import worklists
    from trialwright.conduct.worklists.audit import AuditFilter

    assert worklists.audit_trail(desk.study, desk.auditor, AuditFilter(item=CORRECTED)).total == 0
    assert worklists.audit_trail(desk.study, desk.safety, AuditFilter(item=CORRECTED)).total > 0


def test_a_code_cannot_be_searched_for_either(desk: Any, subject: str) -> None:
    """A code looks like the name of an item, and an item may well be blinded that takes codes."""
    from trialwright.conduct import actions, worklists
    from trialwright.conduct.store.models import Event
    from trialwright.conduct.worklists.audit import AuditFilter

    seeing = Person("both", "Both", (Role("investigator"), Role("safety")))
    save: dict[str, Any] = {"visit": "week1", "reason": "x", "by": seeing, "at": desk.at}
    actions.save_form(desk.study, subject, "vitals", [Entry("weight", "", null_reason="not_done")], **save)
    assert Event.objects.filter(content__contains='"not_done"').exists()
    assert worklists.audit_trail(desk.study, desk.auditor, AuditFilter(item="not_done")).total == 0
    assert worklists.audit_trail(desk.study, desk.auditor, AuditFilter(item="weight")).total > 3


def test_why_a_verification_was_taken_back_does_not_tell_the_value(desk: Any, subject: str) -> None:
    from trialwright.conduct import actions, worklists

    seeing = Person("both", "Both", (Role("monitor"), Role("safety")))
    look: dict[str, Any] = {"visit": "week1", "by": seeing, "at": desk.at}
    place = [("body", 1, "weight")]
    actions.verify(desk.study, subject, "vitals", place, **look)
    actions.unverify(desk.study, subject, "vitals", place, reason=f"the source says {PLANTED}", **look)
    assert PLANTED not in repr(worklists.audit_trail(desk.study, desk.auditor, size=500))


def test_a_hash_by_which_the_value_could_be_guessed_is_kept_back(desk: Any, subject: str) -> None:
    from trialwright.conduct import actions, worklists

    do: dict[str, Any] = {"by": desk.investigator, "at": desk.at}
    for query in worklists.queries(desk.study, desk.monitor, size=100).lines:
        if query.state != "closed":
            actions.close_query(desk.study, subject, query.number, by=desk.monitor, at=desk.at)
    signed = actions.sign(desk.study, subject, "vitals", visit="week1", meaning="approval", factor="passkey", **do)
    for by in (desk.monitor, desk.auditor):
        for what, found in readable(desk, subject, by):
            assert signed.sha256 not in repr(found), what
    (line,) = worklists.signatures(desk.study, subject, desk.safety)
    assert line.sha256 == signed.sha256


def test_who_does_not_see_a_value_may_type_the_first_and_never_overwrite_it(desk: Any, subject: str) -> None:
    from trialwright.conduct import actions, worklists

    save: dict[str, Any] = {"visit": "week1", "reason": "x", "by": desk.coordinator, "at": desk.at}
    for typed in ("70", CORRECTED, ""):
        with pytest.raises(FormErrors, match="What is kept here is blinded; it cannot be overwritten"):
            actions.save_form(desk.study, subject, "vitals", [Entry("weight", typed)], **save)
    assert actions.save_form(desk.study, subject, "vitals", [Entry("systolic", "120")], **save).changed == 1
    sheet = worklists.form_view(desk.study, subject, "vitals", desk.coordinator, visit="week1")
    weight = next(f for g in sheet.groups for row in g.rows for f in row.fields if f.item == "weight")
    assert (weight.value, weight.blinded, weight.kept) == ("", True, True)
    assert sheet.missing == ()
    do: dict[str, Any] = {"by": desk.investigator, "at": desk.at}
    actions.start_visit(desk.study, subject, "week2", **do)
    assert actions.save_form(
        desk.study, subject, "vitals", [Entry("weight", "70")], **{**save, "visit": "week2"}
    ).changed


def test_a_monitor_does_not_verify_what_is_hidden(desk: Any, subject: str) -> None:
    from trialwright.conduct import actions

    look: dict[str, Any] = {"visit": "week1", "by": desk.monitor, "at": desk.at}
    with pytest.raises(Refused, match="Field weight cannot be verified: it is blinded"):
        actions.verify(desk.study, subject, "vitals", [("body", 1, "weight")], **look)


def test_the_history_leaves_only_with_somebody_who_may_read_it_all(desk: Any, subject: str, tmp_path: Any) -> None:
    from trialwright.conduct import actions, worklists

    actions.seal(desk.study)
    with pytest.raises(Refused, match="The history of tiny holds what is blinded for Some auditor"):
        worklists.write_history(desk.study, tmp_path / "h.ndjson", desk.auditor)
    assert worklists.write_history(desk.study, tmp_path / "h.ndjson", desk.safety) > 0


def test_a_role_that_reads_it_at_one_site_only_reads_it_nowhere(desk: Any, tiny: Study) -> None:
    from trialwright.conduct import worklists

    there = Person("safe", "Safe", (Role("safety", "01"), Role("auditor")))
    assert worklists.hidden_items(tiny, there) == {"weight", "bmi", "per_kg"}
    assert worklists.hidden_items(tiny, desk.safety) == frozenset()


def test_an_amendment_that_drops_the_item_does_not_unblind_it(desk: Any, tiny: Study, subject: str) -> None:
    from trialwright.conduct import actions, worklists
    from trialwright.conduct.actions import studies

    data = tiny.model_dump(mode="json", by_alias=True)
    data["study"]["version"] = "2.0"
    for item in data["items"]:
        item["blinded"] = item["id"] == "creatinine"
    actions.publish_version(
        desk.study, Study.model_validate(data), note="blind another", by=desk.data_manager, at=desk.at
    )
    hidden = worklists.hidden_of(studies.trial(desk.study), desk.auditor).items
    assert hidden == {"creatinine"}, "the newest version says of the weight that it is not blinded"
