"""The public page of a study: every section of its registry record, in the registry's order, and its results."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse

from trialwright.web import shelf
from trialwright.web.page import Step, is_fragment, page, words
from trialwright.web.record import results as posted
from trialwright.web.record.criteria import criteria

SECTIONS = (
    "results", "basic", "summary", "description", "conditions", "design", "groups", "interventions", "eligibility",
    "sponsors", "responsible", "locations", "countries", "central", "facility", "identifiers", "related", "definition",
)  # fmt: skip
"""The registry's order; `definition` holds what the registry does not say."""

TABS = ("flow", "baseline", "outcomes", "events")


def home(request: HttpRequest) -> HttpResponse:
    shown = [(study, shelf.results(study)) for study in shelf.studies().values()]
    return page(request, "home/home.html", title=words(request)("home.title"), studies=shown)


def record(request: HttpRequest, name: str) -> HttpResponse:
    """The record page. An address in other case or with the study's own id leads to the registry number."""
    study = shelf.study(name)
    nct = study.registration.identity.nct_id
    if name != nct:
        return redirect("record", name=nct)
    found = shelf.results(study)
    context = _results(request, found.section) if found else {}
    t = words(request)
    template = "record/results.html" if found and is_fragment(request) else "record/record.html"
    return page(
        request,
        template,
        title=nct,
        place=(Step(t("record.studies"), reverse("home")), Step(nct)),
        study=study,
        r=study.registration,
        sections=SECTIONS,
        criteria=criteria(study, t.lang),
        countries=sorted(Counter(t.say(site.country) for site in study.registration.sites).items()),
        posted=found,
        virtual=found is not None and found.virtual,
        **context,
    )


def _results(request: HttpRequest, section: Mapping[str, Any]) -> dict[str, Any]:
    """The chosen tab of the results; the other ones are made when they are asked for."""
    tab = request.GET.get("results", "")
    tab = tab if tab in TABS else TABS[0]
    wanted = request.GET.get("term", "")[:80]
    makers: dict[str, Callable[[], Any]] = {
        "flow": lambda: posted.flow(section),
        "baseline": lambda: posted.baseline(section),
        "outcomes": lambda: posted.outcomes(section),
        "events": lambda: posted.events(section, wanted),
    }
    return {"tab": tab, "tabs": TABS, "shown": makers[tab](), "term": wanted}
