"""Pages that stay open while a session ends or begins anew, or a part of them is asked for; what a browser keeps."""

from __future__ import annotations

import datetime as dt
import re
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

STUDY = "/conduct/nct07208058/"
VITALS = f"{STUDY}subjects/01-001/visits/week2/vitals/"
HTMX = {"HX-Request": "true"}


def text(answer: Any) -> str:
    return answer.content.decode()  # type: ignore[no-any-return]  # Django's test client has no types here


# --- The end of a session, seen from a page that is open


def test_a_page_that_asks_how_its_exports_go_says_that_nobody_is_there(
    log_in: Any, trial: Path, monkeypatch: Any
) -> None:
    monkeypatch.setenv("TRIALWRIGHT_DATA", str(trial.parent))
    client = log_in("investigator")
    client.post(f"{STUDY}exports/", {"kind": "odm1.3"})
    again = re.search(r'<div id="jobs"[^>]*>', text(client.get(f"{STUDY}exports/")))
    assert again is not None
    assert "every 2s" in again[0]
    assert """hx-headers='{"X-Passive": "1"}'""" in again[0]


@pytest.mark.parametrize("address", [f"{STUDY}subjects/", f"{VITALS}?field=signs:1:pulse"])
def test_a_part_asked_for_after_a_log_out_elsewhere_is_no_log_in_page(trial: Path, address: str) -> None:
    answer = Client().get(address, headers=HTMX)
    assert (answer.status_code, answer.headers.get("HX-Refresh"), text(answer)) == (204, "true", "")


@pytest.mark.parametrize("of", ["discard/", "over/", "typed/"])
def test_who_sends_after_the_end_comes_back_to_the_page_and_not_to_an_address_that_shows_nothing(
    trial: Path, log_in: Any, of: str
) -> None:
    sent = Client().post(f"{VITALS}{of}", {"step": "verify:all"}, headers={"Referer": f"http://testserver{VITALS}"})
    assert sent.headers["Location"] == f"/login/?next={VITALS}"
    if of != "typed/":
        assert log_in("coordinator").get(f"{VITALS}{of}").headers["Location"] == VITALS


def test_a_step_sent_from_elsewhere_leads_back_to_its_own_address(trial: Path) -> None:
    sent = Client().post(f"{STUDY}close/?subject=01-001", headers={"Referer": "https://elsewhere.example/x"})
    assert sent.headers["Location"] == f"/login/?next={STUDY}close/%3Fsubject%3D01-001"


def test_a_screening_sent_after_the_end_leads_back_to_its_page(trial: Path, log_in: Any) -> None:
    page = "/studies/NCT07208058/screen/"
    sent = Client().post(f"{page}start", headers={"Referer": f"http://testserver{page}"})
    assert sent.headers["Location"] == f"/login/?next={page}"
    assert log_in("coordinator").get(f"{page}start").headers["Location"] == page


def test_a_page_learns_whose_session_it_is_and_the_token_of_a_new_one(trial: Path, log_in: Any) -> None:
    first = Client(enforce_csrf_checks=True)
    first.cookies = log_in("coordinator").cookies
    page = text(first.get(VITALS))
    assert 'data-who="coordinator"' in page
    told = first.get("/account/session/").json()
    assert told["who"] == "coordinator"
    kept = {"version": "1", "keep": "1", "v:signs:1:pulse": "80"}
    assert first.post(f"{VITALS}typed/", {**kept, "csrfmiddlewaretoken": told["token"]}).status_code == 200
    assert first.post(f"{VITALS}typed/", kept).status_code == 403


# --- A part of a page that cannot be had


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_a_part_that_cannot_be_had_leaves_the_page_and_what_was_typed_on_it(log_in: Any, lang: str) -> None:
    sent = {"step": "no_such:thing"}
    answer = log_in("monitor").post(f"{VITALS}over/?lang={lang}", sent, headers=HTMX)
    assert answer.status_code == 404
    assert (answer.headers["HX-Retarget"], answer.headers["HX-Reswap"]) == ("#trouble", "innerHTML")
    assert "<html" not in text(answer)
    assert 'role="alert"' in text(answer)
    assert 'id="trouble"' in text(log_in("monitor").get(VITALS))


