"""Work over the data: what waits, queries in place, verification, locks, signatures, versions, people, keys."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

STUDY = "nct07208058"
ROOT = f"/conduct/{STUDY}/"
SUBJECT = f"{ROOT}subjects/01-001/"
VITALS = f"{SUBJECT}visits/week2/vitals/"
HTMX = {"HX-Request": "true"}
SECRET = "a long enough secret"


def text(answer: Any) -> str:
    return answer.content.decode()  # type: ignore[no-any-return]  # Django's test client has no types here


@pytest.fixture
def join(trial: Path, log_in: Any) -> Any:
    """join("data_manager") -> a browser of a new person with that role at all sites."""

    def joined(role: str) -> Client:
        from trialwright.conduct import actions
        from trialwright.web.accounts.people import set_password

        actions.add_person(STUDY, role, f"A {role}", role)
        set_password(role, SECRET)
        return log_in(role)  # type: ignore[no-any-return]  # the fixture has no types

    return joined


# --- What waits


def test_each_role_finds_what_waits_for_it_and_where_it_is_done(log_in: Any, join: Any) -> None:
    site = text(log_in("coordinator").get(f"{ROOT}todo/"))
    assert "Queries to answer" in site
    assert f'href="{VITALS}#f-signs-1-body_temperature"' in site
    assert "To verify" in text(log_in("monitor").get(f"{ROOT}todo/"))
    assert "Forms to sign" in text(log_in("investigator").get(f"{ROOT}todo/"))
    assert "no list of its own" in text(log_in("auditor").get(f"{ROOT}todo/"))
    assert "待回复质疑" in text(log_in("coordinator").get(f"{ROOT}todo/", {"lang": "zh"}))
    assert "Queries to answer" in text(log_in("coordinator").get(ROOT)), "the dashboard leads there"
    admin = join("administrator")
    assert admin.get(ROOT).headers["Location"] == f"{ROOT}study/", "who reads no data comes to the study itself"
    assert "Sites to open" in text(admin.get(f"{ROOT}todo/"))


def test_a_long_list_shows_its_first_lines_and_the_rest_on_demand(log_in: Any) -> None:
    client = log_in("monitor")
    short, whole = text(client.get(f"{ROOT}todo/")), text(client.get(f"{ROOT}todo/", {"all": "to_verify"}))
    assert whole.count("values</span>") >= short.count("values</span>")
    assert "All lists" in whole


# --- Queries beside their field


def over(client: Client, fields: dict[str, str], **more: Any) -> Any:
    return client.post(f"{VITALS}over/", fields, **more)


def test_a_query_is_asked_answered_and_closed_beside_its_field(log_in: Any) -> None:
    site, monitor = log_in("coordinator"), log_in("monitor")
    asked = over(monitor, {"step": "ask:signs:1:pulse", "q:signs:1:pulse": "Is this right?"}, headers=HTMX)
    assert asked.headers["HX-Retarget"] == "#b-signs-1-pulse"
    assert "Is this right?" in text(asked)
    assert "<html" not in text(asked)
    number = re.search(r'name="t:(\d+)"', text(site.get(VITALS)).split('id="b-signs-1-pulse"')[1])
    assert number is not None
    n = number.group(1)
    assert over(site, {"step": f"answer:{n}", f"t:{n}": "Yes, counted twice"}).status_code == 302
    page = text(monitor.get(VITALS))
    assert "Yes, counted twice" in page
    assert over(monitor, {"step": f"close:{n}"}).headers["Location"] == f"{VITALS}#f-signs-1-pulse"
    assert "One closed query" in text(monitor.get(VITALS))


def test_a_step_that_is_refused_says_so_at_its_place_and_keeps_the_text(log_in: Any) -> None:
    monitor = log_in("monitor")
    empty = over(monitor, {"step": "ask:signs:1:pulse", "q:signs:1:pulse": " "}, headers=HTMX)
    assert "Write the question." in text(empty)
    refused = over(log_in("coordinator"), {"step": "close:1", "t:1": "Fine as it is"})
    assert refused.status_code == 422
    assert "may not close a query" in text(refused)
    assert "Fine as it is</textarea>" in text(refused)
    assert over(monitor, {"step": "close:99"}).status_code == 404
    assert over(monitor, {"step": "shout:1"}).status_code == 404


def test_queries_are_sorted_filtered_and_show_their_age(log_in: Any) -> None:
    client = log_in("monitor")
    page = text(client.get(f"{ROOT}queries/"))
    assert "0 to 7 days" in page
    assert "the site" in page
    assert "01-001 · 1" not in text(client.get(f"{ROOT}queries/", {"turn": "monitor"}))
    assert "01-001 · 1" not in text(client.get(f"{ROOT}queries/", {"raised": "person"}))
    assert "01-001 · 1" in text(client.get(f"{ROOT}queries/", {"raised": "check", "sort": "waiting"}))
    assert client.get(f"{ROOT}queries/", {"sort": "nonsense"}).status_code == 200


# --- Verification


def test_a_monitor_verifies_a_field_all_critical_ones_or_the_form(log_in: Any) -> None:
    client = log_in("monitor")
    one = over(client, {"step": "verify:signs:1:pulse"}, headers=HTMX)
    assert "Verified by monitor" in text(one)
    assert 'id="verification" hx-swap-oob="true"' in text(one), "the count on top follows"
    assert over(client, {"step": "verify:critical"}).status_code == 302
    page = text(client.get(VITALS))
    assert "Critical values that wait: 0." in page
    assert over(client, {"step": "verify:all"}).status_code == 302
    assert "week2/vitals/" not in text(client.get(f"{ROOT}todo/", {"all": "to_verify"}))
    back = over(client, {"step": "unverify:signs:1:pulse", "x:signs:1:pulse": "Wrong chart"})
    assert back.status_code == 302
    assert "may not verify" in text(over(log_in("coordinator"), {"step": "verify:all"}))


def test_a_change_takes_the_mark_and_the_page_says_so(log_in: Any) -> None:
    over(log_in("monitor"), {"step": "verify:signs:1:pulse"})
    site = log_in("coordinator")
    version = re.search(r'name="version" value="(\d+)"', text(site.get(VITALS)))
    assert version is not None
    site.post(VITALS, {"version": version.group(1), "v:signs:1:pulse": "91", "reason": "Counted again"})
    page = text(site.get(VITALS))
    assert "One value has changed since it was verified." in page
    assert "Verified by monitor" not in page


# --- Freezing and locking


@pytest.mark.parametrize(
    "place",
    [
        "", "site=01", "site=01&subject=01-001", "site=01&subject=01-001&visit=week2",
        "site=01&subject=01-001&visit=week2&form=vitals",
        "site=01&subject=01-001&visit=week2&form=vitals&group=signs&row=1&item=pulse",
    ],
)  # fmt: skip
def test_every_level_is_frozen_with_a_reason_and_opened_again(log_in: Any, join: Any, place: str) -> None:
    manager, site = join("data_manager"), log_in("coordinator")
    path = f"{ROOT}close/?{place}&next={VITALS}"
    assert "Write the reason." in text(manager.post(path, {"step": "freeze", "reason": ""}))
    frozen = manager.post(path, {"step": "freeze", "reason": "Cleaned"})
    assert frozen.headers["Location"] == VITALS
    version = re.search(r'name="version" value="(\d+)"', text(site.get(VITALS)))
    assert version is not None
    sent = {"version": version.group(1), "v:signs:1:pulse": "91", "reason": "Counted again"}
    refused = site.post(VITALS, sent)
    assert refused.status_code == 422
    assert "is frozen by data_manager" in text(refused)
    assert "Cleaned" in text(manager.get(f"{ROOT}study/"))
    assert manager.post(path, {"step": "unlock", "reason": "A mistake"}).status_code == 302
    assert site.post(VITALS, sent).status_code == 302


def test_whoever_may_not_lock_reads_why_and_a_wider_lock_is_named(log_in: Any, join: Any) -> None:
    manager = join("data_manager")
    refused = log_in("monitor").post(f"{ROOT}close/?site=01", {"step": "lock", "reason": "Done"})
    assert refused.status_code == 403
    assert "may not lock data" in text(refused)
    assert 'value="Done"' in text(refused), "the reason stays"
    manager.post(f"{ROOT}close/?site=01", {"step": "freeze", "reason": "Cleaned"})
    page = text(manager.get(f"{ROOT}close/?site=01&subject=01-001"))
    assert "It is held with all of: Site 01" in page
    assert 'aria-label="Week 2, Vital signs: Complete, Frozen' in text(manager.get(f"{ROOT}subjects/"))
    away = manager.post(f"{ROOT}close/?next=https://elsewhere.example/", {"step": "freeze", "reason": "All"})
    assert away.headers["Location"] == f"{ROOT}study/", "nobody is sent elsewhere"


# --- Signing


def prove() -> dict[str, str]:
    """What the investigator types: the password and the present code."""
    from django.contrib.auth import get_user_model

    from trialwright.web.accounts import codes, keeping

    user = get_user_model().objects.get(username="investigator")
    if not codes.has_second_factor(user):
        codes.give_demo_app(user)
    found = keeping.present_code("investigator")
    assert found is not None
    return {"password": "investigator keeps a long secret", "code": found[0], "meaning": "approval"}


def test_a_signature_says_what_it_means_and_is_void_after_a_change(log_in: Any) -> None:
    client, path = log_in("investigator"), f"{SUBJECT}sign/?visit=week2&form=haematology"
    proof = prove()
    page = text(client.get(path))
    assert "counts as your signature by hand" in page
    assert "You sign as" in page
    wrong = client.post(path, {**proof, "code": "000000"})
    assert wrong.status_code == 422
    assert "is not right" in text(wrong)
    signed = client.post(path, proof)
    form = f"{SUBJECT}visits/week2/haematology/"
    assert signed.headers["Location"] == f"{form}#signatures"
    page = text(client.get(form))
    assert "I have reviewed this and confirm that it is complete and correct." in page
    assert "Valid" in page
    version = re.search(r'name="version" value="(\d+)"', page)
    assert version is not None
    (name, value), *_ = re.findall(r'name="(v:[^"]+)" value="([\d.]+)"', page)
    client.post(form, {"version": version.group(1), name: f"{value}1", "reason": "Read again"})
    assert "Void: changed since" in text(client.get(form))


def test_a_visit_is_signed_at_once_or_the_page_says_what_stands_in_the_way(log_in: Any) -> None:
    client = log_in("investigator")
    refused = client.post(f"{SUBJECT}sign/?visit=week2", prove())
    assert refused.status_code == 422
    assert "queries" in text(refused)
    again = client.post(f"{SUBJECT}sign/?visit=week1", {"meaning": "approval"})
    assert again.status_code == 302, "a proof that served no signature is good for the next try"
    assert "signed" in text(client.get(f"{ROOT}subjects/"))
    assert log_in("coordinator").get(f"{SUBJECT}sign/?visit=week1").status_code == 403


# --- Visits from the casebook


def test_a_visit_is_started_or_missed_from_the_casebook(log_in: Any) -> None:
    client = log_in("coordinator")
    assert 'value="start:week3"' in text(client.get(SUBJECT))
    odd = client.post(SUBJECT, {"step": "start:week3", "on:week3": "soon"})
    assert odd.status_code == 422
    assert "is not a day" in text(odd)
    assert 'value="soon"' in text(odd)
    assert "Write why" in text(client.post(SUBJECT, {"step": "miss:week3"}))
    assert client.post(SUBJECT, {"step": "miss:week3", "reason:week3": "Ill"}).status_code == 302
    assert client.post(SUBJECT, {"step": "start:week4", "on:week4": "2026-03-12"}).status_code == 302
    page = text(client.get(SUBJECT))
    assert "visits/week4/vitals/" in page
    assert "Ill" in page
    refused = log_in("monitor").post(SUBJECT, {"step": "start:week5"})
    assert "may not start a visit" in text(refused)


def test_eligibility_is_decided_from_the_casebook(log_in: Any) -> None:
    client, path = log_in("investigator"), f"{ROOT}subjects/01-002/"
    assert client.post(path, {"step": "decide:"}).status_code == 302
    assert "Undetermined" in text(client.get(path))
    refused = client.post(path, {"step": "enrol:"})
    assert refused.status_code == 422
    assert 'role="alert"' in text(refused)


# --- The study: versions, policy, people, keys


def amended(join: Any) -> str:
    """Publish a version in which the temperature is critical; returns its name."""
    from trialwright.conduct import actions
    from trialwright.study.definition import Study

    study = actions.definition(STUDY)
    data = study.model_dump(mode="json", by_alias=True)
    data["study"]["version"] = "2.0"
    for form in data["forms"]:
        for group in form["groups"]:
            for field in group["fields"]:
                if field["item"] == "pulse":
                    field["required"] = field["critical"] = True
    manager = actions.add_person(STUDY, "manager", "A manager", "data_manager")
    actions.publish_version(STUDY, Study.model_validate(data), note="The pulse is critical", by=manager)
    return "2.0"


def test_a_version_shows_what_it_changes_and_is_approved_site_by_site(log_in: Any, join: Any) -> None:
    admin, version = join("administrator"), amended(join)
    page = text(admin.get(f"{ROOT}versions/"))
    assert "The pulse is critical" in page
    assert "What changes from" in page
    assert "pulse" in page
    odd = admin.post(f"{ROOT}versions/", {"step": "approve", "site": "01", "version": version, "on": "soon"})
    assert odd.status_code == 422
    assert "is not a day" in text(odd)
    done = admin.post(f"{ROOT}versions/", {"step": "approve", "site": "01", "version": version, "on": ""})
    assert done.status_code == 302
    page = text(log_in("coordinator").get(VITALS))
    assert "still goes by it" in page, "a captured form stays where it is"
    manager = join("data_manager")
    assert "Take it to version 2.0" in text(manager.get(VITALS))
    assert "needs a reason" in text(manager.post(f"{VITALS}over/", {"step": "migrate:form", "m": ""}))
    assert manager.post(f"{VITALS}over/", {"step": "migrate:form", "m": "Amendment 1"}).status_code == 302
    assert "still goes by it" not in text(manager.get(VITALS))
    rest = {"step": "migrate", "site": "01", "version": version, "reason": "Amendment 1"}
    assert manager.post(f"{ROOT}versions/", rest).status_code == 302
    assert "taken to version 2.0" in text(manager.get(f"{ROOT}versions/"))


def test_the_policy_is_shown_as_the_program_goes_by_it(log_in: Any) -> None:
    from trialwright.conduct.rules.policy import ALLOWED

    page = text(log_in("auditor").get(f"{ROOT}policy/"))
    table = page.split("<tbody>")[1].split("</tbody>")[0]
    assert table.count('class="yes"') == sum(map(len, ALLOWED.values()))
    assert "Frozen and locked places" in page
    assert "权限表" in text(log_in("auditor").get(f"{ROOT}policy/", {"lang": "zh"}))


def test_an_administrator_gives_and_takes_roles(log_in: Any, join: Any) -> None:
    admin = join("administrator")
    add = {"step": "add", "username": "zoe", "name": "Zoe", "role": "monitor", "site": "02"}
    assert "Write the user name" in text(admin.post(f"{ROOT}people/", {**add, "name": ""}))
    assert admin.post(f"{ROOT}people/", add).status_code == 302
    assert "Zoe" in text(admin.get(f"{ROOT}people/"))
    assert "Write why" in text(admin.post(f"{ROOT}people/", {"step": "remove", "username": "zoe"}))
    gone = {"step": "remove", "username": "zoe", "reason": "Left"}
    assert admin.post(f"{ROOT}people/", gone).status_code == 302
    assert "No role now" in text(admin.get(f"{ROOT}people/"))
    assert log_in("coordinator").get(f"{ROOT}people/").status_code == 403


def test_a_key_is_shown_once_and_revoked(log_in: Any) -> None:
    client = log_in("coordinator")
    none = client.post(f"{ROOT}tokens/", {"step": "make", "name": "nightly", "days": "30"})
    assert none.status_code == 422
    assert 'value="nightly"' in text(none)
    assert "not a number of days" in text(client.post(f"{ROOT}tokens/", {"step": "make", "name": "x", "days": "soon"}))
    made = text(client.post(f"{ROOT}tokens/", {"step": "make", "name": "nightly", "days": "30", "scope": "read"}))
    secret = re.search(r'class="secret">([^<]+)', made)
    assert secret is not None
    page = text(client.get(f"{ROOT}tokens/"))
    assert secret.group(1) not in page
    prefix = re.search(r'name="prefix" value="([^"]+)"', page)
    assert prefix is not None
    assert client.post(f"{ROOT}tokens/", {"step": "revoke", "prefix": prefix.group(1)}).status_code == 302
    assert "Revoked" in text(client.get(f"{ROOT}tokens/"))


@pytest.mark.parametrize("path", ["todo/", "study/", "versions/", "policy/", "tokens/", "queries/", "close/?site=01"])
def test_no_page_has_an_inline_script_or_style(log_in: Any, path: str) -> None:
    page = text(log_in("coordinator").get(f"{ROOT}{path}"))
    assert " style=" not in page
    assert not re.search(r"<script(?![^>]*\bsrc=)[^>]*>", page)
    assert not re.search(r"\son[a-z]+=", page)
