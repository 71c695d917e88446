"""Filling in a form: drafts, what follows from what is typed, two people at once, files, long tables."""

from __future__ import annotations

import hashlib
import io
import re
import time
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.test import Client

from trialwright.study.definition import Study
from trialwright.study.load import built_in_studies, load_study

STUDY = "/conduct/nct07208058/"
VITALS = f"{STUDY}subjects/01-001/visits/week2/vitals/"
TINY = Path(__file__).parents[1] / "conduct" / "tiny.yaml"
ITEMS = """
- {id: smoker, label: Smoker, type: boolean, source: &a {assumption: a test}}
- {id: packs, label: Packs a day, type: quantity, unit: "1", soft: {low: 0, high: 5}, show_when: smoker, source: *a}
- {id: scan, label: Scan, type: file, source: *a}
- {id: taken, label: Blood drawn, type: datetime, source: *a}
- {id: onset, label: Onset, type: date, partial: true, source: *a}
- {id: signs, label: Signs, type: choices, choices: [{code: rash, label: Rash}, {code: fever, label: Fever}],
   source: *a}
- {id: notes, label: Notes, type: text, lines: 4, source: *a}
"""


def text(answer: Any) -> str:
    return answer.content.decode()  # type: ignore[no-any-return]  # Django's test client has no types here


def hidden(page: str, name: str) -> str:
    found = re.search(rf'name="{name}" value="(\d+)"', page)
    return found.group(1) if found else ""


def send(client: Client, path: str, fields: dict[str, Any], **more: str) -> Any:
    """Send a form as the browser would: the version that the page showed, and the fields changed."""
    return client.post(path, {"version": hidden(text(client.get(path)), "version"), **fields, **more})


@pytest.fixture
def tiny(trial: Path) -> str:
    """A study of many types, with a subject at its screening visit. Returns the address of the subject's casebook."""
    from trialwright.conduct import actions

    data = yaml.safe_load(TINY.read_text(encoding="utf-8"))
    items = yaml.safe_load(ITEMS)
    shown = {item["id"]: item.pop("show_when", None) for item in items}
    data["items"] += items
    fields = [{"item": item, "show_when": when} if when else item for item, when in shown.items()]
    data["forms"].append({"id": "more", "label": "More", "groups": [{"id": "more", "fields": fields}]})
    data["schedule"]["visits"][0]["forms"].append("more")
    study = Study.model_validate({**data, "assumptions": load_study(built_in_studies()[0]).assumptions})
    actions.open_study(study, virtual=True)
    investigator = actions.add_person("tiny", "investigator", "Investigator", "investigator")
    actions.add_person("tiny", "coordinator", "Coordinator", "coordinator")
    actions.add_person("tiny", "auditor", "Auditor", "auditor")
    actions.add_person("tiny", "elsewhere", "Elsewhere", "coordinator", site="02")
    actions.activate_site("tiny", "01")
    subject = actions.register_subject("tiny", "01", by=investigator)
    actions.record_consent("tiny", subject, by=investigator)
    actions.start_visit("tiny", subject, "screening", by=investigator)
    return f"/conduct/tiny/subjects/{subject}/"


def follow(client: Client, path: str, fields: dict[str, str], **more: str) -> str:
    return text(client.post(f"{path}typed/", {"version": hidden(text(client.get(path)), "version"), **fields, **more}))


def told(page: str) -> dict[str, str]:
    """What the page is told for its places."""
    return dict(re.findall(r'<span data-into="([^"]+)">([^<]*)</span>', page))


# --- Drafts


def test_what_was_typed_is_kept_as_a_draft_and_put_back_in_another_browser(log_in: Any) -> None:
    said = follow(log_in("coordinator"), VITALS, {"v:signs:1:pulse": "91", "v:signs:1:systolic": "112"}, keep="1")
    assert re.search(r'data-state="Saved as a draft \d\d:\d\d"', said)
    page = text(log_in("coordinator").get(VITALS))
    assert "This is your draft of" in page
    assert 'value="91"' in page
    assert "Not saved" in page
    assert 'value="91"' not in text(log_in("investigator").get(VITALS)), "a draft is its author's"


