"""A file travels as it is: kept for a subject, named by a field, given back to whoever may read the field."""

from __future__ import annotations

import hashlib
import io
from typing import Any

import pytest
from capture_scene import BASE, narrow, refused

FILES, PAPERS = "/subjects/01-001/files", "/subjects/01-001/visits/screening/forms/papers"
SCAN = b"%PDF-1.7 \x00\xff a scan"


@pytest.fixture
def send(keys: dict[str, str]) -> Any:
    """send("coordinator", content, name="scan.pdf") -> the answer to an upload."""
    from django.test import Client

    client = Client(raise_request_exception=False)

    def upload(role: str, content: bytes, name: str = "scan.pdf", kind: str = "application/octet-stream") -> Any:
        sent = {"Authorization": f"Bearer {keys[role]}"}
        return client.generic("POST", f"{BASE}{FILES}?name={name}", content, kind, headers=sent, CONTENT_TYPE=kind)

    return upload


def field(call: Any, item: str, value: str, version: int = 0) -> Any:
    return call("coordinator", "PATCH", PAPERS, {"version": version, "values": [{"item": item, "value": value}]})


def test_a_file_comes_back_as_it_was_sent(call: Any, send: Any) -> None:
    made = send("coordinator", SCAN, name="a%20scan.pdf")
    assert made.status_code == 201
    digest = hashlib.sha256(SCAN).hexdigest()
    assert made.json() == {"value": f"a scan.pdf;{digest}", "bytes": len(SCAN), "sha256": digest}
    assert send("coordinator", SCAN, name="a%20scan.pdf").json() == made.json(), "sent twice, it is kept once"
    assert field(call, "scan", made.json()["value"]).status_code == 200
    got = call("monitor", "GET", f"{PAPERS}/file?item=scan")
    assert got.content == SCAN
    assert got.headers["Content-Disposition"] == 'attachment; filename="a scan.pdf"'
    assert got.headers["X-Content-Type-Options"] == "nosniff"


def test_a_file_of_a_running_log_too(call: Any, send: Any) -> None:
    value = send("coordinator", SCAN).json()["value"]
    rows = {"version": 0, "values": [{"item": "scan", "value": value, "row": 2}]}
    assert call("coordinator", "PUT", "/subjects/01-001/logs/letters", rows).status_code == 200
    assert call("monitor", "GET", "/subjects/01-001/logs/letters/file?item=scan&row=2").content == SCAN
    refused(call("monitor", "GET", "/subjects/01-001/logs/letters/file?item=scan"), 404, "There is no file 'scan'")


def test_who_may_not_attach_or_read_a_file_is_refused(call: Any, send: Any, keys: dict[str, str]) -> None:
    from trialwright.conduct.store.models import Attachment

    refused(send("monitor", SCAN), 403, "may not attach a file")
    refused(send("elsewhere", SCAN), 404, "There is no subject '01-001'")
    keys["reader"] = narrow("coordinator", "read", "save_form")
    refused(send("reader", SCAN), 403, "This key may not attach a file")
    assert not Attachment.objects.exists()
    field(call, "scan", send("coordinator", SCAN).json()["value"])
    keys["saver"] = narrow("coordinator", "save_form")
    refused(call("saver", "GET", f"{PAPERS}/file?item=scan"), 403, "This key may not read")
    refused(call("elsewhere", "GET", f"{PAPERS}/file?item=scan"), 404, "There is no subject")


def test_a_blinded_file_is_there_only_for_who_may_see_it(call: Any, send: Any) -> None:
    assert field(call, "sealed", send("coordinator", SCAN, name="letter.pdf").json()["value"]).status_code == 200
    refused(call("coordinator", "GET", f"{PAPERS}/file?item=sealed"), 404, "There is no file 'sealed'")
    shown = {v["item"]: v for v in call("coordinator", "GET", PAPERS).json()["values"]}
    assert (shown["sealed"]["value"], shown["sealed"]["blinded"], shown["scan"]["blinded"]) == ("", True, False)


def test_a_place_that_is_locked_takes_no_file(call: Any, send: Any) -> None:
    assert call("data_manager", "POST", "/locks", {"state": "frozen", "subject": "01-001"}).status_code == 200
    refused(send("coordinator", SCAN), 409, "frozen")


def test_a_file_that_is_empty_too_large_cut_or_wrapped_is_refused(send: Any, settings: Any, keys: Any) -> None:
    from django.core.handlers.wsgi import WSGIHandler

    settings.TRIALWRIGHT_UPLOAD = 3
    refused(send("coordinator", b""), 409, "is empty")
    refused(send("coordinator", b"x" * (3 * 2**20 + 1)), 413, "larger than 3145728 bytes")
    assert send("coordinator", b"x" * (3 * 2**20)).status_code == 201, "more than a form may have"
    refused(send("coordinator", b"{}", kind="application/json"), 422, "application/octet-stream")
    environ = {
        "REQUEST_METHOD": "POST", "PATH_INFO": f"{BASE}{FILES}", "QUERY_STRING": "name=a.pdf",
        "SERVER_NAME": "testserver", "SERVER_PORT": "80", "CONTENT_LENGTH": "100",
        "CONTENT_TYPE": "application/octet-stream",
        "HTTP_AUTHORIZATION": f"Bearer {keys['coordinator']}", "wsgi.input": io.BytesIO(b"x" * 40),
        "wsgi.url_scheme": "http", "wsgi.errors": io.StringIO(),
    }  # fmt: skip
    said: list[str] = []
    body = b"".join(WSGIHandler()(environ, lambda status, _headers: said.append(status)))
    assert said == ["422 Unprocessable Entity"]
    assert b"Only 40 of 100 bytes of the file arrived." in body


def test_the_look_at_a_file_is_logged(call: Any, send: Any) -> None:
    from trialwright.conduct.store.models import Access

    field(call, "scan", send("coordinator", SCAN).json()["value"])
    call("monitor", "GET", f"{PAPERS}/file?item=scan")
    last = Access.objects.order_by("-id")[0]
    assert (last.who, last.what, last.subject, last.form) == ("monitor", "api file", "01-001", "papers")
    assert "item=scan" in last.detail
