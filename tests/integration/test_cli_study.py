"""`record`, `new` and `validate` as typed at a prompt: answers, exit codes, nothing half-written."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest

from trialwright.cli.main import main
from trialwright.study.document import read_yaml
from trialwright.study.load import BUILT_IN, load_study


def run(capsys: pytest.CaptureFixture[str], *args: str) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as caught:
        main([str(a) for a in args])
    shown = capsys.readouterr()
    return int(caught.value.code or 0), shown.out, shown.err


def test_record_shows_the_page(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, "record", "nct07208058")
    assert code == 0
    for part in (
        "Recruiting",
        "Phase 3",
        "THZ0103-MAS301",
        "Eligibility criteria",
        "Renji",
        "Results are pending",
    ):
        assert part in out


def test_record_answers_a_program_with_the_registrys_json(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, "record", "nct07208058", "--json")
    record = json.loads(out)
    assert code == 0
    assert record["protocolSection"]["identificationModule"]["nctId"] == "NCT07208058"


def test_record_reads_a_page_and_a_record_file(
    capsys: pytest.CaptureFixture[str], shared: Path, tmp_path: Path
) -> None:
    page = shared / "record" / "NCT07208058.txt"
    code, out, _ = run(capsys, "record", str(page), "--json")
    file = tmp_path / "record.json"
    file.write_text(out, encoding="utf-8")
    assert code == 0
    assert run(capsys, "record", str(file), "--json") == (0, out, "")


def test_record_of_somebody_elses_json_is_refused(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    file = tmp_path / "other.json"
    file.write_text('{"a": 1}', encoding="utf-8")
    code, out, err = run(capsys, "record", str(file))
    assert (code, out) == (2, "")
    assert "is not a registry record" in err
    assert "Traceback" not in err


def test_an_unknown_study_is_refused_with_the_nearest(capsys: pytest.CaptureFixture[str]) -> None:
    for verb in ("record", "validate"):
        code, _, err = run(capsys, verb, "nct07208085")
        assert code == 2
        assert "Did you mean nct07208058?" in err


def test_validate_counts_what_a_sound_definition_holds(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, "validate", "nct07208058", "--json")
    answer = json.loads(out)
    assert code == 0
    assert answer["sound"] is True
    assert answer["counts"]["sites"] == 15
    assert (answer["counts"]["inclusion criteria"], answer["counts"]["exclusion criteria"]) == (5, 17)


def test_validate_lists_every_mistake_with_its_line(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert run(capsys, "new", str(tmp_path / "mine"), "--from", "nct07208058")[0] == 0
    path = tmp_path / "mine" / "forms.yaml"
    path.write_text(path.read_text(encoding="utf-8").replace("item: wbc,", "item: wcb,"), encoding="utf-8")
    code, _, err = run(capsys, "validate", str(tmp_path / "mine"))
    assert code == 2
    assert "forms.yaml:" in err
    assert "Did you mean wbc" in err
    code, out, _ = run(capsys, "validate", str(tmp_path / "mine"), "--json")
    answer = json.loads(out)
    assert (code, answer["sound"]) == (2, False)
    assert answer["mistakes"][0]["where"].startswith("forms.yaml:")


def test_schemas_accept_the_built_in_study_and_refuse_a_misspelled_key(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert run(capsys, "validate", "nct07208058", "--schema", str(tmp_path))[0] == 0
    for file in tmp_path.glob("*.schema.json"):
        schema = json.loads(file.read_text(encoding="utf-8"))
        data = read_yaml(BUILT_IN / "nct07208058" / file.name.replace(".schema.json", ".yaml")).data
        jsonschema.validate(data, schema)
    items = json.loads((tmp_path / "items.schema.json").read_text(encoding="utf-8"))
    with pytest.raises(jsonschema.ValidationError, match="lable"):
        jsonschema.validate([{"id": "a", "lable": "A", "type": "text", "source": "registry"}], items)


def test_new_copies_a_study_under_its_own_id(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    code, out, _ = run(capsys, "new", str(tmp_path / "My trial"), "--from", "nct07208058")
    assert code == 0
    assert "Wrote 8 files" in out or "Wrote 9 files" in out
    study = load_study(tmp_path / "My trial")
    assert study.id == "my_trial"
    assert study.items == load_study("nct07208058").items


def test_new_begins_from_a_registry_page(capsys: pytest.CaptureFixture[str], shared: Path, tmp_path: Path) -> None:
    assert run(capsys, "new", str(tmp_path / "begun"), "--from", str(shared / "record" / "NCT07208058.txt"))[0] == 0
    study = load_study(tmp_path / "begun")
    assert len(study.registration.sites) == 15
    assert sum(c.kind == "exclusion" for c in study.eligibility.criteria) == 17


def test_new_never_writes_over_something(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "notes.txt").write_text("mine", encoding="utf-8")
    code, _, err = run(capsys, "new", str(tmp_path / "mine"), "--from", "nct07208058")
    assert code == 2
    assert "Name a new or an empty folder" in err
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == ["notes.txt"]


def test_new_from_a_bad_record_leaves_nothing_behind(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    (tmp_path / "cut.json").write_text('{"protocolSection": {"iden', encoding="utf-8")
    code, _, err = run(capsys, "new", str(tmp_path / "mine"), "--from", str(tmp_path / "cut.json"))
    assert code == 2
    assert "ends in the middle" in err
    assert [path.name for path in tmp_path.iterdir()] == ["cut.json"]


def test_a_begun_study_keeps_the_numbers_of_the_records_criteria(
    capsys: pytest.CaptureFixture[str], shared: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "my_mas"
    assert run(capsys, "new", str(folder), "--from", str(shared / "record" / "NCT07208058.txt"))[0] == 0
    study = load_study(folder)
    assert study.id == "my_mas"
    inclusion = [c for c in study.eligibility.criteria if c.kind == "inclusion"]
    assert [c.id for c in inclusion] == ["I01", "I02", "I03", "I04", "I05"]
    assert "birth_date + 16 years" in inclusion[0].logic


@pytest.mark.parametrize("number", [7208058, "NCT123", "07208058", ["NCT07208058"]])
def test_a_record_without_a_registry_number_is_refused(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, number: object
) -> None:
    file = tmp_path / "record.json"
    file.write_text(json.dumps({"protocolSection": {"identificationModule": {"nctId": number}}}))
    code, _, err = run(capsys, "record", str(file))
    assert code == 2
    assert "nctId" in err
    assert "eight digits" in err


def test_a_value_of_the_wrong_kind_is_answered_in_plain_words(capsys: pytest.CaptureFixture[str]) -> None:
    code, _, err = run(capsys, "rehearse", "nct07208058", "--seed", "abc", "--out", "somewhere")
    assert code == 2
    assert "'abc' is not a whole number." in err


def test_two_sources_of_data_are_one_too_many(capsys: pytest.CaptureFixture[str]) -> None:
    code, _, err = run(
        capsys, "analyse", "nct07208058", "--rehearsal", "a", "--snapshot", "b.json", "--out", "somewhere"
    )
    assert code == 2
    assert "not both" in err
