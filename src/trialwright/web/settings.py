"""Settings of the Django project: from the environment, with defaults that suit one machine.

TRIALWRIGHT_DATABASE  the SQLite file, or the postgresql:// address, of what is captured
TRIALWRIGHT_DATA      with PostgreSQL, the folder for keys and files of exports; with SQLite it is that of the file
TRIALWRIGHT_SECRET    key that signs sessions; made anew for each process when absent
TRIALWRIGHT_HOSTS     names that the server answers to, separated by commas
TRIALWRIGHT_HTTPS     1 when people reach the server over HTTPS: cookies then travel on nothing else
TRIALWRIGHT_STUDIES   folders of study definitions beside the built-in ones, separated by the system's path sign
TRIALWRIGHT_RECORDS   the data folder of registered studies, or a postgresql:// address; none: the built-in ones
TRIALWRIGHT_REQUIRE_MFA  who needs a second factor: `real` (people of studies with real subjects), `all`, `none`
TRIALWRIGHT_IDLE_MINUTES  a session ends after so long without anybody there: 3 or more; 15
TRIALWRIGHT_UPLOAD    MiB that a file in a form may have: 20
TRIALWRIGHT_RESULTS   a record with results, or a folder of rehearsals that hold `results.json`
"""

from __future__ import annotations

import os
import secrets
from pathlib import Path
from typing import Any

from trialwright.web.databases import django_settings, is_address

HERE = Path(__file__).resolve().parent
HTTPS = os.environ.get("TRIALWRIGHT_HTTPS") == "1"

SECRET_KEY = os.environ.get("TRIALWRIGHT_SECRET") or secrets.token_urlsafe(48)
DEBUG = False
ALLOWED_HOSTS = [
    *("127.0.0.1", "localhost", "[::1]", "testserver"),
    *filter(None, os.environ.get("TRIALWRIGHT_HOSTS", "").split(",")),
]

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django_htmx",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "trialwright.web.accounts.apps.Accounts",  # before axes: a failure is logged before the lock that it leads to
    "axes",
    "trialwright.conduct.store",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "trialwright.web.middleware.language",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "trialwright.web.middleware.content_policy",
    "trialwright.web.accounts.session.keep_session",
    "django.contrib.messages.middleware.MessageMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "trialwright.web.accounts.gate.gate",
    "django_htmx.middleware.HtmxMiddleware",
    "trialwright.web.errors.refusals",
    "axes.middleware.AxesMiddleware",
]

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.jinja2.Jinja2",
        "DIRS": [HERE / "templates"],
        "OPTIONS": {
            "environment": "trialwright.web.jinja.environment",
            "context_processors": ["trialwright.web.jinja.shared", "trialwright.web.accounts.people.signed_in"],
        },
    },
    # allauth and axes look for their own templates here; every page that a person meets is one of ours above.
    {"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True},
]
FORM_RENDERER = "django.forms.renderers.DjangoTemplates"

DATABASES: dict[str, dict[str, Any]] = {
    "default": django_settings(os.environ.get("TRIALWRIGHT_DATABASE", "trialwright.sqlite3"))
}

# What one worker must know of another (a code that was used, tries that were counted) stands in the database; a server
# on SQLite is one process.
if is_address(os.environ.get("TRIALWRIGHT_DATABASE", "")):
    CACHES = {"default": {"BACKEND": "django.core.cache.backends.db.DatabaseCache", "LOCATION": "trialwright_cache"}}

ROOT_URLCONF = "trialwright.web.urls"
WSGI_APPLICATION = "trialwright.web.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ = True
TIME_ZONE = "UTC"
LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("zh-hans", "简体中文")]

STATIC_URL = "static/"
STATICFILES_DIRS = [HERE / "static"]
STATICFILES_FINDERS = [
    "django.contrib.staticfiles.finders.FileSystemFinder",
    "django.contrib.staticfiles.finders.AppDirectoriesFinder",
]
# Files are served from where they are installed: nothing to collect before the first start.
WHITENOISE_USE_FINDERS = True
# A file that was changed under the running server is sent whole, not with the length that it had before.
WHITENOISE_AUTOREFRESH = True
WHITENOISE_MAX_AGE = 3600

AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "django.contrib.auth.backends.ModelBackend",
    "allauth.account.auth_backends.AuthenticationBackend",
]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "home"
ACCOUNT_LOGOUT_REDIRECT_URL = "home"
ACCOUNT_ADAPTER = "trialwright.web.accounts.adapters.Adapter"
ACCOUNT_LOGIN_METHODS = {"username"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "password1*", "password2*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_SESSION_REMEMBER = False
ACCOUNT_REAUTHENTICATION_TIMEOUT = 300
# django-axes counts failed logins and locks; a second counter would only confuse its sentence. Many people may come
# from behind one address.
ACCOUNT_RATE_LIMITS = {"login_failed": False, "login": "120/m/ip", "reauthenticate": False}

ACCOUNT_FORMS = {"change_password": "trialwright.web.accounts.forms.ChangeForm"}
MFA_ADAPTER = "trialwright.web.accounts.adapters.MfaAdapter"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_FORMS = {
    "authenticate": "trialwright.web.accounts.forms.CodeForm",
    "reauthenticate": "trialwright.web.accounts.forms.ConfirmCodeForm",
    "activate_totp": "trialwright.web.accounts.forms.StartCodesForm",
    "authenticate_webauthn": "trialwright.web.accounts.forms.PasskeyForm",
    "login_webauthn": "trialwright.web.accounts.forms.LoginPasskeyForm",
    "reauthenticate_webauthn": "trialwright.web.accounts.forms.ConfirmPasskeyForm",
}
MFA_RATE_LIMITS = {"webauthn_login": "120/m/ip"}
MFA_TOTP_ISSUER = "Trialwright"
MFA_TOTP_TOLERANCE = 1
MFA_RECOVERY_CODES_SHOW_ONCE = True
# A passkey that asked for its owner is two factors in one: it may log in alone, and sign.
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_WEBAUTHN_USER_VERIFICATION = "required"
TRIALWRIGHT_REQUIRE_MFA = os.environ.get("TRIALWRIGHT_REQUIRE_MFA", "real")

AXES_FAILURE_LIMIT = 5
AXES_COOLOFF_TIME = 0.25
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_USERNAME_CALLABLE = "trialwright.web.accounts.failures.counted_as"
AXES_LOCKOUT_CALLABLE = "trialwright.web.errors.locked_out"
AXES_RESET_ON_SUCCESS = True
# The log of accounts is ours, and append-only; a try at a closed door does not keep it closed for longer.
AXES_DISABLE_ACCESS_LOG = True
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = False

# Seconds: a session ends so long after the last thing that its person did, and at the latest so long after it began;
# pages warn that long before.
_MINUTES = os.environ.get("TRIALWRIGHT_IDLE_MINUTES", "")
TRIALWRIGHT_IDLE = 60 * (int(_MINUTES) if _MINUTES.isdecimal() and int(_MINUTES) > 2 else 15)
TRIALWRIGHT_SESSION = 12 * 3600
TRIALWRIGHT_WARN = 120
SESSION_COOKIE_AGE = TRIALWRIGHT_SESSION
SESSION_EXPIRE_AT_BROWSER_CLOSE = True
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
SESSION_COOKIE_HTTPONLY = True
CSRF_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
CSRF_FAILURE_VIEW = "trialwright.web.errors.stale_page"
SECURE_HSTS_SECONDS = 3600 * 24 * 365 if HTTPS else 0
SECURE_REFERRER_POLICY = "same-origin"
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if HTTPS else None
X_FRAME_OPTIONS = "DENY"
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"
DATA_UPLOAD_MAX_NUMBER_FIELDS = 10_000
FILE_UPLOAD_HANDLERS = [
    "trialwright.web.conduct.upload.Watch",
    "django.core.files.uploadhandler.MemoryFileUploadHandler",
    "django.core.files.uploadhandler.TemporaryFileUploadHandler",
]
TRIALWRIGHT_UPLOAD = int(os.environ.get("TRIALWRIGHT_UPLOAD", "20"))
SILENCED_SYSTEM_CHECKS = ["security.W008"]  # a proxy in front redirects to HTTPS

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "handlers": {"console": {"class": "logging.StreamHandler"}},
    "loggers": {
        "django": {"handlers": ["console"], "level": "ERROR", "propagate": False},
        "trialwright": {"handlers": ["console"], "level": "ERROR", "propagate": False},
        "axes": {"handlers": ["console"], "level": "ERROR", "propagate": False},
    },
}

TRIALWRIGHT_STUDIES = [Path(p) for p in os.environ.get("TRIALWRIGHT_STUDIES", "").split(os.pathsep) if p]
TRIALWRIGHT_RESULTS = os.environ.get("TRIALWRIGHT_RESULTS", "")
TRIALWRIGHT_RECORDS = os.environ.get("TRIALWRIGHT_RECORDS", "")
