"""Queries: list them, ask, answer, close, reopen, cancel."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Literal

from django.http import HttpRequest, HttpResponse
from ninja import Path, Query, Router

from trialwright.conduct import actions, worklists
from trialwright.conduct.worklists import QueryFilter, QueryLine
from trialwright.web.capture_api import answers, told
from trialwright.web.capture_api.keys import caller_of, done, read, shown
from trialwright.web.capture_api.shapes import Answer, Name, Number, QueriesAsked, QueryIn

router = Router(tags=["Queries"])
ONE = "/studies/{study}/subjects/{subject}/queries"
Step = Literal["answer", "close", "reopen", "cancel"]
STEPS: Mapping[str, Callable[..., None]] = {
    "answer": actions.answer_query, "close": actions.close_query, "reopen": actions.reopen_query,
    "cancel": actions.cancel_query,
}  # fmt: skip


def query_out(line: QueryLine) -> answers.QueryOut:
    return answers.QueryOut(
        subject=line.subject, number=line.number, site=line.site, visit=line.visit, form=line.form, group=line.group,
        row=line.row, item=line.item, check=line.check_id, state=line.state, text=line.text, opened=line.opened,
        closed=line.closed, thread=[answers.MessageOut.model_validate(m) for m in line.thread],
    )  # fmt: skip


@router.get("/studies/{study}/queries", response=answers.Queries, openapi_extra=told.READ, operation_id="queries")
def queries(request: HttpRequest, study: Path[Name], asked: Query[QueriesAsked]) -> HttpResponse:
    """Queries with their threads, the longest open first. `live`: open or answered."""
    caller = read(request, study, "queries", site=asked.site, subject=asked.subject, visit=asked.visit, form=asked.form)
    wanted = QueryFilter(asked.state, asked.site, asked.subject, asked.visit or None, asked.form)
    found = worklists.queries(caller.study_id, caller.by, wanted, page=asked.page, size=asked.limit)
    lines = [query_out(line) for line in found.lines]
    return shown(answers.Queries(queries=lines, total=found.total, page=found.page, pages=found.pages))


@router.post(ONE, response={201: answers.QueryNumber}, openapi_extra=told.WRITE, operation_id="openQuery")
def open_query(request: HttpRequest, study: Path[Name], subject: Path[Name], body: QueryIn) -> HttpResponse:
    """Ask about a field."""
    caller = caller_of(request, study)

    def do() -> answers.QueryNumber:
        place: dict[str, Any] = {"visit": body.visit, "group": body.group, "row": body.row}
        number = actions.open_query(caller.study_id, subject, body.form, body.item, body.text, **place, **caller.do())
        return answers.QueryNumber(subject=subject, number=number)

    return done(request, caller, do, 201)


@router.post(
    f"{ONE}/{{number}}/{{step}}", response=answers.QueryNumber, openapi_extra=told.WRITE, operation_id="stepQuery"
)
def step(
    request: HttpRequest, study: Path[Name], subject: Path[Name], number: Path[Number], step: Path[Step], body: Answer
) -> HttpResponse:
    """Answer a query, close it, ask again, or take it back."""
    caller = caller_of(request, study)

    def do() -> answers.QueryNumber:
        STEPS[step](caller.study_id, subject, number, body.text, **caller.do())
        return answers.QueryNumber(subject=subject, number=number)

    return done(request, caller, do)
