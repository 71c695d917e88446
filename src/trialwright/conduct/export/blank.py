"""The blank casebook of a definition: every form as it is asked, annotated with the items' ids and where they go in
SDTM. No subject, no database.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from trialwright.conduct.export.told import Told, sdtm_of, template, words
from trialwright.formats import pdf as typeset
from trialwright.kernel import units
from trialwright.study.definition import Study
from trialwright.study.forms import Field, Form
from trialwright.study.items import Item, Limits

Content = dict[str, Any]


def pdf(study: Study, told: Told) -> bytes:
    """The blank casebook as PDF. Raises NoFont."""
    return typeset.pdf(template(), content(study, told))


def content(study: Study, told: Told) -> Content:
    """What the template shows."""
    name = study.registration.identity.nct_id or study.id
    pairs = [
        ("study", name),
        ("study_title", told.say(study.registration.identity.brief_title)),
        ("sponsor", study.registration.sponsor.name),
        ("definition", study.version),
    ]
    return {
        "lang": told.lang,
        "words": words(told),
        "title": told("casebook.blank"),
        "depth": 1,
        "name": told("casebook.annotated"),
        "study": {"id": name, "version": study.version},
        "foot": f"{told('casebook.definition')} {study.version} · {study.registration.version_date}",
        "virtual": "",
        "hidden": "",
        "facts": [[told(f"casebook.{key}"), value] for key, value in pairs if value],
        "proof": [],
        "checkpoint": "",
        "visits": list(_chapters(study, told)),
    }


def _chapters(study: Study, told: Told) -> Iterator[Content]:
    """A form stands once; which visits ask for it is said at it."""
    for form in study.forms:
        planned = [visit.label for visit in study.schedule.visits if form.id in visit.forms]
        visits = [*planned, *(visit.label for visit in study.schedule.extra if form.id in visit.forms)]
        at = told("casebook.held_at", visits=", ".join(map(told.say, visits)))
        log = form.kind == "log" or form.id in study.schedule.logs
        yield {
            "title": f"{told.say(form.label)} [{form.id}]",
            "about": told("casebook.log_form") if log else at if visits else "",
            "forms": [_form(study, form, told)],
        }


def _form(study: Study, form: Form, told: Told) -> Content:
    groups = []
    for group in form.groups:
        title = f"{told.say(group.label)} [{group.id}]".strip()
        repeats = f" ({told('casebook.repeats')})" if group.repeating else ""
        groups.append(
            {
                "title": f"{title}{repeats}",
                "widths": [3.4, 3.4, 3.2],
                "header": [told("casebook.item"), told("casebook.type"), told("casebook.annotation")],
                "rows": [_line(study.item_by_id[field.item], field, told) for field in group.fields],
            }
        )
    return {
        "title": "",  # that of its chapter
        "about": "",
        "groups": groups,
        "signatures": [],
        "queries": [],
        "history": [],
    }


def _line(item: Item, field: Field, told: Told) -> list[str]:
    conditions = [
        told("casebook.required") if field.required else "",
        told("casebook.critical") if field.critical else "",
        told.say(told.text("casebook.asked_if", en=field.show_when, zh=field.show_when)) if field.show_when else "",
        told.say(told.text("casebook.derived", en=item.derive, zh=item.derive)) if item.derive else "",
        told("casebook.blinded") if item.blinded else "",
    ]
    notes = [item.id, sdtm_of(item), "; ".join(part for part in conditions if part)]
    return [told.say(item.label), _answer(item, told), "\n".join(note for note in notes if note)]


def _answer(item: Item, told: Told) -> str:
    """How the item is answered: kind, codes or unit, and the usual range."""
    if item.choices:
        codes = "\n".join(f"☐ {told.say(choice.label)} ({choice.code})" for choice in item.choices)
        return f"{told.code('type', item.type)}:\n{codes}"
    offered = ", ".join(units.show(unit) or unit for unit in (item.unit, *item.units) if unit not in ("", "1"))
    return " ".join(part for part in (told.code("type", item.type), offered, _range(item.soft or item.hard)) if part)


def _range(limits: Limits | None) -> str:
    if limits is None:
        return ""
    low = "" if limits.low is None else f"{'>' if limits.open_low else '≥'} {limits.low:g}"
    high = "" if limits.high is None else f"{'<' if limits.open_high else '≤'} {limits.high:g}"
    return f"[{', '.join(end for end in (low, high) if end)}]"
