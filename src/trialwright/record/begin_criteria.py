"""The criteria of a new definition: with logic where their words can be read with certainty, else as judgements."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from trialwright.formats.ctgov.record import StudyRecord
from trialwright.record.age import age_limit
from trialwright.record.clauses import simple
from trialwright.record.criteria import split_criteria
from trialwright.record.criteria_logic import Reader

Data = dict[str, Any]
MOST_CRITERIA = 99
SHORT = 120
"""Characters of a criterion that is looked at for an age."""
_NOTHING = re.compile(r"\W*(?:n\s?[/.]?\s?a|none|nil|not applicable)\W*", re.IGNORECASE)
"""What stands in a list that is empty."""
_AGED = re.compile(r"\bage[ds]?\b|\bold(?:er)?\b|\b(?:years?|yrs?)\b")
_ELSE = re.compile(
    r"(?<!not )(?<!no )(?:[<>]|\b(?:over|under|above|below|(?:more|greater|older|less|younger) than))"
    r"\s*(?:the age of\s*)?(\d+)"
    r"|(\d+)\b.*\bat (?:the )?time of (?:the )?\w*\s?(?:surgery|operation|procedure|treatment|visit|baseline)"
)
"""An age whose own number is left out, or one of another day."""


@dataclass(slots=True)
class Begun:
    """`criteria` as in eligibility.yaml; `judged`: items that answer those without logic; `read`: codes of those whose
    logic comes from their words, and the items and answers that it needs in `reader`."""

    criteria: list[Data] = field(default_factory=list)
    judged: list[Data] = field(default_factory=list)
    read: list[str] = field(default_factory=list)
    reader: Reader = field(default_factory=Reader)


def begin_criteria(record: StudyRecord) -> Begun:
    """The criteria of a record. Its limits of age and sex get a criterion of their own, unless a text says the same."""
    lists, begun = split_criteria(record.eligibility.criteria), Begun()
    inclusion = lists.inclusion or lists.preamble
    limits, in_words = _age_and_sex(record), _ages_in_words(record)
    for letter, texts in (("I", inclusion), ("E", lists.exclusion)):
        for number, text in enumerate(_at_most(texts, MOST_CRITERIA - 1), 1):
            if not _NOTHING.fullmatch(text):
                _add(begun, f"{letter}{number:02}", text)
    for criterion in begun.criteria:
        if limits and _conflict(criterion, limits):
            criterion["label"] += f" (but the record's limits: {in_words[:1].lower()}{in_words[1:]})"
    if limits and not set(limits) <= _demanded(begun.criteria):
        code = f"I{min(len(inclusion), MOST_CRITERIA - 1) + 1:02}"
        logic = " and ".join(limits)
        begun.criteria.append({"id": code, "label": "Age and sex", "text": in_words, "logic": logic})
    return begun


def _add(begun: Begun, code: str, text: str) -> None:
    if logic := begun.reader.read(code, text):
        begun.read.append(code)
    else:
        logic = f"judged_{code.lower()}"
        begun.judged.append(_judgement(logic, code, text))
    begun.criteria.append({"id": code, "label": short(text), "text": text, "logic": logic})


def _demanded(criteria: list[Data]) -> set[str]:
    """The limits that the inclusion criteria with logic set, one by one."""
    return {part for criterion in criteria if criterion["id"][0] == "I" for part in _parts(criterion["logic"])}


def _parts(logic: str) -> list[str]:
    """What is joined by `and`. An age is a limit of the record's whichever day it is counted on."""
    return logic.replace("enrolment", "screening").split(" and ") if " or " not in logic else []


def _conflict(criterion: Data, limits: list[str]) -> bool:
    """Whether an inclusion criterion has other ages than the record's own field, or words that can be read so.

    The field counts both ends in; `over 18 and under 60`, and an age on the day of an operation, do not say the same.
    """
    if criterion["id"][0] != "I":
        return False
    logic = criterion["logic"]
    if not logic.startswith("judged_"):
        return any(part.startswith("birth_date") and part not in limits for part in _parts(logic))
    text = simple(criterion["text"])
    numbers = {
        int(number) - (sign == ">") for number, sign in re.findall(r"birth_date \+ (\d+) \w+ (<=|>)", str(limits))
    }
    about_age = len(text) <= SHORT and _AGED.search(text)
    return bool(about_age) and any(int(one or other) in numbers for one, other in _ELSE.findall(text))


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


def _age_and_sex(record: StudyRecord) -> list[str]:
    """The record's own limits, each as an expression."""
    rules = record.eligibility
    parts = []
    if low := _age(rules.minimum_age):
        parts.append(f"birth_date + {low[0]} {low[1]} <= screening")
    if high := _age(rules.maximum_age):
        parts.append(f"birth_date + {high[0] + 1} {high[1]} > screening")
    if rules.sex in ("FEMALE", "MALE"):
        parts.append(f'sex == "{rules.sex.lower()}"')
    return parts


def _age(text: str) -> tuple[int, str] | None:
    """A number of completed years, months, weeks or days; shorter ages have no day to count from."""
    match = re.match(r"(\d+) (Year|Month|Week|Day)s?$", text)
    return (int(match[1]), _PERIODS[match[2].lower()]) if match else None


def _ages_in_words(record: StudyRecord) -> str:
    rules = record.eligibility
    ages = [
        f"at least {rules.minimum_age}" if age_limit(rules.minimum_age) else "",
        f"at most {rules.maximum_age}" if age_limit(rules.maximum_age) else "",
    ]
    sex = {"FEMALE": "female", "MALE": "male"}.get(rules.sex, "")
    return "; ".join(part for part in (*ages, sex) if part).capitalize()
