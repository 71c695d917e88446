"""A new version of the definition: what it changes and would lead to, put into force at a site, forms taken to it."""

from __future__ import annotations

from typing import Any

import pytest
from capture_scene import AT, STUDY, definition, narrow, refused

VITALS = "/subjects/01-001/visits/screening/forms/vitals"
WHY = {"reason": "Amendment 2"}


def amended() -> Any:
    """Weights above 50 kg are impossible, the height goes, a pulse comes."""
    data = definition().model_dump(mode="json", by_alias=True)
    data["study"]["version"] = "2.0"
    items = {item["id"]: item for item in data["items"]}
    items["weight"]["hard"] = {"low": 1, "high": 50}
    data["items"].append({**items["systolic"], "id": "pulse", "label": {"en": "Pulse"}, "unit": "/min"})
    group = next(form for form in data["forms"] if form["id"] == "vitals")["groups"][0]
    group["fields"] = [f for f in group["fields"] if f["item"] not in ("height", "bmi")] + [{"item": "pulse"}]
    data["items"] = [item for item in data["items"] if item["id"] != "bmi"]
    return type(definition()).model_validate(data)


@pytest.fixture
def published(keys: dict[str, str]) -> None:
    """Version 2.0 is published and in force nowhere; the height of the first subject is known."""
    from trialwright.conduct import actions

    height = [actions.Entry("height", "170")]
    by = actions.person(STUDY, "investigator")
    actions.save_form(STUDY, "01-001", "vitals", height, visit="screening", by=by, at=AT)
    actions.publish_version(STUDY, amended(), note="Amendment 2", by=actions.person(STUDY, "data_manager"), at=AT)


@pytest.mark.usefixtures("published")
def test_what_a_version_changes_and_would_lead_to(call: Any) -> None:
    listed = call("monitor", "GET", "/versions").json()["versions"]
    assert [(v["version"], v["sites"]) for v in listed] == [("1.0", ["01", "02"]), ("2.0", [])]
    told = call("monitor", "GET", "/versions/2.0/changes").json()
    assert (told["old"], told["new"]) == ("1.0", "2.0")
    assert {("field", "vitals.body.height", "removed"), ("item", "pulse", "added")} <= {
        (c["kind"], c["id"], c["what"]) for c in told["changes"]
    }
    assert call("monitor", "GET", "/versions/1.0/changes").json()["changes"] == []
    led = call("data_manager", "GET", "/versions/2.0/impact?site=01").json()
    assert led["subjects"] == 2
    first = next(line for line in led["concerned"] if line["subject"] == "01-001" and line["form"] == "vitals")
    assert [place["item"] for place in first["impossible"]] == ["weight"]
    assert "height" in [place["item"] for place in first["aside"]]
    one = call("data_manager", "GET", "/versions/2.0/impact?limit=1&page=2").json()
    assert (len(one["concerned"]), one["page"], one["pages"]) == (1, 2, one["total"])
    assert one["concerned"][0] == call("data_manager", "GET", "/versions/2.0/impact").json()["concerned"][1]


@pytest.mark.usefixtures("published")
def test_who_may_not_look_is_refused(call: Any, keys: dict[str, str]) -> None:
    refused(call("monitor", "GET", "/versions/2.0/impact"), 403, "may not publish a version")
    refused(call("monitor", "GET", "/versions/9/changes"), 404, "no version '9'")
    refused(call("monitor", "GET", "/versions/2.0/changes?since=9"), 404, "no version '9'")
    refused(call("data_manager", "GET", "/versions/9/impact"), 404, "no version '9'")
    refused(call("data_manager", "GET", "/versions/2.0/impact?site=7"), 404, "no site '7'")
    keys["asker"] = narrow("data_manager", "export")
    refused(call("asker", "GET", "/versions/2.0/changes"), 403, "This key may not read")
    refused(call("asker", "GET", "/versions/2.0/impact"), 403, "This key may not")


