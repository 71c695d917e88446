"""allauth in this house: nobody signs up, it speaks our words, secrets are encrypted, codes are asked by policy."""

from __future__ import annotations

import base64
import time
from functools import cache
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.core import context
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.stages import AuthenticateStage
from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from trialwright.conduct.worklists.accounts import acts_in_real_study
from trialwright.kernel.errors import TrialwrightError
from trialwright.web.accounts import codes, gate
from trialwright.web.accounts.events import BEGAN
from trialwright.web.page import words

STAGE = "trialwright.web.accounts.adapters.CodeStage"
_SAID = {
    "password_changed", "totp_activated", "totp_deactivated", "webauthn_added", "webauthn_removed",
    "recovery_codes_generated",
}  # fmt: skip
"""What allauth says that is worth a line on the next page; the rest the page shows anyhow."""


class Adapter(DefaultAccountAdapter):  # type: ignore[misc]  # allauth has no types
    """Nobody makes an account for oneself: an administrator does."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def get_login_stages(self) -> list[str]:
        return [STAGE if stage.endswith(".AuthenticateStage") else stage for stage in super().get_login_stages()]

    def post_login(self, request: HttpRequest, user: Any, **more: Any) -> HttpResponse:
        """First what the account still owes: a password of its own, a second factor."""
        answer: HttpResponse = super().post_login(request, user, **more)
        return gate.detour(request) or answer

    def get_password_change_redirect_url(self, request: HttpRequest) -> str:
        """To one's account: who came with a lent password sees there what else is owed."""
        return reverse("mfa_index")

    def is_reauthentication_required(self, *, app: str) -> bool:
        """Who logged in just now need not show it again."""
        began = int(context.request.session.get(BEGAN, 0))
        return time.time() - began > settings.ACCOUNT_REAUTHENTICATION_TIMEOUT

    def get_reauthentication_methods(self, user: Any) -> list[dict[str, Any]]:
        """Who has a second factor shows that one: a password alone does not take it away."""
        found: list[dict[str, Any]] = super().get_reauthentication_methods(user)
        return [each for each in found if each["id"] != "reauthenticate"] or found

    def validation_error(self, code: str, *args: Any) -> ValidationError:
        return _sentence(code) or super().validation_error(code, *args)

    def add_message(
        self, request: HttpRequest, level: int, message_template: str | None = None,
        message_context: dict[str, Any] | None = None, extra_tags: str = "", message: str | None = None,
    ) -> None:  # fmt: skip
        stem = (message_template or "").rpartition("/")[2].removesuffix(".txt")
        text = message or (words(request)(f"account.said.{stem}") if stem in _SAID else "")
        if text:
            messages.add_message(request, level, text, extra_tags=extra_tags)


class MfaAdapter(DefaultMFAAdapter):  # type: ignore[misc]
    """Secrets of authenticator apps are of no use without the server's key."""

    def encrypt(self, text: str) -> str:
        return _box(settings.SECRET_KEY).encrypt(text.encode()).decode()

    def decrypt(self, encrypted_text: str) -> str:
        try:
            return _box(settings.SECRET_KEY).decrypt(encrypted_text.encode()).decode()
        except InvalidToken:
            raise TrialwrightError(
                "The server's secret is not the one that second factors were stored with.",
                hint="Put the right one back, or reset them with `trialwright account reset-mfa NAME`.",
            ) from None

    def validation_error(self, code: str, *args: Any) -> ValidationError:
        return _sentence(code) or super().validation_error(code, *args)

    def generate_authenticator_name(self, user: Any, type: Any) -> str:  # allauth's name
        return words(context.request)("account.passkey")

    def _get_site_name(self) -> str:
        return "Trialwright"


class CodeStage(AuthenticateStage):  # type: ignore[misc]
    """The second step of a log-in. What `serve` made for trying out signatures does not stand in the way of it."""

    def _should_handle(self, request: HttpRequest) -> bool:
        user = self.login.user
        free = codes.only_for_demonstration(user) and not acts_in_real_study(user.get_username())
        return bool(super()._should_handle(request)) and not free


def _sentence(code: str) -> ValidationError | None:
    """Our words for an error of allauth; None where we have none."""
    t = words(context.request)
    key = f"account.error.{code}"
    return ValidationError(t(key), code=code) if t.has(key) else None


@cache
def _box(secret: str) -> Fernet:
    key = HKDF(SHA256(), 32, salt=None, info=b"trialwright second factors").derive(secret.encode())
    return Fernet(base64.urlsafe_b64encode(key))
