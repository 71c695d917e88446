"""Facts files as people write them, in JSON and CSV: what they may say, and a sentence for what cannot be."""

from __future__ import annotations

import datetime as dt
import gzip
import json
import resource
import time
from pathlib import Path
from typing import Any

import pytest

from trialwright.evidence.patient import Patient
from trialwright.kernel.errors import InputError, UserError
from trialwright.screen import patient_of, verdict
from trialwright.screen.facts_csv import patients_of_csv
from trialwright.screen.sources import read_patient
from trialwright.study.load import load_study

STUDY = load_study("nct07208058")
TODAY = dt.date(2026, 4, 1)


def patient(*facts: dict[str, Any], **days: Any) -> Patient:
    return patient_of(
        {"subject": "P-1", "screening": "2026-03-15", **days, "facts": list(facts)}, STUDY, where="p.json", today=TODAY
    )


def refusal(*facts: Any, **days: Any) -> str:
    with pytest.raises(UserError) as caught:
        patient(*facts, **days)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 400
    return str(caught.value)


def test_the_ways_to_say_that_something_is_not_known() -> None:
    found = patient(
        {"item": "nk_activity_low", "value": None, "reason": "sample clotted"},
        {"item": "ferritin", "value": "unknown", "unit": "ug/L"},
        {"item": "live_vaccine", "value": "unknown"},
    )
    assert [f.value for f in found.facts] == [None, None, None]
    assert found.of("nk_activity_low")[0].reason == "sample clotted"


@pytest.mark.parametrize("value", ["2025-09-10", "2025-09", "2025", "none", "current"])
def test_events_take_a_date_part_of_one_none_or_current(value: str) -> None:
    assert str(patient({"item": "alcohol_abuse", "value": value}).facts[0].value) == value


def test_bun_is_urea_in_its_own_unit() -> None:
    limits = {"low": 7, "high": 20}
    found = patient({"item": "bun", "value": 28.014, "unit": "mg/dL", **limits}).of("urea")[0]
    assert found.value == pytest.approx(10)
    assert found.high == pytest.approx(7.139, abs=1e-3)
    assert patient({"item": "bun", "value": 28.014}).of("urea")[0].value == pytest.approx(10)


def test_a_dose_has_agent_route_and_day() -> None:
    dose = {
        "item": "steroid_dose",
        "value": 60,
        "unit": "mg/d",
        "agent": "methylprednisolone",
        "route": "iv",
        "when": "2026-03-10",
    }
    found = patient(dose).facts[0]
    assert (found.agent, found.route, str(found.when)) == ("methylprednisolone", "iv", "2026-03-10")


def test_enrolment_may_be_missing_and_the_verdict_says_so() -> None:
    found = patient({"item": "trial_participation", "value": "2025-11-01"})
    assert found.enrolment is None
    assert any("stands in" in warning for warning in verdict(STUDY, found).warnings)


def test_the_same_value_in_two_units_is_one_value() -> None:
    pair = (
        {"item": "creatinine", "value": 1.5, "unit": "mg/dL", "when": "2026-03-14"},
        {"item": "creatinine", "value": 132.7, "unit": "umol/L", "high": 84, "when": "2026-03-14"},
    )
    for facts in (pair, pair[::-1]):
        found = patient(*facts)
        assert [f.high for f in found.facts] == [84]
    assert "two different values on 2026-03-14" in refusal(pair[0], pair[1] | {"value": 140})


@pytest.mark.parametrize(
    "facts",
    [
        ({"item": "weight", "value": 60}, {"item": "weight", "value": 61, "when": "2026-03-15"}),
        ({"item": "splenomegaly", "value": True}, {"item": "splenomegaly", "value": False}),
        ({"item": "live_vaccine", "value": "none"}, {"item": "live_vaccine", "value": "2026-03-01"}),
        ({"item": "sex", "value": "male"}, {"item": "sex", "value": "female"}),
    ],
)
def test_two_values_of_one_moment_are_refused(facts: tuple[dict[str, Any], ...]) -> None:
    assert "has two different values" in refusal(*facts)


