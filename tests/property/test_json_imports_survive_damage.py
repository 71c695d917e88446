"""Questionnaires and USDM studies with values of the wrong kind, doubled and lost parts: taken over, or refused in a
sentence; what is taken over is a sound definition that goes out again."""

from __future__ import annotations

import contextlib
import copy
import json
import tempfile
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from trialwright.conduct.exchange.files import bring_in_files
from trialwright.conduct.exchange.questionnaire_out import questionnaire
from trialwright.formats.questionnaire import write
from trialwright.kernel.errors import TrialwrightError
from trialwright.study.load import study_from_texts

DAMAGE = settings(
    max_examples=25, deadline=timedelta(seconds=20),
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)  # fmt: skip
FILES = (
    "questionnaire/screener-questionnaire.json", "questionnaire/Questionnaire-CardiologyForm.json",
    "questionnaire/questionnaire_outbreak.json", "questionnaire/component_repeated_group.json",
    "questionnaire/behavior_questionnaire_constraint.json", "usdm/CDISC_Pilot_Study.json",
)  # fmt: skip
ODD: tuple[Any, ...] = (
    None, True, 0, -1, 10**30, 1e308, "", " ", "a b", "²", "\ud800", "\0", "x" * 3000, [], {}, [[]], [None], [{}],
    {"a": 1}, "P1D", "PT", "-P3D", "P99999999Y", "group", "display", "choice", "quantity", "1", "true", "%x", "(", "'",
)  # fmt: skip


@cache
def content(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def spot(draw: st.DrawFn, found: Any) -> tuple[Any, Any]:
    """Some part of the file, near or deep: what holds it, and its key there."""
    here, key = found, next(iter(found))
    for _ in range(draw(st.integers(1, 9))):
        below = here[key] if isinstance(here[key], dict | list) and here[key] else here
        keys = list(below) if isinstance(below, dict) else range(len(below))
        here, key = below, keys[draw(st.integers(0, len(keys) - 1))]
    return here, key


@st.composite
def damaged(draw: st.DrawFn, path: Path) -> str:
    """The file with parts lost, doubled, exchanged, or put in the wrong place."""
    found = json.loads(content(path))
    for _ in range(draw(st.integers(1, 5))):
        there, key = spot(draw, found)
        match draw(st.sampled_from(["odd", "lose", "double", "other"])):
            case "odd":
                there[key] = copy.deepcopy(draw(st.sampled_from(ODD)))
            case "lose" if len(found) > 1:
                del there[key]
            case "double" if isinstance(there, list):
                there.insert(key, copy.deepcopy(there[key]))
            case _:
                other, name = spot(draw, found)
                there[key] = copy.deepcopy(other[name])
    return json.dumps(found)


@pytest.mark.parametrize("name", FILES)
@given(data=st.data())
@DAMAGE
def test_a_damaged_json_file_is_taken_over_or_refused_in_a_sentence(
    name: str, data: st.DataObject, shared: Path
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "file.json"
        path.write_text(data.draw(damaged(shared / name)), encoding="utf-8")
        try:
            brought = bring_in_files(path)
        except TrialwrightError:
            return
        study = study_from_texts(brought.texts)
        assert all("\n" not in sentence for sentence in brought.left_out)
        for text in brought.texts.values():
            text.encode()
        for form in study.forms:
            assert write(questionnaire(study, form)[0])


JUNK = st.recursive(
    st.sampled_from(ODD), lambda inner: st.lists(inner, max_size=4) | st.dictionaries(
        st.sampled_from((
            "resourceType", "item", "linkId", "type", "text", "enableWhen", "question", "operator", "answerBoolean",
            "answerOption", "valueCoding", "code", "extension", "url", "study", "versions", "studyDesigns",
            "activities", "id", "childIds", "scheduleTimelines", "instances", "timings", "activityIds", "contained",
        )), inner, max_size=6,
    ), max_leaves=30,
)  # fmt: skip


@given(junk=st.dictionaries(st.sampled_from(("resourceType", "item", "study", "entry", "contained")), JUNK, max_size=5),
       kind=st.sampled_from(("Questionnaire", "Bundle", "QuestionnaireResponse", "")))  # fmt: skip
@DAMAGE
def test_any_json_is_taken_over_or_refused_in_a_sentence(junk: dict[str, Any], kind: str) -> None:
    if kind:
        junk["resourceType"] = kind
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "file.json"
        path.write_text(json.dumps(junk), encoding="utf-8")
        with contextlib.suppress(TrialwrightError):
            assert bring_in_files(path).study.items
