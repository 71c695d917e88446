"""The search page: a question in the address, facets, cards, the whole answer as a file."""

from __future__ import annotations

from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

from trialwright.kernel.errors import InputError
from trialwright.record.query.errors import QueryError
from trialwright.record.search.request import SearchAnswer
from trialwright.record.store.base import Card
from trialwright.record.words import word
from trialwright.web import catalogue, shelf
from trialwright.web.page import Step, is_fragment, page, words
from trialwright.web.record import question as asked
from trialwright.web.record.downloads import MANY, many

COUNTRIES = 15
"""Countries offered; any other can be typed."""


@dataclass(frozen=True, slots=True)
class Choice:
    """A value of a facet."""

    value: str
    label: str
    count: int
    checked: bool


@dataclass(frozen=True, slots=True)
class Found:
    """A card, with the words of the question that its record holds."""

    card: Card
    matched: tuple[str, ...]
    has_definition: bool


def search(request: HttpRequest) -> HttpResponse:
    """The page; for htmx the part of it that changes."""
    t = words(request)
    question = asked.ask(request.GET, t)
    answer = _answer(question)
    whole = {
        "question": question,
        "answer": answer,
        "cards": _cards(answer) if answer else [],
        "facets": _facets(question, answer, t.lang),
        "sorts": asked.labels(t),
        "units": list(asked.AGE_UNITS),
        "downloads": MANY,
    }
    template = "search/answer.html" if is_fragment(request) else "search/search.html"
    status = 400 if question.errors and not is_fragment(request) else 200
    step = (Step(t("search.title")),)
    return page(request, template, title=t("search.title"), place=step, status=status, **whole)


def _answer(question: asked.Question) -> SearchAnswer | None:
    """The answer; None where the question cannot be understood."""
    if question.errors:
        return None
    try:
        return catalogue.library().search(question.request)
    except QueryError as error:
        question.errors["q"] = f"{error.what} {error.hint}".strip()
        question.caret = error.pointed() if error.source else ""
    except InputError as error:
        asked.with_answer(question, error)
    return None


def _cards(answer: SearchAnswer) -> list[Found]:
    matched = {hit.nct_id: hit.matched for hit in answer.hits}
    cards = catalogue.library().store.cards([hit.nct_id for hit in answer.hits])
    return [Found(card, matched.get(card.nct_id, ()), shelf.find(card.nct_id) is not None) for card in cards]


def _facets(question: asked.Question, answer: SearchAnswer | None, lang: str) -> dict[str, list[Choice]]:
    """The values of each facet, those chosen first of all, then the most frequent."""
    counts: dict[str, dict[str, int]] = {name: dict(found) for name, found in answer.facets.items()} if answer else {}
    shown = {}
    for name, (facet, _enum) in asked.CHOICES.items():
        chosen = question.chosen(name)
        values = dict.fromkeys((*(v for v in chosen if v.strip()), *counts.get(facet, {})))
        shown[name] = [Choice(v, word(v, lang), counts.get(facet, {}).get(v, 0), v in chosen) for v in values]
    countries = list(counts.get("country", {}).items())[:COUNTRIES]
    shown["country"] = [Choice(v, v, n, v == question.text("country")) for v, n in countries]
    return shown


def download(request: HttpRequest, form: str) -> HttpResponseBase:
    """The whole answer as a file that streams. Raises UnknownName, InputError."""
    question = asked.ask(request.GET, words(request))
    if question.errors:
        raise InputError(" ".join(question.errors.values()))
    library = catalogue.library()
    library.search(question.request)  # what is wrong with the question is told before the first byte
    return many(library.store.each(library.index.ids(question.request)), form, "studies")