def test_a_draft_is_no_part_of_the_history_and_goes_with_the_save(log_in: Any) -> None:
    from trialwright.conduct.store.models import Draft, Event

    client = log_in("coordinator")
    before = Event.objects.count()
    follow(client, VITALS, {"v:signs:1:pulse": "91"}, keep="1", reason="Counted again")
    assert (Event.objects.count(), Draft.objects.count()) == (before, 1)
    assert "Counted again" in text(client.get(VITALS))
    assert send(client, VITALS, {"v:signs:1:pulse": "91"}, reason="Counted again").status_code == 302
    assert Draft.objects.count() == 0
    assert "This is your draft" not in text(client.get(VITALS))


def test_a_draft_is_discarded_on_demand_and_when_nothing_differs_any_more(log_in: Any) -> None:
    from trialwright.conduct.store.models import Draft

    client = log_in("coordinator")
    follow(client, VITALS, {"v:signs:1:pulse": "91"}, keep="1")
    assert client.post(f"{VITALS}discard/").status_code == 302
    assert 'value="91"' not in text(client.get(VITALS))
    follow(client, VITALS, {"v:signs:1:pulse": "91"}, keep="1")
    follow(client, VITALS, {"v:signs:1:pulse": "104"}, keep="1")
    assert Draft.objects.count() == 0


def test_a_draft_that_others_have_overtaken_opens_as_a_conflict(log_in: Any) -> None:
    first, second = log_in("coordinator"), log_in("investigator")
    follow(second, VITALS, {"v:signs:1:pulse": "95"}, keep="1")
    assert send(first, VITALS, {"v:signs:1:pulse": "90"}, reason="First").status_code == 302
    page = text(second.get(VITALS))
    assert "Somebody else saved this form" in page
    assert "90 /min" in page
    assert "95 /min" in page


def test_a_monitor_keeps_no_draft(log_in: Any) -> None:
    client = log_in("monitor")
    assert client.post(f"{VITALS}typed/", {"version": "1", "v:signs:1:pulse": "91", "keep": "1"}).status_code == 403
    assert log_in("coordinator").get(f"{VITALS}typed/").status_code == 405


# --- Saving once


def test_a_double_click_saves_once_and_says_no_error(log_in: Any) -> None:
    from trialwright.conduct.store.models import Event

    client = log_in("coordinator")
    version = hidden(text(client.get(VITALS)), "version")
    form = {"version": version, "v:signs:1:pulse": "91", "v:signs:1:systolic": "112", "reason": "Counted again"}
    before = Event.objects.count()
    assert [client.post(VITALS, form).status_code for _ in range(3)] == [302, 302, 302]
    assert Event.objects.count() == before + 1
    assert "One field was saved." in text(client.get(VITALS))


# --- Two people at one form


def clash(log_in: Any) -> tuple[Client, Client, str]:
    """Two people have the form open; the first saves the pulse. The second's browser, and the version it showed."""
    first, second = log_in("coordinator"), log_in("investigator")
    version = hidden(text(second.get(VITALS)), "version")
    saved = send(first, VITALS, {"v:signs:1:pulse": "90", "v:signs:1:diastolic": "72"}, reason="First")
    assert saved.status_code == 302
    return first, second, version


def late(version: str, **more: str) -> dict[str, str]:
    """What the second one sends: all fields of the form, as a browser does."""
    typed = {"v:signs:1:pulse": "95", "v:signs:1:systolic": "118", "v:signs:1:diastolic": "70"}
    return {"version": version, **typed, "reason": "Second", **more}


