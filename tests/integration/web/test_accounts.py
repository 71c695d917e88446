"""Accounts: second factors, forced steps, proofs for signatures, lock-out, the end of a session, and their log."""

from __future__ import annotations

import math
import re
import time
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from django.test import Client, RequestFactory

from trialwright.kernel.errors import Refused

STUDY = "/conduct/nct07208058/"
SECURITY = "/account/security/"


def text(answer: Any) -> str:
    return answer.content.decode()  # type: ignore[no-any-return]  # Django's test client has no types here


@pytest.fixture
def log_on(trial: Path, scene: ModuleType) -> Any:
    """log_on("coordinator") -> a browser that logged in by the page, and the page's answer."""

    def opened(name: str, **more: str) -> tuple[Client, Any]:
        client = Client(raise_request_exception=False)
        sent = {"login": name, "password": scene.PASSWORDS[name], **more}
        return client, client.post("/login/", sent)

    return opened


@pytest.fixture
def real(trial: Path) -> None:
    """The study has real subjects from now on."""
    from trialwright.conduct.store.models import Trial

    Trial.objects.update(virtual=False)


def events(who: str = "") -> list[tuple[str, str, str]]:
    """(who, what, detail) of the log, oldest first, without the passwords that the scene set."""
    from trialwright.conduct.worklists.accounts import account_events

    lines = reversed(account_events(who, size=500).lines)
    return [(line.who, line.what, line.detail) for line in lines if line.what != "password_set"]


def whats(who: str) -> list[str]:
    return [what for _, what, _ in events(who)]


def person(name: str) -> Any:
    from django.contrib.auth import get_user_model

    return get_user_model().objects.get(username=name)


def give_app(name: str) -> str:
    """An authenticator app as one that the person set up; its secret."""
    from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret

    secret: str = generate_totp_secret()
    TOTP.activate(person(name), secret)
    return secret


