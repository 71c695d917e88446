"""The history at its edges: files, emptied words, amendments, numbers that are none, and what nobody has read."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from definitions import part, version
from kept import Kept

from trialwright.conduct.rules.locks import Scope
from trialwright.conduct.rules.values import Entry
from trialwright.kernel.errors import Refused, TrialwrightError
from trialwright.study.definition import Study


def height_goes(data: dict[str, Any]) -> None:
    fields = part(data, "forms", "vitals")["groups"][0]["fields"]
    fields[:] = [f for f in fields if f["item"] not in ("height", "bmi")]
    data["items"] = [item for item in data["items"] if item["id"] not in ("height", "bmi")]


def publish(desk: Any, study: Study, manage: dict[str, Any], site: str = "") -> None:
    from trialwright.conduct import actions

    actions.publish_version(desk.study, study, note="An amendment.", **manage)
    if site:
        actions.approve_version(desk.study, site, study.version, at=desk.at, by=actions.INSTALLER)


def test_the_content_of_a_file_is_bound_by_the_value(desk: Any, do: dict[str, Any], database: Kept) -> None:
    from trialwright.conduct import actions
    from trialwright.conduct.worklists import verify_audit

    subject = desk.screened()
    actions.attach_file(desk.study, subject, "scan.pdf", b"abc", **do)
    assert verify_audit(desk.study).problems == ()
    other = "'\\x616264'::bytea" if database.vendor == "postgresql" else "x'616264'"
    database.edit(f"UPDATE conduct_attachment SET content = {other}")
    assert len(verify_audit(desk.study).problems) == 1


def test_a_place_that_an_amendment_took_away_can_be_unlocked(
    desk: Any, do: dict[str, Any], manage: dict[str, Any], tiny: Study
) -> None:
    from trialwright.conduct import actions

    subject = desk.screened()
    actions.save_form(desk.study, subject, "vitals", [Entry("height", "170")], visit="screening", **do)
    scope = Scope("", subject, "screening", "vitals", "", 0, "height")
    actions.freeze(desk.study, scope, **manage)
    publish(desk, version(tiny, "2.0", height_goes), manage, "01")
    actions.unlock(desk.study, scope, reason="x", **manage)
    actions.freeze(desk.study, scope, **manage)


@pytest.mark.parametrize("number", [float("nan"), float("inf")])
def test_limits_are_numbers(desk: Any, do: dict[str, Any], number: float) -> None:
    from trialwright.conduct import actions
    from trialwright.conduct.worklists import verify_audit

    subject = desk.screened()
    with pytest.raises(Refused):
        actions.save_form(desk.study, subject, "lab", [Entry("creatinine", "80", low=number)], visit="screening", **do)
    assert verify_audit(desk.study).problems == ()


@pytest.mark.parametrize("what", ["query", "lock", "place", "end", "row", "number", "when"])
def test_what_one_kind_of_database_could_not_hold_is_refused_on_both(
    desk: Any, do: dict[str, Any], manage: dict[str, Any], what: str
) -> None:
    from trialwright.conduct import actions

    subject = desk.screened()
    look: dict[str, Any] = {"visit": "screening", "by": desk.monitor, "at": desk.at}
    type_in: dict[str, Any] = {"visit": "screening", **do}
    row, when = Entry("pill_day", "2026-01-01", row=3_000_000_000), Entry("creatinine", "80", when=f"2026{' ' * 60}")
    words = "a\0b"
    study = desk.study
    tries: dict[str, Any] = {
        "query": lambda: actions.open_query(study, subject, "vitals", "weight", words, **look),
        "lock": lambda: actions.freeze(study, Scope("", subject), reason=words, **manage),
        "place": lambda: actions.open_query(study, subject, "vitals", "weight", "Why?", group="g" * 100, **look),
        "end": lambda: actions.end_participation(study, subject, "x" * 300, **do),
        "row": lambda: actions.save_form(study, subject, "pills", [row], **type_in),
        "number": lambda: actions.answer_query(study, subject, 10**30, "a", **do),
        "when": lambda: actions.save_form(study, subject, "lab", [when], **type_in),
    }  # fmt: skip
    with pytest.raises(TrialwrightError):
        tries[what]()


def test_nobody_leaves_on_a_day_to_come(desk: Any, do: dict[str, Any]) -> None:
    from trialwright.conduct import actions

    with pytest.raises(Refused, match="that day has not come"):
        actions.end_participation(desk.study, desk.screened(), "moved", on=dt.date(2099, 1, 1), **do)


def test_words_that_were_emptied_can_still_be_redacted(desk: Any, do: dict[str, Any], manage: dict[str, Any]) -> None:
    from trialwright.conduct import actions
    from trialwright.conduct.store.models import Event
    from trialwright.conduct.worklists import verify_audit

    subject = desk.screened()
    row = [Entry("term", "Jane Roe"), Entry("started", "2026-01-01")]
    actions.save_form(desk.study, subject, "events", row, **do)
    sequence = Event.objects.values_list("sequence", flat=True).latest("sequence")
    actions.save_form(desk.study, subject, "events", [Entry("term", "")], reason="a name", **do)
    actions.redact_value(desk.study, subject, "events", "term", sequence=sequence, reason="a name", **manage)
    assert not Event.objects.filter(content__contains="Jane Roe").exists()
    assert verify_audit(desk.study).problems == ()


def test_a_redacted_file_is_gone(desk: Any, do: dict[str, Any], manage: dict[str, Any], tiny: Study) -> None:
    from trialwright.conduct import actions
    from trialwright.conduct.store.models import Attachment
    from trialwright.conduct.worklists import verify_audit

    def files(data: dict[str, Any]) -> None:
        data["items"].append({**part(data, "items", "term"), "id": "scan", "type": "file"})
        part(data, "forms", "lab")["groups"][0]["fields"].append({"item": "scan"})

    publish(desk, version(tiny, "2.0", files), manage, "01")
    subject = desk.screened()
    value = actions.attach_file(desk.study, subject, "Jane Roe.pdf", b"abc", **do)
    actions.save_form(desk.study, subject, "lab", [Entry("scan", value)], visit="screening", **do)
    actions.redact_value(desk.study, subject, "lab", "scan", visit="screening", reason="a name", **manage)
    assert not Attachment.objects.exists()
    assert verify_audit(desk.study).problems == ()


def test_a_file_that_a_value_names_is_missed_when_it_was_deleted(
    desk: Any, do: dict[str, Any], manage: dict[str, Any], tiny: Study, database: Kept
) -> None:
    from trialwright.conduct import actions
    from trialwright.conduct.worklists import verify_audit

    def files(data: dict[str, Any]) -> None:
        data["items"].append({**part(data, "items", "term"), "id": "scan", "type": "file"})
        part(data, "forms", "lab")["groups"][0]["fields"].append({"item": "scan"})

    publish(desk, version(tiny, "2.0", files), manage, "01")
    subject = desk.screened()
    value = actions.attach_file(desk.study, subject, "scan.pdf", b"abc", **do)
    actions.save_form(desk.study, subject, "lab", [Entry("scan", value)], visit="screening", **do)
    assert verify_audit(desk.study).problems == ()
    database.edit("DELETE FROM conduct_attachment")
    (problem,) = verify_audit(desk.study).problems
    assert problem == (
        f"The file {value[-64:-48]} of {subject} screening lab scan is missing: deleted, or never attached."
    )


@pytest.mark.parametrize("kind", ["1.3.2", "2.0", "redcap", "sdtm"])
def test_values_that_an_amendment_has_no_field_for_hinder_nothing(
    desk: Any, do: dict[str, Any], manage: dict[str, Any], tiny: Study, kind: str
) -> None:
    from trialwright.analyse import sdtm
    from trialwright.conduct import actions, extract
    from trialwright.conduct.exchange import of_snapshot, redcap_out, send_out

    subject = desk.screened()
    actions.save_form(desk.study, subject, "vitals", [Entry("height", "170")], visit="screening", **do)
    actions.save_form(desk.study, subject, "pills", [Entry("pill_day", "2026-01-01")], visit="screening", **do)
    actions.save_form(desk.study, subject, "events", [Entry("term", "x"), Entry("started", "2026-01-01")], **do)

    def pills_go(data: dict[str, Any]) -> None:
        data["forms"] = [form for form in data["forms"] if form["id"] != "pills"]
        data["items"] = [item for item in data["items"] if not item["id"].startswith("pill")]
        for visit in data["schedule"]["visits"]:
            visit["forms"] = [form for form in visit["forms"] if form != "pills"]

    study = version(tiny, "2.0", height_goes, pills_go)
    publish(desk, study, manage, "01")
    snapshot = extract.snapshot(desk.study)
    assert snapshot.version == "2.0"
    captured = of_snapshot(snapshot)
    match kind:
        case "redcap":
            assert redcap_out.send_out(study, captured)
        case "sdtm":
            assert sdtm.derive(study, snapshot)
        case _:
            assert send_out(study, captured, version=kind).data


def test_nobody_signs_or_verifies_what_was_saved_since_it_was_read(
    desk: Any, do: dict[str, Any], manage: dict[str, Any]
) -> None:
    from trialwright.conduct import actions
    from trialwright.conduct.rules.capture import StaleForm
    from trialwright.conduct.store.models import Signature

    subject = desk.screened()
    seen = {("screening", "person"): 1, ("screening", "vitals"): 1}
    ink = {"meaning": "approval", "factor": "password+totp", **do}
    look = {"visit": "screening", "by": desk.monitor, "at": desk.at}
    actions.save_form(desk.study, subject, "vitals", [Entry("weight", "61")], visit="screening", reason="r", **do)
    with pytest.raises(StaleForm):
        actions.sign(desk.study, subject, "vitals", visit="screening", version=1, **ink)
    with pytest.raises(StaleForm):
        actions.sign_all(desk.study, subject, versions=seen, **ink)
    with pytest.raises(StaleForm):
        actions.sign_all(desk.study, subject, versions={("screening", "vitals"): 2}, **ink)
    with pytest.raises(StaleForm):
        actions.verify(desk.study, subject, "vitals", version=1, **look)
    assert not Signature.objects.exists()
    assert actions.verify(desk.study, subject, "vitals", version=2, **look).verified
    assert len(actions.sign_all(desk.study, subject, versions=seen | {("screening", "vitals"): 2}, **ink)) == 2
