"""A note is read for who the patient is, what is there, what is denied, and what is the family's."""

from __future__ import annotations

import pytest

from trialwright.record.match.ages import age_in, limits_in, record_age
from trialwright.record.match.note import LONGEST, read_note, sex_in


@pytest.mark.parametrize(
    ("text", "years"),
    [
        ("58-year-old woman with lupus", 58),
        ("45M T2DM, HTN", 45),
        ("74 F with CHF", 74),
        ("A 60 yo M with cirrhosis", 60),
        ("79 y/o female", 79),
        ("a 22yo F otherwise healthy", 22),
        ("41 year man with a rash", 41),
        ("aged 33, married", 33),
        ("6 month old boy", 0.5),
        ("A 5 months old male", 5 / 12),
        ("3-day-old female infant", 3 / 365.25),
        ("two-year-old girl", 2),
        ("女，58岁，发热", 58),
        ("A woman at 24 weeks of gestation, 25 years old", 25),
        ("fever for 3 days", None),
        ("symptoms for 10 years", None),
        ("", None),
    ],
)
def test_age_with_its_unit(text: str, years: float | None) -> None:
    assert age_in(text) == (None if years is None else pytest.approx(years))


@pytest.mark.parametrize(
    ("text", "sex"),
    [
        ("58-year-old woman", "FEMALE"),
        ("45M", "MALE"),
        ("75 yo M w/ thyroid cancer", "MALE"),
        ("70 y/o with COPD. Her daughter said she was worse; she was agitated.", "FEMALE"),
        ("G1P1 at 32 weeks", "FEMALE"),
        ("The patient has a cough.", ""),
        ("男，45岁", "MALE"),
    ],
)
def test_sex_by_noun_or_pronoun(text: str, sex: str) -> None:
    assert sex_in(text) == sex


@pytest.mark.parametrize(
    ("text", "said", "denied"),
    [
        ("He has asthma but no diabetes.", {"asthma"}, {"diabete"}),
        ("Denies fever, chills or cough; has headache.", {"headache"}, {"fever", "chill", "cough"}),
        ("Stroke (no residual deficits), diabetes.", {"stroke", "diabete"}, {"residual"}),
        ("HIV test was negative.", set(), {"immunodeficiency"}),
        ("Pain is no longer controlled.", {"pain"}, set()),
        ("She doesn't have hypertension.", set(), {"hypertension"}),
        ("No evidence of tuberculosis. Known psoriasis.", {"psoriasis"}, {"tuberculosis"}),
    ],
)
def test_what_is_denied_is_not_said(text: str, said: set[str], denied: set[str]) -> None:
    note = read_note(text)
    assert said <= note.terms.keys()
    assert denied <= note.denied
    assert not denied & note.terms.keys()


def test_the_familys_illness_is_not_the_patients() -> None:
    note = read_note(
        "45-year-old man with gout. Family history is positive for diabetes. His mother had breast cancer."
    )
    assert "gout" in note.terms
    assert not {"diabete", "breast", "cancer"} & note.terms.keys()


@pytest.mark.parametrize(
    ("text", "said", "not_said"),
    [
        ("Mother with diabetes; patient is a 50-year-old man with asthma", "asthma", "diabete"),
        ("A 70-year-old woman whose mother has breast cancer and who has asthma", "asthma", "breast"),
        ("His mother had gout and the patient has asthma.", "asthma", "gout"),
        ("Her father has gout and she has asthma.", "asthma", "gout"),
        ("Patient with asthma, mother has gout.", "asthma", "gout"),
        ("Seen with asthma; mother, who had gout, and who had psoriasis; he has a rash.", "rash", "psoriasis"),
        ("50-year-old man with asthma whose mother has gout; father had psoriasis.", "asthma", "psoriasis"),
        ("Lives with his wife, who has noted ataxia.", "ataxia", "whose"),
        ("Man with asthma who lives with his wife who has gout.", "asthma", "gout"),
        ("Mother of two, 34, with gout", "gout", "diabete"),
        ("The son of consanguineous parents with gout", "gout", "diabete"),
    ],
)
def test_a_family_members_illness_ends_where_the_patient_is_spoken_of_again(
    text: str, said: str, not_said: str
) -> None:
    terms = read_note(text).terms
    assert said in terms
    assert not_said not in terms


