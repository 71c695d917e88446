"""The forms of second factors: allauth's own, with our count of failures and codes that serve once."""

from __future__ import annotations

from typing import Any

from allauth.account.forms import ChangePasswordForm
from allauth.core import context
from allauth.mfa.adapter import get_adapter
from allauth.mfa.base.forms import AuthenticateForm, ReauthenticateForm
from allauth.mfa.totp.forms import ActivateTOTPForm
from allauth.mfa.webauthn.forms import AuthenticateWebAuthnForm, LoginWebAuthnForm, ReauthenticateWebAuthnForm
from django.core.exceptions import ValidationError

from trialwright.conduct.actions.accounts import UNKNOWN, note_account_event
from trialwright.web.accounts import codes, failures

_MALFORMED = (ValidationError, LookupError, TypeError, ValueError, AttributeError)
"""What a credential that no browser made can raise, as far as it is read."""


class ChangeForm(ChangePasswordForm):  # type: ignore[misc]  # allauth has no types
    """A change is one: the password that somebody else gave does not stay."""

    def clean_password1(self) -> str:
        new = str(self.cleaned_data["password1"])
        if self.user.check_password(new):
            raise get_adapter().validation_error("same_as_current")
        return new


class _Code:
    """A code of the app, or one of the recovery codes."""

    user: Any
    cleaned_data: dict[str, Any]
    authenticator: Any

    def clean_code(self) -> str:
        name, code = self.user.get_username(), str(self.cleaned_data["code"])
        if failures.is_closed(context.request, name):
            raise get_adapter().validation_error("incorrect_code")
        found = codes.spend(self.user, code) or codes.spend_recovery(self.user, code)
        if found is None:
            failures.count(context.request, name, "code")
            raise get_adapter().validation_error("incorrect_code")
        found.user = self.user
        self.authenticator = found
        return code


class CodeForm(_Code, AuthenticateForm):  # type: ignore[misc]  # allauth has no types
    """The second step of a log-in."""


class ConfirmCodeForm(_Code, ReauthenticateForm):  # type: ignore[misc]
    """Before something that matters is changed."""


class StartCodesForm(ActivateTOTPForm):  # type: ignore[misc]
    """The first code shows that the app holds the secret; it cannot be used again to log in or to sign."""

    step: int

    def clean_code(self) -> str:
        code = super().clean_code()
        typed = "".join(code.split())
        self.step = next((step for step in codes.steps() if codes.code_at(self.secret, step) == typed), 0)
        return str(code)


class _Passkey:
    user: Any

    def clean_credential(self) -> Any:
        if self.user is not None and failures.is_closed(context.request, self.user.get_username()):
            raise get_adapter().validation_error("incorrect_code")
        try:
            return super().clean_credential()  # type: ignore[misc]  # that of the form beside it
        except _MALFORMED:
            if self.user is None:
                note_account_event(UNKNOWN, "login_failed", detail="passkey")
            else:
                failures.count(context.request, self.user.get_username(), "passkey")
            raise get_adapter().validation_error("incorrect_code") from None


class PasskeyForm(_Passkey, AuthenticateWebAuthnForm):  # type: ignore[misc]
    """The second step of a log-in, and the proof of a signature."""


class LoginPasskeyForm(_Passkey, LoginWebAuthnForm):  # type: ignore[misc]
    """Log-in by a passkey alone, which asked for the person: two factors in one."""


class ConfirmPasskeyForm(_Passkey, ReauthenticateWebAuthnForm):  # type: ignore[misc]
    """Before something that matters is changed."""
