"""Whoever knows the official API finds the same paths, parameters, paging and JSON here."""

from __future__ import annotations

import csv
import gzip
import io
import json
import zipfile
from pathlib import Path
from typing import Any

import pytest
from library_folder import HOSTILE, LARGE, SAME_DRUG

from trialwright.formats.ctgov.table import columns

BUILT_IN = "NCT07208058"


@pytest.fixture(scope="module")
def real(shared: Path) -> dict[str, Any]:
    with gzip.open(shared / "record" / "ctgov_v2_dev.jsonl.gz", "rt", encoding="utf-8") as lines:
        found = [json.loads(line) for line in lines]
    return {record["protocolSection"]["identificationModule"]["nctId"]: record for record in found}


def numbers(answer: Any) -> list[str]:
    assert answer.status_code == 200, answer.content
    return [s["protocolSection"]["identificationModule"]["nctId"] for s in answer.json()["studies"]]


def test_a_study_is_given_back_as_it_came(api: Any, real: dict[str, Any]) -> None:
    for nct in list(real)[:25]:
        answer = api(f"studies/{nct}")
        assert answer.headers["Content-Type"] == "application/json"
        assert answer.json() == real[nct]
    assert api(f"studies/{nct.lower()}").json() == real[nct]


def test_pages_follow_each_other_without_gap_or_repetition(api: Any) -> None:
    seen: list[str] = []
    first = api("studies", query__cond="cancer", pageSize=20, countTotal="true", fields="NCTId").json()
    answer, token = first, first.get("nextPageToken")
    while True:
        seen += [s["protocolSection"]["identificationModule"]["nctId"] for s in answer["studies"]]
        if not token:
            break
        answer = api("studies", query__cond="cancer", pageSize=20, fields="NCTId", pageToken=token).json()
        assert "totalCount" not in answer
        token = answer.get("nextPageToken")
    assert len(seen) == len(set(seen)) == first["totalCount"] > 40


def test_a_token_of_another_query_is_refused(api: Any) -> None:
    token = api("studies", query__cond="cancer", pageSize=2).json()["nextPageToken"]
    answer = api("studies", query__cond="diabetes", pageSize=2, pageToken=token)
    assert answer.status_code == 400
    assert answer.headers["Content-Type"].startswith("text/plain")


def test_page_size_is_ten_and_at_most_a_thousand(api: Any) -> None:
    assert len(numbers(api("studies"))) == 10
    assert len(numbers(api("studies", pageSize=0))) == 10
    everything = api("studies", pageSize=5000, countTotal="true", fields="NCTId").json()
    assert len(everything["studies"]) == everything["totalCount"] == 354


def test_fields_are_pieces_paths_modules_or_areas(api: Any, real: dict[str, Any]) -> None:
    nct, record = next((n, r) for n, r in real.items() if "secondaryIdInfos" in json.dumps(r))
    protocol = record["protocolSection"]
    identity = protocol["identificationModule"]

    def asked(fields: str) -> Any:
        return api(f"studies/{nct}", fields=fields).json()

    assert asked("NCTId|BriefTitle") == {
        "protocolSection": {"identificationModule": {"nctId": nct, "briefTitle": identity["briefTitle"]}}
    }
    assert asked("ConditionsModule") == {"protocolSection": {"conditionsModule": protocol["conditionsModule"]}}
    assert asked("protocolSection.statusModule") == {"protocolSection": {"statusModule": protocol["statusModule"]}}
    assert asked("hasResults") == asked("HasResults") == {"hasResults": record["hasResults"]}
    secondary = asked("SecondaryId")["protocolSection"]["identificationModule"]["secondaryIdInfos"]
    assert secondary == [{"id": entry["id"]} for entry in identity["secondaryIdInfos"]]
    assert set(asked("TitleSearch")["protocolSection"]["identificationModule"]) <= {
        "briefTitle", "officialTitle", "acronym"
    }  # fmt: skip
    assert asked("IdentificationModule,NCTId") == {"protocolSection": {"identificationModule": identity}}


