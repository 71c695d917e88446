"""What a key may is what its person may, less what it was not made for; what is refused has changed nothing."""

from __future__ import annotations

from typing import Any

import pytest
from capture_scene import BLINDED, narrow, refused

VITALS = "/subjects/01-001/visits/screening/forms/vitals"
WRITES: tuple[tuple[str, str, Any], ...] = (
    ("POST", "/consent", {}), ("POST", "/visits", {"visit": "unscheduled"}), ("POST", "/visits/week1/start", {}),
    ("POST", "/visits/week1/miss", {}), ("POST", "/enrol", None), ("POST", "/eligibility", None),
    ("POST", "/end", {"reason": "moved"}), ("POST", "/doses/1", None), ("POST", "/queries/1/answer", {"text": "Yes"}),
    ("PUT", "/logs/events", {"version": 0, "values": []}),
    ("POST", "/visits/screening/forms/vitals/migrate", {"reason": "new"}),
)  # fmt: skip


def count() -> int:
    from trialwright.conduct.store.models import Event

    return Event.objects.count()


@pytest.mark.parametrize(("method", "path", "body"), WRITES)
def test_a_subject_of_another_site_answers_like_one_that_is_not_there(
    call: Any, method: str, path: str, body: Any
) -> None:
    before = count()
    there, not_there = (call("elsewhere", method, f"/subjects/{name}{path}", body) for name in ("01-001", "01-999"))
    assert there.status_code == not_there.status_code
    assert there.status_code in (403, 404), "403 where a coordinator may not at all"
    assert there.content == not_there.content.replace(b"01-999", b"01-001")
    assert count() == before


def test_a_look_at_a_subject_that_is_not_shown_is_logged_all_the_same(call: Any) -> None:
    from trialwright.conduct.store.models import Access

    refused(call("elsewhere", "GET", "/subjects/01-001"), 404, "There is no subject '01-001'.")
    last = Access.objects.order_by("-id")[0]
    assert (last.who, last.what, last.subject) == ("elsewhere", "api subject", "01-001")


@pytest.mark.parametrize("sent", [{}, {"Idempotency-Key": "k"}])
def test_what_a_key_may_do_but_not_read_is_not_done(call: Any, keys: dict[str, str], sent: dict[str, str]) -> None:
    keys["blind"] = narrow("coordinator", "register_subject", "record_consent")
    before = count()
    refused(call("blind", "POST", "/subjects", {"site": "01"}, **sent), 403, "This key may not read")
    refused(call("blind", "POST", "/subjects/01-002/consent", {}, **sent), 403, "This key may not read")
    assert count() == before


def test_participation_ends_by_whom_it_may_and_once(call: Any, keys: dict[str, str]) -> None:
    end = "/subjects/01-001/end"
    refused(call("monitor", "POST", end, {"reason": "moved"}), 403, "may not end a subject's participation")
    keys["reader"] = narrow("investigator", "read")
    refused(call("reader", "POST", end, {"reason": "moved"}), 403, "This key may not end")
    refused(call("investigator", "POST", end, {"reason": "moved", "on": "2099-01-01"}), 409, "has not come")
    refused(call("investigator", "POST", end, {"reason": ""}), 422, "reason")
    assert call("investigator", "POST", end, {"reason": "moved"}).json() == {"state": "discontinued"}
    visits = {v["visit"]: v["state"] for v in call("monitor", "GET", "/subjects/01-001").json()["visits"]}
    assert "early" in visits, "who leaves early comes once more"
    refused(call("investigator", "POST", end, {"reason": "moved"}), 409, "is discontinued")


def test_a_visit_beyond_the_plan_takes_place(call: Any, keys: dict[str, str]) -> None:
    visits = "/subjects/01-001/visits"
    for n in (1, 2):
        made = call("coordinator", "POST", visits, {"visit": "unscheduled"})
        assert made.status_code == 201
        assert made.json() == {"subject": "01-001", "visit": f"unscheduled.{n}"}
    form = f"{visits}/unscheduled.2/forms/vitals"
    saved = call("coordinator", "PATCH", form, {"version": 0, "values": [{"item": "weight", "value": "61"}]})
    assert saved.json()["version"] == 1
    refused(call("monitor", "POST", visits, {"visit": "unscheduled"}), 403, "may not start a visit")
    keys["saver"] = narrow("coordinator", "save_form", "read")
    refused(call("saver", "POST", visits, {"visit": "unscheduled"}), 403, "This key may not start a visit")
    refused(call("coordinator", "POST", visits, {"visit": "week1"}), 404, "no visit beyond the plan 'week1'")
    refused(call("coordinator", "POST", visits, {"visit": "unscheduled", "on": "2099-01-01"}), 409, "has not come")
    new = call("coordinator", "POST", "/subjects", {"site": "01"}).json()["subject"]
    refused(call("coordinator", "POST", f"/subjects/{new}/visits", {"visit": "unscheduled"}), 409, "No consent")


def test_an_extra_visit_sent_twice_is_added_once(call: Any) -> None:
    sent = {"Idempotency-Key": "visit-1"}
    made = [call("coordinator", "POST", "/subjects/01-001/visits", {"visit": "unscheduled"}, **sent) for _ in range(2)]
    assert [m.json()["visit"] for m in made] == ["unscheduled.1"] * 2


@pytest.mark.parametrize("lacking", ["export", "read", "read_audit"])
def test_an_export_shows_no_more_than_its_key_may_read(call: Any, keys: dict[str, str], lacking: str) -> None:
    rights = {"export", "read", "read_audit"}
    number = call("data_manager", "POST", "/exports", {"kind": "csv"}).json()["number"]
    keys["narrow"] = narrow("data_manager", *(rights - {lacking}))
    tries = (("GET", ""), ("POST", ""), ("GET", f"/{number}"), ("DELETE", f"/{number}"), ("GET", f"/{number}/file"))
    for method, path in tries:
        answer = call("narrow", method, f"/exports{path}", {"kind": "csv"} if method == "POST" else None)
        refused(answer, 403, "hold the audit trail" if lacking == "read_audit" else "This key may not")
    assert call("data_manager", "GET", f"/exports/{number}").json()["state"] == "queued"


def test_a_query_stands_at_a_field_that_the_form_has(call: Any) -> None:
    asked = {"form": "vitals", "item": "weight", "text": "In kg?", "visit": "screening"}
    for place in ({"group": "nowhere"}, {"row": 7}):
        refused(call("monitor", "POST", "/subjects/01-001/queries", {**asked, **place}), 404, "There is no field")


def test_why_a_blinded_field_was_closed_is_kept_back(call: Any) -> None:
    place = {"subject": "01-001", "visit": "screening", "form": "lab", "group": "blood", "row": 1, "item": BLINDED}
    told = {"state": "frozen", "reason": "It reads 912.5 and nobody believes it."}
    assert call("data_manager", "POST", "/locks", {**told, **place}).status_code == 200
    (lock,) = call("coordinator", "GET", "/locks").json()["locks"]
    assert (lock["item"], lock["reason"]) == (BLINDED, "blinded")
    assert "912.5" not in call("coordinator", "GET", "/audit").content.decode()
