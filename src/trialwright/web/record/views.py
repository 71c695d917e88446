"""The public page of a study: every section of its registry record, in the registry's order, and its results."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse

from trialwright.formats.ctgov import StudyRecord, record_of
from trialwright.record.page import page_of
from trialwright.record.sites import sites
from trialwright.study.definition import Study
from trialwright.web import catalogue, shelf
from trialwright.web.page import Step, is_fragment, page, words
from trialwright.web.record import parts
from trialwright.web.record.criteria import criteria
from trialwright.web.record.downloads import ONE

BEYOND = ("history", "related", "downloads")
"""Sections that the page adds to those of the record."""


@dataclass(frozen=True, slots=True)
class Shown:
    """What the page of a study shows: its record, its definition if there is one, and what is posted here."""

    record: StudyRecord
    study: Study | None
    posted: shelf.Posted | None

    @property
    def virtual(self) -> bool:
        return self.posted is not None and self.posted.virtual


def home(request: HttpRequest) -> HttpResponse:
    shown = [(study, shelf.results(study)) for study in shelf.studies().values()]
    size = catalogue.library().store.size()
    return page(request, "home/home.html", title=words(request)("home.title"), studies=shown, size=size)


def find(name: str, lang: str) -> Shown:
    """The study with this number or id. A definition speaks each language; a record from the registry its own.

    Raises UnknownName.
    """
    study = shelf.find(name)
    kept = catalogue.library().get(study.registration.identity.nct_id) if study else catalogue.record(name)
    if study is not None and (kept is None or kept.data == record_of(study)):
        kept = StudyRecord.of(record_of(study, lang=lang))
    assert kept is not None
    posted = shelf.results(study) if study else None
    if posted is not None:
        kept = StudyRecord.of({**kept.data, "resultsSection": posted.section, "hasResults": True})
    elif kept.results is not None:
        posted = shelf.Posted(kept.data["resultsSection"], virtual=False)
    return Shown(kept, study, posted)


def record(request: HttpRequest, name: str) -> HttpResponse:
    """The record page. A former number, another case or a definition's own id leads to the registry number."""
    lang = words(request).lang
    shown = find(name, lang)
    if name != shown.record.id:
        return redirect("record", name=shown.record.id)
    if is_fragment(request):
        return _fragment(request, shown)
    return page(
        request,
        "record/record.html",
        title=shown.record.id,
        place=(Step(words(request)("record.studies"), reverse("search")), Step(shown.record.id)),
        **_whole(request, shown),
        **_results(request.GET, shown, lang),
        **_sites(request.GET, shown),
    )


def _whole(request: HttpRequest, shown: Shown) -> dict[str, Any]:
    t = words(request)
    whole = page_of(shown.record, t.lang, results=False)
    added = [(name, t(f"record.section.{name}")) for name in (*BEYOND, *(("definition",) if shown.study else ()))]
    return {
        "shown": whole,
        "contents": [*((section.id, section.title) for section in whole.sections), *added],
        "study": shown.study,
        "criteria": criteria(shown.study, t.lang) if shown.study else None,
        "versions": catalogue.library().store.versions(shown.record.id),
        "downloads": ONE,
    }


def _fragment(request: HttpRequest, shown: Shown) -> HttpResponse:
    """The part of the page that htmx wants to replace."""
    lang = words(request).lang
    if request.headers.get("HX-Target") == "sites":
        return page(request, "record/sites.html", title=shown.record.id, **_sites(request.GET, shown))
    return page(request, "record/results.html", title=shown.record.id, **_results(request.GET, shown, lang))


def _results(asked: Mapping[str, str], shown: Shown, lang: str) -> dict[str, Any]:
    context: dict[str, Any] = {"posted": shown.posted, "virtual": shown.virtual, "tabs": parts.TABS}
    if shown.record.results is not None:
        tab = parts.tab(shown.record.results, asked, lang)
        context |= {"tab": tab, "shown_results": [parts.shown_section(s, asked, tab.name) for s in tab.sections]}
    return context


def _sites(asked: Mapping[str, str], shown: Shown) -> dict[str, Any]:
    return {"places": sites(shown.record, parts.wanted_sites(asked))}
