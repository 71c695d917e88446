"""A facts file's patient as a note: age and sex by what the definition says the items are, conditions by label."""

from __future__ import annotations

from trialwright.evidence.patient import Fact, Patient
from trialwright.kernel.dates import PartialDate, completed_years
from trialwright.record.match.note import Note, read_note
from trialwright.study.definition import Study
from trialwright.study.items import Item

_SEX = {"F": "female", "M": "male"}


def note_of(patient: Patient, study: Study) -> Note:
    """The facts in sentences, then read as any note: what is there, what is denied, who the patient is."""
    who, rest = [], []
    for fact in patient.facts:
        item = study.item_by_id.get(fact.item)
        if item is None or fact.value is None:
            continue
        variable = item.sdtm.variable if item.sdtm and item.sdtm.domain == "DM" else ""
        if variable in ("BRTHDTC", "SEX"):
            who.append(_who(fact, item, patient))
        elif sentence := _sentence(fact, item):
            rest.append(sentence)
    return read_note("\n".join([" ".join(sorted(filter(None, who))), *sorted(rest)]))


def _who(fact: Fact, item: Item, patient: Patient) -> str:
    if isinstance(fact.value, PartialDate):
        return f"{completed_years(fact.value.first, patient.screening)} years old"
    return next((_SEX.get(c.submission, "") for c in item.choices if c.code == fact.value), "")


def _sentence(fact: Fact, item: Item) -> str:
    """What a fact says in words; numbers and dates say nothing about a condition."""
    label = item.label.en
    match item.type:
        case "boolean" | "judgement":
            return f"Diagnosed with {label}." if fact.value is True else f"No {label}." if fact.value is False else ""
        case "choice":
            chosen = next((c.label.en for c in item.choices if c.code == fact.value), "")
            return f"Diagnosed with {chosen}." if chosen else ""
        case "event":
            return f"No {label}." if fact.value == "none" else f"History of {label}."
        case _:
            return ""
