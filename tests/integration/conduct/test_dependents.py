"""What is computed from other forms stays true when they change, however many forms lie between."""

from __future__ import annotations

from typing import Any

import pytest

from trialwright.conduct.rules.values import Entry
from trialwright.study.definition import Study

SOURCE = {"assumption": "a test"}


@pytest.fixture
def tiny(tiny: Study) -> Study:
    """`twice` (laboratory) is computed from `per_kg` (infusion), which is computed from the weight (vital signs);
    `thrice` (vital signs) from `per_kg` again.
    """
    data = tiny.model_dump(mode="json", by_alias=True)
    for name, logic, form in (("twice", "per_kg * 2", "lab"), ("thrice", "per_kg * 3", "vitals")):
        item = {"id": name, "label": name, "type": "quantity", "unit": "mg/kg", "decimals": 1, "derive": logic}
        data["items"].append({**item, "source": SOURCE})
        next(f for f in data["forms"] if f["id"] == form)["groups"][0]["fields"].append({"item": name})
    return Study.model_validate(data)


def held(subject: str) -> dict[tuple[str, str], str]:
    """(form, item) -> its value, of what is computed at week1."""
    from trialwright.conduct.store import models as db

    names = ("per_kg", "twice", "thrice")
    rows = db.Value.objects.filter(form__subject__subject=subject, form__visit="week1", item__in=names)
    return {(form, item): value for form, item, value in rows.values_list("form__form", "item", "value")}


@pytest.mark.parametrize("order", [("lab", "vitals", "infusion"), ("infusion", "vitals", "lab")])
def test_a_chain_of_computed_items_follows_its_source(desk: Any, order: tuple[str, ...]) -> None:
    from trialwright.conduct import actions
    from trialwright.conduct.worklists import verify_audit

    subject, study = desk.enrolled(), desk.study
    do: dict[str, Any] = {"by": desk.investigator, "at": desk.at, "visit": "week1"}
    actions.start_visit(study, subject, "week1", by=desk.investigator, at=desk.at)
    typed = {"lab": Entry("creatinine", "80"), "vitals": Entry("weight", "60"), "infusion": Entry("given", "600")}
    for form in order:
        actions.save_form(study, subject, form, [typed[form]], **do)
    expected = {("infusion", "per_kg"): "10.0", ("lab", "twice"): "20.0", ("vitals", "thrice"): "30.0"}
    assert held(subject) == expected
    saved = actions.save_form(study, subject, "vitals", [Entry("weight", "50")], reason="Weighed again.", **do)
    expected = {("infusion", "per_kg"): "12.0", ("lab", "twice"): "24.0", ("vitals", "thrice"): "36.0"}
    assert held(subject) == expected
    assert verify_audit(study).problems == ()
    again = actions.save_form(study, subject, "vitals", [Entry("height", "170")], version=saved.version, **do)
    assert again.changed == 2
