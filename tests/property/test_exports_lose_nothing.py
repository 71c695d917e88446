"""Whatever was typed comes back from a CSV file and from ODM as it was, and no spreadsheet program runs it."""

from __future__ import annotations

import csv
import io
import math
from dataclasses import replace
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some
from lxml import etree

from trialwright.conduct.exchange import send_out
from trialwright.conduct.exchange.odm_data_in import Data
from trialwright.conduct.exchange.odm_in import Definition
from trialwright.conduct.exchange.odm_out import Definer
from trialwright.conduct.exchange.odm_stream import FormValues, Notes, Stream
from trialwright.conduct.exchange.values import Standing, Value
from trialwright.conduct.export.cells import freed, safe
from trialwright.formats.odm import read, write
from trialwright.formats.odm.document import Annotation, Audit, ClinicalData, Query, Signature
from trialwright.formats.odm.lines import UNPRINTABLE
from trialwright.study.load import built_in_studies, load_study

texts = some.text(some.characters(exclude_categories=["Cs"]), max_size=30)
ticklish = some.one_of(
    texts, some.builds("".join, some.lists(some.sampled_from("'=+-@\t\r\n＝1.;,\"&<>] "), max_size=8))
)
limits = some.none() | some.floats(allow_nan=False, allow_infinity=False)


class Way:
    """A study's way to ODM of one version and back, and the place of one of its texts."""

    def __init__(self, version: str) -> None:
        study = load_study(built_in_studies()[0])
        self.bare = send_out(study, version=version)
        self.definition = Definition(read(write(self.bare)))
        self.study = self.definition.study()
        self.stream = Stream(Definer(study, second=self.bare.second))
        kinds = {item.id: item.type for item in study.items}
        places = [(f.id, g.id, x.item) for f in study.forms for g, x in f.fields() if g.repeating and f.kind == "log"]
        self.form, self.group, self.item = next(place for place in places if kinds[place[2]] == "text")

    def written(self, form: FormValues, *, plain: bool) -> bytes:
        about = self.bare.studies[0].oid, self.bare.studies[0].versions[0].oid
        if plain:
            data = ClinicalData(*about, [self.stream.plain("01-001", "01", [form])])
        else:
            data = ClinicalData(*about, texts=[self.stream.subject("01-001", "01", [form])])
        return write(replace(self.bare, studies=(), data=(data,)))

    def back(self, content: bytes) -> Value:
        (found,) = [v for v in Data(self.definition, self.study).of(read(content)).values if v.item]
        return found


@cache
def way(version: str) -> Way:
    return Way(version)


@given(ticklish)
def test_a_text_comes_back_from_a_cell_and_is_no_formula_there(text: str) -> None:
    cell = safe(text)
    assert freed(cell) == text
    if cell and cell[0] in "=+-@\t\r\n＝＋－＠":
        assert math.isfinite(float(cell)), "only a plain number may begin so"


@given(some.lists(some.lists(ticklish, min_size=2, max_size=2), max_size=5))
def test_a_table_comes_back_from_a_csv_file(rows: list[list[str]]) -> None:
    out = io.StringIO(newline="")
    csv.writer(out, lineterminator="\r\n").writerows([[safe(cell) for cell in row] for row in rows])
    back = csv.reader(io.StringIO(out.getvalue(), newline=""), strict=True)
    assert [[freed(cell) for cell in row] for row in back] == rows


@pytest.mark.parametrize("number", ["-5", "+1.5", "-0.25e-3", "-.5"])
def test_a_negative_number_stays_a_number(number: str) -> None:
    assert safe(number) == number


# Capture keeps no blanks around a text.
values = some.builds(
    lambda text, low, high, when, why: Standing("", 2, "", "" if why else text.strip(), "", low, high, why, when),
    ticklish, limits, limits, some.sampled_from(["", "2026-03-02", "2026-03-02T10:00"]),
    some.sampled_from(["", "", "", "not_done", "refused"]),
)  # fmt: skip
printable = texts.map(lambda text: UNPRINTABLE.sub("", text))
audits = some.builds(
    Audit, some.just("U.a"), some.just("L.01"), some.just("2026-03-02T10:00:00+08:00"), printable, some.just("7")
)


@settings(deadline=None)
@given(
    value=values, audit=audits | some.none(), version=some.sampled_from(["1.3.2", "2.0"]), noted=some.booleans()
)  # fmt: skip
def test_the_quick_way_to_odm_says_what_the_plain_one_says_and_loses_nothing(
    value: Standing, audit: Audit | None, version: str, noted: bool
) -> None:
    there = way(version)
    value = value._replace(group=there.group, item=there.item)
    place = value[:3]
    signature = Signature("U.a", "L.01", "SD.1", "2026-03-02T10:00:00+08:00")
    asked = Query("Q.1", "System", "Open", "2026-03-02T10:00:00+08:00", "Why?", audits=(audit,) if audit else ())
    more = {place: Notes(None, signature, (Annotation("1", "Why?"),), (asked,))} if noted else {}
    form = FormValues("", there.form, [value], {place: audit} if audit else {}, more, Notes(signature=signature))
    quick = there.written(form, plain=False)
    assert _canonical(quick) == _canonical(there.written(form, plain=True))
    back = there.back(quick)
    assert (back.value, back.row) == (value.value, 2)
    assert (back.low, back.high, back.null_reason, back.when) == (value.low, value.high, value.null_reason, value.when)


def _canonical(content: bytes) -> bytes:
    return etree.tostring(etree.fromstring(content), method="c14n")
