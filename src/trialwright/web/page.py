"""How a view makes a page: the words, the person and the place come with it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render

from trialwright.web.words import Words


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the line that says where one is. The last step has no address."""

    text: str
    href: str = ""


def words(request: HttpRequest) -> Words:
    """The texts in the person's language; English where the request never reached the language middleware."""
    found = getattr(request, "words", None)
    return found if isinstance(found, Words) else Words("en")


def page(
    request: HttpRequest,
    template: str,
    *,
    title: str,
    place: tuple[Step, ...] = (),
    status: int = 200,
    **context: Any,
) -> HttpResponse:
    """Render `template`. `place`: the steps from the study down to this page; `virtual=True` shows the band."""
    return render(request, template, {"title": title, "place": place, **context}, status=status)


def is_fragment(request: HttpRequest) -> bool:
    """Whether htmx asks for a part of the page and not, with its back button, for the whole of it."""
    headers = request.headers
    return headers.get("HX-Request") == "true" and headers.get("HX-History-Restore-Request") != "true"


def trouble(request: HttpRequest, sentence: str, status: int) -> HttpResponse:
    """What went wrong with a part of a page: said at its top, and the page stands as it is with what was typed."""
    response = render(request, "errors/trouble.html", {"sentence": sentence}, status=status)
    response.headers["HX-Retarget"] = "#trouble"
    response.headers["HX-Reswap"] = "innerHTML"
    return response


def way_back(request: HttpRequest) -> str:
    """The address to come back to after a log-in: of what was sent, that of the page it was sent from."""
    if request.method in ("GET", "HEAD"):
        return request.get_full_path()
    came = urlsplit(request.headers.get("Referer", ""))
    fits = came.netloc == request.get_host() and came.path.startswith("/") and not came.path.startswith("//")
    return urlunsplit(("", "", came.path, came.query, "")) if fits else request.get_full_path()


def pairs(sent: QueryDict) -> list[tuple[str, str]]:
    """(name, last value) of everything in an address or a form."""
    return [(name, str(value)) for name, value in sent.items()]


def every_pair(sent: QueryDict) -> list[tuple[str, str]]:
    """(name, value) of everything in a form, in the order in which it was sent; a name may come several times."""
    return [(name, str(value)) for name, values in sent.lists() for value in values]


def page_number(request: HttpRequest) -> int:
    """The page that ?page= asks for; the first where it is no number."""
    text = request.GET.get("page", "")
    return int(text) if text.isdigit() and len(text) < 7 else 1
