"""A program with a key does through the API what its person may do on the pages, and nothing more."""

from __future__ import annotations

import datetime as dt
import threading
from typing import Any

import pytest
from capture_scene import BASE, BLINDED, SECRET, STUDY, refused

VITALS = "/subjects/01-001/visits/screening/forms/vitals"
NEW = "/subjects/01-002/visits/screening/forms/vitals"


def test_a_subject_goes_from_registration_to_enrolment(call: Any) -> None:
    made = call("coordinator", "POST", "/subjects", {"site": "01"})
    assert made.status_code == 201
    subject = made.json()["subject"]
    at = f"/subjects/{subject}"
    assert call("coordinator", "POST", f"{at}/consent", {}).json()["consented"] == "2026-03-02"
    started = call("coordinator", "POST", f"{at}/visits/screening/start", {})
    assert started.json() == {"visit": "screening", "timing": "in_window"}
    person = [{"item": "birth_date", "value": "1980-05-01"}, {"item": "sex", "value": "female"}]
    form = f"{at}/visits/screening/forms"
    assert call("coordinator", "PATCH", f"{form}/person", {"version": 0, "values": person}).status_code == 200
    judged = {"version": 1, "values": [{"item": "unfit", "value": "no"}]}
    assert call("investigator", "PATCH", f"{form}/person", judged).json()["state"] == "complete"
    weight = {"version": 0, "values": [{"item": "weight", "value": "60", "unit": "kg"}]}
    assert call("coordinator", "PATCH", f"{form}/vitals", weight).json()["changed"] == 1
    assert call("coordinator", "POST", f"{at}/eligibility").json()["verdict"] == "eligible"
    refused(call("coordinator", "POST", f"{at}/enrol"), 403, "may not enrol a subject")
    assert call("investigator", "POST", f"{at}/enrol").json()["state"] == "enrolled"
    whole = call("coordinator", "GET", at).json()
    assert whole["subject"]["state"] == "enrolled"
    assert {v["visit"] for v in whole["visits"]} >= {"screening"}
    assert call("investigator", "POST", f"{at}/end", {"reason": "moved away"}).json() == {"state": "discontinued"}


def test_a_form_saved_by_somebody_else_comes_back_with_both(call: Any) -> None:
    first = {"version": 1, "reason": "read again", "values": [{"item": "weight", "value": "61"}]}
    assert call("coordinator", "PATCH", VITALS, first).json()["version"] == 2
    second = {"version": 1, "reason": "read again", "values": [{"item": "weight", "value": "62"}]}
    told = refused(call("investigator", "PATCH", VITALS, second), 409, "saved by somebody else")
    assert told["version"] == 2
    (field,) = told["conflict"]
    assert (field["field"], field["kept"]["value"], field["sent"]["value"]) == ("body/1/weight", "61", "62")
    values = call("investigator", "GET", VITALS).json()["values"]
    assert next(v for v in values if v["item"] == "weight")["value"] == "61"


def test_put_empties_what_is_not_sent_and_patch_leaves_it(call: Any) -> None:
    call("coordinator", "PATCH", VITALS, {"version": 1, "values": [{"item": "height", "value": "170"}]})
    one = {"version": 2, "reason": "typed in the wrong form", "values": [{"item": "weight", "value": "60"}]}
    assert call("coordinator", "PUT", VITALS, one).json()["state"] == "complete"
    values = {v["item"]: v["value"] for v in call("coordinator", "GET", VITALS).json()["values"]}
    assert (values["weight"], values["height"]) == ("60", "")


@pytest.mark.parametrize(
    ("value", "field", "words"),
    [
        ({"item": "weight", "value": "heavy"}, "body/1/weight", "is not a number"),
        ({"item": "weight", "value": "900"}, "body/1/weight", "is impossible"),
        ({"item": "bmi", "value": "20"}, "body/1/bmi", "computed"),
        ({"item": "nothing", "value": "20"}, "/1/nothing", "no field"),
        ({"item": "height", "value": "1", "unit": "parsec"}, "body/1/height", "not a unit"),
    ],
)
def test_a_field_at_fault_has_its_sentence(call: Any, value: dict[str, str], field: str, words: str) -> None:
    told = refused(call("coordinator", "PATCH", VITALS, {"version": 1, "values": [value]}), 422, "was not saved")
    (fault,) = told["fields"]
    assert fault["field"] == field
    assert words in fault["detail"]


