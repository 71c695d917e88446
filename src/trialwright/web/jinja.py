"""The template language: filters and globals that our pages use."""

from __future__ import annotations

import datetime as dt
from functools import cache, lru_cache
from hashlib import sha256
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib.messages import get_messages
from django.contrib.staticfiles import finders
from django.http import HttpRequest
from django.templatetags.static import static
from django.urls import reverse
from django_htmx.jinja import htmx_script
from jinja2 import Environment, StrictUndefined, pass_context
from jinja2.runtime import Context
from markupsafe import Markup

from trialwright.web.page import words
from trialwright.web.record.markup import markup
from trialwright.web.sentences import asked, told
from trialwright.web.words import LANGUAGES

THIN = "\u202f"


def environment(**options: Any) -> Environment:
    """Jinja with autoescape and undefined names as errors."""
    env = Environment(**options | {"undefined": StrictUndefined, "trim_blocks": True, "lstrip_blocks": True})  # noqa: S701
    env.globals |= {
        "static": file_address,
        "url": reverse,
        "htmx_script": htmx_script,
        "get_messages": get_messages,
        "languages": LANGUAGES,
    }
    env.filters |= {"n": number, "day": day, "longday": long_day, "moment": moment, "unit": unit}
    env.filters |= {"markup": markup, "word": enum_word, "kind": kind, "told": said, "question": question}
    return env


def file_address(path: str) -> str:
    """The address of a file of ours, with a mark of its content: a browser that keeps an older one asks anew."""
    file = _place_of(path)
    return f"{static(path)}?v={_mark(file, file.stat().st_mtime_ns)}" if file else static(path)


@cache
def _place_of(path: str) -> Path | None:
    found = finders.find(path)
    return Path(found) if isinstance(found, str) else None


@lru_cache(maxsize=64)
def _mark(file: Path, _changed: int) -> str:
    return sha256(file.read_bytes()).hexdigest()[:10]


def shared(request: HttpRequest) -> dict[str, object]:
    """What every template knows: `t` (the words), `lang`, and the address for the other languages."""
    spoken = words(request)
    query = request.GET.copy()
    addresses = {}
    for lang in LANGUAGES:
        query["lang"] = lang
        addresses[lang] = f"?{query.urlencode()}"
    return {"t": spoken, "lang": spoken.lang, "addresses": addresses}


def number(value: float | int | str | None, decimals: int | None = None) -> str:
    """Thin grouping from 10,000 on: 15 300. None is a dash."""
    if value is None or value == "":
        return "–"
    if isinstance(value, str):
        return value
    text = f"{value:,.{decimals}f}" if decimals is not None else f"{value:,g}" if abs(value) < 1e6 else f"{value:,.0f}"
    return text.replace(",", THIN if abs(value) >= 10_000 else "").replace("-", "\u2212")


def day(value: dt.date | str | None) -> str | Markup:
    """A day as 2026-03-15, marked up as a time."""
    if not value:
        return "–"
    text = value if isinstance(value, str) else value.isoformat()[:10]
    return Markup('<time datetime="{0}">{0}</time>').format(text)


@pass_context
def long_day(context: Context, value: dt.date | None) -> str | Markup:
    """A day with the local custom beside it, where the language has another."""
    if value is None or context["lang"] != "zh":
        return day(value)
    return day(value) + Markup(' <span class="soft small">{}年{}月{}日</span>').format(
        value.year, value.month, value.day
    )


def moment(value: dt.datetime | str | None, zone: str = "UTC") -> str | Markup:
    """A moment (also as ISO text with its offset) to the minute in `zone`: 2026-03-15 09:30 Asia/Shanghai."""
    if not value:
        return "–"
    known = dt.datetime.fromisoformat(value) if isinstance(value, str) else value
    there = known.astimezone(ZoneInfo(zone))
    return Markup('<time class="nowrap" datetime="{}">{} <span class="soft">{}</span></time>').format(
        there.isoformat(timespec="seconds"), there.strftime("%Y-%m-%d %H:%M"), zone
    )


@pass_context
def enum_word(context: Context, value: str) -> str:
    """A value of the registry in words of the page's language."""
    from trialwright.record.words import word

    return word(value, context["lang"])


@pass_context
def said(context: Context, sentence: str) -> str:
    """A sentence of the rooms below in words of the page's language."""
    return told(sentence, context["lang"]) if sentence else ""


@pass_context
def question(context: Context, query: Any) -> str:
    """What a query asks, in the page's language where it is known: `query` has a text, its form and its item."""
    return asked(query.text, context["study"], query.form, query.item, context["lang"])


def kind(value: object) -> str:
    """The name of a value's class: which shape of a record it is."""
    return type(value).__name__


def unit(code: str) -> str:
    """A UCUM unit in print: 10*9/L as 10⁹/L; nothing for a pure number."""
    from trialwright.kernel import units

    return "" if code in ("", "1") else units.show(code)
