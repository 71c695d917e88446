"""Related studies and matching through the store and the index, with the built-in study beside real records."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import pytest
from related_records import record

from trialwright.cli.main import main
from trialwright.formats.ctgov import record_of
from trialwright.formats.ctgov.many import Found
from trialwright.kernel.errors import InputError, UnknownName
from trialwright.record.bring_in import bring_in, records_in
from trialwright.record.library import Library
from trialwright.study.load import load_study

OURS = "NCT07208058"


def _beside() -> list[dict[str, Any]]:
    """The two records that the portal's page and the study's facts name, and others of the disease: all made for this
    test from a few facts; they are not the registry's texts."""
    plonmarlimab = record(
        7034209,
        "Plonmarlimab in macrophage activation syndrome (made for the test)",
        ["Macrophage Activation Syndrome", "Hemophagocytic Lymphohistiocytosis"],
        ["TJ003234"],
        phase="PHASE2",
        sponsor="TJ Biopharma Co., Ltd.",
    )
    arthritis = record(
        7315503,
        "An Open-label Study of GC012F in Rheumatoid Arthritis.",
        ["Rheumatoid Arthritis"],
        ["GC012F"],
        phase="EARLY_PHASE1",
    )
    emapalumab = record(99100001, "Emapalumab in MAS (made)", ["Macrophage Activation Syndrome"], ["Emapalumab"])
    ruxolitinib = record(99100002, "Ruxolitinib in HLH (made)", ["HLH"], ["Ruxolitinib"], phase="PHASE2")
    other_target = record(99100003, "Otilimab in arthritis (made)", ["Rheumatoid Arthritis"], ["MOR103"])
    return [plonmarlimab, arthritis, emapalumab, ruxolitinib, other_target]


@pytest.fixture(scope="module")
def library(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    made = [record_of(load_study("nct07208058")), *_beside()]
    library = Library.open(tmp_path_factory.mktemp("related"), write=True)
    seen = datetime(2026, 1, 1, tzinfo=UTC)
    bring_in(library.store, records_in([shared / "record" / "ctgov_v2_dev.jsonl.gz"]), seen=seen)
    ids = [r["protocolSection"]["identificationModule"]["nctId"] for r in made]
    found = [Found(number, orjson.dumps(r), r, "made") for number, r in zip(ids, made, strict=True)]
    bring_in(library.store, found, seen=seen)
    library.catch_up()
    yield library
    library.close()


def test_the_earlier_trial_of_the_same_drug_is_first_with_its_reasons(library: Library) -> None:
    first = library.related(OURS)[0]
    assert first.nct_id == "NCT07034209"
    told = {reason.kind: str(reason.words) for reason in first.reasons}
    assert told["drug"] == "same drug: Plonmarlimab"
    assert told["phase"] == "earlier phase"
    assert told["sponsor"] == "same sponsor: TJ Biopharma Co., Ltd."
    assert "condition" in told
    assert all(reason.words.zh for reason in first.reasons)


def test_the_disease_comes_before_another_disease(library: Library) -> None:
    order = [row.nct_id for row in library.related(OURS, 20)]
    disease = {"NCT07034209", "NCT99100001", "NCT99100002"}
    assert set(order[:3]) == disease
    assert "NCT07315503" not in order[:4]


def test_the_same_target_in_another_disease_is_told(library: Library) -> None:
    found = {row.nct_id: row for row in library.related(OURS, 20)}
    assert "same target: GM-CSF" in [str(reason.words) for reason in found["NCT99100003"].reasons]


def test_it_works_from_the_other_side_too(library: Library) -> None:
    assert library.related("NCT07034209")[0].nct_id == OURS
    told = {reason.kind: str(reason.words) for reason in library.related("NCT07034209")[0].reasons}
    assert told["phase"] == "later phase"


def test_every_real_record_has_relatives_and_never_itself(library: Library) -> None:
    numbers = [orjson.loads(t)["protocolSection"]["identificationModule"]["nctId"] for t in library.store.each()]
    for number in numbers[:350:35]:
        found = [row.nct_id for row in library.related(number, 10)]
        assert number not in found
        assert len(set(found)) == len(found) <= 10
        assert found


def test_an_unknown_number_is_answered_with_a_sentence(library: Library) -> None:
    with pytest.raises(UnknownName, match="NCT00000000"):
        library.related("NCT00000000")


def test_a_note_finds_studies_and_age_and_sex_narrow(library: Library) -> None:
    found = library.match("58-year-old woman with adult-onset Still's disease and macrophage activation syndrome", 5)
    assert {"NCT99100001", "NCT07034209", OURS} & {row.nct_id for row in found[:3]}
    child = library.match("6-year-old girl with macrophage activation syndrome", 20)
    assert OURS not in [row.nct_id for row in child]


def test_what_is_listed_has_a_telling_reason(library: Library) -> None:
    fits = {"age", "sex", "population", "phase", "design"}
    for note in ("58-year-old man with asthma", "65-year-old woman with lung cancer, no fever, no cough, gout"):
        for row in library.match(note, 50):
            assert {reason.kind for reason in row.reasons} & {"condition", "title", "inclusion"}
    for number in (OURS, "NCT99100003"):
        for relative in library.related(number, 60):
            assert {reason.kind for reason in relative.reasons} - fits


def test_the_patients_disease_is_told_beside_a_denial_and_a_mother(library: Library) -> None:
    note = "58-year-old man. Denies breast cancer. Mother had type 2 diabetes. He has asthma."
    found = {row.nct_id: [str(reason.words) for reason in row.reasons] for row in library.match(note, 10)}
    assert found
    assert all("asthma" in "; ".join(words) for words in found.values())
    assert "condition: Asthma (the note: asthma)" in found["NCT06651385"]


@pytest.mark.parametrize("name", ["nofile.txt", "facts.json", "facts.YAML", "patients.csv", "notes.txt.gz"])
def test_a_single_word_that_ends_as_a_file_does_is_no_note(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["record", "match", name, "--data", str(tmp_path)])
    assert caught.value.code == 2
    assert f"There is no file {name}." in capsys.readouterr().err


def test_a_note_without_findings_is_refused(library: Library) -> None:
    with pytest.raises(InputError, match="no condition"):
        library.match("58-year-old woman")