def test_changing_a_value_needs_a_reason(call: Any) -> None:
    told = refused(
        call("coordinator", "PATCH", VITALS, {"version": 1, "values": [{"item": "weight", "value": "61"}]}),
        422, "needs a reason",
    )  # fmt: skip
    assert [f["field"] for f in told["fields"]] == ["body/1/weight"]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"{", 400),
        (b"[" * 100_000, 400),
        (b'{"version": 1, "values": ' + b"[" * 5000 + b"]" * 5000 + b"}", 400),
        (b'{"version": 1, "values": [{"item": "weight", "value": "\\u0000"}]}', 400),
        (b"[]", 400),
        (b'{"version": "x", "values": []}', 422),
        (b'{"version": 1, "values": {}}', 422),
        (b'{"version": 1, "values": [], "more": 1}', 422),
        (b'{"version": 1, "values": [{"item": "weight", "value": 60}]}', 422),
        (b'{"version": 1, "values": [{"item": "weight", "value": "60", "low": 1e999}]}', 400),
        (b" " * 3_000_000, 413),
    ],
)
def test_a_body_that_cannot_be_is_refused(call: Any, body: bytes, status: int) -> None:
    refused(call("coordinator", "PATCH", VITALS, body), status, "")


def test_the_same_request_is_done_once(call: Any) -> None:
    made = [call("coordinator", "POST", "/subjects", {"site": "01"}, **{"Idempotency-Key": "k1"}) for _ in range(3)]
    assert [m.status_code for m in made] == [201] * 3
    assert len({m.json()["subject"] for m in made}) == 1
    assert [m.headers.get("Idempotent-Replayed") for m in made] == [None, "true", "true"]
    other = call("coordinator", "POST", "/subjects", {"site": "02"}, **{"Idempotency-Key": "k1"})
    refused(other, 422, "used for another request")
    mine = call("investigator", "POST", "/subjects", {"site": "02"}, **{"Idempotency-Key": "k1"})
    assert mine.status_code == 201, "everybody has keys of one's own"
    refused(call("coordinator", "POST", "/subjects", {"site": "01"}, **{"Idempotency-Key": "x" * 101}), 422, "100")


def test_a_refusal_is_not_remembered(call: Any) -> None:
    again = {"Idempotency-Key": "k2"}
    refused(call("investigator", "POST", "/subjects/01-001/enrol", **again), 409, "is enrolled")
    assert call("investigator", "POST", "/subjects/01-002/enrol", **again).status_code == 200


