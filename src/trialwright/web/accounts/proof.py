"""Who signs shows once more who it is: password and a code of the authenticator app, or a passkey that asked for the
person (PIN, finger, face). Recovery codes do not sign: they stand on paper, and somebody else may have found them.

A page that lets a person sign shows `account/proof.html` with `ask(request)`, and calls `check_sent(request)` when the
form comes back. A proof is good for one signature. When that signature did not take place for another reason (the form
was changed meanwhile), `keep` it: `proven` gives it back once, within a minute.
"""

from __future__ import annotations

import datetime as dt
import json
import time
from dataclasses import dataclass
from typing import Any

from allauth.mfa.models import Authenticator
from allauth.mfa.webauthn.internal import auth as webauthn
from django.contrib.auth import authenticate
from django.http import HttpRequest

from trialwright.conduct.actions.accounts import note_account_event
from trialwright.kernel.errors import Refused
from trialwright.web.accounts import codes, failures
from trialwright.web.accounts.forms import PasskeyForm
from trialwright.web.accounts.people import passkeys_work
from trialwright.web.page import words

PASSWORD_AND_CODE, PASSKEY = "password and code", "passkey"  # names of methods
KEPT = 60
"""Seconds for which a proof that served no signature yet may be kept."""
_SESSION = "proof"


@dataclass(frozen=True, slots=True)
class Proof:
    """`username` showed at `at` who it is, by `method`."""

    username: str
    at: dt.datetime
    method: str


@dataclass(frozen=True, slots=True)
class Asked:
    """What the page asks for: a code, a passkey (`options` for the browser, as JSON), or both to choose from."""

    code: bool
    options: str

    @property
    def possible(self) -> bool:
        return self.code or bool(self.options)


def ask(request: HttpRequest) -> Asked:
    """What the person can show here. Begins a passkey's challenge, which the next `check` ends."""
    user = request.user
    passkey = passkeys_work(request) and _has_passkey(user)
    options = json.dumps(webauthn.begin_authentication(user)) if passkey else ""
    return Asked(codes.app_of(user) is not None, options)


def check_sent(request: HttpRequest) -> Proof:
    """`check` with what the fields of `account/proof.html` sent."""
    sent = request.POST
    return check(
        request, password=sent.get("password", ""), code=sent.get("code", ""), credential=sent.get("credential", "")
    )


def check(request: HttpRequest, *, password: str = "", code: str = "", credential: str = "") -> Proof:
    """The proof. Raises Refused with a sentence; a failure counts for the lock-out, as one at log-in does."""
    t, name = words(request), request.user.get_username()
    if not codes.has_second_factor(request.user):
        raise Refused(t("proof.none"), hint=t("proof.none_hint"))
    if not credential and not (password and code):
        raise Refused(t("proof.missing"))
    if failures.is_closed(request, name):
        raise Refused(t("proof.closed"))
    right = _passkey(request, credential) if credential else _password_and_code(request, password, code)
    if not right:
        raise Refused(t("proof.closed") if failures.is_closed(request, name) else t("proof.wrong"))
    failures.forget(request, name)
    method = PASSKEY if credential else PASSWORD_AND_CODE
    note_account_event(name, "proof_given", detail=method)
    return Proof(name, dt.datetime.now(dt.UTC), method)


def keep(request: HttpRequest, proof: Proof) -> None:
    """Hold a proof that served no signature yet, so that the person need not show it again at once."""
    request.session[_SESSION] = [proof.username, proof.at.isoformat(), proof.method]


def proven(request: HttpRequest) -> Proof | None:
    """The proof that was kept, if it is not a minute old. It is given once: the next signature needs its own."""
    name, at, method = request.session.pop(_SESSION, None) or ("", "", "")
    if not name or name != request.user.get_username():
        return None
    proof = Proof(name, dt.datetime.fromisoformat(at), method)
    return proof if time.time() - proof.at.timestamp() < KEPT else None


def _password_and_code(request: HttpRequest, password: str, code: str) -> bool:
    """Both are right. The code is not used up by a wrong password; a wrong code counts as a wrong password does."""
    name = request.user.get_username()
    known = authenticate(request, username=name, password=password)
    if known is None or known.pk != request.user.pk:
        return False
    if codes.spend(known, code) is None:
        failures.count(request, name, "code")
        return False
    return True


def _passkey(request: HttpRequest, credential: str) -> bool:
    form = PasskeyForm(user=request.user, data={"credential": credential})
    if not form.is_valid():
        return False
    form.cleaned_data["credential"].record_usage()
    return True


def _has_passkey(user: Any) -> bool:
    return bool(Authenticator.objects.filter(user=user, type=Authenticator.Type.WEBAUTHN).exists())
