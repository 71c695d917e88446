"""`trialwright record` as typed at a prompt: records brought in, found, compared, and written out again."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from trialwright.cli.main import main
from trialwright.record.begin import files_from_record
from trialwright.record.library import Library
from trialwright.study.load import load_study


def run(capsys: pytest.CaptureFixture[str], *args: object) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as caught:
        main([str(a) for a in args])
    shown = capsys.readouterr()
    return int(caught.value.code or 0), shown.out, shown.err


@pytest.fixture(scope="module")
def registry(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder of the real records. Read it only."""
    folder = tmp_path_factory.mktemp("registry")
    files = [shared / "record" / "ctgov_v2_dev.jsonl.gz", shared / "record" / "NCT07208058.txt"]
    with pytest.raises(SystemExit) as caught:
        main(["record", "import", *map(str, files), "--data", str(folder)])
    assert caught.value.code == 0
    return folder


def test_bad_records_are_told_and_answered_with_2(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    file = tmp_path / "in.jsonl"
    good = '{"protocolSection": {"identificationModule": {"nctId": "NCT00000001"}}}'
    file.write_text(f'{good}\n{{"cut": \n{good.replace("1", "2")}\n')
    code, out, err = run(capsys, "record", "import", file, "--data", tmp_path / "data")
    assert code == 2
    assert "2 records are kept: 2 new" in out
    assert "1 could not be read (told above); all others are kept." in out
    assert "in.jsonl:2: The record is cut short." in err
    assert run(capsys, "record", "import", file, "--data", tmp_path / "data")[1].startswith("2 records are kept: 0 new")


def test_what_is_missing_is_said(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    for args, sentence in (
        (("search", "x"), "It is not said where the records are. Add --data DIR"),
        (("search", "x", "--data", tmp_path), "No records are kept here."),
        (("search", "x", "--age", "58", "--data", tmp_path), "'58' is not an age: it has no unit."),
        (("search", "x", "--sex", "all", "--data", tmp_path), "There is no sex of a patient 'all'."),
        (("search", "(x", "--data", tmp_path), "bracket"),
        (("import", tmp_path / "nothing.json", "--data", tmp_path / "d"), "There is no such file."),
        (("sync", "--data", tmp_path / "d"), "It is not said which records."),
        (("export", "--format", "xml", "--data", tmp_path), "There is no format 'xml'."),
    ):
        code, out, err = run(capsys, "record", *args)
        assert (code, out) == (2, "")
        assert sentence in err
        assert "Traceback" not in err


def test_search_counts_and_shows(capsys: pytest.CaptureFixture[str], registry: Path) -> None:
    code, out, _ = run(capsys, "record", "search", "macrophage activation", "--data", registry)
    assert code == 0
    assert "NCT07208058" in out
    asked = (
        "record",
        "search",
        "--phase",
        "phase3",
        "--age",
        "70 years",
        "--sex",
        "female",
        "--data",
        registry,
        "--json",
    )
    found = json.loads(run(capsys, *asked)[1])
    assert found["total"] > len(found["studies"]) == 20
    assert all("PHASE3" in study["phases"] for study in found["studies"])
    more = json.loads(run(capsys, *asked, "--cursor", found["next"])[1])
    assert not {s["nct_id"] for s in more["studies"]} & {s["nct_id"] for s in found["studies"]}


def test_related_and_match_give_reasons(capsys: pytest.CaptureFixture[str], registry: Path) -> None:
    related = json.loads(run(capsys, "record", "related", "NCT07208058", "--data", registry, "--json")[1])
    assert related
    assert all(study["reasons"] for study in related)
    matched = run(
        capsys, "record", "match", "58-year-old woman with haemophagocytic lymphohistiocytosis", "--data", registry
    )
    assert matched[0] == 0
    assert matched[1].startswith("NCT07208058")


def test_history_shows_what_changed(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    data = tmp_path / "data"
    for status, day in (("RECRUITING", "2026-01-01"), ("COMPLETED", "2026-02-02")):
        protocol = {
            "identificationModule": {"nctId": "NCT00000001"},
            "statusModule": {"overallStatus": status, "lastUpdatePostDateStruct": {"date": day}},
        }
        (tmp_path / "one.json").write_text(json.dumps({"protocolSection": protocol}))
        assert run(capsys, "record", "import", tmp_path / "one.json", "--data", data)[0] == 0
    code, out, _ = run(capsys, "record", "history", "nct00000001", "--data", data)
    assert code == 0
    assert "Version 2, last update 2026-02-02" in out
    assert "  Overall status\n    - RECRUITING\n    + COMPLETED\n" in out
    assert len(json.loads(run(capsys, "record", "history", "NCT00000001", "--data", data, "--json")[1])) == 2
    assert run(capsys, "record", "history", "NCT00000002", "--data", data)[0] == 2


def test_export_gives_back_what_went_in(
    capsys: pytest.CaptureFixture[str], registry: Path, shared: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out.ndjson"
    assert run(capsys, "record", "export", "--data", registry, "--out", out)[0] == 0
    with gzip.open(shared / "record" / "ctgov_v2_dev.jsonl.gz", "rt", encoding="utf-8") as lines:
        before = [json.loads(line) for line in lines]
    after = [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]
    assert len(after) == 351
    assert all(record in after for record in before[:20])
    code, _, err = run(capsys, "record", "export", "--data", registry, "--out", out)
    assert code == 2
    assert "--overwrite" in err
    table = tmp_path / "out.csv"
    assert run(capsys, "record", "export", "--data", registry, "--format", "csv", "--out", table)[0] == 0
    assert table.read_text(encoding="utf-8").startswith("NCT Number,")


def test_export_names_the_numbers_that_are_not_kept(capsys: pytest.CaptureFixture[str], registry: Path) -> None:
    code, out, err = run(
        capsys, "record", "export", "--data", registry, "--ids", "NCT99999999,nct04402008", "--format", "csv"
    )
    assert code == 0
    assert err == "These are not among the records kept here: NCT99999999. 1 record was written.\n"
    code, out, err = run(capsys, "record", "export", "--data", registry, "--ids", "NCT04402008,foo")
    assert (code, out) == (2, "")
    assert "'foo' is no registry number. Write NCT01234567" in err


def test_a_record_with_an_absurd_number_is_refused_and_the_others_kept(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    module = {"nctId": "NCT00000001", "briefTitle": "A"}
    good = {"protocolSection": {"identificationModule": module}}
    design = {"enrollmentInfo": {"count": 10**19}}
    bad = {"protocolSection": {"identificationModule": {**module, "nctId": "NCT00000002"}, "designModule": design}}
    file = tmp_path / "some.ndjson"
    file.write_text(f"{json.dumps(good)}\n{json.dumps(bad)}\n", encoding="utf-8")
    code, out, err = run(capsys, "record", "import", file, "--data", tmp_path / "data", "--no-index")
    assert code == 2
    assert "1 record is kept" in out
    assert f"{file}:2: protocolSection.designModule.enrollmentInfo.count is too large." in err


def test_a_missing_file_does_not_take_the_records_before_it_along(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    file = tmp_path / "some.ndjson"
    file.write_text('{"protocolSection": {"identificationModule": {"nctId": "NCT00000001"}}}\n', encoding="utf-8")
    code, _, err = run(capsys, "record", "import", file, tmp_path / "gone.json", "--data", tmp_path / "data")
    assert code == 2
    assert "There is no such file." in err
    assert run(capsys, "record", "export", "--data", tmp_path / "data", "--ids", "NCT00000001")[2] == ""


def test_a_number_shows_the_record_of_the_data_folder(capsys: pytest.CaptureFixture[str], registry: Path) -> None:
    code, out, _ = run(capsys, "record", "NCT04402008", "--data", registry)
    assert code == 0
    assert "Poziotinib" in out


def test_a_study_begins_from_a_record_in_the_data_folder(
    capsys: pytest.CaptureFixture[str], registry: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "begun"
    code, out, _ = run(capsys, "new", folder, "--from", "NCT07208058", "--data", registry)
    assert code == 0
    assert "## Criteria that the investigator judges" in out
    assert (folder / "to_decide.md").read_text(encoding="utf-8") in out
    study = load_study(folder)
    logics = {criterion.id: criterion.logic for criterion in study.eligibility.criteria}
    assert "birth_date + 16 years" in logics["I01"]
    assert any("pregnant" in logic for logic in logics.values())
    assert run(capsys, "validate", folder)[0] == 0


@pytest.mark.parametrize("first", range(0, 350, 70))
def test_any_record_begins_a_study_that_loads(registry: Path, first: int) -> None:
    library = Library.open(registry)
    for text in list(library.store.each())[first : first + 3]:
        record = library.get(json.loads(text)["protocolSection"]["identificationModule"]["nctId"])
        assert record is not None
        texts = files_from_record(record)
        assert set(texts) >= {"study.yaml", "eligibility.yaml", "to_decide.md"}
    library.close()


def test_a_study_or_a_file_is_shown_as_before(capsys: pytest.CaptureFixture[str], shared: Path) -> None:
    shown = run(capsys, "record", "nct07208058")
    assert shown == run(capsys, "record", "show", "nct07208058")
    assert run(capsys, "record", "--json", shared / "record" / "NCT07208058.txt")[0] == 0