def test_the_second_person_sees_each_differing_field_and_chooses(log_in: Any) -> None:
    first, second, version = clash(log_in)
    answer = second.post(VITALS, late(version))
    page = text(answer)
    assert answer.status_code == 409
    assert "Somebody else saved this form" in page
    assert re.search(r'value="theirs"[^>]*> <span>90 /min</span>', page)
    assert re.search(r'value="mine"[^>]*> <span>95 /min</span>', page)
    assert "c:signs:1:systolic" not in page, "only one has changed it: there is nothing to choose"
    assert 'value="118"' in page, "nothing typed is lost"
    assert 'value="72"' in page, "a field that only the other has changed stands as the other left it"
    assert 'value="90"' in text(first.get(VITALS)), "nothing was overwritten"


@pytest.mark.parametrize(("chosen", "pulse"), [("mine", "95"), ("theirs", "90")])
def test_what_was_chosen_is_saved_and_the_rest_of_both_stands(log_in: Any, chosen: str, pulse: str) -> None:
    first, second, version = clash(log_in)
    page = text(second.post(VITALS, late(version)))
    again = late(hidden(page, "version"), base=hidden(page, "base"))
    again |= {"v:signs:1:diastolic": "72"}  # as the page shows it now
    undecided = second.post(VITALS, again)
    assert undecided.status_code == 409, "each field needs its choice"
    assert second.post(VITALS, {**again, "c:signs:1:pulse": chosen}).status_code == 302
    page = text(first.get(VITALS))
    assert re.search(rf'name="v:signs:1:pulse" value="{pulse}"', page)
    assert re.search(r'name="v:signs:1:systolic" value="118"', page)
    assert re.search(r'name="v:signs:1:diastolic" value="72"', page)


def test_a_choice_survives_another_refusal(log_in: Any) -> None:
    _, second, version = clash(log_in)
    page = text(second.post(VITALS, late(version)))
    again = {**late(hidden(page, "version"), base=hidden(page, "base")), "v:signs:1:diastolic": "72", "reason": ""}
    answer = second.post(VITALS, {**again, "c:signs:1:pulse": "theirs"})
    assert answer.status_code == 422
    assert re.search(r'value="theirs" form="capture" checked', text(answer))
    assert "Say why" in text(answer)


# --- Reasons


def test_only_the_changed_fields_ask_for_a_reason_and_each_may_have_its_own(log_in: Any) -> None:
    client = log_in("coordinator")
    changed = {"v:signs:1:pulse": "91", "v:signs:1:systolic": "114", "v:signs:1:diastolic": "70"}
    page = text(send(client, VITALS, changed))
    asked = re.findall(r'data-why><label for="r-([a-z0-9-]+)"', page)
    assert asked == ["signs-1-systolic", "signs-1-pulse"]
    assert send(client, VITALS, {**changed, "r:signs:1:pulse": "Counted again"}).status_code == 422
    reasons = {"r:signs:1:pulse": "Counted again", "r:signs:1:systolic": "Other arm"}
    assert send(client, VITALS, {**changed, **reasons}).status_code == 302
    page = text(client.get(VITALS))
    assert "Pulse: Counted again" in page
    assert "Systolic blood pressure: Other arm" in page


def test_one_reason_for_one_field_is_the_reason(log_in: Any) -> None:
    client = log_in("coordinator")
    assert send(client, VITALS, {"v:signs:1:pulse": "91", "r:signs:1:pulse": "Counted again"}).status_code == 302
    assert "Pulse: Counted again" not in text(client.get(VITALS))
    assert "Counted again" in text(client.get(VITALS))


# --- What follows from what is typed


def test_skip_logic_and_warnings_come_from_the_server(log_in: Any, tiny: str) -> None:
    client, path = log_in("coordinator"), f"{tiny}visits/screening/more/"
    assert 'id="f-more-1-packs" data-asks>' in text(client.get(path)), "unknown is not no: the question stands"
    no = follow(client, path, {"v:more:1:smoker": "false"})
    assert 'data-hide="more-1-packs"' in no
    yes = follow(client, path, {"v:more:1:smoker": "true", "v:more:1:packs": "9"})
    assert 'data-hide=""' in yes
    assert "Unusual" in told(yes)["w-more-1-packs"]
    odd = follow(client, path, {"v:more:1:smoker": "false", "v:more:1:packs": "2"})
    assert 'data-hide=""' in odd, "what holds something is not hidden without a word"
    assert told(odd)["w-more-1-packs"] == "Not asked here"
    assert "is not a number" in told(follow(client, path, {"v:more:1:packs": "many"}))["w-more-1-packs"]


