"""What should never have been typed is taken out through the API as on the pages, and leaves the file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from capture_scene import STUDY, narrow, refused

PAPERS = "/subjects/01-001/visits/screening/forms/papers"
NAME = "Zhang Xiaoming came with his mother"
WHY = {"reason": "A name was typed"}


@pytest.fixture
def typed(call: Any) -> int:
    """The number of the event that brought a name."""
    body = {"version": 0, "values": [{"item": "remark", "value": NAME}]}
    assert call("coordinator", "PATCH", PAPERS, body).status_code == 200
    events = call("monitor", "GET", "/audit?action=save_form&limit=1").json()["events"]
    return int(events[0]["sequence"])


@pytest.mark.parametrize("sent", [{}, {"Idempotency-Key": "redact-1"}])
def test_words_are_taken_out_of_the_log_the_table_and_the_file(
    call: Any, typed: int, tmp_path: Path, sent: dict[str, str]
) -> None:
    from trialwright.conduct import worklists

    at = f"/audit/{typed}"
    (word,) = call("data_manager", "GET", f"{at}/words").json()["words"]
    assert (word["table"], word["item"], word["text"]) == ("value", "remark", NAME)
    done = call("data_manager", "POST", f"{at}/redaction", {"words": word["name"], **WHY}, **sent)
    assert done.json()["events"] == [typed]
    for path in (PAPERS, "/audit", f"{PAPERS}/history?item=remark"):
        assert NAME not in call("data_manager", "GET", path).content.decode(), path
    for file in tmp_path.glob("*.sqlite3*"):
        assert NAME.encode() not in file.read_bytes(), f"{file.name} still holds the words"
    assert worklists.verify_audit(STUDY).verified


def test_who_may_not_redact_is_refused(call: Any, typed: int, keys: dict[str, str]) -> None:
    at, body = f"/audit/{typed}", {"words": "value:screening:papers:more:1:remark", **WHY}
    keys["reader"] = narrow("data_manager", "read", "read_audit")
    for role, words in (("coordinator", "may not redact what"), ("reader", "This key may not redact")):
        refused(call(role, "GET", f"{at}/words"), 403, words)
        refused(call(role, "POST", f"{at}/redaction", body), 403, words)
    assert NAME in call("monitor", "GET", PAPERS).content.decode()


def test_a_key_that_may_redact_but_not_read_sees_no_words(call: Any, typed: int, keys: dict[str, str]) -> None:
    keys["redacts"] = narrow("data_manager", "redact_value")
    (word,) = call("redacts", "GET", f"/audit/{typed}/words").json()["words"]
    assert word["text"] is None
    assert call("redacts", "POST", f"/audit/{typed}/redaction", {"words": word["name"], **WHY}).status_code == 200


def test_what_cannot_be_redacted_says_so(call: Any, typed: int) -> None:
    at, body = f"/audit/{typed}", {"words": "value:screening:papers:more:1:remark", **WHY}
    refused(call("data_manager", "GET", "/audit/99999/words"), 404, "no event '99999'")
    refused(call("data_manager", "POST", f"{at}/redaction", {**body, "words": "value:nothing"}), 404, "no word")
    refused(call("data_manager", "POST", f"{at}/redaction", {"words": body["words"]}), 422, "reason")
    refused(call("data_manager", "POST", f"{at}/redaction", {**body, "reason": f"{NAME}!"}), 409, "repeats what")
    lock = {"state": "locked", "subject": "01-001", "visit": "screening", "form": "papers"}
    assert call("data_manager", "POST", "/locks", lock).status_code == 200
    refused(call("data_manager", "POST", f"{at}/redaction", body), 409, "locked")
    assert call("data_manager", "POST", "/locks", {**lock, "state": "open", "reason": "a name"}).status_code == 200
    assert call("data_manager", "POST", f"{at}/redaction", body).status_code == 200
    refused(call("data_manager", "POST", f"{at}/redaction", body), 404, "no word")


def test_looking_at_the_words_of_an_event_is_logged(call: Any, typed: int) -> None:
    from trialwright.conduct.store.models import Access

    call("data_manager", "GET", f"/audit/{typed}/words")
    last = Access.objects.order_by("-id")[0]
    assert (last.who, last.what) == ("data_manager", "api redact")
    assert f"event {typed}" in last.detail