def test_what_only_looks_like_two_values_is_read() -> None:
    dose = {"item": "steroid_dose", "value": 60, "when": "2026-03-10", "agent": "prednisone", "route": "oral"}
    judged = {"item": "judged_otherwise_unsuitable", "value": True}
    found = patient(
        dose, dose | {"agent": "methylprednisolone", "route": "iv"},
        {"item": "ferritin", "value": 900, "when": "2026-03-14T08:00"},
        {"item": "ferritin", "value": 950, "when": "2026-03-14T20:00"},
        {"item": "live_vaccine", "value": "2024-03-01"}, {"item": "live_vaccine", "value": "2025-03-01"},
        judged, judged | {"value": False, "signed_by": "Dr Li"},
        {"item": "weight", "value": None, "reason": "in bed"}, {"item": "weight", "value": 60},
    )  # fmt: skip
    assert len(found.facts) == 10


@pytest.mark.parametrize(
    ("fact", "sentence"),
    [
        ({"item": "creatinin", "value": 1}, "p.json, fact 1: There is no item 'creatinin'. Did you mean creatinine"),
        ({"item": "bunn", "value": 1}, "Did you mean bun"),
        ({"item": "x" * 10**6, "value": 1}, "There is no item 'xxx"),
        ({"item": "creatinine", "value": 80, "unit": "Cel"}, "fact 1 (creatinine): 'creatinine' cannot be in °C."),
        ({"item": "body_temperature", "value": 385, "unit": "Cel"}, "Is a point missing (38.5)?"),
        ({"item": "body_temperature", "value": "38,5"}, "Write a point for the decimals."),
        ({"item": "weight", "value": "1_0"}, "'1_0' is not a number"),
        ({"item": "weight", "value": "６０"}, "is not a number"),
        ({"item": "weight", "value": 0, "unit": "kg"}, "0 kg is impossible for 'weight' (20 to 300 kg)."),
        ({"item": "weight", "value": 10**400}, "'A number of many digits' is not a number"),
        ({"item": "weight", "value": {"a": 1}}, "An object is not a number"),
        ({"item": "sex", "value": ["female"]}, "A list is not a choice"),
        ({"item": "sex", "value": True}, "'True' is not a choice"),
        ({"item": "weight", "value": 60, "when": 20260315}, "'20260315' is not a date"),
        ({"item": "weight", "value": 60, "when": []}, "A list is not a date"),
        ({"item": "weight", "value": 60, "when": False}, "'False' is not a date"),
        ({"item": "weight", "value": 60, "when": "2026-3-5"}, "'2026-3-5' is not a date"),
        ({"item": "weight", "value": 60, "when": "2026-03-14T25:00"}, "is not a date"),
        ({"item": "weight", "value": 60, "when": "2026-03-14 or so"}, "is not a date"),
        ({"item": "weight", "value": 60, "when": "2026-04-02"}, "2026-04-02 lies in the future."),
        ({"item": "myocardial_infarction", "value": "2026-05"}, "2026-05 lies in the future."),
        ({"item": "birth_date", "value": "2026-03-16"}, "The birth (2026-03-16) is after screening (2026-03-15)."),
        ({"item": "birth_date", "value": "0980-05-05"}, "lies outside 1850 to 2199"),
        ({"item": "birth_date", "value": "none"}, "'none' is not a date"),
        ({"item": "weight", "value": 60, "agent": 5}, "'agent' is not a text"),
        ({"item": "weight", "value": 60, "signed_by": ["Dr Li"]}, "'signed_by' is not a text"),
        ({"item": "weight", "value": 60, "reason": "\x1b[31m"}, "holds a character that cannot be printed"),
        ({"item": "weight", "value": 60, "low": "45"}, "The limit 'low' is not a number."),
        ({"item": "weight", "value": 60, "hihg": 5}, "'hihg' is not known here. Did you mean high?"),
        ({"item": 5, "value": 1}, "names no item"),
        ([], "names no item"),
        ({"item": "ae_term", "value": "x" * 5000}, "longer than 4000 characters"),
    ],
)  # fmt: skip
def test_a_fact_that_cannot_be_is_refused_by_number_and_name(fact: Any, sentence: str) -> None:
    message = refusal({"item": "sex", "value": "female"}) if fact is None else refusal(fact)
    assert sentence in message
    assert message.startswith("p.json, fact 1")


def test_the_number_of_the_fact_is_said() -> None:
    assert "p.json, fact 2 (weight)" in refusal({"item": "sex", "value": "female"}, {"item": "weight", "value": 0})


