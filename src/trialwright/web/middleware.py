"""What every answer gets: the person's language, a strict content policy, and no traces in shared caches."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.utils import translation

from trialwright.web.words import DJANGO_CODES, LANGUAGES, Words, chosen

Handler = Callable[[HttpRequest], HttpResponse]

POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "connect-src 'self'",
        "form-action 'self'",
        "frame-ancestors 'none'",
        "base-uri 'none'",
    )
)
PERMISSIONS = (
    "camera=(), geolocation=(), microphone=(), payment=(), usb=(), "
    "publickey-credentials-get=(self), publickey-credentials-create=(self)"
)
PRIVATE = ("/conduct/", "/account/", "/accounts/", "/login/")
"""What stands under these addresses is for one person's eyes: nothing keeps a copy of it."""
YEAR = 365 * 24 * 3600


def content_policy(get_response: Handler) -> Handler:
    """Nothing inline, nothing from elsewhere, in no frame; pages behind the login are never kept by a cache."""

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        response.headers.setdefault("Content-Security-Policy", POLICY)
        response.headers.setdefault("Permissions-Policy", PERMISSIONS)
        if request.path.startswith("/api/v2/"):
            # Public data, as the official API gives it: pages from elsewhere may read it too.
            response.headers.setdefault("Access-Control-Allow-Origin", "*")
        if request.user.is_authenticated or request.path.startswith(PRIVATE):
            response.headers.setdefault("Cache-Control", "no-store")
        return response

    return middleware


def language(get_response: Handler) -> Handler:
    """Sets `request.words`. A choice made with ?lang= is kept in a cookie."""

    def middleware(request: HttpRequest) -> HttpResponse:
        wish = request.GET.get("lang", "")
        lang = chosen(wish, request.COOKIES.get("lang", ""), request.headers.get("Accept-Language", ""))
        request.words = Words(lang)  # type: ignore[attr-defined]  # Django's way to hand something down
        with translation.override(DJANGO_CODES[lang]):
            response = get_response(request)
        response.headers["Content-Language"] = "zh-CN" if lang == "zh" else "en"
        if wish in LANGUAGES:
            response.set_cookie("lang", lang, max_age=YEAR, samesite="Lax", httponly=True, secure=request.is_secure())
        return response

    return middleware
