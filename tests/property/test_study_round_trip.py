"""Loading what was dumped gives the same definition, whatever was written into it."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from trialwright.kernel.texts import Text
from trialwright.study.definition import FILES, Study
from trialwright.study.document import parse_yaml
from trialwright.study.dump import dump_study, to_yaml
from trialwright.study.forms import Check
from trialwright.study.identity import Contact
from trialwright.study.items import Limits
from trialwright.study.load import load_study, study_from_texts

BUILT_IN = load_study("nct07208058")
words = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), min_size=1, max_size=40)
texts = st.builds(Text, en=words, zh=words | st.just(""))
figures = st.floats(min_value=0.001, max_value=1e6, allow_nan=False)


def test_the_built_in_study_survives_dump_and_load() -> None:
    assert study_from_texts(dump_study(BUILT_IN)) == BUILT_IN


def test_a_dump_is_the_same_each_time_and_needs_no_aliases() -> None:
    first = dump_study(BUILT_IN)
    assert dump_study(study_from_texts(first)) == first
    assert sorted(first) == sorted(f"{name}.yaml" for name in FILES)
    assert not any(" &id" in text or " *id" in text for text in first.values())


@given(label=texts, low=figures, span=figures, contact=words, message=texts, percent=figures)
@settings(max_examples=10, deadline=None)
def test_a_changed_study_survives_dump_and_load(
    label: Text, low: float, span: float, contact: str, message: Text, percent: float
) -> None:
    item = BUILT_IN.items[0].model_copy(update={"label": label, "soft": Limits(low=low, high=low + span)})
    form = BUILT_IN.form_by_id["vitals"]
    check = Check(id="again", logic=form.checks[0].logic, message=message, item=form.checks[0].item)
    registration = BUILT_IN.registration.model_copy(
        update={"central_contacts": (Contact(name=contact, role="CONTACT"),)}
    )
    weight = BUILT_IN.dosing.weight.model_copy(update={"change_percent": percent})
    changed = _with(
        items=(item, *BUILT_IN.items[1:]),
        forms=tuple(f.model_copy(update={"checks": (*f.checks, check)}) if f is form else f for f in BUILT_IN.forms),
        registration=registration,
        dosing=BUILT_IN.dosing.model_copy(update={"weight": weight}),
    )
    assert study_from_texts(dump_study(changed)) == changed


def _with(**parts: Any) -> Study:
    names = {name: field.alias or name for name, field in Study.model_fields.items()}
    return Study.model_validate({alias: parts.get(name, getattr(BUILT_IN, name)) for name, alias in names.items()})


scalars = st.none() | st.booleans() | st.integers(-(10**9), 10**9) | figures | words
plain_data = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(words, inner, max_size=4), max_leaves=20
)


@given(data=plain_data)
@settings(max_examples=150, deadline=None)
def test_plain_data_survive_yaml(data: object) -> None:
    assert parse_yaml(to_yaml(data), "x.yaml").data == data


@given(text=st.text(max_size=200))
@settings(max_examples=150, deadline=None)
def test_reading_any_text_gives_data_or_a_sentence(text: str) -> None:
    from trialwright.kernel.errors import DefinitionError

    try:
        parse_yaml(text, "x.yaml")
    except DefinitionError as error:
        assert error.where.startswith("x.yaml")  # noqa: PT017
