"""USDM studies: encounters and timings become visits, activities forms, biomedical concepts items."""

from __future__ import annotations

from typing import Any

import pytest

from trialwright.conduct.exchange.folder import Brought
from trialwright.conduct.exchange.unit_words import unit_of
from trialwright.conduct.exchange.usdm_in import bring_in
from trialwright.conduct.exchange.usdm_times import days
from trialwright.formats.usdm import read
from trialwright.kernel.errors import InputError

YES_NO = ("C49488", "Yes"), ("C49487", "No")


def code(value: str, decode: str = "") -> dict[str, Any]:
    return {"code": value, "decode": decode or value}


def prop(name: str, datatype: str = "", *responses: tuple[str, str], **more: Any) -> dict[str, Any]:
    codes = [{"isEnabled": True, "code": code(*each)} for each in responses]
    about = {"id": name, "name": name, "label": name, "isRequired": True, "isEnabled": True, "datatype": datatype}
    return {**about, "code": {"standardCode": code("", "")}, "responseCodes": codes, **more}


def concept(name: str, *properties: dict[str, Any]) -> dict[str, Any]:
    return {"id": name, "name": name, "label": name, "properties": properties and list(properties),
            "code": {"standardCode": code("C1", name)}}  # fmt: skip


WEIGHT = concept(
    "Weight", prop("VSTESTCD", code={"standardCode": code("C2", "WEIGHT")}), prop("VSORRES", "float"),
    prop("VSORRESU", "", ("C28252", "Kilogram"), ("C48155", "Gram"), ("C9", "Zorkmid")), prop("VSPOS", "", *YES_NO),
    prop("VSDTC"), prop("VSMETHOD"), prop("VSBLFL", "text", isEnabled=False),
)  # fmt: skip
EVENT = concept("Event", prop("AETERM", "text"), prop("AESER", "text", *YES_NO), prop("AESTDTC", "datetime"))


def timing(kind: str, value: str, from_: str, to: str, lower: str | None = None, upper: str | None = None) -> Any:
    return {
        "id": f"t{from_}", "name": f"t{from_}", "type": code("", kind), "value": value, "windowLower": lower,
        "windowUpper": upper, "relativeFromScheduledInstanceId": from_, "relativeToScheduledInstanceId": to,
    }  # fmt: skip


def instance(name: str, *activities: str, **more: Any) -> dict[str, Any]:
    return {"id": name, "name": name, "activityIds": list(activities), "encounterId": None, **more}


def design(**parts: Any) -> dict[str, Any]:
    found = {"id": "D", "name": "Design", "encounters": [], "activities": [], "scheduleTimelines": [], **parts}
    for timeline in found["scheduleTimelines"]:
        timeline.setdefault("entryId", next((i["id"] for i in timeline["instances"]), ""))
    return found


def timeline(name: str, *instances: Any, timings: Any = (), main: bool = True, **more: Any) -> dict[str, Any]:
    return {
        "id": name, "name": name, "mainTimeline": main, "instances": list(instances), "timings": list(timings), **more,
    }  # fmt: skip


def brought(*designs: dict[str, Any], **version: Any) -> Brought:
    found = {"study": {"name": "Trial", "versions": [{"studyDesigns": list(designs), **version}]}}
    return bring_in(read({**found, "usdmVersion": "4.0.0"}, "u.json"))


ACTIVITIES = [
    {"id": "vitals", "name": "Vitals", "biomedicalConceptIds": ["Weight"]},
    {"id": "events", "name": "Events", "biomedicalConceptIds": ["Event"]},
    {"id": "xray", "name": "X-ray", "label": "Chest X-ray"},
]
ENCOUNTERS = [{"id": name, "name": name} for name in ("Screening", "Baseline", "Week 2")]


def plan(**more: Any) -> dict[str, Any]:
    main = timeline(
        "Main", instance("s", "xray", encounterId="Screening"), instance("b", "vitals", encounterId="Baseline"),
        instance("w", "vitals", "events", encounterId="Week 2"),
        timings=[
            timing("Before", "P2W", "s", "b", "P3D", "P1D"), timing("Fixed Reference", "P1D", "b", "b"),
            timing("After", "P14D", "w", "b", "PT4H", "P1W"),
        ],
    )  # fmt: skip
    given = {"encounters": ENCOUNTERS, "activities": ACTIVITIES, "scheduleTimelines": [main]}
    return design(**{**given, **more})


CONCEPTS = {"biomedicalConcepts": [WEIGHT, EVENT]}


def test_encounters_become_visits_on_their_days_with_their_windows() -> None:
    study = brought(plan(), **CONCEPTS).study
    assert [(v.id, v.offset, v.window.before, v.window.after, v.forms) for v in study.schedule.visits] == [
        ("screening", 0, 3, 1, ("chest_x_ray",)), ("baseline", 14, 0, 0, ("vitals",)),
        ("week_2", 28, 0, 7, ("vitals",)),
    ]  # fmt: skip
    assert study.schedule.logs == ("events",)
    assert study.captured_only