def code(secret: str, later: int = 0) -> str:
    """What an app shows now: computed by another implementation than ours."""
    from allauth.mfa.totp.internal import auth

    return str(auth.format_hotp_value(auth.hotp_value(secret, int(time.time()) // 30 + later)))


def secret_on(page: str) -> str:
    found = re.search(r'class="secret"[^>]*>([A-Z2-7 ]+)<', page)
    assert found is not None
    return found[1].replace(" ", "")


def set_up_app(client: Client) -> tuple[str, Any]:
    """Walk through the pages; the secret and the answer to the first code."""
    page = text(client.get(f"{SECURITY}app/"))
    secret = secret_on(page)
    return secret, client.post(f"{SECURITY}app/", {"code": code(secret)})


# --- Second factors


def test_an_authenticator_app_is_set_up_with_its_first_code_and_asked_for_from_then_on(log_on: Any) -> None:
    client, _ = log_on("coordinator")
    page = text(client.get(f"{SECURITY}app/"))
    assert '<svg class="qr"' in page
    assert f"secret={secret_on(page)}" in page, "the picture and the text are the same secret"
    wrong = client.post(f"{SECURITY}app/", {"code": "000000"})
    assert "Each code works once" in text(wrong)
    assert secret_on(text(wrong)) == secret_on(page), "the app that scanned it need not scan again"
    secret = secret_on(page)
    done = client.post(f"{SECURITY}app/", {"code": code(secret)})
    assert done.headers["Location"] == f"{SECURITY}recovery-codes/"
    again, answer = log_on("coordinator", next=STUDY)
    assert answer.headers["Location"] == "/login/code/"
    assert again.get(STUDY).status_code == 302, "not in yet"
    used = again.post("/login/code/", {"code": code(secret)})
    assert used.status_code == 200, "the code that set it up does not log in"
    assert again.post("/login/code/", {"code": code(secret, 1)}).headers["Location"] == STUDY
    assert again.get(STUDY).status_code == 200
    assert "authenticator_added" in whats("coordinator")
    assert ("coordinator", "login", "password, code") in events("coordinator")


def test_the_secret_of_an_app_is_not_in_the_database_as_text(log_on: Any, trial: Path) -> None:
    client, _ = log_on("coordinator")
    secret, _ = set_up_app(client)
    from django.db import connections

    connections.close_all()
    held = b"".join(file.read_bytes() for file in trial.parent.glob("conduct.sqlite3*"))
    assert secret.encode() not in held


def test_recovery_codes_are_shown_once_saved_as_text_and_used_once(log_on: Any) -> None:
    client, _ = log_on("coordinator")
    set_up_app(client)
    page = text(client.get(f"{SECURITY}recovery-codes/"))
    shown = re.findall(r"<li><code>(\d{8})</code>", page)
    assert len(set(shown)) == 10
    assert 'download="trialwright-recovery-codes.txt" href="data:text/plain' in page
    assert all(each in page.split("data:text/plain")[1] for each in shown)
    later = text(client.get(f"{SECURITY}recovery-codes/"))
    assert not [each for each in shown if each in later]
    for expected in (302, 200):
        again, _ = log_on("coordinator")
        assert again.post("/login/code/", {"code": shown[0]}).status_code == expected
    assert "recovery_code_used" in whats("coordinator")
    assert "recovery_codes_made" in whats("coordinator")


def test_new_recovery_codes_void_the_old_ones(log_on: Any) -> None:
    client, _ = log_on("coordinator")
    set_up_app(client)
    page = f"{SECURITY}recovery-codes/"
    old = re.findall(r"<li><code>(\d{8})</code>", text(client.get(page)))
    assert client.post(f"{page}make/").headers["Location"] == page
    new = re.findall(r"<li><code>(\d{8})</code>", text(client.get(page)))
    assert len(new) == 10
    assert not set(old) & set(new)


def test_removing_an_app_asks_who_is_there_unless_that_was_shown_just_now(log_on: Any) -> None:
    client, _ = log_on("coordinator")
    secret, _ = set_up_app(client)
    session = client.session
    session["began"] = int(time.time()) - 600
    session.save()
    asked = client.get(f"{SECURITY}app/remove/")
    assert asked.headers["Location"].startswith("/account/confirm/")
    where = client.get(asked.headers["Location"])
    if where.status_code == 302:
        where = client.get(where.headers["Location"])
    assert "Show that it is you" in text(where)
    confirm = f"/account/confirm/code/?next={SECURITY}app/remove/"
    assert client.post(confirm, {"code": code(secret, 1)}).headers["Location"] == f"{SECURITY}app/remove/"
    assert "your only second factor" in text(client.get(f"{SECURITY}app/remove/"))
    assert client.post(f"{SECURITY}app/remove/").status_code == 302
    assert whats("coordinator").count("authenticator_removed") == 2, "the app, and the recovery codes with it"


def test_a_password_alone_does_not_remove_a_second_factor(log_on: Any, scene: ModuleType) -> None:
    client, _ = log_on("coordinator")
    set_up_app(client)
    session = client.session
    session["began"] = int(time.time()) - 600
    session.save()
    answer = client.post("/account/confirm/", {"password": scene.PASSWORDS["coordinator"]})
    assert answer.headers["Location"].startswith("/account/confirm/code/")
    assert client.post(f"{SECURITY}app/remove/").headers["Location"].startswith("/account/confirm/code/")


# --- What an account owes


def test_real_subjects_ask_for_a_second_factor(log_on: Any, real: None) -> None:
    client, answer = log_on("coordinator", next=STUDY)
    assert answer.headers["Location"] == SECURITY
    refused = client.get(STUDY)
    assert refused.status_code == 403
    assert "Set up an authenticator app or a passkey first." in text(refused)
    set_up_app(client)
    assert client.get(STUDY).status_code == 200


def test_virtual_subjects_do_not(log_on: Any) -> None:
    client, answer = log_on("coordinator", next=STUDY)
    assert answer.headers["Location"] == STUDY
    assert client.get(STUDY).status_code == 200


def test_the_policy_may_ask_everybody_or_nobody(log_on: Any, settings: Any) -> None:
    settings.TRIALWRIGHT_REQUIRE_MFA = "all"
    client, _ = log_on("coordinator")
    assert client.get(STUDY).status_code == 403
    settings.TRIALWRIGHT_REQUIRE_MFA = "none"
    assert client.get(STUDY).status_code == 200


def test_a_temporary_password_is_changed_before_anything_else(trial: Path) -> None:
    from trialwright.web.accounts import keeping

    temporary = keeping.reset_password("coordinator")
    client = Client()
    assert client.post("/login/", {"login": "coordinator", "password": temporary}).headers["Location"] == (
        "/account/password/"
    )
    assert client.get(STUDY).status_code == 403
    assert "given to you by somebody else" in text(client.get("/account/password/"))
    own = "four words of my own"
    for bad, why in (
        (temporary, "did not have before"),
        ("short1x", "at least 12"),
        ("password1234", "common"),
        ("coordinator12", "similar"),
    ):
        answer = client.post("/account/password/", {"oldpassword": temporary, "password1": bad, "password2": bad})
        assert why in text(answer), bad
    assert (
        client.post("/account/password/", {"oldpassword": temporary, "password1": own, "password2": own}).status_code
        == 302
    )
    assert client.get(STUDY).status_code == 200
    assert Client().post("/login/", {"login": "coordinator", "password": own}).headers["Location"] == "/"
    assert whats("coordinator")[:3] == ["password_reset", "login", "password_changed"]


# --- The proof for a signature


@pytest.fixture
def asked(trial: Path) -> Any:
    """asked("investigator") -> a request of that person as a view gets it."""

    def made(name: str, **sent: str) -> Any:
        from allauth.core import context
        from django.contrib.sessions.backends.db import SessionStore

        request = RequestFactory().post("/conduct/nct07208058/sign", sent)
        request.user, request.session = person(name), SessionStore()
        context._request_var.set(request)
        return request

    return made


def test_password_and_code_prove_who_signs_and_each_code_does_so_once(asked: Any, scene: ModuleType) -> None:
    from trialwright.web.accounts import proof

    password, secret = scene.PASSWORDS["investigator"], give_app("investigator")
    now = code(secret)
    given = proof.check(asked("investigator"), password=password, code=now)
    assert (given.username, given.method) == ("investigator", "password and code")
    with pytest.raises(Refused, match="Each code works once"):
        proof.check(asked("investigator"), password=password, code=now)
    assert proof.check(asked("investigator"), password=password, code=code(secret, 1)).username == "investigator"
    assert whats("investigator") == ["proof_given", "proof_failed", "proof_given"]


def test_a_code_that_was_used_is_refused_in_another_process_too(asked: Any, scene: ModuleType) -> None:
    """Nothing of it is kept in a process's memory: a new look at the database knows."""
    from allauth.mfa.models import Authenticator

    from trialwright.web.accounts import codes

    secret = give_app("investigator")
    assert codes.spend(person("investigator"), code(secret)) is not None
    held = Authenticator.objects.get(user__username="investigator")
    assert held.data["used"]
    assert codes.spend(person("investigator"), code(secret)) is None


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ({"password": "wrong"}, "not right"), ({"code": "000000"}, "not right"), ({"code": ""}, "Type your password"),
        ({"password": ""}, "Type your password"), ({"credential": "{}"}, "not right"),
        ({"credential": '{"id": 1}'}, "not right"), ({"credential": "no JSON"}, "not right"),
    ],
)  # fmt: skip
def test_half_a_proof_is_none(asked: Any, scene: ModuleType, given: dict[str, str], why: str) -> None:
    from trialwright.web.accounts import proof

    secret = give_app("investigator")
    whole = {"password": scene.PASSWORDS["investigator"], "code": code(secret)}
    with pytest.raises(Refused, match=why):
        proof.check(asked("investigator"), **whole | given)
    assert proof.check(asked("investigator"), **whole), "what was not used up still serves"


def test_recovery_codes_do_not_sign(log_on: Any, asked: Any, scene: ModuleType) -> None:
    from trialwright.web.accounts import proof

    client, _ = log_on("investigator")
    set_up_app(client)
    spare = re.findall(r"<li><code>(\d{8})</code>", text(client.get(f"{SECURITY}recovery-codes/")))[0]
    with pytest.raises(Refused, match="not right"):
        proof.check(asked("investigator"), password=scene.PASSWORDS["investigator"], code=spare)


def test_a_password_is_not_a_second_factor(asked: Any, scene: ModuleType) -> None:
    from trialwright.web.accounts import proof

    password = scene.PASSWORDS["investigator"]
    assert not proof.ask(asked("investigator")).possible
    with pytest.raises(Refused, match="you have none yet"):
        proof.check(asked("investigator"), password=password, code=password)


def test_failed_proofs_close_the_account(asked: Any, scene: ModuleType) -> None:
    from trialwright.web.accounts import proof

    secret, password = give_app("investigator"), scene.PASSWORDS["investigator"]
    for _ in range(5):
        with pytest.raises(Refused):
            proof.check(asked("investigator"), password=password, code="000000")
    request = asked("investigator")
    with pytest.raises(Refused, match="closed for a while"):
        proof.check(request, password=password, code=code(secret))
    assert request.axes_locked_out
    assert whats("investigator") == ["proof_failed"] * 5 + ["locked"]


def test_a_proof_that_served_no_signature_is_kept_for_one(asked: Any, scene: ModuleType) -> None:
    from trialwright.web.accounts import proof

    request = asked("investigator")
    secret = give_app("investigator")
    given = proof.check(request, password=scene.PASSWORDS["investigator"], code=code(secret))
    assert proof.proven(request) is None, "a proof is not kept by itself"
    proof.keep(request, given)
    assert proof.proven(request) == given
    assert proof.proven(request) is None, "it serves once"
    old = proof.Proof("investigator", given.at.replace(year=2020), given.method)
    proof.keep(request, old)
    assert proof.proven(request) is None
    proof.keep(request, proof.Proof("monitor", given.at, given.method))
    assert proof.proven(request) is None


def test_the_demonstration_signs_with_a_code_and_logs_in_without(trial: Path, asked: Any) -> None:
    from trialwright.web.accounts import keeping, proof
    from trialwright.web.accounts.people import demo_accounts

    made = {each.username: each for each in demo_accounts()}
    assert made["investigator"].app.startswith("otpauth://totp/investigator?secret=")
    assert not made["monitor"].app
    client = Client()
    sent = {"login": "investigator", "password": made["investigator"].password, "next": STUDY}
    assert client.post("/login/", sent).headers["Location"] == STUDY
    found = keeping.present_code("investigator")
    assert found is not None
    assert re.fullmatch(r"\d{6}", found[0])
    assert proof.check(asked("investigator"), password=made["investigator"].password, code=found[0])
    with pytest.raises(Refused, match="no authenticator app for demonstration"):
        keeping.present_code("monitor")
    give_app("monitor")
    with pytest.raises(Refused, match="no authenticator app for demonstration"):
        keeping.present_code("monitor")


SIGN = f"{STUDY}subjects/01-001/sign/?visit=week1&form=vitals"


def test_a_form_is_signed_with_password_and_code(log_on: Any, scene: ModuleType) -> None:
    client, _ = log_on("investigator")
    secret = give_app("investigator")
    page = text(client.get(SIGN))
    assert 'name="password"' in page
    assert 'name="code"' in page
    meaning = re.search(r'name="meaning" value="(\w+)"', page)
    assert meaning is not None
    sent = {"meaning": meaning[1], "password": scene.PASSWORDS["investigator"], "code": "000000"}
    assert "not right" in text(client.post(SIGN, sent))
    assert client.post(SIGN, sent | {"code": code(secret)}).status_code == 302
    assert whats("investigator")[-2:] == ["proof_failed", "proof_given"]


def test_too_many_failed_proofs_end_the_session_of_whoever_tries(log_on: Any, scene: ModuleType) -> None:
    client, _ = log_on("investigator")
    give_app("investigator")
    answers = [client.post(SIGN, {"password": "wrong", "code": "000000"}) for _ in range(5)]
    assert [answer.status_code for answer in answers] == [422, 422, 422, 422, 429]
    assert "opens again in 15 minutes" in text(answers[-1])
    assert client.get(STUDY).status_code == 302
    assert whats("investigator")[-3:] == ["proof_failed", "locked", "session_expired"]


def test_what_serves_the_demonstration_does_not_open_real_subjects(trial: Path) -> None:
    from trialwright.conduct.store.models import Trial
    from trialwright.web.accounts.people import demo_accounts

    made = {each.username: each for each in demo_accounts()}
    Trial.objects.update(virtual=False)
    client = Client()
    answer = client.post("/login/", {"login": "investigator", "password": made["investigator"].password})
    assert answer.headers["Location"] == "/login/code/"


def test_studies_with_real_subjects_get_no_demonstration_accounts(real: None) -> None:
    from trialwright.web.accounts.people import demo_accounts

    assert demo_accounts() == []


# --- Lock-out


def test_a_locked_account_reads_when_it_opens_and_an_administrator_opens_it(trial: Path, scene: ModuleType) -> None:
    from trialwright.web.accounts import keeping

    client, sent = Client(), {"login": "monitor", "password": "wrong"}
    for _ in range(4):
        client.post("/login/", sent)
    began = time.monotonic()
    answer = client.post("/login/", sent)
    took = math.ceil(time.monotonic() - began)
    assert answer.status_code == 429
    assert 900 - took - 1 <= int(answer.headers["Retry-After"]) <= 900
    assert re.search(r"opens again in 1[0-5] minutes", text(answer))
    assert keeping.unlock("monitor")
    assert client.post("/login/", sent | {"password": scene.PASSWORDS["monitor"]}).status_code == 302
    assert whats("monitor") == ["login_failed"] * 5 + ["locked", "unlocked", "login"]


def test_wrong_codes_close_the_account_as_wrong_passwords_do(log_on: Any) -> None:
    secret = give_app("coordinator")
    client, _ = log_on("coordinator")
    answers = [client.post("/login/code/", {"code": "000000"}).status_code for _ in range(5)]
    assert answers == [200, 200, 200, 200, 429]
    assert client.post("/login/code/", {"code": code(secret)}).status_code == 429
    assert log_on("coordinator")[1].status_code == 429


def test_what_axes_keeps_of_a_failed_form_holds_nothing_that_was_typed(log_on: Any) -> None:
    from axes.models import AccessAttempt

    give_app("coordinator")
    client, _ = log_on("coordinator")
    client.post("/login/code/", {"code": "123456"})
    client.post("/login/code/", {"code": "654321"})
    kept = AccessAttempt.objects.get()
    assert kept.failures_since_start == 2
    assert (kept.get_data, kept.post_data) == ("", "")


# --- The end of a session


def move_back(client: Client, **seconds: int) -> None:
    session = client.session
    for name, back in seconds.items():
        session[name] = int(time.time()) - back
    session.save()


def test_a_session_ends_when_nobody_was_there_for_a_quarter_of_an_hour(log_on: Any) -> None:
    client, _ = log_on("coordinator")
    client.get(STUDY)
    move_back(client, seen=14 * 60)
    assert client.get(STUDY).status_code == 200
    move_back(client, seen=15 * 60 + 1)
    assert client.get(STUDY).headers["Location"] == f"/login/?next={STUDY}"
    assert events("coordinator")[-1] == ("coordinator", "session_expired", "inactivity")


def test_a_session_ends_after_twelve_hours_of_work(log_on: Any) -> None:
    client, _ = log_on("coordinator")
    client.get(STUDY)
    move_back(client, seen=5, began=12 * 3600)
    assert client.get(STUDY).status_code == 302
    assert events("coordinator")[-1] == ("coordinator", "session_expired", "length")


def test_asking_how_long_is_left_does_not_prolong_it_saying_so_does(log_on: Any) -> None:
    client, _ = log_on("coordinator")
    client.get(STUDY)
    move_back(client, seen=600)
    assert 270 <= client.get("/account/session/").json()["left"] <= 300
    client.get(STUDY, headers={"X-Passive": "1"})
    assert client.get("/account/session/").json()["left"] <= 300, "a page that asks by itself is nobody's presence"
    assert 870 <= client.post("/account/session/").json()["left"] <= 900
    assert Client().get("/account/session/").json() == {"left": 0}


def test_a_part_of_a_page_asked_for_after_the_end_makes_the_page_ask_for_the_log_in(log_on: Any) -> None:
    client, _ = log_on("coordinator")
    client.get(STUDY)
    move_back(client, seen=3600)
    answer = client.get(STUDY, headers={"HX-Request": "true"})
    assert (answer.status_code, answer.headers["HX-Refresh"], text(answer)) == (204, "true", "")


def test_each_page_knows_when_to_warn(log_on: Any) -> None:
    client, _ = log_on("coordinator")
    page = text(client.get(STUDY))
    assert 'role="alertdialog"' in page
    assert 'data-warn="120"' in page
    assert "session.js" in page
    assert "alertdialog" not in text(Client().get("/"))


# --- The log of accounts


def test_the_log_names_no_account_that_does_not_exist_and_holds_no_secret(trial: Path, scene: ModuleType) -> None:
    client = Client()
    client.post("/login/", {"login": "my secret password", "password": "x"})
    client.post("/login/", {"login": "monitor", "password": "a wrong secret"})
    client.post("/login/", {"login": "monitor", "password": scene.PASSWORDS["monitor"]})
    client.post("/logout/")
    assert events() == [
        ("unknown", "login_failed", "password"), ("monitor", "login_failed", "password"),
        ("monitor", "login", "password"), ("monitor", "logout", ""),
    ]  # fmt: skip


def test_the_log_of_accounts_is_append_only(trial: Path) -> None:
    from django.db import DatabaseError

    from trialwright.conduct.store.models import AccountEvent
    from trialwright.web.accounts import keeping

    keeping.disable("monitor")
    with pytest.raises(DatabaseError, match="append-only"):
        AccountEvent.objects.all().delete()
    with pytest.raises(DatabaseError, match="append-only"):
        AccountEvent.objects.update(who="somebody")


def test_auditors_and_administrators_read_the_log_of_accounts_others_do_not(log_on: Any, trial: Path) -> None:
    Client().post("/login/", {"login": "monitor", "password": "wrong"})
    auditor, _ = log_on("auditor")
    page = text(auditor.get("/accounts/events/"))
    assert "failed to log in" in page
    only = text(auditor.get("/accounts/events/", {"who": "monitor"}))
    assert "<td>monitor</td>" in only
    assert "<td>auditor</td>" not in only
    assert "No entry" in text(auditor.get("/accounts/events/", {"what": "unlocked"})) or "0 entries" in text(
        auditor.get("/accounts/events/", {"what": "unlocked"})
    )
    coordinator, _ = log_on("coordinator")
    refused = coordinator.get("/accounts/events/")
    assert refused.status_code == 403
    assert "administrator or auditor" in text(refused)


def test_the_log_of_accounts_is_paged(log_on: Any) -> None:
    from trialwright.conduct.actions.accounts import note_account_event

    for _ in range(60):
        note_account_event("monitor", "login_failed")
    auditor, _ = log_on("auditor")
    page = text(auditor.get("/accounts/events/", {"who": "monitor", "page": "2"}))
    assert "Page 2 of 2" in page
    assert 'href="?who=monitor&amp;page=1"' in page


# --- What every answer carries


PAGES = (
    "/", "/search/", "/studies/NCT07208058/", STUDY, f"{STUDY}subjects/", f"{STUDY}subjects/01-001/",
    f"{STUDY}subjects/01-001/visits/week2/vitals/", f"{STUDY}queries/", f"{STUDY}audit/", SECURITY, f"{SECURITY}app/",
    f"{SECURITY}passkeys/add/", "/account/password/", "/account/confirm/", "/accounts/events/", "/nothing/",
)  # fmt: skip


@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize("path", PAGES)
def test_no_page_holds_script_or_style_or_anything_from_elsewhere(log_on: Any, path: str, lang: str) -> None:
    client, _ = log_on("auditor")
    answer = client.get(path, {"lang": lang})
    page = text(answer)
    assert answer.status_code in (200, 404)
    assert not re.findall(r"<script(?![^>]*\bsrc=)[^>]*>", page)
    assert not re.findall(r"<style|\sstyle=|\son[a-z]+=\"|javascript:", page)
    loaded = re.findall(
        r"<(?:script|link|img|iframe|object|embed|source|video|audio)\b[^>]*?(?:src|href)=\"([^\"]*)\"", page
    )
    assert loaded
    assert all(each.startswith(("/static/", "data:image/")) for each in loaded), loaded
    policy = dict(part.split(" ", 1) for part in answer.headers["Content-Security-Policy"].split("; "))
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == policy["connect-src"] == policy["form-action"] == "'self'"
    assert policy["frame-ancestors"] == "'none'"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["X-Frame-Options"] == "DENY"
    assert answer.headers["Referrer-Policy"] == "same-origin"
    assert "publickey-credentials-get=(self)" in answer.headers["Permissions-Policy"]
    assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("path", ["/login/", STUDY, SECURITY])
def test_pages_for_one_person_are_not_kept_even_before_the_log_in(trial: Path, path: str) -> None:
    assert "no-store" in Client().get(path).headers["Cache-Control"]


def test_cookies_are_out_of_reach_of_scripts_and_of_other_sites(log_on: Any) -> None:
    client, _ = log_on("coordinator")
    client.get(SECURITY)
    for name in ("sessionid", "csrftoken"):
        assert client.cookies[name]["httponly"]
        assert client.cookies[name]["samesite"] == "Lax"


def test_a_form_without_its_token_is_refused(trial: Path) -> None:
    client = Client(enforce_csrf_checks=True)
    for path in ("/login/", "/login/passkey/", "/logout/", "/account/session/", f"{SECURITY}app/"):
        assert client.post(path, {"login": "monitor"}).status_code == 403


# --- Commands


def run(capsys: Any, *args: str) -> tuple[int, str]:
    from trialwright.cli.main import main

    with pytest.raises(SystemExit) as ended:
        main(["account", *args])
    said = capsys.readouterr()
    return int(ended.value.code or 0), said.out + said.err


def test_an_account_is_made_listed_closed_opened_reset_and_unlocked(trial: Path, capsys: Any) -> None:
    def on(*args: str) -> tuple[int, str]:
        return run(capsys, *args, "--database", str(trial))

    made, said = on("add", "chen", "--name", "Chen Wei")
    assert made == 0
    password = re.search(r"shown only here\): (\S+)", said)
    assert password is not None
    assert on("add", "chen")[0] == 1
    assert "chen          open, temporary password; no second factor; never logged in; Chen Wei" in on("list")[1]
    assert (
        Client().post("/login/", {"login": "chen", "password": password[1]}).headers["Location"] == "/account/password/"
    )
    assert on("disable", "chen") == (0, "Account chen is closed.\n")
    closed = Client().post("/login/", {"login": "chen", "password": password[1]})
    assert closed.headers["Location"] == "/account/inactive/"
    assert on("enable", "chen")[0] == 0
    assert "temporary password" in on("reset-password", "chen")[1]
    assert "no second factor now; 0" in on("reset-mfa", "chen")[1]
    assert on("unlock", "chen")[0] == 0
    assert on("unlock", "chen") == (0, "chen was not locked.\n")
    log = on("events", "--who", "chen")[1]
    assert "account_added  (by installer)" in log
    assert password[1] not in log


@pytest.mark.parametrize("verb", ["disable", "enable", "reset-password", "reset-mfa", "unlock", "code"])
def test_a_name_that_is_no_account_is_said_so(trial: Path, capsys: Any, verb: str) -> None:
    ended, said = run(capsys, verb, "monitr", "--database", str(trial))
    assert ended in (1, 2)
    assert said == "trialwright: There is no account 'monitr'. Did you mean monitor?\n"


def test_a_password_that_is_too_easy_is_refused(trial: Path, capsys: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    import io

    monkeypatch.setattr("sys.stdin", io.StringIO("short\n"))
    ended, said = run(capsys, "add", "chen", "--temporary-password", "--database", str(trial))
    assert ended == 2
    assert "at least 12 characters" in said
