"""Who calls: the key in the request, its person narrowed to its scopes, and the access log."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from django.db import transaction
from django.http import HttpRequest, HttpResponse
from ninja.security import HttpBearer
from pydantic import BaseModel

from trialwright.conduct.actions import Person, note_access, studies
from trialwright.conduct.actions.answered import once
from trialwright.conduct.actions.attachments import largest
from trialwright.conduct.actions.ledger import Place
from trialwright.conduct.actions.tokens import Token, person_of
from trialwright.conduct.worklists.masks import Blinded, hidden_of
from trialwright.kernel.errors import InputError, UnknownName
from trialwright.study.definition import Study
from trialwright.web import clock
from trialwright.web.capture_api.problems import LARGEST, TooLarge

JSON = "application/json"
BYTES = "application/octet-stream"


@dataclass(frozen=True, slots=True)
class Caller:
    """`by`: the person of the key, with the rights that the key was made for."""

    token: Token
    by: Person

    @property
    def study_id(self) -> str:
        return self.token.study

    @property
    def study(self) -> Study:
        return studies.definition(self.study_id)

    @property
    def now(self) -> dt.datetime:
        """The time; a virtual trial has a calendar of its own."""
        return clock.now(self.study_id, virtual=studies.trial(self.study_id).virtual)

    @property
    def hidden(self) -> Blinded:
        """What is kept from the key."""
        return hidden_of(studies.trial(self.study_id), self.by)

    def do(self) -> dict[str, Any]:
        """What every action takes."""
        return {"by": self.by, "at": self.now}


class Key(HttpBearer):
    """`Authorization: Bearer <key>`. A session of the pages is never looked at."""

    def authenticate(self, request: HttpRequest, token: str) -> Caller:
        caller = Caller(*person_of(token.strip()))
        most = largest() if request.content_type == BYTES else LARGEST
        if length_of(request) > most:
            raise TooLarge(most)
        if "\0" in request.path or "\0" in unquote(request.META.get("QUERY_STRING", "")):
            raise InputError("The address holds a character that cannot be kept.")
        return caller


def length_of(request: HttpRequest) -> int:
    """Bytes that the sender has announced."""
    sent = request.META.get("CONTENT_LENGTH") or "0"
    return int(sent) if sent.isdigit() else 0


def caller_of(request: HttpRequest, study: str) -> Caller:
    """Raises UnknownName for a study that is not the key's: what else is in conduct here is not its business."""
    caller = request.auth  # type: ignore[attr-defined]  # ninja hands on here what `Key` gave
    assert isinstance(caller, Caller)
    if study.lower() != caller.study_id:
        raise UnknownName("study for this key", study, [caller.study_id])
    return caller


def read(
    request: HttpRequest, study: str, what: str, *, site: str = "", subject: str = "", visit: str = "", form: str = "",
    of: str = "",
) -> Caller:  # fmt: skip
    """The caller of a reading, which the access log notes first: a refused look is one too. `of`: what, beside that."""
    caller = caller_of(request, study)
    place = Place(site[:10], subject[:20], visit[:80], form[:80])
    parts = ("key", caller.token.prefix, of, request.META.get("QUERY_STRING", ""))
    detail = " ".join(part for part in parts if part)
    note_access(caller.study_id, f"api {what}", caller.by, place, detail=detail)
    return caller


def shown(answer: BaseModel, status: int = 200) -> HttpResponse:
    return HttpResponse(answer.model_dump_json(), status=status, content_type=JSON)


def done(request: HttpRequest, caller: Caller, do: Callable[[], BaseModel], status: int = 200) -> HttpResponse:
    """Do it; with an Idempotency-Key at most once in a day, and the same answer again.

    What is done and its answer stand or fall together: a key that may not read the answer has done nothing.
    """
    key = request.headers.get("Idempotency-Key")
    if key is None:
        with transaction.atomic():
            return shown(do(), status)
    who = caller.token.prefix  # what one key of a person was told is not for another of fewer scopes
    parts = (who, request.method or "", request.get_full_path(), hashlib.sha256(request.body).hexdigest())
    asked = hashlib.sha256("\n".join(parts).encode()).hexdigest()
    answer = once(caller.study_id, key, asked, caller.by, lambda: (status, do().model_dump_json()))
    response = HttpResponse(answer.body, status=answer.status, content_type=JSON)
    if answer.again:
        response.headers["Idempotent-Replayed"] = "true"
    return response