@pytest.mark.parametrize(
    ("days", "sentence"),
    [
        ({"screening": 20260315}, "'20260315' is not a date"),
        ({"screening": None}, "day of screening is missing"),
        ({"screening": "9999-01-01"}, "lies outside"),
        ({"enrolment": []}, "A list is not a date"),
        ({"enrolment": "2026-03-01"}, "is before screening"),
        ({"first_dose": "2026-03-01"}, "is before screening or enrolment"),
        ({"subject": 5}, "'subject' is not a short text"),
        ({"subject": "P\x00"}, "cannot be printed"),
        ({"patient": "P-1"}, "'patient' is not known here."),
    ],
)
def test_a_head_that_cannot_be_is_refused(days: dict[str, Any], sentence: str) -> None:
    assert sentence in refusal(**days)


TEXTS: list[tuple[bytes, str]] = [
    (b"", "The file is empty."),
    (b" \n ", "The file is empty."),
    (b"[1]", "This is not a facts file: it is a list."),
    (b'"text"', "This is not a facts file."),
    (b'{"screening": "2026-03-15",\n "facts": [}', "f.json:2: This is not JSON: expecting value (column 12)."),
    (b'{"facts": [{"item": "weight", "item": "sex"}]}', "the key 'item' stands twice in one object"),
    (b'{"facts": NaN}', "NaN is not a number"),
    (b'{"facts": -Infinity}', "Infinity is not a number"),
    (b'{"facts": [' + b"[" * 200_000, "nested too deeply"),
    (b'{"a":' * 200_000, "nested too deeply"),
    (b'{"facts": ' + b"9" * 5000 + b"}", "a number has too many digits"),
    (b'{"subject": "\\ud800", "screening": "2026-03-15", "facts": []}', "a character is cut in half"),
    ('{"facts": "ü"}'.encode("latin-1"), "f.json:1: The file is not UTF-8 text."),
    ('{"facts": []}'.encode("utf-16"), "It looks like UTF-16"),
    (b'{"resourceType": "Observation"}', "This is a single FHIR resource."),
]


@pytest.mark.parametrize(("content", "sentence"), TEXTS, ids=[s[:30] for _, s in TEXTS])
def test_a_file_that_cannot_be_is_refused(tmp_path: Path, content: bytes, sentence: str) -> None:
    (tmp_path / "f.json").write_bytes(content)
    with pytest.raises(InputError) as caught:
        read_patient(tmp_path / "f.json", STUDY)
    assert sentence in str(caught.value)
    assert str(caught.value).startswith("f.json")


def test_a_hundred_megabytes_are_refused_before_they_are_read(tmp_path: Path) -> None:
    (tmp_path / "big.json").write_bytes(b" " * (100 << 20))
    with gzip.open(tmp_path / "bomb.json.gz", "wb", compresslevel=1) as file:
        for _ in range(40):
            file.write(b" " * (1 << 20))
    before, start = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.monotonic()
    for name in ("big.json", "bomb.json.gz"):
        with pytest.raises(InputError, match="larger than 32 MiB"):
            read_patient(tmp_path / name, STUDY)
    assert time.monotonic() - start < 3
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 120 << 10


def test_other_things_that_are_no_file(tmp_path: Path) -> None:
    for path, sentence in ((tmp_path, "is a folder"), (tmp_path / "none.json", "cannot be read")):
        with pytest.raises(InputError, match=sentence):
            read_patient(path, STUDY)
    (tmp_path / "x.json.gz").write_bytes(b"no gzip")
    with pytest.raises(InputError, match="cannot be read"):
        read_patient(tmp_path / "x.json.gz", STUDY)


def test_more_facts_than_anybody_has_are_refused() -> None:
    assert "more than 20000 facts" in refusal(*[{"item": "weight", "value": 60}] * 20_001)


# --- CSV -------------------------------------------------------------------------------------------------------------

HEAD = "subject,screening,enrolment,item,value,unit,low,high,when,agent,route,signed_by,reason"
ROWS = (
    "P-1,2026-03-15,2026-03-18,creatinine,133,umol/L,45,84,2026-03-14,,,,",
    "P-1,2026-03-15,2026-03-18,myocardial_infarction,none,,,,,,,,",
    "P-1,2026-03-15,2026-03-18,steroid_dose,60,mg/d,,,2026-03-10,methylprednisolone,iv,,",
    'P-1,2026-03-15,2026-03-18,nk_activity_low,,,,,,,,,"clotted, to repeat"',
    "P-1,2026-03-15,2026-03-18,judged_otherwise_unsuitable,no,,,,,,,Dr Li,",
)


def csv_patient(text: str) -> Patient:
    ((_, found),) = patients_of_csv(text, STUDY, where="f.csv", today=TODAY)
    if isinstance(found, UserError):
        raise found
    return found