def test_without_a_script_a_field_appears_after_the_save_and_is_kept_when_it_holds_something(
    log_in: Any, tiny: str
) -> None:
    client, path = log_in("coordinator"), f"{tiny}visits/screening/more/"
    assert send(client, path, {"v:more:1:smoker": "false"}).status_code == 302
    assert 'id="f-more-1-packs" data-asks hidden' in text(client.get(path))
    yes = send(client, path, {"v:more:1:smoker": "true", "v:more:1:packs": "2"}, reason="Asked again")
    assert yes.status_code == 302
    assert send(client, path, {"v:more:1:smoker": "false", "v:more:1:packs": "2"}, reason="No").status_code == 302
    page = text(client.get(path))
    assert 'value="2"' in page
    assert "it is not asked here" in page, "a hidden value raises a query"


def test_computed_values_and_checks_follow_what_is_typed(log_in: Any, tiny: str) -> None:
    client, path = log_in("coordinator"), f"{tiny}visits/screening/vitals/"
    typed = {"v:body:1:weight": "60", "v:body:1:height": "170", "v:body:1:systolic": "70", "v:body:1:diastolic": "90"}
    found = told(follow(client, path, typed))
    assert found["d-body-1-bmi"].startswith("20.8")
    assert "not above the diastolic" in found["w-body-1-systolic"]
    assert 'value="60"' not in text(client.get(path)), "asking keeps nothing"


def test_the_answer_comes_quickly(log_in: Any) -> None:
    client = log_in("coordinator")
    follow(client, VITALS, {"v:signs:1:pulse": "91"})
    version = hidden(text(client.get(VITALS)), "version")
    start = time.process_time()
    for _ in range(5):
        client.post(f"{VITALS}typed/", {"version": version, "v:signs:1:pulse": "91"})
    assert (time.process_time() - start) / 5 < 0.3, "100 ms are asked of a quiet machine"


# --- Types


def test_every_type_is_captured_and_shown_again(log_in: Any, tiny: str) -> None:
    client, path = log_in("coordinator"), f"{tiny}visits/screening/more/"
    page = text(client.get(path))
    assert "Time at the site: Asia/Shanghai" in page
    assert "2026-03-15, 2026-03 or 2026" in page
    typed = {
        "v:more:1:taken": "2026-03-15T09:30", "v:more:1:onset": "2026-02", "v:more:1:notes": "Two\nlines",
        "n:more:1:packs": "refused",
    }  # fmt: skip
    assert send(client, path, {**typed, "k:more:1:signs": ["", "fever", "rash"]}).status_code == 302
    page = text(client.get(path))
    assert 'value="2026-03-15T09:30"' in page
    assert 'value="2026-02"' in page
    assert "Two\nlines</textarea>" in page
    assert page.count('value="rash" checked') == page.count('value="fever" checked') == 1
    assert '<option value="refused" selected>' in page