@pytest.mark.parametrize(
    ("text", "said", "denied"),
    [
        ("50 yo man, no fever, no cough, asthma", {"asthma"}, {"fever", "cough"}),
        ("Denies fever, denies cough, asthma and gout", {"asthma", "gout"}, {"fever", "cough"}),
        ("No fever, no cough, chills or sweats", set(), {"fever", "cough", "chill", "sweat"}),
        ("No fever, cough, chills", set(), {"fever", "cough", "chill"}),
        ("He has no history of asthma.", set(), {"asthma"}),
        ("65-year-old woman with lung cancer ruled out.", set(), {"lung", "cancer"}),
        ("65-year-old woman with asthma and lung cancer ruled out.", {"asthma"}, {"lung", "cancer"}),
        ("Lung cancer was excluded.", set(), {"lung", "cancer"}),
        ("Lung cancer has been excluded, asthma", {"asthma"}, {"lung", "cancer"}),
        ("Asthma. Lung cancer is unlikely.", {"asthma"}, {"lung", "cancer"}),
        ("HIV negative man with asthma", {"asthma"}, {"immunodeficiency"}),
        ("Lung cancer negative", set(), {"lung", "cancer"}),
        ("Fever and cough were denied.", set(), {"fever", "cough"}),
        ("Fever denied; asthma", {"asthma"}, {"fever"}),
        ("He denied fever.", set(), {"fever"}),
        ("The scan ruled out gout.", set(), {"gout"}),
        ("Gout cannot be excluded.", {"gout"}, set()),
        ("Gout is not ruled out.", {"gout"}, set()),
        ("No complaints other than gout.", {"gout"}, set()),
        ("He is not happy with his posture and complains of gout.", {"gout"}, set()),
        ("A never smoker with lung cancer", {"lung", "cancer"}, {"smoking"}),
        ("Without diabetes, with gout", {"gout"}, {"diabete"}),
        ("We cannot exclude gout; cannot rule out asthma.", {"gout", "asthma"}, set()),
        ("Neg for gout", set(), {"gout"}),
        ("HER2-negative breast cancer", {"breast", "cancer"}, {"her2"}),
    ],
)
def test_a_denial_reaches_its_own_finding_before_or_behind_it(text: str, said: set[str], denied: set[str]) -> None:
    note = read_note(text)
    assert said <= note.terms.keys()
    assert denied <= note.denied


def test_the_main_problem_weighs_more_than_past_history() -> None:
    note = read_note("A man was diagnosed with sarcoidosis. He is tired. Past medical history: psoriasis.")
    assert note.terms["sarcoidosis"] > note.terms["psoriasis"]
    assert "psoriasis" not in note.main


def test_abbreviations_are_written_out_and_capitals_matter() -> None:
    assert {"chronic", "obstructive", "lung"} <= read_note("Known COPD.").terms.keys()
    assert "sclerosis" in read_note("Relapsing MS.").terms
    assert "sclerosis" not in read_note("Ms. Jones has a rash.").terms
    assert "type2" in read_note("T2DM").terms
    assert read_note("type II diabetes").terms.keys() == read_note("type 2 diabetes").terms.keys()


def test_any_text_can_be_read() -> None:
    assert read_note("").terms == {}
    assert read_note("\x00 ((((;;;;" * 100).age is None
    assert len(read_note("fever " * 10_000).text) == LONGEST


@pytest.mark.parametrize(
    ("text", "years"), [("18 Years", 18), ("6 Months", 0.5), ("2 Weeks", 2 / 52.1775), ("", None), ("N/A", None)]
)
def test_limits_of_a_record(text: str, years: float | None) -> None:
    assert record_age(text) == (None if years is None else pytest.approx(years))


@pytest.mark.parametrize(
    ("text", "limits"),
    [
        ("Aged 18 to 75 years", (18, 75)),
        ("Between 40 and 80 years old", (40, 80)),
        ("Age >= 18", (18, None)),
        ("Patients 65 years or older", (65, None)),
        ("Under 12 years of age", (None, 12)),
        ("Disease for at least 5 years", (None, None)),
        ("Adults with asthma", (18, None)),
    ],
)
def test_limits_that_criteria_state(text: str, limits: tuple[float | None, float | None]) -> None:
    assert limits_in(text) == limits


@pytest.mark.parametrize(
    ("text", "age"),
    [
        ("twenty-five year old woman with lupus", 25),
        ("sixty-two-year-old man", 62),
        ("patient aged sixty with asthma", 60),
        ("58/M with asthma", 58),
        ("woman, 58, with lupus", 58),
        ("woman of 58 years", 58),
        ("boy, 12 y, with asthma", 12),
        ("8 mo F", 8 / 12),
        ("child of 30 months", 2.5),
        ("infant, 9 months, male", 0.75),
        ("Mother of two, 34, with asthma", 34),
        ("He has smoked since age 15. A 60 year old man", 60),
        ("Daughter is 5 years old. Patient is 33 years old", 33),
        ("Her 3-year-old son is well. She is a 30-year-old woman", 30),
        ("Gestational age 28 weeks", None),
        ("Smoking since age 15", None),
    ],
)
def test_the_age_is_the_patients_own_today(text: str, age: float | None) -> None:
    assert read_note(text).age == (None if age is None else pytest.approx(age))


@pytest.mark.parametrize(("text", "sex"), [("58/M", "MALE"), ("8 mo F", "FEMALE"), ("Mother of two, 34", "FEMALE")])
def test_sex_is_read_from_short_forms(text: str, sex: str) -> None:
    assert read_note(text).sex == sex
