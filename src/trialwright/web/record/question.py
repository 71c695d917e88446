"""The search form: what an address asks for, what of it cannot be understood, and the address that asks it again."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any, get_args

from django.http import QueryDict

from trialwright.formats.ctgov.model import model
from trialwright.kernel.errors import InputError
from trialwright.kernel.units import convert
from trialwright.record.query.errors import QueryError
from trialwright.record.query.nodes import EVERYTHING, Node
from trialwright.record.query.parse import parse
from trialwright.record.search.request import Filters, SearchRequest, Sort
from trialwright.web.words import Words

SIZE = 20
SORTS = tuple(name for name in get_args(Sort) if name != "nct_id")
AGE_UNITS = {"years": "a", "months": "mo", "weeks": "wk", "days": "d"}
CHOICES = {
    "status": ("status", "Status"),
    "phase": ("phase", "Phase"),
    "type": ("study_type", "StudyType"),
    "class": ("sponsor_class", "AgencyClass"),
    "intervention_type": ("intervention_type", "InterventionType"),
    "std_age": ("std_age", "StandardAge"),
}
"""Parameter with several values -> its filter (and facet), and the enum of its values."""
WORDS = ("condition", "intervention", "country", "city", "sponsor")
DATES = ("start", "completion", "updated")
FACETS = (*(facet for facet, _ in CHOICES.values()), "country", "results")
_KEPT = (*CHOICES, *WORDS, *(f"{name}_{end}" for name in DATES for end in ("from", "to")))
SINGLE = ("q", "sex", "age", "age_unit", "results", "healthy", "sort")
_PARTIAL = re.compile(r"\d{4}(-\d{2}(-\d{2})?)?")


@dataclass(slots=True)
class Question:
    """`sent`: what was typed, kept whatever is wrong with it. `errors`: parameter -> sentence. `caret`: the query and
    a mark under the character that is wrong."""

    sent: QueryDict
    request: SearchRequest
    errors: dict[str, str] = field(default_factory=dict)
    caret: str = ""

    def text(self, name: str) -> str:
        return self.sent.get(name, "")

    def chosen(self, name: str) -> list[str]:
        return self.sent.getlist(name)

    def address(self, **changed: str | list[str]) -> str:
        """The address of this search with some parameters changed; empty ones are left out."""
        asked = QueryDict(mutable=True)
        for name in (*SINGLE, *_KEPT):
            values = changed.get(name, self.sent.getlist(name))
            for value in [values] if isinstance(values, str) else values:
                if value.strip():
                    asked.appendlist(name, value)
        if cursor := changed.get("cursor"):
            asked["cursor"] = str(cursor)
        return asked.urlencode()

    @property
    def narrowed(self) -> int:
        """How many filters narrow the answer."""
        names = (*_KEPT, "sex", "age", "results", "healthy")
        return sum(1 for name in names for value in self.sent.getlist(name) if value.strip())


def ask(sent: QueryDict, t: Words) -> Question:
    """Read an address. What cannot be understood is told, and the rest asked."""
    question = Question(sent, SearchRequest())
    query = _query(question)
    sort = _one(question, "sort", SORTS, t)
    ranked = bool(sent.get("q", "").strip()) or any(sent.get(name, "").strip() for name in WORDS)
    chosen: Sort = sort if sort in SORTS else "relevance" if ranked else "updated"  # type: ignore[assignment]  # a member
    question.request = SearchRequest(
        query, _filters(question, t), chosen, True, SIZE, sent.get("cursor", "")[:500], FACETS
    )
    return question


def _query(question: Question) -> Node:
    try:
        return parse(question.text("q"))
    except QueryError as error:
        question.errors["q"] = f"{error.what} {error.hint}".strip()
        question.caret = error.pointed()
    return EVERYTHING


def _filters(question: Question, t: Words) -> Filters:
    sent = question.sent
    filters = Filters(
        sex=_one(question, "sex", ("FEMALE", "MALE"), t),
        age_years=_age(question, t),
        results={"yes": True, "no": False}.get(_one(question, "results", ("yes", "no"), t)),
        healthy={"yes": True, "no": False}.get(_one(question, "healthy", ("yes", "no"), t)),
        **_said(sent),
    )
    for name, (attribute, enum) in CHOICES.items():
        known = model().enums.get(enum, {})
        chosen = tuple(value for value in sent.getlist(name) if value in known)
        if len(chosen) < len([value for value in sent.getlist(name) if value.strip()]):
            question.errors[name] = t("search.error.choice")
        narrowed: dict[str, Any] = {attribute: chosen}
        filters = replace(filters, **narrowed)
    spans: dict[str, Any] = {name: _dates(question, name, t) for name in DATES}
    return replace(filters, **spans)


def _one(question: Question, name: str, known: Iterable[str], t: Words) -> str:
    """The value of a parameter that has one of a few; "" where it has none, or a wrong one, which is told."""
    text = question.text(name).strip()
    found = next((value for value in known if value == text), "")
    if text and not found:
        listed = ", ".join(value.lower() if value.isupper() else value for value in known)
        question.errors[name] = t("search.error.unknown", kind=t(f"search.kind.{name}"), text=text[:40], known=listed)
    return found


def _said(sent: QueryDict) -> dict[str, Any]:
    """The filters that are words."""
    return {name: " ".join(sent.get(name, "").split())[:200] for name in WORDS}


def _age(question: Question, t: Words) -> float | None:
    """A patient's age in years; a number alone says nothing."""
    text = question.text("age").strip().replace(",", ".")
    if not text:
        return None
    found = re.fullmatch(r"(\d{1,5}(?:\.\d{1,3})?)\s*([a-z]*)", text.lower())
    unit = (found[2] if found else "") or question.text("age_unit")
    code = AGE_UNITS.get(unit) or AGE_UNITS.get(f"{unit}s")
    if found is None or code is None:
        question.errors["age"] = t("search.error.age" if found is None else "search.error.age_unit")
        return None
    return convert(float(found[1]), code, "a")


def _dates(question: Question, name: str, t: Words) -> tuple[str, str]:
    first, last = (question.text(f"{name}_{end}").strip() for end in ("from", "to"))
    for end, text in (("from", first), ("to", last)):
        if text and not _is_date(text):
            question.errors[f"{name}_{end}"] = t("search.error.date", text=text[:40])
    low = first if _is_date(first) else ""
    high = last if _is_date(last) else ""
    span = _whole(low, "-01-01"), _whole(high, "-12-31")
    if all(span) and span[0] > span[1]:
        question.errors[f"{name}_from"] = t("search.error.span", first=first, last=last)
    return span


def _is_date(text: str) -> bool:
    if not _PARTIAL.fullmatch(text):
        return False
    try:
        date.fromisoformat(f"{text}-01-01"[:10])
    except ValueError:
        return False
    return True


def _whole(text: str, rest: str) -> str:
    """A partial date as its first or last day."""
    if len(text) != 7 or rest == "-01-01":
        return f"{text}{rest}"[:10] if text else ""
    year, month = int(text[:4]), int(text[5:])
    following = date(year + month // 12, month % 12 + 1, 1) if (year, month) != (9999, 12) else date(9999, 12, 31)
    return date.fromordinal(following.toordinal() - 1).isoformat()


def with_answer(question: Question, error: InputError) -> Question:
    """The question with what the index refused (a cursor of another search, say)."""
    question.errors["cursor"] = str(error)
    return question


def labels(t: Words) -> Mapping[str, str]:
    """The word for each sort."""
    return {name: t(f"search.sorts.{name}") for name in SORTS}
