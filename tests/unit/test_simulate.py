"""The parts of the simulation: spreads, courses, recruitment, and what the built-in assumptions lead to."""

from __future__ import annotations

import datetime as dt
import itertools
import math
from collections.abc import Iterable

import numpy as np
import pytest
from pydantic import ValidationError

from trialwright.evidence.patient import Patient
from trialwright.kernel.errors import DefinitionError, InputError
from trialwright.simulate import disease, exposure
from trialwright.simulate.draws import choose, clip, generator, number, typed
from trialwright.simulate.happenings import Period
from trialwright.simulate.observation import Bench, Observation, evidence
from trialwright.simulate.operating import eligible, exact_design, observe_panel, planned_doses, simulate
from trialwright.simulate.patient import Given, VirtualPatient, arrivals
from trialwright.simulate.readings import Scene
from trialwright.simulate.recruitment import Opening, waited
from trialwright.study.assumptions import Assumptions, Covariance, Draw, Spread
from trialwright.study.definition import Study
from trialwright.study.load import load_study


@pytest.fixture(scope="module")
def study() -> Study:
    return load_study("nct07208058")


@pytest.fixture(scope="module")
def patients(study: Study) -> list[VirtualPatient]:
    return list(itertools.islice(arrivals(study, 11), 120))


def test_every_part_of_the_assumptions_has_its_source_or_reason(study: Study) -> None:
    for name in (
        "people",
        "recruitment",
        "screening",
        "response",
        "kinetics",
        "taper",
        "events",
        "antibodies",
        "exits",
    ):
        assert getattr(study.assumptions, name).source.why, name
    assert all(course.source.why for course in study.assumptions.courses)


def test_exposure_is_that_of_the_published_generic_antibody(study: Study) -> None:
    kinetics = study.assumptions.kinetics
    assert kinetics is not None
    assert (kinetics.cl, kinetics.v1, kinetics.q, kinetics.v2) == (0.200, 3.61, 0.747, 2.75)
    rng = np.random.default_rng(3)
    drawn = [exposure.individual(kinetics, 70.0, rng) for _ in range(4000)]
    clearance, volume = (np.log([float(getattr(p, name)) for p in drawn]) for name in ("cl", "v1"))
    assert math.exp(clearance.mean()) == pytest.approx(0.200, rel=0.03)
    assert math.sqrt(math.expm1(clearance.var())) == pytest.approx(0.314, rel=0.07)
    assert np.cov(clearance, volume)[0, 1] == pytest.approx(0.0786, rel=0.1)


def test_impossible_covariances_are_refused_with_their_place(study: Study) -> None:
    kinetics = study.assumptions.kinetics
    assert kinetics is not None
    wrong = kinetics.model_copy(update={"covariances": (Covariance(of=("cl", "v1"), value=2.0),)})
    with pytest.raises(DefinitionError, match="kinetics"):
        exposure.individual(wrong, 70.0, np.random.default_rng(1))


@pytest.mark.parametrize(
    "wrong",
    [
        {"mean": 1, "median": 2},
        {"uniform": True, "low": 1},
        {"mean": 1, "low": 3, "high": 2},
        {},
    ],
)
def test_a_spread_that_says_too_much_or_too_little_is_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValidationError):
        Spread.model_validate(wrong)


def test_a_draw_has_exactly_one_way_and_probabilities_add_up() -> None:
    with pytest.raises(ValidationError, match="needs one of"):
        Draw.model_validate({"item": "sex", "value": "female", "chance": 0.3})
    with pytest.raises(ValidationError, match="do not add up to 1"):
        Draw.model_validate({"item": "sex", "choices": {"female": 0.5, "male": 0.4}})


def test_outcome_classes_must_add_up(study: Study) -> None:
    plain = study.assumptions.model_dump(mode="json")
    plain["response"]["classes"][0]["chance"] = 0.99
    with pytest.raises(ValidationError, match="add up to 1"):
        Assumptions.model_validate(plain)


def test_log_normal_spreads_have_their_median_and_stay_within_limits() -> None:
    rng = np.random.default_rng(5)
    spread = Spread(median=100, omega=0.5, low=40, high=300)
    values = [number(spread, rng) for _ in range(3000)]
    assert np.median(values) == pytest.approx(100, rel=0.05)
    assert min(values) >= 40
    assert max(values) <= 300
    assert clip(5, None, 3) == 3


def test_numbers_are_typed_with_the_decimals_of_the_item_and_never_impossible(study: Study) -> None:
    assert typed(study.item_by_id["body_temperature"], 38.4567) == "38.5"
    assert typed(study.item_by_id["oxygen_saturation"], 104.0) == "100"


def test_choices_come_as_often_as_they_should() -> None:
    rng = np.random.default_rng(2)
    drawn = [choose({"a": 0.2, "b": 0.8}, rng) for _ in range(4000)]
    assert drawn.count("a") / 4000 == pytest.approx(0.2, abs=0.02)


