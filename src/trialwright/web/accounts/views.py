"""The pages of an account: its second factors, the steps of a log-in, the log of what happened to accounts.

What happens is allauth's; the pages are ours.
"""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote, urlencode

from allauth.account import views as account
from allauth.account.models import Login
from allauth.mfa.base import views as base
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes import views as recovery
from allauth.mfa.totp import views as totp
from allauth.mfa.webauthn import views as webauthn
from allauth.mfa.webauthn.internal.auth import begin_registration
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from trialwright.conduct.actions.accounts import EVENTS, UNKNOWN
from trialwright.conduct.worklists import accounts as worklist
from trialwright.web.accounts import codes, gate
from trialwright.web.accounts.people import passkeys_work
from trialwright.web.page import page, page_number, words

Context = dict[str, Any]


class Security(base.IndexView):  # type: ignore[misc]  # allauth has no types
    """The second factors of the person, each with its way out."""

    template_name = "account/security.html"

    def get_context_data(self, **kwargs: Any) -> Context:
        held = list(Authenticator.objects.filter(user=self.request.user).order_by("created_at"))
        recovery = next((each for each in held if each.type == Authenticator.Type.RECOVERY_CODES), None)
        return {
            "app": next((each for each in held if each.type == Authenticator.Type.TOTP), None),
            "keys": [each for each in held if each.type == Authenticator.Type.WEBAUTHN],
            "recovery": recovery,
            "codes_left": len(recovery.wrap().get_unused_codes()) if recovery else 0,
            "owes": gate.owes_second_factor(self.request),
            "local": _local(self.request),
            "reads_events": worklist.may_read_account_events(self.request.user.get_username()),
        }


class AddApp(totp.ActivateTOTPView):  # type: ignore[misc]
    """The secret as a picture and as text; a code shows that the app holds it."""

    template_name = "account/app.html"

    def get_context_data(self, **kwargs: Any) -> Context:
        found: Context = super().get_context_data(**kwargs)
        secret = found["form"].secret
        spaced = " ".join(secret[at : at + 4] for at in range(0, len(secret), 4))
        return found | {"qr": qr(found["totp_url"]), "secret": spaced}

    def form_valid(self, form: Any) -> HttpResponse:
        answer: HttpResponse = super().form_valid(form)
        held = codes.app_of(self.request.user)
        if held is not None:
            codes.mark_used(held, form.step)
        return answer


class RemoveApp(totp.DeactivateTOTPView):  # type: ignore[misc]
    template_name = "account/remove.html"

    def get_context_data(self, **kwargs: Any) -> Context:
        last = _last_one(self.request.user)
        found: Context = super().get_context_data(**kwargs)
        return found | {"kind": "app", "name": "", "last": last}


class AddPasskey(webauthn.AddWebAuthnView):  # type: ignore[misc]
    """A passkey can always log in by itself: it is kept where it is made, and asks for the person."""

    template_name = "account/passkey_add.html"

    def get_context_data(self, **kwargs: Any) -> Context:
        options = json.dumps(dict(begin_registration(self.request.user, True)))
        return {"form": kwargs.get("form") or self.get_form(), "options": options}


class RemovePasskey(webauthn.RemoveWebAuthnView):  # type: ignore[misc]
    template_name = "account/remove.html"

    def get_context_data(self, **kwargs: Any) -> Context:
        name, last = self.object.wrap().name, _last_one(self.request.user)
        found: Context = super().get_context_data(**kwargs)
        return found | {"kind": "passkey", "name": name, "last": last}


class RecoveryCodes(recovery.ViewRecoveryCodesView):  # type: ignore[misc]
    """The codes are shown once, to be written down or saved."""

    template_name = "account/recovery.html"

    def get_context_data(self, **kwargs: Any) -> Context:
        found: Context = super().get_context_data(**kwargs)
        t = words(self.request)
        text = "\n".join(
            [t("account.recovery_file", who=self.request.user.get_username()), "", *found["unused_codes"], ""]
        )
        return found | {"download": f"data:text/plain;charset=utf-8,{quote(text)}", "onward": reverse("mfa_index")}


class SecondStep(base.AuthenticateView):  # type: ignore[misc]
    """The second step of a log-in: a code of the app, a passkey, or a recovery code."""

    template_name = "account/code.html"

    def get_context_data(self, **kwargs: Any) -> Context:
        found: Context = super().get_context_data(**kwargs)
        login: Login = self.stage.login
        types = set(Authenticator.objects.filter(user=login.user).values_list("type", flat=True))
        kinds = {"app": "totp" in types, "passkey": "webauthn" in types}
        return found | {"kinds": kinds, "options": json.dumps(found["js_data"]["request_options"])}


class ConfirmPassword(account.ReauthenticateView):  # type: ignore[misc]
    template_name = "account/confirm.html"
    extra_context = {"how": "password"}  # noqa: RUF012  # Django's attribute


class ConfirmCode(base.ReauthenticateView):  # type: ignore[misc]
    template_name = "account/confirm.html"
    extra_context = {"how": "code"}  # noqa: RUF012


class ConfirmPasskey(webauthn.ReauthenticateWebAuthnView):  # type: ignore[misc]
    template_name = "account/confirm.html"

    def get_context_data(self, **kwargs: Any) -> Context:
        found: Context = super().get_context_data(**kwargs)
        return found | {"how": "passkey", "options": json.dumps(found["js_data"]["request_options"])}


@login_required
def events(request: HttpRequest) -> HttpResponse:
    """Newest first, paged and filtered on the server; for administrators and auditors."""
    worklist.demand_account_reader(request.user.get_username())
    asked = {name: request.GET.get(name, "") for name in ("who", "what")}
    kept = urlencode({name: value for name, value in asked.items() if value})
    return page(
        request,
        "account/events.html",
        title=words(request)("account.events"),
        found=worklist.account_events(asked["who"], asked["what"], page=page_number(request)),
        asked=asked,
        kinds=EVENTS,
        unknown=UNKNOWN,
        kept=f"{kept}&" if kept else "",
    )


def qr(text: str) -> dict[str, Any]:
    """A QR code as the path of its dark squares, in a field of `size` by `size` with the margin that scanners need."""
    from qrcode.constants import ERROR_CORRECT_M
    from qrcode.main import QRCode

    code = QRCode(error_correction=ERROR_CORRECT_M, border=4)
    code.add_data(text)
    rows = code.get_matrix()
    squares = (f"M{x} {y}h1v1h-1z" for y, row in enumerate(rows) for x, dark in enumerate(row) if dark)
    return {"size": len(rows), "path": "".join(squares)}


def _last_one(user: Any) -> bool:
    return bool(Authenticator.objects.filter(user=user, type__in=codes.SECOND).count() == 1)


def _local(request: HttpRequest) -> str:
    """Where passkeys work, for somebody who came to this machine by its number."""
    host, _, port = request.get_host().partition(":")
    if passkeys_work(request) or host != "127.0.0.1":
        return ""
    return f"http://localhost:{port}{request.path}" if port else f"http://localhost{request.path}"