def test_a_database_that_is_gone_leaves_the_page_too(log_in: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from trialwright.conduct import worklists
    from trialwright.kernel.errors import Unavailable

    client = log_in("coordinator")

    def gone(*_: Any, **__: Any) -> None:
        raise Unavailable("The database does not answer.")

    monkeypatch.setattr(worklists, "form_view", gone)
    answer = client.get(f"{VITALS}?field=signs:1:pulse", headers=HTMX)
    assert (answer.status_code, answer.headers["HX-Retarget"]) == (503, "#trouble")
    assert "<html" not in text(answer)
    assert "<html" in text(client.get(VITALS))


# --- What a browser keeps


def test_no_copy_of_a_page_is_kept_by_the_script_or_by_a_cache(log_in: Any) -> None:
    client = log_in("coordinator")
    for address in (STUDY, f"{STUDY}subjects/", VITALS, f"{STUDY}audit/", "/account/security/", "/"):
        answer = client.get(address)
        assert "no-store" in answer.headers["Cache-Control"], address
        assert '"historyCacheSize":0' in text(answer), address


def test_the_address_of_a_script_changes_with_its_content(client: Client, tmp_path: Path, monkeypatch: Any) -> None:
    from trialwright.web import jinja

    script = tmp_path / "script.js"
    script.write_text("one")
    monkeypatch.setattr(jinja, "_place_of", lambda _path: script)
    first = jinja.file_address("trialwright/script.js")
    script.write_text("another one")
    second = jinja.file_address("trialwright/script.js")
    assert first.startswith("/static/trialwright/script.js?v=")
    assert first != second


def test_a_file_that_changed_under_the_server_is_sent_whole(tmp_path: Path, settings: Any) -> None:
    from django.contrib.staticfiles import finders
    from django.http import HttpResponse
    from django.test import RequestFactory
    from whitenoise.middleware import WhiteNoiseMiddleware

    settings.STATICFILES_DIRS = [tmp_path]
    finders.get_finder.cache_clear()
    try:
        server, ask = WhiteNoiseMiddleware(lambda _request: HttpResponse()), RequestFactory().get("/static/some.js")
        for content in (b"short", b"much longer than before"):
            (tmp_path / "some.js").write_bytes(content)
            answer = server(ask)
            assert int(answer.headers["Content-Length"]) == len(content)
            assert b"".join(answer.streaming_content) == content
            answer.close()
    finally:
        finders.get_finder.cache_clear()


@pytest.mark.parametrize(
    "odd", ["", "../settings.py", "%2e%2e/settings.py", "trialwright", "trialwright/", "none.js", "\\x"]
)
def test_only_files_that_are_meant_for_it_are_served(client: Client, odd: str) -> None:
    answer = client.get(f"/static/{odd}")
    assert answer.status_code in (400, 404)


# --- The audit trail's filter


@pytest.mark.parametrize(("lang", "said"), [("en", "is not a day"), ("zh", "不是日期")])
def test_a_day_that_is_none_filters_nothing_in_silence(log_in: Any, lang: str, said: str) -> None:
    client = log_in("monitor")
    page = text(client.get(f"{STUDY}audit/", {"since": "15.03.2026", "lang": lang}))
    assert said in page
    assert 'aria-describedby="since-error"' in page
    assert "<tbody>" not in page, "no list that seems to be filtered"
    assert said not in text(client.get(f"{STUDY}audit/", {"since": "2020-03-15", "lang": lang}))


# --- What is said beside a field


def test_what_is_usual_and_unusual_is_told_with_the_field(log_in: Any) -> None:
    page = text(log_in("coordinator").get(VITALS))
    field = re.search(r'<input type="text" id="signs-1-pulse"[^>]*>', page)
    assert field is not None
    named = re.search(r'aria-describedby="([^"]*)"', field[0])
    assert named is not None
    assert {"w-signs-1-pulse", "u-signs-1-pulse"} <= set(named[1].split())
    for each in named[1].split():
        assert f'id="{each}"' in page
    assert 'role="status" id="unusual"' in page


def test_a_form_that_is_frozen_tells_the_day_at_the_site_once(log_in: Any) -> None:
    """At half past four in the afternoon of London it is the next day in Beijing."""
    from trialwright.conduct import actions

    by = actions.Person("chen", "Chen Wei", (actions.Role("data_manager", ""),))
    late = dt.datetime(2026, 3, 20, 16, 30, tzinfo=dt.UTC)
    actions.add_person("nct07208058", "chen", "Chen Wei", "data_manager", at=late)
    actions.freeze("nct07208058", actions.Scope("01", "01-001"), reason="Done", by=by, at=late)
    client = log_in("coordinator")
    page = text(client.get(VITALS))
    assert "since 2026-03-21: Done." in page
    refused = text(client.post(VITALS, {"version": "1", "v:signs:1:pulse": "80", "reason": "x"}))
    assert refused.count("since 2026-03-21: Done.") == 1
    assert "2026-03-20: Done" not in refused