@pytest.mark.usefixtures("published")
def test_a_version_comes_into_force_site_by_site(call: Any, keys: dict[str, str]) -> None:
    approve, site = "/versions/2.0/approve", {"site": "01"}
    refused(call("data_manager", "POST", approve, site), 403, "may not put a version into force")
    keys["reader"] = narrow("keeper", "read", "migrate_form")
    refused(call("reader", "POST", approve, site), 403, "This key may not put a version into force")
    refused(call("keeper", "POST", "/versions/9/approve", site), 404, "no version '9'")
    refused(call("keeper", "POST", approve, {"site": "07"}), 404, "no site '07'")
    assert call("keeper", "POST", approve, {"site": "02", "on": "2099-01-01"}).json()["day"] == "2099-01-01"
    done = call("keeper", "POST", approve, site)
    assert done.json() == {"site": "01", "version": "2.0", "day": "2026-03-02"}
    assert [v["sites"] for v in call("monitor", "GET", "/versions").json()["versions"]] == [["02"], ["01"]]
    refused(call("keeper", "POST", approve, site), 409, "is in force at site 01 already")
    refused(call("keeper", "POST", "/versions/1.0/approve", site), 409, "is older")


@pytest.fixture
def in_force(published: None) -> None:
    from trialwright.conduct import actions

    actions.approve_version(STUDY, "01", "2.0", by=actions.INSTALLER, at=AT)


@pytest.mark.usefixtures("in_force")
def test_a_form_is_taken_to_the_version_in_force(call: Any, keys: dict[str, str]) -> None:
    before = call("monitor", "GET", VITALS).json()
    assert (before["definition"], before["in_force"], before["aside"]) == ("1.0", "2.0", [])
    migrate = f"{VITALS}/migrate"
    refused(call("coordinator", "POST", migrate, WHY), 403, "may not take a form to another version")
    keys["reader"] = narrow("data_manager", "read")
    refused(call("reader", "POST", migrate, WHY), 403, "This key may not take a form")
    refused(call("data_manager", "POST", migrate, {"reason": " "}), 422, "reason")
    empty = "/subjects/01-002/visits/screening/forms/lab/migrate"
    refused(call("data_manager", "POST", empty, WHY), 409, "has not been filled in")
    done = call("data_manager", "POST", migrate, WHY)
    assert done.status_code == 200
    assert done.json()["opened"], "the weight has become impossible"
    after = call("monitor", "GET", VITALS).json()
    assert (after["definition"], after["version"]) == ("2.0", before["version"] + 1)
    assert [(v["item"], v["value"]) for v in after["aside"] if v["item"] == "height"] == [("height", "170")]
    history = call("monitor", "GET", f"{VITALS}/history?item=height").json()["history"]
    assert [line["new"].get("value") for line in history] == ["170"], "a field that went keeps its history"


@pytest.mark.usefixtures("in_force")
def test_a_site_is_taken_to_the_version_in_force(call: Any, keys: dict[str, str]) -> None:
    refused(call("monitor", "POST", "/sites/01/migrate", WHY), 403, "may not take a form to another version")
    keys["reader"] = narrow("data_manager", "read")
    refused(call("reader", "POST", "/sites/01/migrate", WHY), 403, "This key may not take a form")
    refused(call("data_manager", "POST", "/sites/07/migrate", WHY), 404, "no site '07'")
    frozen = {"state": "frozen", "subject": "01-002"}
    assert call("data_manager", "POST", "/locks", frozen).status_code == 200
    done = call("data_manager", "POST", "/sites/01/migrate", WHY).json()
    assert (done["site"], done["version"]) == ("01", "2.0")
    assert {form["subject"] for form in done["forms"]} == {"01-001"}
    assert done["refused"], "what is frozen says why it stays"
    assert all("frozen" in sentence for sentence in done["refused"])


@pytest.mark.usefixtures("in_force")
def test_a_running_log_is_taken_there_too(call: Any) -> None:
    refused(call("data_manager", "POST", "/subjects/01-001/logs/events/migrate", WHY), 409, "has not been filled in")
