"""What every page of a study in conduct needs: the study, the person with their roles, and the frame of the page."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import wraps
from typing import Any, Concatenate, ParamSpec
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from trialwright.conduct.actions import Person, note_access, studies
from trialwright.conduct.actions.ledger import Place
from trialwright.kernel.errors import UnknownName
from trialwright.study.definition import Study
from trialwright.web import clock
from trialwright.web.accounts.gate import log_in_first
from trialwright.web.accounts.people import acting
from trialwright.web.errors import problem
from trialwright.web.page import Step, page, words

P = ParamSpec("P")
SECTIONS = ("dashboard", "todo", "subjects", "queries", "audit", "study")


@dataclass(frozen=True, slots=True)
class Desk:
    """A request to a study in conduct, by somebody who has a role in it."""

    request: HttpRequest
    study: Study
    by: Person
    virtual: bool

    @property
    def id(self) -> str:
        return self.study.id

    def may(self, action: str, site: str = "") -> bool:
        return self.by.role_for(action, site) is not None

    @property
    def now(self) -> dt.datetime:
        """The time; a virtual trial has a calendar of its own."""
        return clock.now(self.id, virtual=self.virtual)

    @property
    def today(self) -> dt.date:
        """The day to decide what is due."""
        return self.now.astimezone(ZoneInfo(self.zone)).date()

    @property
    def zone(self) -> str:
        """The one zone that every time of a page is shown in: that of the sites if they share one, else UTC."""
        return self.study.registration.zone

    def note(self, what: str, *, site: str = "", subject: str = "", visit: str = "", form: str = "") -> None:
        """Log that the person reads this now, with the filter of the page."""
        detail = self.request.GET.urlencode()
        note_access(self.id, what, self.by, Place(site, subject, visit, form), detail=detail)

    def place(self, *steps: Step) -> tuple[Step, ...]:
        """The line that says where one is: the study first."""
        return (Step(self.study.registration.identity.nct_id, reverse("dashboard", args=[self.id])), *steps)

    def page(self, template: str, section: str, *, title: str, place: tuple[Step, ...], **context: Any) -> HttpResponse:
        return page(
            self.request,
            template,
            title=title,
            place=place,
            study=self.study,
            section=section,
            virtual=self.virtual,
            zone=self.zone,
            person=self.by,
            sections_seen=[name for name in SECTIONS if self._sees(name)],
            **context,
        )

    def _sees(self, section: str) -> bool:
        if section == "audit":
            return self.may_read_audit
        return section in ("todo", "study") or self.reads

    @property
    def reads(self) -> bool:
        """Whether the person reads subjects' data at all; an administrator does not."""
        return any(self.may("read", role.site) for role in self.by.roles)

    @property
    def may_read_audit(self) -> bool:
        return any(self.may("read_audit", role.site) for role in self.by.roles)


View = Callable[Concatenate[Desk, P], HttpResponse]


def at_desk(view: View[P]) -> Callable[..., HttpResponse]:
    """A view for people with a role in the study; others log in, or read why not."""

    @log_in_first
    @wraps(view)
    def opened(request: HttpRequest, study_id: str, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        try:
            trial = studies.trial(study_id.lower())
        except UnknownName:
            return problem(request, 404, words(request)("conduct.not_open"))
        study = studies.of_trial(trial)
        desk = Desk(request, study, acting(request, study.id), trial.virtual)
        return view(desk, *args, **kwargs)

    return opened


def label(desk: Desk, item: str) -> str:
    """The item's label in the person's language."""
    known = desk.study.item_by_id.get(item)
    return words(desk.request).say(known.label) if known else item


def kept_filters(asked: Iterable[tuple[str, str]]) -> str:
    """The filters of an address without its page, to put before `page=`."""
    kept = urlencode([(name, value) for name, value in asked if name not in ("page", "lang") and value])
    return f"{kept}&" if kept else ""
