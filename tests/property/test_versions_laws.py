"""Laws of amendments: nothing differs from itself, and what one direction adds the other removes."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from trialwright.conduct.rules import amending, capture
from trialwright.study.definition import Study
from trialwright.study.load import load_study
from trialwright.study.versions import difference, incompatible

STUDY = load_study("nct07208058")
FORMS = [form.id for form in STUDY.forms]


def drop_field(plain: dict[str, Any], draw: Any) -> None:
    form = draw(st.sampled_from(plain["forms"]))
    group = draw(st.sampled_from(form["groups"]))
    if len(group["fields"]) > 1:
        group["fields"].pop(draw(st.integers(0, len(group["fields"]) - 1)))


def require(plain: dict[str, Any], draw: Any) -> None:
    form = draw(st.sampled_from(plain["forms"]))
    draw(st.sampled_from(form["groups"]))["fields"][0]["required"] = draw(st.booleans())


def drop_check(plain: dict[str, Any], draw: Any) -> None:
    form = draw(st.sampled_from([form for form in plain["forms"] if form["checks"]] or plain["forms"]))
    form["checks"] = form["checks"][1:]


def reword(plain: dict[str, Any], draw: Any) -> None:
    draw(st.sampled_from(plain["items"]))["label"] = {"en": draw(st.text(min_size=1, max_size=8)), "zh": ""}


@st.composite
def versions(draw: Any) -> Study:
    plain = STUDY.model_dump(mode="json", by_alias=True)
    for edit in draw(st.lists(st.sampled_from([drop_field, require, drop_check, reword]), max_size=4)):
        edit(plain, draw)
    return Study.model_validate(plain)


@given(versions())
@settings(max_examples=25, deadline=None)
def test_nothing_differs_from_itself(study: Study) -> None:
    copy = Study.model_validate(study.model_dump(mode="json", by_alias=True))
    assert difference(study, copy).empty
    assert list(incompatible(study, copy)) == []
    assert all(amending.unchanged(study, copy, capture.form_map(study, form)) for form in FORMS)


@given(versions(), versions())
@settings(max_examples=25, deadline=None)
def test_back_again_is_the_same_difference_turned_round(one: Study, other: Study) -> None:
    turned = {"added": "removed", "removed": "added", "changed": "changed"}
    there = {(c.kind, c.id, c.what, c.part, c.old.en, c.new.en) for c in difference(one, other).changes}
    back = {(c.kind, c.id, turned[c.what], c.part, c.new.en, c.old.en) for c in difference(other, one).changes}
    assert there == back
    assert (one == other) == (not there)


@given(versions())
@settings(max_examples=25, deadline=None)
def test_a_form_that_is_called_unchanged_has_no_change_in_the_difference(study: Study) -> None:
    changed = {change.id.split(".")[0] for change in difference(STUDY, study).changes if change.kind != "item"}
    for form in FORMS:
        if amending.unchanged(STUDY, study, capture.form_map(STUDY, form)):
            assert form not in changed
