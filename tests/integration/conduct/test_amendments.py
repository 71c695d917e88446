"""A new version of the definition: published for the study, in force site by site, forms migrated one by one."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from definitions import Change, part, version
from django.db import connection
from django.test.utils import CaptureQueriesContext

from trialwright.conduct.rules.values import Entry
from trialwright.kernel.errors import Refused, UnknownName
from trialwright.study.definition import Study

NOTE = "Amendment 1: blood pressure is asked of everybody."


@pytest.fixture
def amended(tiny: Study) -> Study:
    return version(tiny, "2.0", changes)


def changes(data: dict[str, Any]) -> None:
    """Height goes, pulse comes and is required, weights above 150 kg are impossible, one choice goes, a visit comes."""
    pulse = {**part(data, "items", "systolic"), "id": "pulse", "label": {"en": "Pulse"}, "unit": "/min"}
    data["items"].append(pulse)
    part(data, "items", "weight")["hard"] = {"low": 1, "high": 150}
    fields = part(data, "forms", "vitals")["groups"][0]["fields"]
    fields[:] = [f for f in fields if f["item"] not in ("height", "bmi")] + [{"item": "pulse", "required": True}]
    data["items"] = [item for item in data["items"] if item["id"] != "bmi"]
    visits = data["schedule"]["visits"]
    visits.append({**visits[-1], "id": "week4", "number": 5, "offset": 21, "dose": None, "forms": ["vitals"]})


def versions(study: str, subject: str) -> dict[str, str]:
    from trialwright.conduct.store.models import Form

    rows = Form.objects.filter(subject__trial=study, subject__subject=subject)
    return {row.form: row.definition for row in rows}


def publish(desk: Any, study: Study, manage: dict[str, Any], site: str = "") -> None:
    from trialwright.conduct import actions

    actions.publish_version(desk.study, study, note=NOTE, **manage)
    if site:
        actions.approve_version(desk.study, site, study.version, at=desk.at, by=actions.INSTALLER)


# --- Publishing --------------------------------------------------------------------------------------------------


def test_a_published_version_changes_nothing_at_a_site_until_it_is_approved_there(
    desk: Any, do: dict[str, Any], manage: dict[str, Any], amended: Study
) -> None:
    from trialwright.conduct import actions, worklists

    publish(desk, amended, manage, site="02")
    assert actions.definition(desk.study) == amended
    one, two = desk.screened("01"), desk.screened("02")
    assert versions(desk.study, one) == {"person": "1.0", "vitals": "1.0"}
    assert versions(desk.study, two) == {"person": "2.0", "vitals": "2.0"}
    views = [worklists.form_view(desk.study, s, "vitals", desk.investigator, visit="screening") for s in (one, two)]
    assert ["height" in shown(view) for view in views] == [True, False]
    assert [view.missing for view in views] == [(), ("pulse",)]


def test_the_log_says_under_which_version_each_thing_was_done_and_verifies(
    desk: Any, manage: dict[str, Any], amended: Study
) -> None:
    from trialwright.conduct import worklists
    from trialwright.conduct.store.models import Event

    before = desk.screened("01")
    publish(desk, amended, manage, site="01")
    after = desk.screened("01")
    said = {
        subject: {*Event.objects.filter(subject=subject).values_list("version", flat=True)}
        for subject in (before, after)
    }
    assert said == {before: {"1.0"}, after: {"2.0"}}
    assert worklists.verify_audit(desk.study).problems == ()


def test_an_approval_for_a_day_to_come_waits_for_it(
    desk: Any, do: dict[str, Any], manage: dict[str, Any], amended: Study
) -> None:
    from trialwright.conduct import actions

    publish(desk, amended, manage)
    office: dict[str, Any] = {"by": actions.INSTALLER, "at": desk.at}
    later = (desk.at + dt.timedelta(days=10)).date()
    assert actions.approve_version(desk.study, "01", "2.0", on=later, **office) == later
    assert versions(desk.study, desk.screened("01"))["vitals"] == "1.0"
    desk.at += dt.timedelta(days=10)
    assert versions(desk.study, desk.screened("01"))["vitals"] == "2.0"


def test_an_approval_that_waits_can_be_replaced_and_one_in_force_cannot_go_back(
    desk: Any, manage: dict[str, Any], amended: Study
) -> None:
    from trialwright.conduct import actions

    publish(desk, amended, manage)
    office: dict[str, Any] = {"by": actions.INSTALLER, "at": desk.at}
    later = (desk.at + dt.timedelta(days=10)).date()
    actions.approve_version(desk.study, "01", "2.0", on=later, **office)
    actions.approve_version(desk.study, "01", "2.0", **office)
    assert versions(desk.study, desk.screened("01"))["vitals"] == "2.0"
    with pytest.raises(Refused, match=r"in force at site 01 already"):
        actions.approve_version(desk.study, "01", "2.0", **office)
    with pytest.raises(Refused, match=r"works under version 2\.0; version 1\.0 is older"):
        actions.approve_version(desk.study, "01", "1.0", **office)
    with pytest.raises(UnknownName, match=r"no version '3'"):
        actions.approve_version(desk.study, "01", "3", **office)


@pytest.mark.parametrize(
    ("edit", "sentence"),
    [
        (lambda d: part(d, "items", "weight").update(type="text", hard=None, soft=None), "weight was of type quantity"),
        (lambda d: part(d, "items", "height").update(unit="kg"), "The unit of height was cm and is kg now"),
        (lambda d: part(d, "items", "height").update(derive="weight"), "height was captured and is computed now"),
        (lambda d: part(d, "forms", "lab").update(kind="log"), "The form lab was filled in at visits"),
        (lambda d: d["study"]["sites"].pop(), "The site 02 is missing"),
    ],
)
@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_version_under_which_values_would_mean_something_else_is_refused(
    desk: Any, manage: dict[str, Any], tiny: Study, edit: Change, sentence: str
) -> None:
    from trialwright.conduct import actions

    with pytest.raises(Refused, match=f"Version 2.0 cannot follow 1.0. .*{sentence}"):
        actions.publish_version(desk.study, version(tiny, "2.0", edit), note=NOTE, **manage)
    assert actions.definition(desk.study) == tiny


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_what_else_cannot_be_published(desk: Any, manage: dict[str, Any], tiny: Study, amended: Study) -> None:
    from trialwright.conduct import actions

    other = version(tiny, "2.0", lambda d: d["study"].update(id="other"))
    for study, note, sentence in [
        (tiny, NOTE, "Version 1.0 of tiny is published already. Give the new definition another 'version'"),
        (other, NOTE, "This is the definition of other, not of tiny"),
        (amended, " ", "needs a note"),
    ]:
        with pytest.raises(Refused, match=sentence):
            actions.publish_version(desk.study, study, note=note, **manage)
    with pytest.raises(Refused, match="may not publish a version"):
        actions.publish_version(desk.study, amended, note=NOTE, by=desk.coordinator, at=desk.at)


def test_another_process_sees_the_version_at_once(
    desk: Any, manage: dict[str, Any], amended: Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    from trialwright.conduct import actions
    from trialwright.conduct.actions import studies

    publish(desk, amended, manage, site="01")
    monkeypatch.setattr(studies, "_DEFINITIONS", {})
    studies._read.cache_clear()
    assert actions.definition(desk.study) == amended
    assert versions(desk.study, desk.screened("01"))["vitals"] == "2.0"


# --- Migration ---------------------------------------------------------------------------------------------------


def filled(desk: Any, do: dict[str, Any], **typed: str) -> str:
    """A subject whose vital signs hold what is typed."""
    from trialwright.conduct import actions

    subject: str = desk.screened("01")
    entries = [Entry(item, value) for item, value in typed.items()]
    actions.save_form(desk.study, subject, "vitals", entries, visit="screening", reason="typed", **do)
    return subject


def shown(view: Any) -> dict[str, str]:
    return {field.item: field.value for group in view.groups for row in group.rows for field in row.fields}


def test_a_captured_form_is_shown_and_saved_under_its_own_version_until_it_is_migrated(
    desk: Any, do: dict[str, Any], manage: dict[str, Any], amended: Study
) -> None:
    from trialwright.conduct import actions, worklists

    subject = filled(desk, do, height="170")
    publish(desk, amended, manage, site="01")
    actions.save_form(
        desk.study, subject, "vitals", [Entry("height", "171")], visit="screening", reason="misread", **do
    )
    view = worklists.form_view(desk.study, subject, "vitals", desk.investigator, visit="screening")
    assert (view.definition, view.in_force, shown(view)["height"], view.aside) == ("1.0", "2.0", "171", ())
    new = actions.save_form(desk.study, subject, "lab", [Entry("creatinine", "80")], visit="screening", **do)
    assert new.state == "complete"
    assert versions(desk.study, subject) == {"person": "1.0", "vitals": "1.0", "lab": "2.0"}


def test_migration_keeps_what_has_no_field_any_more_and_asks_what_is_new(
    desk: Any, do: dict[str, Any], manage: dict[str, Any], amended: Study
) -> None:
    from trialwright.conduct import actions, worklists
    from trialwright.conduct.extract import snapshot

    subject = filled(desk, do, weight="160", height="170")
    publish(desk, amended, manage, site="01")
    moved = actions.migrate_form(desk.study, subject, "vitals", visit="screening", reason="Amendment 1", **manage)
    assert (moved.state, moved.missing) == ("in_progress", ("pulse",))
    view = worklists.form_view(desk.study, subject, "vitals", desk.investigator, visit="screening")
    assert "height" not in shown(view)
    assert {v.item: (v.label.en, v.value) for v in view.aside} == {
        "height": ("Height", "170"),
        "bmi": ("Body mass index", "55.4"),
    }
    kept = {row.item: row.value for row in snapshot(desk.study).values if row.subject == subject}
    assert (kept["height"], kept["weight"]) == ("170", "160")
    raised = [q for q in worklists.queries(desk.study, desk.monitor).lines if q.state == "open"]
    assert [(q.check_id, q.item) for q in raised] == [("impossible", "weight")]
    assert raised[0].text.startswith("Weight: 160 kg is impossible: expected 1 to 150 kg.")
    again = actions.save_form(
        desk.study, subject, "vitals", [Entry("weight", "60"), Entry("pulse", "70")], visit="screening",
        reason="read again", **do,
    )  # fmt: skip
    assert (again.state, len(again.closed)) == ("complete", 1)
    assert worklists.verify_audit(desk.study).problems == ()


def test_a_migration_says_who_why_and_from_which_version(
    desk: Any, do: dict[str, Any], manage: dict[str, Any], amended: Study
) -> None:
    from trialwright.conduct import actions, worklists

    subject = filled(desk, do)
    publish(desk, amended, manage, site="01")
    with pytest.raises(Refused, match="needs a reason"):
        actions.migrate_form(desk.study, subject, "vitals", visit="screening", reason=" ", **manage)
    actions.migrate_form(desk.study, subject, "vitals", visit="screening", reason="Amendment 1", **manage)
    line = worklists.audit_trail(desk.study, desk.monitor).lines[0]
    assert (line.action, line.who, line.reason, line.version) == (
        "migrate_form", "data_manager", "Amendment 1", "2.0",
    )  # fmt: skip
    assert ("definition", "1.0", "2.0") in {(c.column, c.old, c.new) for c in line.changes}


def test_migrating_a_form_twice_changes_nothing_more(
    desk: Any, do: dict[str, Any], manage: dict[str, Any], amended: Study
) -> None:
    from trialwright.conduct import actions
    from trialwright.conduct.store.models import Event

    subject = filled(desk, do, height="170")
    publish(desk, amended, manage, site="01")
    for _ in range(2):
        actions.migrate_form(desk.study, subject, "vitals", visit="screening", reason="Amendment 1", **manage)
        count = Event.objects.count()
    assert Event.objects.filter(action="migrate_form").count() == 1
    assert Event.objects.count() == count


def test_a_hidden_answer_is_kept_and_asked_about_also_after_a_migration(
    desk: Any, do: dict[str, Any], manage: dict[str, Any], tiny: Study
) -> None:
    from trialwright.conduct import actions, worklists
    from trialwright.conduct.extract import snapshot

    def only_of_children(data: dict[str, Any]) -> None:
        field = next(f for f in part(data, "forms", "person")["groups"][0]["fields"] if f["item"] == "pregnant")
        field["show_when"] = 'sex == "male"'

    subject = desk.screened("01")
    entries = [Entry("pregnant", "no")]
    actions.save_form(desk.study, subject, "person", entries, visit="screening", **do)
    publish(desk, version(tiny, "2.0", only_of_children), manage, site="01")
    actions.migrate_form(desk.study, subject, "person", visit="screening", reason="Amendment 1", **manage)
    asked = [(q.check_id, q.item) for q in worklists.queries(desk.study, desk.monitor).lines if q.state == "open"]
    assert asked == [("hidden", "pregnant")]
    assert {r.item: r.value for r in snapshot(desk.study).values if r.subject == subject}["pregnant"] == "false"


def test_a_migration_voids_signatures_and_looks_again_at_other_forms(
    desk: Any, do: dict[str, Any], manage: dict[str, Any], amended: Study
) -> None:
    from trialwright.conduct import actions
    from trialwright.conduct.store.models import Form, Signature

    subject = filled(desk, do)
    signing = {"meaning": actions.MEANINGS[0] if isinstance(actions.MEANINGS, tuple) else next(iter(actions.MEANINGS))}
    actions.sign(desk.study, subject, "vitals", visit="screening", factor="password+totp", **signing, **do)
    publish(desk, amended, manage, site="01")
    actions.migrate_form(desk.study, subject, "vitals", visit="screening", reason="Amendment 1", **manage)
    assert Form.objects.get(form="vitals").state == "in_progress"
    assert Signature.objects.get().state == "void"


def test_all_forms_of_a_site_are_migrated_and_a_form_that_is_gone_stays(
    desk: Any, do: dict[str, Any], manage: dict[str, Any], tiny: Study
) -> None:
    from trialwright.conduct import actions

    def without_lab(data: dict[str, Any]) -> None:
        data["forms"] = [form for form in data["forms"] if form["id"] != "lab"]
        for visit in data["schedule"]["visits"]:
            visit["forms"] = [form for form in visit["forms"] if form != "lab"]

    subject, elsewhere = desk.screened("01"), desk.screened("02")
    actions.save_form(desk.study, subject, "lab", [Entry("creatinine", "80")], visit="screening", **do)
    publish(desk, version(tiny, "2.0", without_lab), manage, site="01")
    done = actions.migrate_all(desk.study, "01", reason="Amendment 1", **manage)
    assert sorted(form.form for form in done.forms) == ["person", "vitals"]
    assert done.refused == (f"Version 2.0 has no form lab: that of subject {subject} stays under version 1.0.",)
    assert versions(desk.study, subject) == {"person": "2.0", "vitals": "2.0", "lab": "1.0"}
    assert versions(desk.study, elsewhere) == {"person": "1.0", "vitals": "1.0"}


def test_a_choice_that_is_offered_no_more_is_kept_and_asked_about(
    desk: Any, do: dict[str, Any], manage: dict[str, Any], tiny: Study
) -> None:
    from trialwright.conduct import actions, worklists

    def only_men(data: dict[str, Any]) -> None:
        part(data, "items", "sex")["choices"] = [{"code": "male", "label": {"en": "Male"}}]
        next(f for f in part(data, "forms", "person")["groups"][0]["fields"] if f["item"] == "pregnant")[
            "show_when"
        ] = 'sex != "male"'

    subject = desk.screened("01")
    publish(desk, version(tiny, "2.0", only_men), manage, site="01")
    actions.migrate_form(desk.study, subject, "person", visit="screening", reason="Amendment 1", **manage)
    asked = [(q.check_id, q.item) for q in worklists.queries(desk.study, desk.monitor).lines if q.state == "open"]
    assert asked == [("impossible", "sex")]
    assert actions.decide_eligibility(desk.study, subject, **do).state in ("eligible", "undetermined")


# --- Impact ------------------------------------------------------------------------------------------------------


def test_the_impact_tells_what_migration_then_does_and_writes_nothing(
    desk: Any, do: dict[str, Any], manage: dict[str, Any], amended: Study
) -> None:
    from trialwright.conduct import actions, worklists
    from trialwright.conduct.store.models import Event

    subject = filled(desk, do, weight="160", height="170")
    count = Event.objects.count()
    before = worklists.impact(desk.study, amended, desk.data_manager)
    assert Event.objects.count() == count
    publish(desk, amended, manage, site="01")
    told = worklists.impact(desk.study, "2.0", desk.data_manager)
    assert told.lines == before.lines
    (line,) = told.lines
    assert (line.subject, line.form, line.visit, line.incomplete) == (subject, "vitals", "screening", True)
    assert [item for _, _, item in line.aside] == ["bmi", "height"]
    assert [item for _, _, item in line.impossible] == ["weight"]
    assert line.missing == ("pulse",)
    assert [check for check, _ in line.opens] == ["impossible"]
    assert [check for check, _ in line.closes] == ["range"]
    assert (told.subjects, told.forms) == (1, 2)
    moved = actions.migrate_form(desk.study, subject, "vitals", visit="screening", reason="Amendment 1", **manage)
    assert (moved.missing, len(moved.opened), len(moved.closed)) == (line.missing, len(line.opens), len(line.closes))
    actions.migrate_all(desk.study, "01", reason="Amendment 1", **manage)
    assert worklists.impact(desk.study, "2.0", desk.data_manager).lines == ()


def test_the_impact_takes_as_many_statements_for_one_form_as_for_several(
    desk: Any, do: dict[str, Any], manage: dict[str, Any], amended: Study
) -> None:
    from trialwright.conduct import actions, worklists

    def statements() -> int:
        with CaptureQueriesContext(connection) as seen:
            worklists.impact(desk.study, amended, desk.data_manager)
        return len(seen)

    subject = filled(desk, do, weight="160", height="170")
    one = statements()
    actions.enrol(desk.study, subject, **do)
    actions.start_visit(desk.study, subject, "week1", **do)
    actions.save_form(desk.study, subject, "vitals", [Entry("weight", "61")], visit="week1", **do)
    assert len(worklists.impact(desk.study, amended, desk.data_manager).lines) == 2
    assert statements() == one


def test_a_visit_that_an_amendment_brings_is_open_for_those_who_are_enrolled_already(
    desk: Any, do: dict[str, Any], manage: dict[str, Any], amended: Study
) -> None:
    from trialwright.conduct import actions, worklists

    subject = desk.enrolled("01")
    actions.start_visit(desk.study, subject, "week1", **do)
    with pytest.raises(UnknownName, match="no visit 'week4'"):
        actions.start_visit(desk.study, subject, "week4", **do)
    publish(desk, amended, manage, site="01")
    book = worklists.casebook(desk.study, subject, desk.investigator, today=desk.at.date())
    line = next(visit for visit in book.visits if visit.visit == "week4")
    assert (line.state, line.planned) == ("planned", desk.at.date() + dt.timedelta(days=21))
    grid = worklists.subjects_matrix(desk.study, desk.investigator, today=desk.at.date() + dt.timedelta(days=21))
    assert [visit for visit, _ in grid.visits][-1] == "week4"
    assert grid.rows[0].cells[-1].state == "due"
    desk.at += dt.timedelta(days=21)
    assert actions.start_visit(desk.study, subject, "week4", by=desk.investigator, at=desk.at) == "in_window"
