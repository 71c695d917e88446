"""Beside a record: the studies like it, and what changed from one of its versions to the next."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse

from trialwright.record.history import history as history_of
from trialwright.web import catalogue
from trialwright.web.page import Step, is_fragment, page, page_number, words
from trialwright.web.record.views import find

MOST = 100
"""Changes on a page of the history."""
COUNT = 10


def related(request: HttpRequest, name: str) -> HttpResponse:
    """Studies like this one, closest first, each with its reasons."""
    t = words(request)
    shown = find(name, t.lang)
    if name != shown.record.id:
        return redirect("related", name=shown.record.id)
    library = catalogue.library()
    known = library.store.get(shown.record.id) is not None
    found = library.related(shown.record.id, COUNT) if known else []
    cards = {card.nct_id: card for card in library.store.cards([each.nct_id for each in found])}
    place = (
        Step(t("record.studies"), reverse("search")),
        Step(shown.record.id, reverse("record", args=[shown.record.id])),
        Step(t("record.section.related")),
    )
    template = "record/kin.html" if is_fragment(request) else "record/related.html"
    pairs = [(cards[each.nct_id], each) for each in found if each.nct_id in cards]
    title = t("record.section.related")
    return page(request, template, title=title, place=place, kin=pairs, record=shown.record)


def history(request: HttpRequest, name: str) -> HttpResponse:
    """Every version, and two of them side by side."""
    t = words(request)
    shown = find(name, t.lang)
    if name != shown.record.id:
        return redirect("history", name=shown.record.id)
    steps = history_of(catalogue.library().store, shown.record.id)
    chosen = next(
        (s for s in steps if str(s.version.number) == request.GET.get("version")), steps[-1] if steps else None
    )
    changes = chosen.changes if chosen else ()
    pages = max(1, -(-len(changes) // MOST))
    number = min(max(1, page_number(request)), pages)
    place = (
        Step(t("record.studies"), reverse("search")),
        Step(shown.record.id, reverse("record", args=[shown.record.id])),
        Step(t("record.section.history")),
    )
    return page(
        request,
        "record/history.html",
        title=t("record.section.history"),
        place=place,
        record=shown.record,
        steps=steps,
        chosen=chosen,
        changes=changes[(number - 1) * MOST : number * MOST],
        number=number,
        pages=pages,
        total=len(changes),
    )