def test_a_table_says_what_a_facts_file_says() -> None:
    found = csv_patient("\n".join((HEAD, *ROWS)))
    same = patient(
        {"item": "creatinine", "value": 133, "unit": "umol/L", "low": 45, "high": 84, "when": "2026-03-14"},
        {"item": "myocardial_infarction", "value": "none"},
        {"item": "steroid_dose", "value": 60, "agent": "methylprednisolone", "route": "iv", "when": "2026-03-10"},
        {"item": "nk_activity_low", "value": None, "reason": "clotted, to repeat"},
        {"item": "judged_otherwise_unsuitable", "value": False, "signed_by": "Dr Li"},
        enrolment="2026-03-18",
    )  # fmt: skip
    bare = [
        [(f.item, f.value, f.low, f.high, f.when, f.agent, f.signed_by, f.reason) for f in p.facts]
        for p in (found, same)
    ]
    assert bare[0] == bare[1]
    assert (found.subject, found.screening, found.enrolment) == (same.subject, same.screening, same.enrolment)


@pytest.mark.parametrize(("sign", "mark", "end"), [(";", "\ufeff", "\r\n"), ("\t", "", "\n"), (",", "\ufeff", "\r\n")])
def test_tables_of_other_programs_are_read(tmp_path: Path, sign: str, mark: str, end: str) -> None:
    lines = ["subject,screening,item,value", "P-1,2026-03-15,weight,60.5", "", "P-1,2026-03-15,sex,female"]
    text = mark + end.join(lines).replace(",", sign) + end
    (tmp_path / "f.csv").write_bytes(text.encode())
    found, report = read_patient(tmp_path / "f.csv", STUDY)
    assert [f.value for f in found.facts] == [60.5, "female"]
    assert (report.kind, report.used) == ("csv", 2)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "f.csv: The file is empty."),
        ("weight\n60", "This is not a table of facts."),
        ("screening,item", "f.csv:1: The column 'value' is missing."),
        ("screening,item,value,vlaue", "There is no column 'vlaue'. Did you mean value"),
        ("screening,item,value,value", "The column 'value' stands twice."),
        ("screening,item,value", "no facts below"),
        ("screening,item,value\n2026-03-15,weight", "f.csv:2: The row has 2 cells and the table 3 columns."),
        ("screening;item;value\n2026-03-15;weight;60,5", "f.csv:2 (weight): '60,5' is not a number. Write a point"),
        ("screening,item,value\n2026-03-15,weigth,60", "f.csv:2: There is no item 'weigth'. Did you mean weight"),
        ("screening,item,value\n,weight,60", "f.csv:2: The day of screening is missing."),
        ("screening,item,value\n2026-03-15,,60", "f.csv:2: The row names no item."),
        ("screening,item,value\n2026-03-15,weight,60\n2026-03-16,sex,male", "f.csv:3: 'screening' is not the same"),
        ("screening,item,value,high\n2026-03-15,weight,60,x", "f.csv:2 (weight): The limit 'high' is not a number."),
        ('screening,item,value\n2026-03-15,"weight,60', "This is not CSV"),
    ],
)
def test_a_table_that_cannot_be_is_refused(text: str, sentence: str) -> None:
    with pytest.raises(UserError) as caught:
        csv_patient(text)
    assert sentence in str(caught.value)


def test_a_table_of_several_patients_is_a_cohort(tmp_path: Path) -> None:
    lines = ("subject,screening,item,value", "A,2026-03-15,weight,60", "B,2026-03-15,weight,0")
    (tmp_path / "f.csv").write_text("\n".join(lines))
    found = dict(patients_of_csv("\n".join(lines), STUDY, where="f.csv"))
    assert isinstance(found["A"], Patient)
    assert "impossible" in str(found["B"])
    (tmp_path / "g.csv").write_text("\n".join((*lines[:2], "B,2026-03-15,weight,61")))
    with pytest.raises(InputError, match="holds 2 patients"):
        read_patient(tmp_path / "g.csv", STUDY)


def test_a_facts_document_may_stand_on_one_line(tmp_path: Path) -> None:
    document = {"subject": "P", "screening": "2026-03-15", "facts": [{"item": "weight", "value": 60}]}
    (tmp_path / "p.ndjson").write_text(json.dumps(document) + "\n")
    assert read_patient(tmp_path / "p.ndjson", STUDY)[0].subject == "P"
