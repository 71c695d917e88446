"""Outputs appear whole or not at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from trialwright.formats.folder import whole_folder, write_file
from trialwright.kernel.errors import OutputExists


def test_a_failure_leaves_nothing_behind(tmp_path: Path) -> None:
    def half_done() -> None:
        with whole_folder(tmp_path / "out", overwrite=False, known_by="a.txt") as folder:
            write_file(folder, "a/b.txt", b"half")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        half_done()
    assert list(tmp_path.iterdir()) == []


def test_earlier_outputs_are_only_replaced_when_asked(tmp_path: Path) -> None:
    out = tmp_path / "out"
    for text, overwrite in ((b"1", False), (b"2", True)):
        with whole_folder(out, overwrite=overwrite, known_by="a.txt") as folder:
            write_file(folder, "a.txt", text)
    assert (out / "a.txt").read_bytes() == b"2"
    assert [p.name for p in tmp_path.iterdir()] == ["out"]


@pytest.mark.parametrize(
    ("name", "overwrite", "known_by", "says"),
    [
        ("out", False, "a.txt", "--overwrite"),
        ("out", True, "b.txt", "holds something else"),
        ("out/a.txt", True, "a.txt", "is a file"),
    ],
)
def test_what_is_there_is_kept(tmp_path: Path, name: str, overwrite: bool, known_by: str, says: str) -> None:
    write_file(tmp_path / "out", "a.txt", b"kept")
    with (
        pytest.raises(OutputExists, match=says),
        whole_folder(tmp_path / name, overwrite=overwrite, known_by=known_by),
    ):
        raise AssertionError
    assert (tmp_path / "out" / "a.txt").read_bytes() == b"kept"