@pytest.mark.parametrize(
    ("parameters", "sentence"),
    [
        ({"fields": "NCTIdd"}, "Did you mean NCTId"),
        ({"filter__overallStatus": "RECRUITNG"}, "Did you mean RECRUITING"),
        ({"filter__ids": "12345"}, "no registry number"),
        ({"filter__geo": "distance(1,2)"}, "distance("),
        ({"filter__geo": "distance(99,2,5km)"}, "no such place"),
        ({"filter__stats": "x"}, "unknown parameter"),
        ({"query__term": "(heart"}, "character 1"),
        ({"query__term": "AREA[Nothing]x"}, "Nothing"),
        ({"sort": "BriefTitle"}, "cannot be sorted"),
        ({"aggFilters": "sex:q"}, "no option"),
        ({"pageSize": "-1"}, "pageSize"),
        ({"pageSize": "many"}, "pageSize"),
        ({"pageToken": "abracadabra"}, ""),
        ({"format": "xml"}, "format"),
        ({"format": "csv", "fields": "NCT Numbr"}, "Did you mean NCT Number"),
    ],
)
def test_what_cannot_be_understood_is_answered_with_a_sentence(
    api: Any, parameters: dict[str, str], sentence: str
) -> None:
    answer = api("studies", **parameters)
    assert answer.status_code == 400
    assert answer.headers["Content-Type"].startswith("text/plain")
    assert sentence in answer.content.decode()


@pytest.mark.parametrize(("path", "status"), [("studies/NCT99999999", 404), ("studies/12", 400), ("nothing", 404)])
def test_what_is_not_there_is_said_in_text(api: Any, path: str, status: int) -> None:
    answer = api(path)
    assert answer.status_code == status
    assert answer.headers["Content-Type"].startswith("text/plain")


def test_filters_narrow_as_the_official_ones_do(api: Any, real: dict[str, Any]) -> None:
    def told(**parameters: Any) -> set[str]:
        return set(numbers(api("studies", pageSize=1000, **parameters)))

    def where(test: Any) -> set[str]:
        return {nct for nct, record in real.items() if test(record["protocolSection"])}

    recruiting = where(lambda p: p["statusModule"]["overallStatus"] in ("RECRUITING", "COMPLETED"))
    made = {BUILT_IN, LARGE, HOSTILE, SAME_DRUG}
    assert told(filter__overallStatus="RECRUITING|COMPLETED") - made == recruiting
    assert told(filter__overallStatus="RECRUITING,COMPLETED") - made == recruiting
    assert told(aggFilters="status:rec com") - made == recruiting
    assert told(filter__overallStatus="RECRUITING", postFilter__overallStatus="COMPLETED") == set()
    phase = where(lambda p: "PHASE2" in p.get("designModule", {}).get("phases", ()))
    assert told(aggFilters="phase:2") - made == told(filter__advanced="AREA[Phase]PHASE2") - made == phase
    chosen = sorted(real)[:3]
    assert told(filter__ids="|".join(chosen)) == set(chosen)
    assert told(query__id=", ".join(chosen), filter__overallStatus="WITHHELD") == set(chosen), "numbers alone win"
    assert told(query__term=BUILT_IN) == {BUILT_IN}


def test_studies_near_a_place_are_those_with_a_site_there(api: Any) -> None:
    assert LARGE in numbers(api("studies", filter__geo="distance(40,-70,5km)", pageSize=1000))
    assert LARGE not in numbers(api("studies", filter__geo="distance(50,20,50mi)", pageSize=1000))
    near = numbers(api("studies", filter__geo="distance(40,-70,1km)", filter__ids=LARGE))
    assert near == [LARGE]
    assert numbers(api("studies", filter__geo="distance(-60,-150,1mi)")) == []


def test_sorting_by_a_date_and_by_size(api: Any) -> None:
    answer = api("studies", sort="LastUpdatePostDate:desc", pageSize=100, fields="LastUpdatePostDate").json()["studies"]
    dates = [s["protocolSection"]["statusModule"]["lastUpdatePostDateStruct"]["date"] for s in answer if s]
    assert dates == sorted(dates, reverse=True)
    answer = api("studies", sort="EnrollmentCount", pageSize=100, fields="EnrollmentCount").json()["studies"]
    counts = [s["protocolSection"]["designModule"]["enrollmentInfo"]["count"] for s in answer if s]
    assert counts == sorted(counts)


def test_csv_has_the_registrys_columns_and_no_formula(api: Any) -> None:
    answer = api("studies", format="csv", pageSize=1000, countTotal="true")
    rows = list(csv.reader(io.StringIO(answer.content.decode())))
    assert rows[0] == list(columns())
    assert len(rows) == 355
    assert answer.headers["x-total-count"] == "354"
    assert not [cell for row in rows[1:] for cell in row if cell.startswith(("=", "+", "-", "@"))]
    first = api("studies", format="csv", pageSize=2, fields="NCT Number|Phases")
    assert first.content.decode().splitlines()[0] == "NCT Number,Phases"
    token = first.headers["x-next-page-token"]
    second = api("studies", format="csv", pageSize=2, fields="NCT Number|Phases", pageToken=token)
    assert len(second.content.decode().splitlines()) == 2, "only the first page has the header"


