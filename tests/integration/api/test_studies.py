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
        ({"pagesize": "3"}, "`pagesize` is an unknown parameter. Did you mean pageSize?"),
        ({"markupFormat": "html"}, "'markdown' or 'legacy'"),
        ({"geoDecay": "func:exp"}, "Write func:exp,scale:300mi"),
        ({"geoDecay": "func:exp,scale:0km,offset:0km,decay:0.5"}, "scale is above 0"),
        ({"sort": "StartDate,EnrollmentCount,CompletionDate"}, "at most two"),
        ({"sort": "StartDate,@relevance"}, "stands first"),
        ({"filter__advanced": "AREA[LocationGeoPoint]DISTANCE(1,2,3mi)"}, "square brackets"),
        ({"filter__synonyms": "ConditionSearch:1651367"}, "synonyms have no numbers here"),
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


@pytest.mark.parametrize(
    "path",
    ["stats/field/values?query.cond=pain", "stats/size?fields=Phase", "version?x=1", f"studies/{BUILT_IN}?field=NCTId"],
)
def test_a_parameter_that_nothing_reads_is_refused_everywhere(api: Any, path: str) -> None:
    """Statistics are of all records: a query there would be passed over, and the figures taken for its own."""
    where, _, text = path.partition("?")
    name, _, value = text.partition("=")
    answer = api(where, **{name: value})
    assert answer.status_code == 400
    assert answer.content.decode().startswith(f"`{name}` is an unknown parameter.")


def test_a_number_is_read_without_its_zeros(api: Any) -> None:
    assert api("studies/nct7208058", fields="NCTId").json() == api(f"studies/{BUILT_IN}", fields="NCTId").json()
    assert numbers(api("studies", filter__ids="NCT7208058")) == [BUILT_IN]


def test_a_former_number_leads_to_the_study(api: Any, real: dict[str, Any]) -> None:
    nct, alias = next(
        (nct, aliases[0])
        for nct, record in real.items()
        if (aliases := record["protocolSection"]["identificationModule"].get("nctIdAliases"))
    )
    answer = api(f"studies/{alias}", fields="NCTId")
    assert (answer.status_code, answer.headers["Location"]) == (301, f"/api/v2/studies/{nct}?fields=NCTId")
    for asked in ({"filter__ids": alias}, {"query__id": alias}, {"query__term": alias}):
        assert numbers(api("studies", **asked)) == [nct]


def test_texts_come_as_markdown_or_plain(api: Any, real: dict[str, Any]) -> None:
    nct, text = next(
        (nct, text)
        for nct, record in real.items()
        if "\\>" in (text := record["protocolSection"]["eligibilityModule"].get("eligibilityCriteria", ""))
    )
    for path, parameters in ((f"studies/{nct}", {}), ("studies", {"filter.ids": nct})):
        for form, expected in (("markdown", text), ("legacy", text.replace("\\", "").replace("\n", "\r\n"))):
            answer = api(path, markupFormat=form, fields="EligibilityCriteria", **parameters).json()
            (study,) = answer.get("studies", [answer])
            assert study["protocolSection"]["eligibilityModule"]["eligibilityCriteria"] == expected
    whole = api(f"studies/{nct}", markupFormat="legacy").json()
    assert whole["derivedSection"] == real[nct]["derivedSection"], "only texts change"


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
    same = "AREA[LocationGeoPoint]DISTANCE[42.36,-71.06,50mi]"
    filtered = numbers(api("studies", filter__geo="distance(42.36,-71.06,50mi)", pageSize=1000))
    assert numbers(api("studies", filter__advanced=same, pageSize=1000)) == filtered
    assert len(filtered) > 10


def test_geo_decay_brings_what_is_near_to_the_front(api: Any, real: dict[str, Any]) -> None:
    asked = {"filter__geo": "distance(42.36,-71.06,3000mi)", "pageSize": 30}
    decays = {"geoDecay": "func:gauss,scale:1mi,offset:5mi,decay:0.000001"}
    boston = set(numbers(api("studies", filter__geo="distance(42.36,-71.06,5mi)", pageSize=1000)))
    for query in ({}, {"query__term": "safety"}):
        first = numbers(api("studies", **asked, **decays, **query))
        near = [nct in boston for nct in first]
        assert any(near)
        assert near == sorted(near, reverse=True)
        plain = api("studies", **asked, **query, countTotal="true").json()
        answer = api("studies", **asked, **decays, **query, countTotal="true").json()
        assert plain["totalCount"] == answer["totalCount"]
    seen, token = [], ""
    while True:
        answer = api("studies", **asked, **decays, pageToken=token).json()
        seen += [s["protocolSection"]["identificationModule"]["nctId"] for s in answer["studies"]]
        token = answer.get("nextPageToken", "")
        if not token:
            break
    assert len(seen) == len(set(seen)) == api("studies", **asked, countTotal="true").json()["totalCount"]


def test_sorting_by_a_date_and_by_size(api: Any) -> None:
    answer = api("studies", sort="LastUpdatePostDate:desc", pageSize=100, fields="LastUpdatePostDate").json()["studies"]
    dates = [s["protocolSection"]["statusModule"]["lastUpdatePostDateStruct"]["date"] for s in answer if s]
    assert dates == sorted(dates, reverse=True)
    answer = api("studies", sort="EnrollmentCount", pageSize=100, fields="EnrollmentCount").json()["studies"]
    counts = [s["protocolSection"]["designModule"]["enrollmentInfo"]["count"] for s in answer if s]
    assert counts == sorted(counts)


def test_sorting_by_any_date_or_number_and_by_two(api: Any) -> None:
    def told(sort: str, *fields: str) -> list[Any]:
        studies = api("studies", sort=sort, pageSize=1000, fields=",".join(fields)).json()["studies"]
        return [study.get("protocolSection", {}) for study in studies]

    completed = [
        study.get("statusModule", {}).get("primaryCompletionDateStruct", {}).get("date", "")
        for study in told("PrimaryCompletionDate", "PrimaryCompletionDate")
    ]
    days = [f"{date}-01"[:10] for date in completed if date]
    assert days == sorted(days, reverse=True)
    assert not any(completed[len(days) :]), "those without a date come last"
    both = [
        (study["designModule"]["enrollmentInfo"]["count"], study["statusModule"]["startDateStruct"]["date"])
        for study in told("EnrollmentCount,StartDate:desc", "EnrollmentCount", "StartDate")
        if "designModule" in study and "statusModule" in study
    ]
    order = [(count, [-int(part) for part in f"{day}-01"[:10].split("-")]) for count, day in both]
    assert order == sorted(order)
    path = "protocolSection.statusModule.completionDateStruct.date"
    assert told(path, "NCTId") == told("CompletionDate:desc", "NCTId")


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
