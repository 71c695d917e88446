"""Records are read out of every packing that people have; a bad one is told with its place, the others are kept."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import zipfile
import zlib
from pathlib import Path
from typing import Any

import pytest

from trialwright.formats.ctgov import many, split, unpack
from trialwright.formats.ctgov.many import Found, read_many
from trialwright.kernel.errors import InputError


def record(number: int, **more: Any) -> dict[str, Any]:
    return {"protocolSection": {"identificationModule": {"nctId": f"NCT{number:08}", "briefTitle": '{["]}', **more}}}


def text(number: int) -> str:
    return json.dumps(record(number))


def enrolling(count: object) -> dict[str, Any]:
    found = record(4)
    found["protocolSection"]["designModule"] = {"enrollmentInfo": {"count": count}}
    return found


def placed(latitude: object) -> dict[str, Any]:
    found = record(4)
    module = {"locations": [{"geoPoint": {"lat": latitude, "lon": 1}}]}
    found["protocolSection"]["contactsLocationsModule"] = module
    return found


ONE, TWO, THREE = text(1), text(2), text(3)


def read(tmp_path: Path, content: bytes | str, name: str = "file") -> tuple[list[str], list[str]]:
    """(numbers of the records, sentences about the rest), without the folder."""
    file = tmp_path / name
    file.write_bytes(content.encode() if isinstance(content, str) else content)
    found = list(read_many(file))
    good = [answer.nct_id for answer in found if isinstance(answer, Found)]
    return good, [str(answer).replace(str(tmp_path) + "/", "") for answer in found if isinstance(answer, InputError)]


def zipped(**entries: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, body in entries.items():
            archive.writestr(name.replace("_", "."), body)
    return out.getvalue()


SHAPES = {
    "one record": ONE,
    "one record over many lines": json.dumps(record(1), indent=2),
    "a list": f"[{ONE}]",
    "a list over many lines": json.dumps([record(1)], indent=2),
    "a search answer": f'{{"totalCount": 1, "studies": [{ONE}], "nextPageToken": "x"}}',
    "lines": f"\n{ONE}\n\n",
    "a byte order mark": f"\ufeff{ONE}",
}


@pytest.mark.parametrize("content", SHAPES.values(), ids=SHAPES.keys())
@pytest.mark.parametrize("packed", [False, True], ids=["plain", "gzip"])
def test_one_record_in_every_shape(tmp_path: Path, content: str, packed: bool) -> None:
    body = content.encode()
    assert read(tmp_path, gzip.compress(body) if packed else body) == (["NCT00000001"], [])


MANY = {
    "a list": f"[{ONE}, {TWO},\n{THREE}]",
    "a list over many lines": json.dumps([record(n) for n in (1, 2, 3)], indent=2),
    "lines": "\n".join((ONE, TWO, THREE)),
    "records over many lines, one after another": "\n".join(json.dumps(record(n), indent=1) for n in (1, 2, 3)),
    "pages of answers": f'{{"studies": [{ONE}, {TWO}], "nextPageToken": "a"}}\n{{"studies": [{THREE}]}}\n',
}


@pytest.mark.parametrize("content", MANY.values(), ids=MANY.keys())
def test_many_records_in_every_shape(tmp_path: Path, content: str) -> None:
    assert read(tmp_path, content) == (["NCT00000001", "NCT00000002", "NCT00000003"], [])


def test_the_sites_zip_with_a_file_for_each_record_or_one_for_all(tmp_path: Path) -> None:
    body = zipped(a_json=ONE.encode(), b_json=f"[{TWO}]".encode(), c_gz=gzip.compress(THREE.encode()))
    assert read(tmp_path, body) == (["NCT00000001", "NCT00000002", "NCT00000003"], [])


def test_the_text_of_the_portals_page(shared: Path) -> None:
    (found,) = read_many(shared / "record" / "NCT07208058.txt")
    assert isinstance(found, Found)
    assert found.nct_id == "NCT07208058"


def test_the_text_of_a_record_is_kept_as_it_was_written(tmp_path: Path) -> None:
    odd = b'{ "protocolSection":{"identificationModule":{"nctId":"NCT00000001"}}, "x":[1.0, 1e5,  "\\u00fc"] }'
    for content in (odd, b"[" + odd + b"]", b"\n" + odd + b"\n" + ONE.encode()):
        (tmp_path / "file").write_bytes(content)
        found = next(iter(read_many(tmp_path / "file")))
        assert isinstance(found, Found)
        assert found.text == odd


def test_windows_of_every_size_cut_the_same_records(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    content = json.dumps([record(n, officialTitle='a "quoted\\" {text') for n in range(1, 9)], indent=1)
    for size in (1, 2, 7, 64, 1000):
        monkeypatch.setattr(split, "CHUNK", size)
        good, bad = read(tmp_path, content)
        assert (len(good), bad) == (8, [])


BAD = {
    "cut short": (ONE[:-9], "file:1: The record is cut short."),
    "no JSON inside": (ONE.replace(": {", ": oops {", 1), "file:1: This is not JSON"),
    "no record": ('{"a": 1}', "file:1: This JSON is not a registry record"),
    "no number": ('{"protocolSection": {}}', "file:1: The record does not say its number"),
    "number of a wrong form": (ONE.replace("NCT", "XYZ"), "which is no registry number"),
    "a wrong type": (json.dumps(record(4, acronym=["x"])), "identificationModule.acronym should be text and is a list"),
    "a number beyond reason": (json.dumps(enrolling(10**19)), "designModule.enrollmentInfo.count is too large."),
    "a number as text beyond reason": (json.dumps(enrolling("9" * 30)), "enrollmentInfo.count is too large."),
    "a number one beyond reason": (json.dumps(enrolling(2**53 + 1)), "enrollmentInfo.count is too large."),
    "a place beyond reason": (json.dumps(placed(10**19)), "locations[0].geoPoint.lat is too large."),
    "a place that is text": (json.dumps(placed("north")), "locations[0].geoPoint.lat should be a number and is text."),
    "not a number": (ONE.replace('"{[', 'NaN, "{['), "file:1: This is not JSON"),
    "nested too deep": ('{"protocolSection": ' + "[" * 5000, "file:1: "),
    "half a letter": (ONE.replace("{[", "\\ud800"), "file:1: This is not JSON"),
}


@pytest.mark.parametrize(("content", "sentence"), BAD.values(), ids=BAD.keys())
def test_a_bad_record_is_told_with_its_place(tmp_path: Path, content: str, sentence: str) -> None:
    good, bad = read(tmp_path, content)
    assert good == []
    assert len(bad) == 1
    assert sentence in bad[0]


@pytest.mark.parametrize("content", [bad for bad, _ in BAD.values()], ids=BAD.keys())
def test_the_records_around_a_bad_one_are_kept(tmp_path: Path, content: str) -> None:
    good, bad = read(tmp_path, f"{ONE}\n{content}\n{TWO}\n")
    assert good == ["NCT00000001", "NCT00000002"]
    assert bad
    assert all(sentence.startswith("file:2:") for sentence in bad)


@pytest.mark.parametrize("content", [ONE[:-2], ONE.replace('"}', '"', 1), '{"a": 1}', "17", "null"])
def test_the_records_around_a_bad_one_in_a_list_are_kept(tmp_path: Path, content: str) -> None:
    good, bad = read(tmp_path, f"[{ONE},\n{content},\n{TWO},\n{THREE}]")
    assert good == ["NCT00000001", "NCT00000002", "NCT00000003"]
    assert bad


def test_a_list_that_is_cut_short_says_so(tmp_path: Path) -> None:
    good, bad = read(tmp_path, f"[{ONE},\n{TWO}")
    assert good == ["NCT00000001", "NCT00000002"]
    assert bad == ["file:2: The list ends in the middle, after 2 records. It was cut short; fetch it again."]


@pytest.mark.parametrize("listed", [True, False])
def test_a_packed_file_that_is_cut_gives_all_records_before_the_cut(tmp_path: Path, listed: bool) -> None:
    records = [json.dumps(record(n, officialTitle=hashlib.sha256(str(n).encode()).hexdigest())) for n in range(1, 201)]
    whole = f"[{', '.join(records)}]" if listed else "\n".join(records)
    packed = gzip.compress(whole.encode())[: -len(records) * 3]
    plain = zlib.decompressobj(31).decompress(packed).decode()
    count = sum(text in plain for text in records)
    assert 100 < count < 200
    good, bad = read(tmp_path, packed)
    assert good == [f"NCT{n:08}" for n in range(1, count + 1)]
    (sentence,) = bad
    assert sentence.startswith(f"file: It cannot be read further after {count} records: ")


def test_what_is_no_text_of_records_is_refused(tmp_path: Path) -> None:
    for content, sentence in (
        (b"", "The file is empty"),
        (b"hello", "not JSON, nor a registry page"),
        ("[1]".encode("utf-16"), "not UTF-8"),
        (b"\xff\xfe{", "not UTF-8"),
        (gzip.compress(ONE.encode())[:-20], "cannot be read further"),
        (zipped(a_json=b"x")[:40], "The zip cannot be read"),
    ):
        good, bad = read(tmp_path, content)
        assert good == []
        assert sentence in bad[0]
    with pytest.raises(InputError, match="no such file"):
        list(read_many(tmp_path / "nothing"))


def test_a_damaged_entry_of_a_zip_does_not_stop_the_others(tmp_path: Path) -> None:
    body = bytearray(zipped(a_json=ONE.encode() * 1, b_json=TWO.encode()))
    body[45] ^= 0xFF
    good, bad = read(tmp_path, bytes(body))
    assert good == ["NCT00000002"]
    assert bad[0].startswith("file!a.json")


def test_a_record_larger_than_any_real_one_is_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (many, split):
        monkeypatch.setattr(module, "LARGEST", 5000)
    monkeypatch.setattr(split, "CHUNK", 512)
    large = json.dumps(record(9, briefSummary="x" * 20_000))
    for content in (f"{ONE}\n{large}\n{TWO}", f"[{ONE},\n{large},\n{TWO}]"):
        good, bad = read(tmp_path, content)
        assert good == ["NCT00000001", "NCT00000002"]
        assert len(bad) == 1
        assert bad[0].startswith("file:2: A record of more than")


def test_a_bomb_is_not_unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unpack, "MODEST", 100_000)
    bomb = b'{"protocolSection": "' + b"0" * 3_000_000
    for body in (zipped(a_json=ONE.encode(), b_json=bomb), gzip.compress(bomb)):
        good, bad = read(tmp_path, body)
        assert good in (["NCT00000001"], [])
        assert "swells to more than 250 times" in bad[0]


def test_unknown_values_are_kept_and_noted(tmp_path: Path) -> None:
    odd = record(1)
    odd["protocolSection"]["statusModule"] = {"overallStatus": "HALF_OPEN", "startDateStruct": {"date": "soon"}}
    odd["protocolSection"]["newModule"] = {"anything": [1, {"goes": None}]}
    (tmp_path / "file").write_text(json.dumps(odd))
    (found,) = read_many(tmp_path / "file")
    assert isinstance(found, Found)
    assert found.data == odd
    assert found.notes == (
        "OverallStatus holds 'HALF_OPEN', which is not among its known values; it is kept.",
        "StartDate holds 'soon', which is not a date; it is kept.",
    )