def test_one_study_in_every_format(api: Any, real: dict[str, Any]) -> None:
    nct = "NCT02552212"
    archive = zipfile.ZipFile(io.BytesIO(api(f"studies/{nct}", format="json.zip").content))
    assert json.loads(archive.read(f"{nct}.json")) == real[nct]
    fhir = api(f"studies/{nct}", format="fhir.json")
    assert fhir.headers["Content-Type"] == "application/fhir+json"
    assert (fhir.json()["resourceType"], fhir.json()["status"]) == ("ResearchStudy", "completed")
    reference = api(f"studies/{nct}", format="ris").content.decode()
    assert reference.startswith("TY  - DBASE\r\n")
    assert reference.endswith("ER  - \r\n\r\n")
    assert nct in api(f"studies/{nct}", format="csv").content.decode()
    assert api(f"studies/{nct}", format="ris", fields="NCTId").status_code == 400


def test_metadata_areas_and_enums_fit_each_other(api: Any) -> None:
    enums = {entry["type"]: entry for entry in api("studies/enums").json()}
    assert {"value": "RECRUITING", "legacyValue": "Recruiting"} in enums["Status"]["values"]
    assert "OverallStatus" in enums["Status"]["pieces"]
    areas = api("studies/search-areas").json()[0]["areas"]
    assert {area["param"] for area in areas if "param" in area} >= {"cond", "intr", "term", "locn", "outc", "titles"}

    def pieces(nodes: list[Any]) -> set[str]:
        return {n["piece"] for n in nodes} | {p for n in nodes for p in pieces(n.get("children", []))}

    known = pieces(api("studies/metadata").json())
    assert {piece for area in areas for part in area["parts"] for piece in part["pieces"]} <= known


def test_statistics_count_every_record(api: Any, real: dict[str, Any]) -> None:
    sizes = api("stats/size").json()
    assert sizes["totalStudies"] == sum(entry["studiesCount"] for entry in sizes["ranges"]) == 354
    (status,) = api("stats/field/values", fields="OverallStatus").json()
    assert status["type"] == "ENUM"
    assert sum(entry["studiesCount"] for entry in status["topValues"]) == 354
    (conditions,) = api("stats/field/sizes", fields="Condition").json()
    assert conditions["maxSize"] == max(
        len(r["protocolSection"].get("conditionsModule", {}).get("conditions", ())) for r in real.values()
    )
    assert {entry["type"] for entry in api("stats/field/values", types="BOOLEAN").json()} == {"BOOLEAN"}
    assert api("stats/field/values", fields="Nothing").status_code == 404
    assert api("version").json()["dataTimestamp"].endswith("T00:00:00")


@pytest.mark.parametrize("name", ["query.cond", "query.term", "filter.advanced", "postFilter.advanced"])
def test_a_slip_in_a_query_names_its_parameter_and_the_character(api: Any, name: str) -> None:
    answer = api("studies", **{name: "pain (HLH"})
    assert answer.status_code == 400
    assert answer.content.decode().startswith(f"`{name}` parameter, character 6: This bracket is not closed.")


def test_a_wrong_direction_is_told_apart_from_a_wrong_field(api: Any) -> None:
    said = api("studies", sort="StartDate:sideways").content.decode()
    assert said == "`sort` parameter: there is no direction `sideways`. Write StartDate:asc or StartDate:desc."
    assert "`Sideways:asc` cannot be sorted by" in api("studies", sort="Sideways:asc").content.decode()


@pytest.mark.parametrize("count", [0, -1, 101])
def test_a_count_of_related_studies_out_of_bounds_is_refused(api: Any, count: int) -> None:
    answer = api(f"studies/{BUILT_IN}/related", count=count)
    assert answer.status_code == 400
    assert answer.content.decode() == f"`count` parameter: {count} is not from 1 to 100."


def test_a_number_that_is_not_kept_says_among_how_many(api: Any) -> None:
    answer = api("studies/NCT99999999")
    assert answer.status_code == 404
    assert answer.content.decode() == "The study 'NCT99999999' is not among the 354 records kept here."
