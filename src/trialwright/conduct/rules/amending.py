"""What a new version of the definition means for a form that was captured under an older one. No tables here."""

from __future__ import annotations

from collections.abc import Callable

from trialwright.conduct.rules import checks, facts
from trialwright.conduct.rules.capture import FormMap
from trialwright.conduct.rules.checks import CheckKey
from trialwright.study.definition import Study
from trialwright.study.forms import Form
from trialwright.study.versions import same_for


def unchanged(old: Study, new: Study, fields: FormMap) -> bool:
    """Whether a form asks, computes and checks the same by both versions. `fields`: those by the old one."""
    items = fields.items.keys() | fields.spoken
    terms = _terms(old, fields) == _terms(new, fields)
    return terms and same_for(old, new, fields.form, items)


def _terms(study: Study, fields: FormMap) -> list[str]:
    """Shared terms that the form's logic speaks of, with what they stand for."""
    texts = [check.logic for check in fields.form.checks]
    texts += [field.show_when or "" for _, field in fields.form.fields()]
    texts += [fields.items[item].derive or "" for item in fields.items]
    words = {name for text in texts for name in facts.NAME.findall(text)}
    return [f"{term.id} {term.logic}" for term in study.eligibility.terms if term.id in words]


def differing(old: Study, new: Study, form_id: str) -> Callable[[CheckKey], bool]:
    """Whether a check asks something else by the new version: then it is asked again though somebody had closed it."""
    before, now = old.form_by_id.get(form_id), new.form_by_id.get(form_id)

    def differs(key: CheckKey) -> bool:
        check, (_, _, item) = key
        was, is_now = old.item_by_id.get(item), new.item_by_id.get(item)
        if before is None or now is None or was is None or is_now is None:
            return True
        if check == checks.RANGE:
            return was.soft != is_now.soft
        if check == checks.IMPOSSIBLE:
            return was != is_now
        if check == checks.FUTURE:
            return was.type != is_now.type
        if check == checks.HIDDEN:
            return _asked(before, item) != _asked(now, item)
        logic = [next((c.logic for c in form.checks if c.id == check), "") for form in (before, now)]
        spoken = checks.items_of_check(new, now, check)
        return logic[0] != logic[1] or any(old.item_by_id.get(name) != new.item_by_id[name] for name in spoken)

    return differs


def _asked(form: Form, item: str) -> str | None:
    return next((field.show_when for _, field in form.fields() if field.item == item), None)