def test_concepts_become_items_with_units_and_codes() -> None:
    found = brought(plan(), **CONCEPTS)
    items, form = found.study.item_by_id, found.study.form_by_id["vitals"]
    assert [field.item for _, field in form.fields()] == ["weight", "vspos", "vsdtc"]
    weight = items["weight"]
    assert (weight.type, weight.unit, weight.units, weight.codes.ncit) == ("quantity", "kg", ("g",), "C1")
    assert [(c.code, c.label.en) for c in items["vspos"].choices] == [("C49488", "Yes"), ("C49487", "No")]
    assert items["vsdtc"].type == "datetime"
    said = " ".join(found.left_out)
    assert "the unit 'Zorkmid' is not known as UCUM" in said
    assert "VSMETHOD of Weight" in said
    (rows,) = found.study.form_by_id["events"].groups
    assert rows.repeating
    assert found.study.form_by_id["events"].kind == "log"


def test_an_activity_that_names_nothing_asks_whether_and_when() -> None:
    found = brought(plan(), **CONCEPTS)
    asked = [found.study.item_by_id[f.item].type for _, f in found.study.form_by_id["chest_x_ray"].fields()]
    assert asked == ["boolean", "date"]
    assert any("name nothing to record" in s and "Chest X-ray" in s for s in found.left_out)


def test_what_is_done_several_times_at_a_visit_gets_rows() -> None:
    inner = timeline("Inner", instance("after 5 min", "vitals"), instance("after 10 min", "vitals"), main=False)
    calls = {"id": "series", "name": "Series", "timelineId": "Inner"}
    main = timeline("Main", instance("s", "series", encounterId="Screening"))
    found = brought(plan(activities=[*ACTIVITIES, calls], scheduleTimelines=[main, inner]), **CONCEPTS)
    (group,) = found.study.form_by_id["vitals"].groups
    assert group.repeating
    assert group.fields[0].item == "vitals_time"
    assert [c.label.en for c in found.study.item_by_id["vitals_time"].choices] == ["after 5 min", "after 10 min"]


def test_a_timeline_that_nothing_calls_is_a_visit_outside_the_plan() -> None:
    early = timeline("Early Termination", instance("e", "vitals"), main=False, entryCondition="Leaves early")
    other = timeline("Relapse", instance("r", "xray"), main=False)
    found = brought(plan(scheduleTimelines=[*plan()["scheduleTimelines"], early, other]), **CONCEPTS)
    assert [(v.id, v.kind, v.forms) for v in found.study.schedule.extra] == [
        ("early_termination", "early_termination", ("vitals",)), ("relapse", "unscheduled", ("chest_x_ray",)),
    ]  # fmt: skip


def test_several_designs_stand_in_one_schedule_under_their_names() -> None:
    second = {**plan(), "id": "D2", "name": "Second"}
    found = brought(plan(), second, **CONCEPTS)
    labels = [visit.label.en for visit in found.study.schedule.visits]
    assert labels[:2] == ["Design: Screening", "Second: Screening"]
    assert len(labels) == 6
    assert len(found.study.forms) == 3
    assert any("2 study designs" in sentence for sentence in found.left_out)


def test_children_categories_surrogates_conditions_and_decisions() -> None:
    activities = [
        {"id": "all", "name": "All", "childIds": ["vitals", "extra"]}, ACTIVITIES[0],
        {"id": "extra", "name": "Extra", "bcCategoryIds": ["cat"], "bcSurrogateIds": ["sur"]},
    ]  # fmt: skip
    decision = {"id": "d", "name": "d", "defaultConditionId": "b", "conditionAssignments": [
        {"condition": "relapse", "conditionTargetId": "c"}]}  # fmt: skip
    main = timeline(
        "Main", instance("a", "all", defaultConditionId="d"), decision, instance("b"), instance("c", "extra")
    )
    found = brought(
        design(activities=activities, scheduleTimelines=[main]), **CONCEPTS,
        bcCategories=[{"id": "cat", "name": "Cat", "memberIds": ["Event"], "childIds": ["cat"]}],
        bcSurrogates=[{"id": "sur", "name": "Sur", "label": "Only a name"}],
        conditions=[{"id": "x", "name": "x", "text": "If fasting", "appliesToIds": ["extra"]}],
    )  # fmt: skip
    assert [visit.forms for visit in found.study.schedule.visits] == [("vitals",), (), ()]
    assert found.study.schedule.logs == ("extra",)
    assert found.study.form_by_id["extra"].item_ids()[-1] == "only_a_name"
    assert str(found.study.item_by_id["aeterm"].help) == "If fasting"
    assert any("a decision ('relapse')" in sentence for sentence in found.left_out)


