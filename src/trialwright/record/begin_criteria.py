"""The criteria of a new definition: with logic where their words can be read with certainty, else as judgements."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from trialwright.formats.ctgov.record import StudyRecord
from trialwright.record.criteria import split_criteria
from trialwright.record.criteria_logic import Reader

Data = dict[str, Any]
MOST_CRITERIA = 99
SHORT = 120
"""Characters of a criterion that says no more than an age."""


@dataclass(slots=True)
class Begun:
    """`criteria` as in eligibility.yaml; `judged`: items that answer those without logic; `read`: codes of those whose
    logic comes from their words, and the items and answers that it needs in `reader`."""

    criteria: list[Data] = field(default_factory=list)
    judged: list[Data] = field(default_factory=list)
    read: list[str] = field(default_factory=list)
    reader: Reader = field(default_factory=Reader)


def begin_criteria(record: StudyRecord) -> Begun:
    """The criteria of a record."""
    lists, begun = split_criteria(record.eligibility.criteria), Begun()
    inclusion = lists.inclusion or lists.preamble
    logic = _age_and_sex(record)
    ruled = _about_age_or_sex(inclusion, record) if logic else None
    for letter, texts in (("I", inclusion), ("E", lists.exclusion)):
        for number, text in enumerate(_at_most(texts, MOST_CRITERIA - 1), 1):
            said = logic if letter == "I" and number - 1 == ruled else ""
            _add(begun, f"{letter}{number:02}", text, said)
    if logic and all(criterion["logic"] != logic for criterion in begun.criteria):
        code = f"I{min(len(inclusion), MOST_CRITERIA - 1) + 1:02}"
        begun.criteria.append({"id": code, "label": "Age and sex", "text": _ages_in_words(record), "logic": logic})
    return begun


def _add(begun: Begun, code: str, text: str, logic: str) -> None:
    if not logic and (logic := begun.reader.read(code, text)):
        begun.read.append(code)
    if not logic:
        logic = f"judged_{code.lower()}"
        begun.judged.append(_judgement(logic, code, text))
    begun.criteria.append({"id": code, "label": short(text), "text": text, "logic": logic})


def _about_age_or_sex(texts: tuple[str, ...], record: StudyRecord) -> int | None:
    """Which of the record's own criteria says no more than its age limits and sex, if one does."""
    rules = record.eligibility
    limits = {match[0] for age in (rules.minimum_age, rules.maximum_age) if (match := re.match(r"\d+", age))}
    for index, text in enumerate(texts[: MOST_CRITERIA - 1]):
        numbers = set(re.findall(r"\d+", text))
        if limits and numbers == limits and len(text) <= SHORT and re.search(r"\b(aged?|years?|old)\b", text.lower()):
            return index
    return None


def _judgement(name: str, criterion: str, text: str) -> Data:
    return {
        "id": name,
        "label": f"{criterion}: {short(text)}",
        "type": "judgement",
        "source": {"assumption": "Judged by the investigator until the criterion has its own logic."},
    }


def _at_most(texts: tuple[str, ...], most: int) -> tuple[str, ...]:
    """Criteria beyond the last number go into the last one."""
    return texts if len(texts) <= most else (*texts[: most - 1], "\n".join(texts[most - 1 :]))


def short(text: str) -> str:
    first = text.split("\n", 1)[0]
    return first if len(first) <= 60 else first[:57].rsplit(" ", 1)[0] + " ..."


_PERIODS = {"year": "years", "month": "months", "week": "weeks", "day": "days"}


def _age_and_sex(record: StudyRecord) -> str:
    rules = record.eligibility
    parts = []
    if low := _age(rules.minimum_age):
        parts.append(f"birth_date + {low[0]} {low[1]} <= screening")
    if high := _age(rules.maximum_age):
        parts.append(f"birth_date + {high[0] + 1} {high[1]} > screening")
    if rules.sex in ("FEMALE", "MALE"):
        parts.append(f'sex == "{rules.sex.lower()}"')
    return " and ".join(parts)


def _age(text: str) -> tuple[int, str] | None:
    """A number of completed years, months, weeks or days; shorter ages have no day to count from."""
    match = re.match(r"(\d+) (Year|Month|Week|Day)s?$", text)
    return (int(match[1]), _PERIODS[match[2].lower()]) if match else None


def _ages_in_words(record: StudyRecord) -> str:
    rules = record.eligibility
    ages = [
        f"at least {rules.minimum_age}" if rules.minimum_age else "",
        f"at most {rules.maximum_age}" if rules.maximum_age else "",
    ]
    sex = {"FEMALE": "female", "MALE": "male"}.get(rules.sex, "")
    return "; ".join(part for part in (*ages, sex) if part).capitalize()