def test_a_file_is_kept_and_given_back_as_nothing_but_bytes(log_in: Any, tiny: str) -> None:
    client, path = log_in("coordinator"), f"{tiny}visits/screening/more/"
    content = b"<script>alert(1)</script>"
    file = io.BytesIO(content)
    file.name = "..\\up/scan 影像.html"
    assert send(client, path, {"f:more:1:scan": file}).status_code == 302
    page = text(client.get(path))
    assert "scan 影像.html</a>" in page
    assert hashlib.sha256(content).hexdigest() in page
    got = log_in("auditor").get(f"{path}files/more/1/scan/")
    assert got.content == content
    assert got.headers["Content-Type"] == "application/octet-stream"
    assert got.headers["Content-Disposition"].startswith("attachment;")
    assert got.headers["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in got.headers["Content-Security-Policy"]
    assert log_in("elsewhere").get(f"{path}files/more/1/scan/").status_code == 404
    assert client.get(f"{path}files/more/1/notes/").status_code == 404


def test_a_file_that_is_empty_or_too_large_is_refused_beside_its_field(log_in: Any, tiny: str, settings: Any) -> None:
    settings.TRIALWRIGHT_UPLOAD = 1
    client, path = log_in("coordinator"), f"{tiny}visits/screening/more/"
    for content, sentence in ((b"", "is empty"), (b"x" * (2**20 + 1), "larger than 1 MiB")):
        file = io.BytesIO(content)
        file.name = "scan.png"
        answer = send(client, path, {"f:more:1:scan": file, "v:more:1:notes": "Kept"})
        assert answer.status_code == 422
        assert re.search(rf'id="e-more-1-scan">.*scan\.png.*{sentence}', text(answer))
        assert "Kept</textarea>" in text(answer)


def test_a_file_that_was_cut_off_is_not_taken_for_whole(log_in: Any, tiny: str) -> None:
    from django.test.client import BOUNDARY, MULTIPART_CONTENT, encode_multipart

    client, path = log_in("coordinator"), f"{tiny}visits/screening/more/"
    file = io.BytesIO(b"x" * 50_000)
    file.name = "scan.png"
    body = encode_multipart(BOUNDARY, {"version": "0", "v:more:1:notes": "Kept", "f:more:1:scan": file})
    for announced in (len(body), 30_000):  # a connection that broke, and a sender that gave up
        part: dict[str, Any] = {"wsgi.input": io.BytesIO(body[:30_000]), "CONTENT_LENGTH": announced}
        answer = client.generic("POST", path, body, MULTIPART_CONTENT, **part)
        assert answer.status_code == 422
        assert "arrived only in part" in text(answer)
        assert "Kept</textarea>" in text(answer)
        assert "0" == hidden(text(client.get(path)), "version")


# --- Long tables


@pytest.fixture
def long(log_in: Any, tiny: str) -> str:
    """The address of a running form with 200 rows."""
    from trialwright.conduct import actions
    from trialwright.conduct.actions import Entry

    by = actions.person("tiny", "investigator")
    subject = tiny.split("/")[-2]
    entries = [
        Entry(item, value, group="events", row=row)
        for row in range(1, 201)
        for item, value in (("term", f"Event {row}"), ("started", "2026-03-02"), ("stopped", "2026-03-09"))
    ]
    actions.save_form("tiny", subject, "events", entries, by=by)
    return f"{tiny}logs/events/"


def test_a_table_of_200_rows_is_light_and_quick(log_in: Any, long: str) -> None:
    client = log_in("coordinator")
    page = client.get(long)
    assert len(page.content) < 500_000
    start = time.process_time()
    for _ in range(3):
        client.get(long)
    assert (time.process_time() - start) / 3 < 0.4, "150 ms are asked of a quiet machine"
    assert text(page).count('name="v:events:') == 3, "only the pattern of a new row has inputs"
    assert "Event 200" in text(page)


def test_a_row_of_a_long_table_opens_alone_and_saves_alone(log_in: Any, long: str) -> None:
    client = log_in("coordinator")
    row = text(client.get(long, {"row": "events:7"}, headers={"HX-Request": "true"}))
    assert "<html" not in row
    assert 'name="v:events:7:term" value="Event 7"' in row
    assert "v:events:8:" not in row
    assert 'name="v:events:7:term" value="Event 7"' in text(client.get(long, {"row": "events:7"})), "without a script"
    assert send(client, long, {"v:events:7:term": "Cough"}, reason="Coded").status_code == 302
    page = text(client.get(long))
    assert "Cough</td>" in page
    assert "Event 8</td>" in page
    assert send(client, long, {"v:events:201:term": "Rash", "v:events:201:started": "2026-03-20"}).status_code == 302
    assert "Rash</td>" in text(client.get(long))
    wrong = text(send(client, long, {"v:events:9:started": "yesterday"}, reason="Typo"))
    assert 'name="v:events:9:started" value="yesterday"' in wrong
