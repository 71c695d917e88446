"""What was typed on the screening page, as facts: built one by one, so that each mistake stands beside its field."""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from trialwright.evidence.patient import Patient
from trialwright.kernel.errors import InputError, UserError
from trialwright.screen import patient_of
from trialwright.study.definition import Study
from trialwright.web.screening.mistakes import sentence
from trialwright.web.screening.questions import BLANK_ROWS, Question, Section, sections
from trialwright.web.words import Words

NOT_KNOWN = ("not_done", "unknown")
"""Answers that give no value, and say why."""

_LONGEST = 200
_MOST_ROWS = 60
_SPELT_DAY = re.compile(r"(\d{4})\s*[-/.年]\s*(?:(\d{1,2})\s*(?:[-/.月]\s*(?:(\d{1,2})\s*日?)?)?)?$")
_ROW = re.compile(r"r:([a-z0-9_]+):([1-9]\d{0,2}):[a-z]+$")


@dataclass(slots=True)
class Answers:
    """`typed`: name of an input -> what stands in it. `errors`: id of a field -> a sentence."""

    study: Study
    words: Words
    today: dt.date
    typed: Mapping[str, str]
    errors: dict[str, str] = field(default_factory=dict)
    facts: dict[str, dict[str, Any]] = field(default_factory=dict)
    """id of a field -> the fact that it states, as a facts file would."""
    screening: dt.date = dt.date.min
    enrolment: dt.date | None = None
    """The days as typed; today stands in for a day of screening that cannot be used."""
    _patient: Patient | None = None
    _asked: dict[str, Question] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.typed = {name: value[:_LONGEST] for name, value in self.typed.items()}
        self._days()
        for section in self.sections:
            for question in section.questions:
                self._answer(section, question)
        self._check()

    @property
    def sections(self) -> tuple[Section, ...]:
        return sections(self.study)

    def get(self, name: str) -> str:
        """What was typed, without what input methods add around it: full-width figures, blanks."""
        return unicodedata.normalize("NFKC", self.typed.get(name, "")).strip()

    def rows(self, question: Question) -> range:
        """Numbers of the rows to show: those sent, and some blank ones to begin with."""
        found = [_ROW.match(name) for name in self.typed]
        last = max((int(m[2]) for m in found if m and m[1] == question.id), default=0)
        more = self.typed.get("add") == question.id
        return range(1, min(max(last, BLANK_ROWS) + more, _MOST_ROWS) + 1)

    def patient(self) -> Patient:
        """The patient that the sound answers make. What contradicts itself is left out and said at the top."""
        if self._patient is None:
            try:
                self._patient = self._build(self.facts.values(), self._subject)
            except UserError as error:
                self.errors.setdefault("page", f"{error.what} {error.hint}".strip())
                self._patient = self._build(())
        return self._patient

    @property
    def _subject(self) -> str:
        return "" if "subject" in self.errors else self.get("subject")

    def _check(self) -> None:
        """Mostly all answers are sound together; else each is tried alone, so that the mistake is said at its field."""
        try:
            self._patient = self._build(self.facts.values(), self._subject)
        except UserError:
            for slot, fact in list(self.facts.items()):
                try:
                    self._build([fact])
                except UserError as error:
                    self.errors[slot] = sentence(self, self._asked[slot], fact, error)
                    del self.facts[slot]

    def _build(self, facts: Iterable[dict[str, Any]], subject: str = "") -> Patient:
        document = {
            "subject": subject,
            "screening": str(self.screening),
            "enrolment": str(self.enrolment) if self.enrolment else None,
            "facts": list(facts),
        }
        return patient_of(document, self.study, where="page", today=self.today)

    # --- Days of the patient ------------------------------------------------------------------------------------

    def _days(self) -> None:
        self.screening = self._day("screening") or self.today
        self.enrolment = self._day("enrolment")
        if not self.get("screening"):
            self.errors["screening"] = self.words("screening.error.no_day")
        if self.screening > self.today:
            self.errors["screening"] = self.words("screening.error.future", day=self.screening, latest=self.today)
            self.screening = self.today
        if self.enrolment and self.enrolment < self.screening:
            self.errors["enrolment"] = self.words("screening.error.enrolment", day=self.screening)
            self.enrolment = None
        try:
            self._build((), self.get("subject"))
        except UserError as error:
            self.errors["subject"] = f"{error.what} {error.hint}".strip()

    def _day(self, name: str) -> dt.date | None:
        """A whole day that a patient can have; what is none is said at its field."""
        text = self.get(name)
        if not text:
            return None
        try:
            return patient_of({"screening": spelt(text), "facts": []}, self.study).screening
        except UserError:
            self.errors[name] = self.words("screening.error.whole_day", text=text[:40])
            return None

    # --- One question -------------------------------------------------------------------------------------------

    def _answer(self, section: Section, question: Question) -> None:
        if question.shape == "rows":
            self._series(question)
            return
        raw = self._single(section, question)
        if raw is not None:
            self._keep(question, question.id, raw)

    def _single(self, section: Section, question: Question) -> dict[str, Any] | None:
        """The fact of a question that is asked once; None while it is open."""
        name = question.id
        value, null = self.get(f"v:{name}"), self.typed.get(f"n:{name}", "")
        if question.shape == "event":
            value, null = self._event(name, value)
        elif question.shape in ("options", "list") and value in NOT_KNOWN:
            value, null = "", value
        if null in NOT_KNOWN and not value:
            return {"value": None, "reason": null.replace("_", " ")}
        if not value:
            return None
        if null:
            self.errors[name] = self.words("screening.error.both")
            return None
        raw: dict[str, Any] = {"value": spelt(value) if question.shape in ("event", "date") else value}
        if question.dated and self.get(f"w:{name}"):
            raw["when"] = spelt(self.get(f"w:{name}"))
        if question.item.type == "judgement":
            raw["signed_by"] = self.get(f"s:{section.id}")
        if question.shape == "number":
            raw |= {"unit": self.typed.get(f"u:{name}", ""), **self._limits(question)}
        return raw

    def _event(self, name: str, day: str) -> tuple[str, str]:
        """(value, reason for no value) of an event: absent, a day, still so, or not known."""
        chosen = self.typed.get(f"k:{name}", "")
        if chosen in ("none", "current") and day:
            self.errors[name] = self.words("screening.error.event_both")
            return "", ""
        if chosen in NOT_KNOWN:
            return ("", chosen) if not day else (day, chosen)
        if chosen == "date" and not day:
            self.errors[name] = self.words("screening.error.event_day")
        return (chosen if chosen in ("none", "current") else day), ""

    def _limits(self, question: Question) -> dict[str, Any]:
        typed = {side: self.get(f"{side[0]}:{question.id}") for side in ("low", "high") if side in question.flags}
        return {side: text for side, text in typed.items() if text}

    def _series(self, question: Question) -> None:
        if self.typed.get(f"k:{question.id}") in ("none", *NOT_KNOWN):
            answer = self.typed[f"k:{question.id}"]
            raw = {"value": "none"} if answer == "none" else {"value": None, "reason": answer.replace("_", " ")}
            if any(self._row(question, n) for n in self.rows(question)):
                self.errors[question.id] = self.words("screening.error.rows_both")
            else:
                self._keep(question, question.id, raw)
            return
        for number in self.rows(question):
            row, slot = self._row(question, number), f"{question.id}-{number}"
            if "value" not in row:
                continue
            lacks = next((c for c, _ in question.columns if c in ("when", "agent") and not row.get(c)), None)
            if lacks:
                self.errors[slot] = self.words(f"screening.error.row_{lacks}")
            else:
                self._keep(question, slot, row)

    def _row(self, question: Question, number: int) -> dict[str, Any]:
        """What stands in one row; a unit alone is not an answer."""
        parts = {part: self.get(f"r:{question.id}:{number}:{part}") for part in ("value", "when", "agent", "route")}
        filled: dict[str, Any] = {part: text for part, text in parts.items() if text}
        if filled:
            filled["unit"] = self.typed.get(f"r:{question.id}:{number}:unit", "")
            filled["when"] = spelt(filled["when"]) if "when" in filled else ""
        return filled

    def _keep(self, question: Question, slot: str, raw: dict[str, Any]) -> None:
        """Take a fact, its numbers read; what is no number is said at its field."""
        name, _, unit = str(raw.get("unit") or "").rpartition(":")
        fact = {"item": name or question.id, **raw, "unit": unit if raw.get("value") is not None else ""}
        try:
            sides: dict[str, Any] = {s: _number(raw[s], self.words) for s in ("low", "high") if s in raw}
            if question.item.type in ("quantity", "integer") and isinstance(raw["value"], str):
                fact["value"] = raw["value"] if raw["value"] == "none" else _number(raw["value"], self.words)
        except NumberError as error:
            self.errors[slot] = error.what
            return
        self.facts[slot], self._asked[slot] = fact | sides, question


def spelt(text: str) -> str:
    """A day as ISO writes it, from 2026/3/5, 2026.03.05 or 2026年3月5日; anything else stays as it is."""
    found = _SPELT_DAY.match(text)
    if not found:
        return text
    year, *rest = found.groups()
    return "-".join([year, *(part.zfill(2) for part in rest if part)])


class NumberError(InputError):
    """What was typed is no number; the sentence is in the person's language already."""


def _number(text: str, words: Words) -> float:
    plain = re.sub(r"(?<=\d)[\s\u202f](?=\d)", "", text)
    if re.fullmatch(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,2})?", plain):
        return float(plain)
    raise NumberError(words("screening.error.comma" if "," in plain else "screening.error.number", text=text))


def hidden(answers: Answers, patient: Patient) -> Iterator[str]:
    """Questions that need no answer for this patient, by what the form says (`show_when`)."""
    from trialwright.kernel.truth import Truth
    from trialwright.logic import evaluate

    for section in answers.sections:
        for question in section.questions:
            condition = question.place.field.show_when if question.place else None
            open_ = question.id not in answers.facts and question.id not in answers.errors
            if condition and open_ and evaluate(answers.study.compile(condition), patient) is Truth.FALSE:
                yield question.id