def test_version_3_keeps_concepts_in_the_design() -> None:
    encounters = [{"id": "Screening", "name": "Screening", "scheduledAtTimingId": "ts"}]
    found = brought({**plan(), "encounters": encounters, **CONCEPTS})
    assert found.study.item_by_id["weight"].unit == "kg"
    assert sum("is not defined" in sentence for sentence in found.left_out) == 2


def test_the_names_of_versions_before_3_are_read() -> None:
    fixed = {"id": "t", "type": code("", "Fixed Reference"), "timingValue": "PT0M"}
    fixed["relativeFromScheduledInstanceId"] = "j"
    before = {
        "id": "u", "type": code("", "Before"), "timingValue": "P7D", "relativeFromScheduledInstanceId": "i",
        "relativeToScheduledInstanceId": "j",
    }  # fmt: skip
    steps: list[dict[str, Any]] = [
        {"id": "i", "activityIds": ["a"], "scheduledActivityInstanceEncounterId": "e", "defaultConditionId": "j"},
        {"id": "j", "activityIds": ["a"], "scheduledActivityInstanceEncounterId": "f"},
    ]
    steps[0]["scheduledInstanceTimings"], steps[1]["scheduledInstanceTimings"] = [before], [fixed]
    old = {"id": "T", "mainTimeline": True, "scheduleTimelineEntryId": "i", "scheduleTimelineInstances": steps}
    found = {
        "id": "D", "activities": [{"id": "a", "name": "Vitals"}], "studyScheduleTimelines": [old],
        "encounters": [{"id": "e", "name": "Screening"}, {"id": "f", "name": "Baseline"}],
    }  # fmt: skip
    study = bring_in(read({"study": {"studyTitle": "Old", "studyDesigns": [found]}}, "u.json")).study
    assert [(v.label.en, v.offset, v.forms) for v in study.schedule.visits] == [
        ("Screening", 0, ("vitals",)), ("Baseline", 7, ("vitals",)),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("P1D", 1), ("P2W", 14), ("-P3D", -3), ("PT36H", 1.5), ("P1DT12H", 1.5), ("P0,5D", 0.5), ("PT90M", 0.0625),
        ("P1Y", 365.25), ("P", None), ("PT", None), ("2 days", None), ("P1000Y", None), ("", None),
    ],
)  # fmt: skip
def test_durations(text: str, found: float | None) -> None:
    assert days(text) == found


@pytest.mark.parametrize(
    ("words", "unit"),
    [
        ("Milligram per Deciliter", "mg/dL"), ("Billion per Liter", "10*9/L"), ("Degree Celsius", "Cel"),
        ("Count per Minute", "/min"), ("Beats per Minute", "/min"), ("Millimeter of Mercury", "mm[Hg]"),
        ("Kilogram per Square Meter", "kg/m2"), ("International Unit per Liter", "[IU]/L"), ("Percentage", "%"),
        ("Microkatal per Liter", "ukat/L"), ("Milliequivalent per Liter", "meq/L"), ("Pounds", "[lb_av]"),
        ("Fraction of 1", "1"), ("mmol/L", "mmol/L"), ("Ehrlich Unit", ""), ("Hours", "h"),
    ],
)  # fmt: skip
def test_units_in_words(words: str, unit: str) -> None:
    assert unit_of(words) == unit


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"scheduleTimelines": [timeline("Main", instance("s", "gone", "xray", encounterId="Nowhere"))]},
         ("the activity 'gone', which is not defined", "its encounter 'Nowhere' is not defined",
          "nothing says its day")),
        ({"scheduleTimelines": [timeline("Main", instance("a", "xray"), instance("b", "xray"),
          timings=[timing("After", "P1D", "a", "b"), timing("After", "P1D", "b", "a"),
                   timing("After", "P1D", "z", "a")])]},
         ("its timings go round in a circle", "it is of the instance 'z'")),
        ({"scheduleTimelines": [timeline("Main", instance("a", "xray"), timings=[timing("After", "soon", "a", "b")])]},
         ("'soon' is no duration",)),
        ({"scheduleTimelines": []}, ("it has no timeline",)),
        ({"activities": [*ACTIVITIES, {"id": "loop", "name": "Loop", "timelineId": "Main"}],
          "scheduleTimelines": [timeline("Main", instance("a", "loop", "xray"))]}, ("it goes through itself",)),
    ],
)  # fmt: skip
def test_what_does_not_add_up_is_said(changes: dict[str, Any], why: tuple[str, ...]) -> None:
    said = " ".join(brought(plan(**changes), **CONCEPTS).left_out)
    assert [part for part in why if part not in said] == []


def test_a_file_without_a_design_or_without_activities_is_refused() -> None:
    with pytest.raises(InputError, match="has no study design"):
        bring_in(read({"study": {}}, "u.json"))
    with pytest.raises(InputError, match="plans no activity"):
        brought(design())