def test_two_requests_at_once_under_one_key_register_one_subject(call: Any) -> None:
    from django.db import connections

    found: list[str] = []

    def register() -> None:
        try:
            answer = call("coordinator", "POST", "/subjects", {"site": "01"}, **{"Idempotency-Key": "both"})
            found.append(answer.json()["subject"])
        finally:
            connections.close_all()

    threads = [threading.Thread(target=register) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == ["01-003"] * 4


def test_without_a_key_nothing_opens(call: Any) -> None:
    for key in ("", "tw_wrong", "\u00e9"):
        told = refused(call(key, "GET", "/subjects"), 401, "key")
        assert told["title"] == "No key"
    answer = call("", "GET", "/subjects")
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    assert answer.headers["Cache-Control"] == "no-store"


def test_a_session_of_the_pages_counts_for_nothing(call: Any, keys: dict[str, str]) -> None:
    from django.contrib.auth import get_user_model
    from django.test import Client

    client = Client()
    user = get_user_model().objects.create_user("coordinator", password="a long secret of mine")
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    refused(client.get(f"{BASE}/subjects"), 401, "a log-in of the pages does not count")


def test_another_study_is_not_there(call: Any) -> None:
    refused(call("coordinator", "GET", "/api/capture/v1/studies/other/subjects"), 404, "no study for this key 'other'")
    refused(call("coordinator", "GET", "/nothing/here"), 404, "no path")
    refused(call("coordinator", "DELETE", "/subjects"), 405, "GET, POST")


def test_a_site_that_is_not_yours_is_closed(call: Any) -> None:
    assert [s["site"] for s in call("elsewhere", "GET", "/sites").json()["sites"]] == ["02"]
    assert call("elsewhere", "GET", "/subjects").json()["subjects"] == []
    nothing = "/subjects/01-999/visits/screening/forms/vitals"
    for method, body in (("GET", None), ("PATCH", {"version": 1, "values": []})):
        there, not_there = (call("elsewhere", method, path, body) for path in (VITALS, nothing))
        refused(there, 404, "There is no subject '01-001'.")
        assert there.content == not_there.content.replace(b"01-999", b"01-001"), "nobody counts the subjects elsewhere"
    refused(call("elsewhere", "POST", "/subjects", {"site": "01"}), 403, "only at site 02")
    assert call("elsewhere", "GET", "/queries").json()["total"] == 0


def test_a_key_may_no_more_than_it_was_made_for(call: Any, keys: dict[str, str]) -> None:
    from trialwright.conduct.actions import people, tokens

    person = people.person(STUDY, "investigator")
    keys["reader"] = tokens.make_token(STUDY, "reads", ["read"], 1, by=person)
    assert call("reader", "GET", VITALS).json()["read_only"] == (
        "This key may not save a form. Make one with that scope."
    )
    refused(call("reader", "PATCH", VITALS, {"version": 1, "values": []}), 403, "This key may not save a form")
    refused(call("reader", "GET", "/audit"), 403, "This key may not read the audit trail")
    shown = call("reader", "GET", "/api/capture/v1/key").json()
    assert (shown["person"], shown["scopes"], shown["study"]) == ("investigator", ["read"], STUDY)


def test_a_key_ends_with_its_time_its_revocation_or_its_person(call: Any, keys: dict[str, str]) -> None:
    from trialwright.conduct import actions
    from trialwright.conduct.actions import people, tokens

    person = people.person(STUDY, "coordinator")
    long_ago = dt.datetime.now(dt.UTC) - dt.timedelta(days=10)
    keys["old"] = tokens.make_token(STUDY, "old", ["read"], 2, by=person, at=long_ago)
    refused(call("old", "GET", "/subjects"), 401, "expired")
    assert call("coordinator", "GET", "/subjects").status_code == 200
    (used,) = [t for t in tokens.tokens(STUDY, by=person) if t.prefix == keys["coordinator"][:11]]
    assert used.last_used is not None
    tokens.revoke_token(STUDY, used.prefix, by=person)
    refused(call("coordinator", "GET", "/subjects"), 401, "revoked")
    actions.remove_person(STUDY, "monitor", reason="left")
    refused(call("monitor", "GET", "/subjects"), 401, "revoked")


def test_keys_are_made_within_ones_own_rights(keys: dict[str, str]) -> None:
    from trialwright.conduct.actions import people, tokens
    from trialwright.kernel.errors import InputError, Refused, UnknownName

    coordinator = people.person(STUDY, "coordinator")
    auditor = people.person(STUDY, "auditor")
    for by, scopes, days, error, words in (
        (coordinator, ["enrol"], 9, Refused, "may not enrol"),
        (coordinator, ["raed"], 9, UnknownName, "Did you mean read"),
        (people.person(STUDY, "investigator"), ["sign"], 9, Refused, "takes the person"),
        (coordinator, ["make_token"], 9, Refused, "takes the person"),
        (coordinator, [], 9, InputError, "at least one scope"),
        (coordinator, ["read"], 0, InputError, "0 days"),
        (coordinator, ["read"], 367, InputError, "367 days"),
        (auditor, ["read"], 9, Refused, "may not make a key"),
    ):
        with pytest.raises(error, match=words):
            tokens.make_token(STUDY, "mine", scopes, days, by=by)
    _, narrowed = tokens.person_of(keys["coordinator"])
    with pytest.raises(Refused, match="This key may not make a key"):
        tokens.make_token(STUDY, "a key's key", ["read"], 9, by=narrowed)


def test_queries_are_answered_and_closed(call: Any) -> None:
    asked = {"form": "vitals", "item": "weight", "text": "In kg?", "visit": "screening"}
    made = call("monitor", "POST", "/subjects/01-001/queries", asked)
    assert made.status_code == 201
    one = f"/subjects/01-001/queries/{made.json()['number']}"
    refused(call("coordinator", "POST", f"{one}/close", {}), 403, "may not close a query")
    assert call("coordinator", "POST", f"{one}/answer", {"text": "Yes."}).status_code == 200
    assert call("monitor", "POST", f"{one}/close", {}).status_code == 200
    found = call("monitor", "GET", "/queries?state=closed").json()["queries"]
    assert [m["text"] for m in found[0]["thread"]] == ["Yes."]
    refused(call("monitor", "POST", f"{one}/answer", {"text": "?"}), 403, "may not answer")
    refused(call("monitor", "GET", "/queries?state=lost"), 422, "state")


def test_values_are_verified_and_places_locked(call: Any) -> None:
    marked = call("monitor", "POST", f"{VITALS}/verification", {"fields": [{"item": "weight"}]})
    assert marked.json()["changed"] == 1
    shown = call("monitor", "GET", f"{VITALS}/verification").json()["verified"]
    assert shown == [{"group": "body", "row": 1, "item": "weight"}]
    place = {"subject": "01-001", "visit": "screening", "form": "vitals"}
    frozen = call("data_manager", "POST", "/locks", {"state": "frozen", **place})
    assert frozen.json()["state"] == "frozen"
    assert [lock["form"] for lock in call("coordinator", "GET", "/locks").json()["locks"]] == ["vitals"]
    body = {"version": 1, "values": [{"item": "height", "value": "170"}]}
    refused(call("coordinator", "PATCH", VITALS, body), 409, "frozen")
    opened = call("data_manager", "POST", "/locks", {"state": "open", "reason": "a value came late", **place})
    assert opened.json()["state"] == "open"
    assert call("coordinator", "PATCH", VITALS, body).status_code == 200


def test_a_program_cannot_sign(call: Any) -> None:
    refused(call("investigator", "POST", "/signatures", {}), 403, "needs the person, with a second factor")
    assert call("investigator", "GET", "/signatures").json() == {"signatures": [], "next": 0}


def test_what_is_blinded_is_nowhere(call: Any) -> None:
    lab = next(
        f"/subjects/01-001/visits/{v['visit']}/forms/lab"
        for v in call("investigator", "GET", "/subjects/01-001").json()["visits"]
        if any(f["form"] == "lab" for f in v["forms"])
    )
    assert BLINDED not in lab
    visit = lab.split("/")[4]
    if visit != "screening":
        assert call("coordinator", "POST", f"/subjects/01-001/visits/{visit}/start", {}).status_code == 200
    _save_blinded(visit)
    for path in (lab, f"{lab}/history?item={BLINDED}", "/audit", "/queries", "/subjects/01-001"):
        assert SECRET not in call("data_manager", "GET", path).content.decode(), path


def _save_blinded(visit: str) -> None:
    from trialwright.conduct import actions
    from trialwright.conduct.actions import Entry

    by = actions.person(STUDY, "investigator")
    actions.save_form(STUDY, "01-001", "lab", [Entry(BLINDED, SECRET)], visit=visit, by=by)


def test_every_reading_is_logged(call: Any, keys: dict[str, str]) -> None:
    from trialwright.conduct.store.models import Access

    call("monitor", "GET", f"{VITALS}")
    call("monitor", "GET", "/subjects?state=enrolled")
    call("elsewhere", "GET", f"{VITALS}")
    found = list(Access.objects.order_by("id").values_list("who", "what", "subject", "form", "detail"))
    prefix = keys["monitor"][:11]
    assert found[0] == ("monitor", "api form", "01-001", "vitals", f"key {prefix}")
    assert found[1][4] == f"key {prefix} state=enrolled"
    assert found[2][0] == "elsewhere", "a look that was refused is one too"


def test_the_trail_and_the_history_of_a_field_are_paged(call: Any) -> None:
    first = call("monitor", "GET", "/audit?limit=3").json()
    assert len(first["events"]) == 3
    assert first["pages"] > 1
    assert call("monitor", "GET", "/audit?action=enrol").json()["total"] == 1
    history = call("monitor", "GET", f"{VITALS}/history?item=weight").json()["history"]
    assert [line["new"]["value"] for line in history] == ["60"]
    refused(call("monitor", "GET", f"{VITALS}/history?item=wieght"), 404, "Did you mean weight")


def test_pages_of_subjects_follow_each_other(call: Any) -> None:
    seen, after = [], ""
    while True:
        page = call("monitor", "GET", f"/subjects?limit=1&after={after}").json()
        seen += [s["subject"] for s in page["subjects"]]
        after = page["next"]
        if not after:
            break
    assert seen == ["01-001", "01-002"]
    assert [s["subject"] for s in call("monitor", "GET", "/subjects?state=enrolled").json()["subjects"]] == ["01-001"]


def test_the_definition_is_there_whole_and_in_parts(call: Any) -> None:
    whole = call("monitor", "GET", "/definition").json()
    assert whole["study"]["id"] == STUDY if "study" in whole else whole
    forms = call("monitor", "GET", "/forms").json()["forms"]
    assert call("monitor", "GET", "/forms/vitals").json() in forms
    items = call("monitor", "GET", "/items?limit=5").json()
    more = call("monitor", "GET", f"/items?limit=500&after={items['next']}").json()
    assert len(items["items"]) + len(more["items"]) == call("monitor", "GET", "").json()["items"]
    (version,) = call("monitor", "GET", "/versions").json()["versions"]
    assert version["sites"] == ["01", "02"]
    refused(call("monitor", "GET", "/definition?version=9"), 404, "no version '9'")
    refused(call("monitor", "GET", "/forms/vitlas"), 404, "Did you mean vitals")


def test_exports_are_jobs(call: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from trialwright.conduct.actions import jobs, working

    def run(study: str, asked: Any, by: Any, folder: Any, tell: Any) -> Any:
        file = folder / "made.txt"
        file.write_text(f"{study} {sorted(asked.items())}")
        return file

    monkeypatch.setitem(jobs.KINDS, "test", run)
    made = call("data_manager", "POST", "/exports", {"kind": "test", "options": {"a": "b"}})
    assert made.status_code == 202
    one = f"/exports/{made.json()['number']}"
    refused(call("data_manager", "GET", f"{one}/file"), 409, "is not done")
    refused(call("statistician", "GET", one), 404, "no export of yours")
    refused(call("monitor", "GET", one), 403, "may not export")
    assert working.work_once()
    assert call("data_manager", "GET", one).json()["state"] == "done"
    file = call("data_manager", "GET", f"{one}/file")
    assert b"".join(file.streaming_content) == b"tiny [('a', 'b')]"
    refused(call("data_manager", "POST", "/exports", {"kind": "tset"}), 404, "Did you mean test")
    refused(call("monitor", "POST", "/exports", {"kind": "test"}), 403, "may not export")


def test_a_database_that_is_gone_is_a_sentence(call: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from django.db import OperationalError

    from trialwright.conduct import actions, worklists

    def gone(*_args: Any, **_more: Any) -> Any:
        raise OperationalError("server closed the connection: patient 01-001")

    monkeypatch.setattr(worklists, "locks", gone)
    answer = call("monitor", "GET", "/locks")
    told = refused(answer, 503, "The database does not answer just now")
    assert "patient" not in str(told)
    assert answer.headers["Retry-After"] == "5"
    broken = OperationalError("server closed the connection: patient 01-001")
    monkeypatch.setattr(actions, "enrol", lambda *_a, **_k: (_ for _ in ()).throw(actions.unavailable(broken)))
    refused(call("investigator", "POST", "/subjects/01-002/enrol"), 503, "Do it again in a moment")


def test_the_keys_of_a_closed_account_open_nothing(call: Any, keys: dict[str, str]) -> None:
    from trialwright.web.accounts import keeping

    keeping.add("coordinator")
    assert call("coordinator", "GET", "/subjects").status_code == 200
    keeping.disable("coordinator")
    refused(call("coordinator", "GET", "/subjects"), 401, "revoked")


def test_the_answer_to_one_key_is_not_given_to_another(call: Any, keys: dict[str, str]) -> None:
    from trialwright.conduct.actions import people, tokens

    keys["second"] = tokens.make_token(STUDY, "reads", ["read"], 9, by=people.person(STUDY, "coordinator"))
    sent = {"Idempotency-Key": "1"}
    assert call("coordinator", "POST", "/subjects", {"site": "01"}, **sent).status_code == 201
    refused(call("second", "POST", "/subjects", {"site": "01"}, **sent), 422, "used for another request")
