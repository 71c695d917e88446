"""Code lists of a Define-XML document: the terms that the data really hold, with their decodes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from trialwright.evidence.dataset import Dataset, Variable

NCI_CODES = {
    "ACN": "C66767", "AGEU": "C66781", "ARMNULRS": "C142179", "DSCAT": "C74558", "EPOCH": "C99079", "ETHNIC": "C66790",
    "FREQ": "C71113", "FRM": "C66726", "IECCAT": "C66797", "LBTESTCD": "C65047", "ND": "C66789", "NRIND": "C78736",
    "NY": "C66742", "OUT": "C66768", "RACE": "C74457", "ROUTE": "C66729", "SEX": "C66731", "SPECTYPE": "C78734",
    "TSPARMCD": "C66738", "UNIT": "C71620", "VSTESTCD": "C66741", "METHOD": "C85492",
}  # fmt: skip
"""NCI codes of CDISC code lists, by their short names."""

DECODES = {"NY": {"N": "No", "Y": "Yes", "U": "Unknown"}, "SEX": {"F": "Female", "M": "Male", "U": "Unknown"}}
PAIRS = {"TESTCD": "TEST", "PARMCD": "PARM", "PARAMCD": "PARAM", "ARMCD": "ARM", "ETCD": "ELEMENT"}
"""A variable that ends so takes its decodes from the variable that ends thus."""


@dataclass(frozen=True, slots=True)
class CodeList:
    """`terms`: (coded value, decode), sorted; `nci` "" for a list of the study's own."""

    name: str
    terms: tuple[tuple[str, str], ...]
    nci: str

    @property
    def oid(self) -> str:
        return f"CL.{self.name}"

    @property
    def decoded(self) -> bool:
        return any(decode != term for term, decode in self.terms)


def name_of(dataset: Dataset, variable: Variable) -> str:
    """The list's name; parameter codes of different analysis data sets are different lists."""
    return f"{variable.codelist}.{dataset.name.upper()}" if variable.codelist == "PARAMCD" else variable.codelist


def collect(datasets: Sequence[Dataset]) -> dict[str, CodeList]:
    """Every list that some variable names and some record uses, by name."""
    terms: dict[str, dict[str, str]] = {}
    for dataset in datasets:
        for variable in dataset.variables:
            if variable.codelist:
                terms.setdefault(name_of(dataset, variable), {}).update(_terms(dataset, variable))
    return {
        name: CodeList(name, tuple(sorted(found.items())), NCI_CODES.get(name, ""))
        for name, found in sorted(terms.items())
        if found
    }


def _terms(dataset: Dataset, variable: Variable) -> dict[str, str]:
    column = dataset.frame[variable.name].cast(pl.String)
    decode = _decode_variable(dataset, variable.name)
    if decode:
        pairs = dataset.frame.select(pl.col(variable.name), pl.col(decode)).unique().sort(variable.name, decode)
        return {code: text or code for code, text in pairs.iter_rows() if code}
    known = DECODES.get(variable.codelist, {})
    return {term: known.get(term, term) for term in column.drop_nulls().unique().to_list() if term}


def _decode_variable(dataset: Dataset, name: str) -> str:
    for ending, other in PAIRS.items():
        decode = name.removesuffix(ending) + other
        if name.endswith(ending) and decode in dataset.frame.columns:
            return decode
    return ""


def text_length(column: pl.Series) -> int:
    """Bytes of the longest text; 0 for a column without any."""
    longest = column.str.len_bytes().max()
    return longest if isinstance(longest, int) else 0
