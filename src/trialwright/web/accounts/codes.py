"""Codes of an authenticator app (TOTP, RFC 6238): which are accepted, each of them once, whichever process asks."""

from __future__ import annotations

import base64
import hmac
import secrets
import time
from typing import Any

from allauth.mfa import app_settings
from allauth.mfa.models import Authenticator
from allauth.mfa.utils import decrypt, encrypt
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.hotp import HOTP
from django.db import transaction

SECOND = (Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN)
"""What counts as a second factor; recovery codes only stand in for one that was lost."""


def has_second_factor(user: Any) -> bool:
    return bool(Authenticator.objects.filter(user=user, type__in=SECOND).exists())


def has_own_second_factor(user: Any) -> bool:
    """One that the person set up, and not one that `serve` made for trying out signatures."""
    return has_second_factor(user) and not only_for_demonstration(user)


def app_of(user: Any) -> Any | None:
    """The authenticator app of a person; None without one."""
    return Authenticator.objects.filter(user=user, type=Authenticator.Type.TOTP).first()


def only_for_demonstration(user: Any) -> bool:
    """Whether all that the person has was made for a demonstration: log-in asks for no code then, signing does."""
    held = list(Authenticator.objects.filter(user=user, type__in=SECOND))
    return bool(held) and all(each.data.get("demo") for each in held)


def steps() -> range:
    """The time steps whose codes are accepted now."""
    present = int(time.time()) // app_settings.TOTP_PERIOD
    return range(present - app_settings.TOTP_TOLERANCE, present + app_settings.TOTP_TOLERANCE + 1)


def code_at(secret: str, step: int) -> str:
    """The code of a secret (base 32) at a time step."""
    key = base64.b32decode(secret, casefold=True)
    return HOTP(key, app_settings.TOTP_DIGITS, SHA1(), enforce_key_length=False).generate(step).decode()  # noqa: S303


def spend(user: Any, code: str) -> Any | None:
    """The person's authenticator app when the code is one of its present ones and was not used yet; else None."""
    typed = "".join(code.split())
    with transaction.atomic():
        held = Authenticator.objects.select_for_update().filter(user=user, type=Authenticator.Type.TOTP).first()
        if held is None:
            return None
        secret, used = decrypt(held.data["secret"]), held.data.get("used", [])
        fits = [step for step in steps() if step not in used and _same(code_at(secret, step), typed)]
        if not fits:
            return None
        mark_used(held, fits[0])
    return held


def spend_recovery(user: Any, code: str) -> Any | None:
    """The person's recovery codes when the code is one of those left; it is used up."""
    held = Authenticator.objects.filter(user=user, type=Authenticator.Type.RECOVERY_CODES).first()
    return held if held is not None and held.wrap().validate_code("".join(code.split())) else None


def mark_used(held: Any, step: int) -> None:
    """No code of this step is accepted again. What is too old to be accepted need not be remembered."""
    recent = [old for old in held.data.get("used", []) if old >= steps().start]
    held.data["used"] = [*recent, step]
    held.save(update_fields=["data"])


def present_code(held: Any) -> tuple[str, int] | None:
    """The first code from now on that would be accepted, and for how many seconds; None when all were used."""
    now, secret = int(time.time()), decrypt(held.data["secret"])
    window = steps()
    free = [step for step in window[app_settings.TOTP_TOLERANCE :] if step not in held.data.get("used", [])]
    if not free:
        return None
    until = (free[0] + app_settings.TOTP_TOLERANCE + 1) * app_settings.TOTP_PERIOD
    return code_at(secret, free[0]), until - now


def give_demo_app(user: Any) -> str:
    """A new authenticator app for an account of a demonstration; its secret. "" where the person has a real one."""
    if has_second_factor(user) and not only_for_demonstration(user):
        return ""
    secret = base64.b32encode(secrets.token_bytes(20)).decode()
    Authenticator.objects.filter(user=user, type=Authenticator.Type.TOTP).delete()
    data = {"secret": encrypt(secret), "demo": True}
    Authenticator.objects.create(user=user, type=Authenticator.Type.TOTP, data=data)
    return secret


def _same(expected: str, typed: str) -> bool:
    return hmac.compare_digest(expected.encode(), typed.encode())
