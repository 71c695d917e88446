"""What is wrong with an answer, in the person's language, where the reason is one that people make often."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from trialwright.kernel import units
from trialwright.kernel.dates import PartialDate
from trialwright.kernel.errors import InputError, UnitError, UserError
from trialwright.web.screening.questions import Question

if TYPE_CHECKING:
    from trialwright.web.screening.answers import Answers


def sentence(answers: Answers, question: Question, fact: dict[str, Any], error: UserError) -> str:
    """One sentence for the field: our own for the usual slips, else that of the error."""
    return (
        _day(answers, question, fact)
        or _impossible(answers, question, fact)
        or _limits(answers, fact)
        or f"{error.what} {error.hint}".strip()
    )


def _day(answers: Answers, question: Question, fact: dict[str, Any]) -> str:
    latest = max(day for day in (answers.screening, answers.enrolment, answers.today) if day)
    dates = question.shape in ("date", "event") and fact["value"] not in ("none", "current", None)
    for text in (fact.get("when"), fact["value"] if dates else None):
        if not text:
            continue
        try:
            day = PartialDate.parse(str(text))
        except InputError:
            return answers.words("screening.error.date", text=str(text)[:40])
        if day.first > latest:
            return answers.words("screening.error.future", day=day, latest=latest)
        if question.item.type == "date" and day.first > answers.screening:
            return answers.words("screening.error.after_screening", day=day, screening=answers.screening)
    return ""


def _impossible(answers: Answers, question: Question, fact: dict[str, Any]) -> str:
    """A number outside what the definition calls possible, with the point or the unit that may have been missed."""
    item, value, hard = question.item, fact["value"], question.item.hard
    if not isinstance(value, float) or hard is None:
        return ""
    unit = fact["unit"] or item.unit
    low, high = (_stated(question, fact["item"], x, item.unit, unit) for x in (hard.low, hard.high))
    if not ((low is not None and value < low) or (high is not None and value > high)):
        return ""
    said = answers.words(
        "screening.error.impossible", value=f"{value:.10g}", unit=units.show(unit), span=_span(low, high)
    ).replace("  ", " ")
    point = next((value / f for f in (10, 100) if high is not None and (low or 0) <= value / f <= high), None)
    if high is not None and value > high and point is not None:
        return f"{said} {answers.words('screening.error.point', value=f'{point:g}')}"
    return f"{said} {answers.words('screening.error.check_unit' if question.item.unit else 'screening.error.check')}"


def _span(low: float | None, high: float | None) -> str:
    if low is not None and high is not None:
        return f"{low:.4g}–{high:.4g}" if high < 10_000 else f"{low:.4g}–{high:,.0f}".replace(",", "\u202f")
    return f"≥ {low:g}" if low is not None else f"≤ {high:g}"


def _stated(question: Question, name: str, limit: float | None, own: str, unit: str) -> float | None:
    """A limit of the definition, in the unit that was chosen."""
    synonym = next((s for s in question.item.synonyms if s.id == name), None)
    mass = (synonym.molar_mass if synonym else None) or question.item.molar_mass
    try:
        return None if limit is None else units.convert(limit, own or "1", unit or "1", mass)
    except UnitError:
        return None


def _limits(answers: Answers, fact: dict[str, Any]) -> str:
    low, high = fact.get("low"), fact.get("high")
    if isinstance(low, float) and isinstance(high, float) and low > high:
        return answers.words("screening.error.limits", low=f"{low:g}", high=f"{high:g}")
    return ""