def test_recruitment_rises_over_the_ramp_and_then_keeps_its_rate() -> None:
    month = 365.25 / 12
    site = Opening("01", "UTC", 0.0, 2.0, 3 * month)
    expected = waited(site, np.array([0.0, 0.75, 3.0, 5.0])) / month
    assert expected == pytest.approx([0.0, 1.5, 3.0, 4.0])


def test_a_course_reaches_recovery_by_its_extent(study: Study) -> None:
    course = next(c for c in study.assumptions.courses if c.item == "platelets")
    path = disease.Path(course, 50.0, 200.0, 7.0, 1.0)
    assert path.true_value(-3) == pytest.approx(50)
    assert path.true_value(7) == pytest.approx(100.0)
    assert path.true_value(200) == pytest.approx(200.0)


def test_the_laboratory_agrees_with_the_adverse_events_of_the_same_patient(study: Study) -> None:
    visits, checked = [v for v in study.schedule.visits if v.anchor == "first_dose"], 0
    for patient in itertools.islice(arrivals(study, 12), 40):
        doses = planned_doses(study, patient, patient.arrival)
        events = [one for one in patient.happenings if one.dose is None and one.kind.pushes]
        for visit, one in itertools.product(visits, events):
            others = {item for other in events if other is not one for item in other.kind.pushes}
            if not 0 < visit.offset or not one.start <= visit.offset <= one.end:
                continue
            given = [dose for dose in doses if (dose.start - doses[0].start).days <= visit.offset]
            scene = Scene(patient, visit, doses[0].start + dt.timedelta(days=visit.offset), given)
            for item, limits in ((i, one.limits(i)) for i in one.kind.pushes if i not in others):
                seen = scene.answer(study.item_by_id[item])
                assert limits is not None
                if seen is not None and seen.value:
                    checked += 1
                    assert limits.low - 0.51 <= float(seen.value) <= limits.high + 0.51, (one, item)
    assert checked > 20


def test_what_was_done_with_the_drug_follows_from_the_doses(study: Study) -> None:
    action = study.assumptions.events and study.assumptions.events.action
    assert action is not None
    day, names = dt.date(2026, 5, 4), study.endpoints.event_forms
    for patient in itertools.islice(arrivals(study, 13), 25):
        period = Period(day, day + dt.timedelta(days=84), {1: 0, 2: 7}, over=True)
        open_ = Period(day, day + dt.timedelta(days=84), {1: 0, 2: 7})
        rows = [_by_row(patient.log_rows(names.adverse_events, p)) for p in (period, open_)]
        for place, row in rows[0].items():
            late = row[names.start] > "2026-05-11" and row[action.item] != action.withdrawn
            assert (row[action.item] == action.over) == late
            assert (place in rows[1]) != (row[action.item] == action.over)


def _by_row(seen: Iterable[Observation]) -> dict[int, dict[str, str]]:
    rows: dict[int, dict[str, str]] = {}
    for one in seen:
        rows.setdefault(one.row, {})[one.item] = one.value
    return rows


def test_glucocorticoids_go_on_from_the_last_pulse_to_the_first_dose(study: Study) -> None:
    log = study.assumptions.taper and study.assumptions.taper.log
    assert log is not None
    assert log.after is not None
    for patient in itertools.islice(arrivals(study, 14), 10):
        first = patient.arrival.date() + dt.timedelta(days=patient.days_to_enrolment)
        last = max(row.answers[log.after].value for row in patient.baseline.rows if log.after in row.answers)
        rows = _by_row(patient.log_rows(log.form, Period(first, first + dt.timedelta(days=84))))
        own = [row for row in rows.values() if row.get(log.end) == (first - dt.timedelta(days=1)).isoformat()]
        assert own[0][log.start] == (dt.date.fromisoformat(last) + dt.timedelta(days=1)).isoformat()


def test_glucocorticoids_taper_as_in_like_trials(study: Study) -> None:
    taper = study.assumptions.taper
    assert taper is not None
    complete = next(c for c in study.assumptions.response.classes if c.id == "complete")
    rng = np.random.default_rng(4)
    courses = [disease.steroids(taper, complete, 60.0, rng) for _ in range(1500)]
    means = [float(np.mean([c.dose(day) for c in courses])) / 60 for day in (0, 14, 56)]
    assert means == pytest.approx([9.7, 2.9, 0.8], rel=0.12)


def test_biomarkers_fall_more_in_those_who_respond(patients: list[VirtualPatient]) -> None:
    left: dict[str, list[float]] = {"complete": [], "none": []}
    for patient in (p for p in patients if p.fate.id in left and p.parameters):
        marker = patient.markers["ferritin"]
        doses = [exposure.Dose(7.0 * i, 600.0, 1 / 24) for i in range(8)]
        left[patient.fate.id].append(marker.value(patient.parameters, doses, 56.0) / marker.base)
    assert np.median(left["complete"]) < 0.1 < np.median(left["none"])


