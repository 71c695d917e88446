"""Addresses of log-in and account. The names are those that allauth looks for."""

from __future__ import annotations

from allauth.account import views as account
from allauth.mfa.recovery_codes.views import GenerateRecoveryCodesView
from allauth.mfa.webauthn.views import LoginWebAuthnView
from django.urls import URLPattern, path
from django.views.generic import RedirectView

from trialwright.web.accounts import views
from trialwright.web.accounts.session import session

SECURITY = "account/security/"
make_codes = GenerateRecoveryCodesView.as_view(template_name="account/recovery_make.html")
keys = RedirectView.as_view(pattern_name="mfa_index")

urlpatterns: list[URLPattern] = [
    path("login/", account.login, name="account_login"),
    path("login/code/", views.SecondStep.as_view(), name="mfa_authenticate"),
    path("login/passkey/", LoginWebAuthnView.as_view(), name="mfa_login_webauthn"),
    path("logout/", account.logout, name="account_logout"),
    path("account/inactive/", account.account_inactive, name="account_inactive"),
    path("account/password/", account.password_change, name="account_change_password"),
    path("account/session/", session, name="account_session"),
    path("account/confirm/", views.ConfirmPassword.as_view(), name="account_reauthenticate"),
    path("account/confirm/code/", views.ConfirmCode.as_view(), name="mfa_reauthenticate"),
    path("account/confirm/passkey/", views.ConfirmPasskey.as_view(), name="mfa_reauthenticate_webauthn"),
    path(SECURITY, views.Security.as_view(), name="mfa_index"),
    path(f"{SECURITY}app/", views.AddApp.as_view(), name="mfa_activate_totp"),
    path(f"{SECURITY}app/remove/", views.RemoveApp.as_view(), name="mfa_deactivate_totp"),
    path(f"{SECURITY}passkeys/", keys, name="mfa_list_webauthn"),
    path(f"{SECURITY}passkeys/add/", views.AddPasskey.as_view(), name="mfa_add_webauthn"),
    path(f"{SECURITY}passkeys/<int:pk>/remove/", views.RemovePasskey.as_view(), name="mfa_remove_webauthn"),
    path(f"{SECURITY}recovery-codes/", views.RecoveryCodes.as_view(), name="mfa_view_recovery_codes"),
    path(f"{SECURITY}recovery-codes/make/", make_codes, name="mfa_generate_recovery_codes"),
    path("accounts/events/", views.events, name="account_events"),
]
