"""Second factors in a browser: an authenticator app, a passkey (Chromium's own test authenticator), recovery codes, and
the end of a session that nobody uses."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest

STUDY = "/conduct/nct07208058/"
SECURITY = "/account/security/"
DEVICE = {
    "protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True,
    "isUserVerified": True, "automaticPresenceSimulation": True,
}  # fmt: skip


@pytest.fixture
def here(site: Any) -> str:
    """The server under a name: browsers offer no passkeys to a number."""
    return str(site.url).replace("127.0.0.1", "localhost")


@pytest.fixture
def device(page: Any) -> Iterator[Any]:
    """A device that knows its person: device(False) makes it fail to."""
    cdp = page.context.new_cdp_session(page)
    cdp.send("WebAuthn.enable")
    made = cdp.send("WebAuthn.addVirtualAuthenticator", {"options": DEVICE})["authenticatorId"]

    def verified(known: bool) -> None:
        cdp.send("WebAuthn.setUserVerified", {"authenticatorId": made, "isUserVerified": known})

    yield verified
    cdp.detach()


def log_in(page: Any, here: str, name: str, password: str, to: str = SECURITY) -> None:
    page.goto(f"{here}{to}")
    page.get_by_label("User name").fill(name)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Log in").click()


def code(secret: str, later: int = 0) -> str:
    from trialwright.web.accounts.codes import code_at

    return code_at(secret, int(time.time()) // 30 + later)


def log_out(page: Any) -> None:
    page.get_by_role("button", name="Log out").click()
    page.get_by_role("link", name="Log in").first.wait_for()


def test_an_app_is_set_up_asked_for_and_removed(page: Any, site: Any, here: str, axe: Any, picture: Any) -> None:
    password = site.passwords["data_manager"]
    log_in(page, here, "data_manager", password)
    page.wait_for_url(f"**{SECURITY}")
    assert axe(page) == []
    picture(page, "account")
    page.get_by_role("link", name="Set up an authenticator app").click()
    secret = page.locator("code.secret").inner_text().replace(" ", "")
    assert page.get_by_role("img", name="The secret as a picture").is_visible()
    assert axe(page) == []
    page.get_by_label("Type the code").fill(code(secret))
    page.get_by_role("button", name="Finish").click()
    page.wait_for_url("**/recovery-codes/")
    assert axe(page) == []
    spare = page.locator(".recovery code").all_inner_texts()
    with page.expect_download() as download:
        page.get_by_role("link", name="Save as text").click()
    saved = download.value.path().read_text()
    assert all(each in saved for each in spare)
    page.get_by_role("link", name="I have saved them").click()
    log_out(page)
    log_in(page, here, "data_manager", password)
    page.wait_for_url("**/login/code/")
    assert axe(page) == []
    picture(page, "second-step")
    page.get_by_label("Code").fill("000000")
    page.get_by_role("button", name="Log in").click()
    page.get_by_text("Each code works once").wait_for()
    page.get_by_label("Code").fill(spare[0])
    page.get_by_role("button", name="Log in").click()
    page.wait_for_url(f"**{SECURITY}")
    assert page.get_by_text("9 codes are left.").is_visible()
    page.get_by_role("link", name="Remove").click()
    assert axe(page) == []
    page.get_by_role("button", name="Remove").click()
    page.get_by_text("The authenticator app was removed.").wait_for()
    assert page.problems == []


def test_a_passkey_is_added_and_logs_in_alone_or_as_the_second_step(
    page: Any, site: Any, here: str, axe: Any, device: Any
) -> None:
    password = site.passwords["monitor"]
    log_in(page, here, "monitor", password)
    page.get_by_role("link", name="Add a passkey").click()
    assert axe(page) == []
    page.get_by_label("Name").fill("Desk in room 4")
    page.get_by_role("button", name="Make the passkey").click()
    page.wait_for_url("**/recovery-codes/")
    page.goto(f"{here}{SECURITY}")
    assert page.get_by_text("Desk in room 4").is_visible()
    log_out(page)
    page.goto(f"{here}/login/?next={STUDY}")
    assert axe(page) == []
    page.get_by_role("button", name="Use a passkey").click()
    page.wait_for_url(f"**{STUDY}")
    log_out(page)
    log_in(page, here, "monitor", password, to=STUDY)
    page.wait_for_url("**/login/code/")
    device(False)
    page.get_by_role("button", name="Use a passkey").click()
    page.get_by_text("The passkey was not used.").wait_for()
    device(True)
    page.get_by_role("button", name="Use a passkey").click()
    page.wait_for_url(f"**{STUDY}")
    page.goto(f"{here}{SECURITY}")
    page.get_by_role("link", name="Remove Desk in room 4").click()
    page.get_by_role("button", name="Remove").click()
    page.get_by_text("The passkey was removed.").wait_for()
    assert page.problems == []


def test_a_passkey_signs(page: Any, site: Any, here: str, axe: Any, device: Any) -> None:
    log_in(page, here, "investigator", site.passwords["investigator"])
    page.get_by_role("link", name="Add a passkey").click()
    page.get_by_role("button", name="Make the passkey").click()
    page.wait_for_url("**/recovery-codes/")
    page.goto(f"{here}{STUDY}subjects/{site.subject}/sign/?visit=week1&form=vitals")
    device(False)
    page.get_by_role("button", name="Sign with a passkey").click()
    page.get_by_text("The passkey was not used.").wait_for()
    assert axe(page) == []
    device(True)
    page.get_by_role("button", name="Sign with a passkey").click()
    page.wait_for_url("**/visits/week1/vitals/**")
    page.goto(f"{here}{SECURITY}")
    page.get_by_role("link", name="Remove Passkey").click()
    page.get_by_role("button", name="Remove").click()
    page.get_by_text("The passkey was removed.").wait_for()


def test_a_page_under_a_number_says_where_passkeys_work(page: Any, site: Any) -> None:
    log_in(page, site.url, "coordinator", site.passwords["coordinator"])
    page.get_by_text("Browsers offer passkeys only").wait_for()
    assert page.get_by_role("link", name="http://localhost:").is_visible()


def test_the_end_of_a_session_is_announced_and_leaves_nothing_on_the_screen(page: Any, site: Any, axe: Any) -> None:
    page.clock.install()
    left = {"now": 900}
    page.route("**/account/session/", lambda route: route.fulfill(json={"left": left["now"]}))
    form = f"{STUDY}subjects/{site.subject}/visits/week1/vitals/"
    log_in(page, site.url, "coordinator", site.passwords["coordinator"], to=form)
    page.wait_for_url(f"**{form}")
    pulse = page.get_by_label("Pulse", exact=True)
    pulse.fill("97")
    left["now"] = 115
    page.clock.fast_forward("14:00")
    box = page.get_by_role("alertdialog")
    box.wait_for()
    assert "120 seconds are left" in box.inner_text()
    assert axe(page) == []
    assert page.evaluate("document.activeElement.textContent") == "Stay logged in"
    left["now"] = 900
    page.keyboard.press("Escape")
    box.wait_for(state="hidden")
    assert pulse.input_value() == "97"
    left["now"] = 0
    page.clock.fast_forward("16:00")
    again = page.get_by_role("link", name="Log in again")
    again.wait_for()
    assert page.locator("main").inner_text() == "", "nothing of a patient stays on the screen"
    assert axe(page) == []
    assert again.get_attribute("href") == f"/login/?next={quote(form, safe='')}"


def test_auditors_read_the_events_of_accounts(page: Any, site: Any, axe: Any, picture: Any) -> None:
    log_in(page, site.url, "auditor", site.passwords["auditor"], to="/accounts/events/")
    page.wait_for_url("**/accounts/events/")
    assert page.get_by_role("cell", name="logged in").first.is_visible()
    assert axe(page) == []
    picture(page, "account-events")
    page.get_by_label("User name").fill("auditor")
    page.get_by_role("button", name="Show").click()
    page.wait_for_url("**who=auditor**")
    assert page.problems == []