def test_before_the_first_dose_there_is_no_drug_and_nobody_has_recovered(study: Study) -> None:
    patient = VirtualPatient(study, 3, 8, "01", dt.datetime(2026, 5, 4, 9, tzinfo=dt.UTC))
    visit = next(v for v in study.schedule.visits if v.dose == 1)
    form = next(f for f in visit.forms if study.schedule.samples[0].item in study.form_by_id[f].item_ids())
    start = dt.datetime(2026, 5, 6, 11, tzinfo=dt.UTC)
    seen = patient.observe(visit, form, start, [Given(start, 600.0, 60)])
    levels = [o.value for o in seen if o.item == study.schedule.samples[0].item]
    assert levels[0].startswith("<")
    assert float(levels[1]) > 50
    times = [o.value for o in seen if o.item != study.schedule.samples[0].item]
    assert times == ["2026-05-06T10:35", "2026-05-06T12:00"]


def test_no_dose_no_sample_after_it(study: Study) -> None:
    patient = VirtualPatient(study, 3, 8, "01", dt.datetime(2026, 5, 4, 9, tzinfo=dt.UTC))
    visit = next(v for v in study.schedule.visits if v.dose == 1)
    form = next(f for f in visit.forms if study.dosing.dose_item in study.form_by_id[f].item_ids())
    seen = {o.item: o for o in patient.observe(visit, form, patient.arrival)}
    assert seen[study.dosing.dose_item].null_reason == "not_done"


def test_a_site_keeps_to_its_units_and_prints_its_limits_in_them(study: Study) -> None:
    item = study.item_by_id["creatinine"]
    benches = [Bench(study, seed, "01") for seed in range(60)]
    units = {bench.unit(item) for bench in benches}
    assert units == {"umol/L", "mg/dL"}
    other = next(b for b in benches if b.unit(item) == "mg/dL")
    from trialwright.simulate.draws import Answer

    value, unit, low, high = other.report(item, Answer("88.42"), "female")
    assert (float(value), unit) == (pytest.approx(1.0, abs=0.01), "mg/dL")
    assert (low, high) == (pytest.approx(0.46, abs=0.01), pytest.approx(0.83, abs=0.01))


def test_minors_have_a_guardian_and_adults_none(study: Study, patients: list[VirtualPatient]) -> None:
    for patient in patients:
        assert patient.born is not None
        minor = (patient.arrival.date() - patient.born).days < 18 * 365
        asked = any(o.item == "guardian_consent" for o in patient.screening())
        if abs((patient.arrival.date() - patient.born).days - 18 * 365.25) > 10:
            assert asked == minor


def test_screen_failures_responses_and_deaths_are_as_in_like_trials(study: Study) -> None:
    panel = observe_panel(study, 21, 300, lambda share: None)
    chosen = panel.eligible
    assert 0.20 <= 1 - chosen.mean() <= 0.38
    assert 0.48 <= panel.responds[chosen].mean() <= 0.66
    assert 0.04 <= panel.dies[chosen].mean() <= 0.20


def test_the_quick_verdict_is_that_of_screening(study: Study, patients: list[VirtualPatient]) -> None:
    from trialwright.screen import verdict

    for patient in patients[:40]:
        day = patient.arrival.date()
        facts: Patient = evidence(study, [(o, day) for o in patient.screening()], day)
        assert eligible(study, facts) == (verdict(study, facts).state == "eligible")


def test_operating_characteristics_agree_with_the_exact_design(study: Study) -> None:
    design = exact_design(study)
    found = simulate(study, 5, 4000, panel=200)
    from trialwright.science.stats.binomial import success_probability

    exact = float(success_probability(design.n, design.critical, [found.assumed_rate])[0])
    assert found.success == pytest.approx(exact, abs=0.03)
    assert found.planned == study.registration.design.enrolment
    expected = found.planned * (1 - found.eligible_rate) / found.eligible_rate
    assert found.mean_failures == pytest.approx(expected, rel=0.05)
    assert found.duration[0.05] < found.duration[0.5] < found.duration[0.95]


def test_the_same_seed_simulates_the_same_trials_and_another_seed_others(study: Study) -> None:
    found = simulate(study, 5, 4000, panel=200)
    assert found == simulate(study, 5, 4000, panel=200)
    assert found != simulate(study, 6, 4000, panel=200)


def test_no_trials_are_refused(study: Study) -> None:
    with pytest.raises(InputError, match="At least one trial"):
        simulate(study, 1, 0)


def test_an_own_stream_for_each_purpose() -> None:
    assert generator(1, 2, "a").random() == generator(1, 2, "a").random()
    assert generator(1, 2, "a").random() != generator(1, 2, "b").random()
    assert generator(1, 2, "a").random() != generator(1, 3, "a").random()
