"""Files of other systems, damaged at random: each is taken over or refused in a sentence, in bounded time."""

from __future__ import annotations

import tempfile
from datetime import timedelta
from functools import cache
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from trialwright.conduct.exchange import send_out
from trialwright.conduct.exchange.files import bring_in_files
from trialwright.formats.odm import write
from trialwright.kernel.errors import TrialwrightError

DAMAGE = settings(
    max_examples=60, deadline=timedelta(seconds=20),
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)  # fmt: skip
FILES = (
    "openedc/metadata.xml", "odm/test_odm_001.xml", "odm2/Atlas_QS_ODMv2.xml", "odm2/RepeatingIG-UC-D-Example.xml",
    "redcap/repeating-instruments/project.xml", "redcap/metadata-write/dictionary.csv",
    "questionnaire/screener-questionnaire.json", "questionnaire/layout_paginated.json",
)  # fmt: skip


@cache
def content(path: Path) -> bytes:
    return path.read_bytes()


@st.composite
def damaged(draw: st.DrawFn, path: Path) -> bytes:
    """The file with parts cut out, doubled, exchanged or written over; numbers and names swapped for odd ones."""
    text = bytearray(content(path))
    for _ in range(draw(st.integers(1, 6))):
        at = draw(st.integers(0, max(len(text) - 1, 0)))
        end = min(len(text), at + draw(st.integers(1, 400)))
        match draw(st.sampled_from(["cut", "double", "over", "swap", "quote"])):
            case "cut":
                del text[at:end]
            case "double":
                text[at:at] = text[at:end]
            case "over":
                text[at:end] = draw(st.binary(max_size=20))
            case "swap":
                to = draw(st.integers(0, max(len(text) - 1, 0)))
                text[at:end], text[to : to + end - at] = text[to : to + end - at], text[at:end]
            case _:
                start = text.find(b'"', at)
                stop = text.find(b'"', start + 1)
                odd = draw(
                    st.sampled_from([b"", b"-1", b"9" * 5000, b"1e999", b"nan", "²".encode(), b"Yes", b"a b", b"IG.1"])
                )
                if 0 <= start < stop:
                    text[start + 1 : stop] = odd
    return bytes(text)


@pytest.mark.parametrize("name", FILES)
@given(data=st.data())
@DAMAGE
def test_a_damaged_file_is_taken_over_or_refused_in_a_sentence(name: str, data: st.DataObject, shared: Path) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / Path(name).name
        path.write_bytes(data.draw(damaged(shared / name)))
        try:
            brought = bring_in_files(path)
        except TrialwrightError:
            return
        assert write(send_out(brought.study, brought.captured))
