"""From records to a data set: the variables of a specification, in their order, with lengths, keys and sequence."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files
from typing import Any, Literal, cast

import polars as pl
import yaml

from trialwright.evidence.dataset import Dataset, Variable

Record = dict[str, Any]
"""One row by variable name; what is not in it is missing."""

Core = Literal["Req", "Exp", "Perm"]
Kind = Literal["text", "integer", "float", "date", "datetime"]


@dataclass(frozen=True, slots=True)
class VariableSpec:
    """A variable as the standard has it. `core` Perm: left out of a data set in which no record has it."""

    variable: Variable
    core: Core

    @property
    def name(self) -> str:
        return self.variable.name


@dataclass(frozen=True, slots=True)
class DatasetSpec:
    """`keys`: the natural key; where a data set has a sequence number, that makes it unique."""

    name: str
    label: str
    structure: str
    dataset_class: str
    standard: Literal["SDTM", "ADaM"]
    keys: tuple[str, ...]
    variables: tuple[VariableSpec, ...]

    @property
    def sequence(self) -> str:
        """The sequence variable, "" where the data set has none of its own."""
        own = ("ASEQ", f"{self.name}SEQ")
        return next((v.name for v in self.variables if v.name in own and v.name not in self.keys), "")


@cache
def load(package: str) -> Mapping[str, Any]:
    """The `spec.yaml` that lies in a package, with nested lists of variables flattened."""
    text = files(package).joinpath("spec.yaml").read_text(encoding="utf-8")
    content: dict[str, Any] = yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506
    return content


def dataset_spec(name: str, entry: Mapping[str, Any], standard: Literal["SDTM", "ADaM"]) -> DatasetSpec:
    """A specification from its entry in the file; `--` stands for the domain."""
    labels = entry.get("labels", {})
    expected, without = entry.get("expected", ()), entry.get("without", ())
    variables = []
    for row in _flat(entry["variables"]):
        generic = row[0]
        if generic in without:
            continue
        variable = _variable([str(part).replace("--", name) for part in row], labels.get(generic, ""))
        variables.append(VariableSpec(variable, "Exp" if generic in expected else cast(Core, row[3])))
    return DatasetSpec(
        name=name,
        label=entry["label"],
        structure=entry["structure"],
        dataset_class=entry["class"],
        standard=standard,
        keys=tuple(key.replace("--", name) for key in entry["keys"]),
        variables=tuple(variables),
    )


def _flat(rows: Iterable[Any]) -> Iterable[list[str]]:
    """Rows, where a row may be a named list of rows."""
    for row in rows:
        if row and isinstance(row[0], list):
            yield from _flat(row)
        else:
            yield row


def _variable(row: Sequence[str], label: str) -> Variable:
    name, own_label, kind, _core, origin, *rest = row
    codelist, method, display = [*rest, "", "", ""][:3]
    return Variable(name, label or own_label, cast(Kind, kind), 0, codelist, origin, method, display)


TYPES: dict[str, type[pl.DataType]] = {
    "text": pl.String,
    "integer": pl.Int64,
    "float": pl.Float64,
    "date": pl.String,
    "datetime": pl.String,
}


def column_type(variable: Variable) -> type[pl.DataType]:
    """SDTM dates are ISO texts; a date with a display format is a SAS number."""
    return pl.Int64 if variable.display_format and variable.kind != "float" else TYPES[variable.kind]


def build(spec: DatasetSpec, records: Iterable[Record]) -> Dataset:
    """The data set: sorted by its keys, numbered, without empty permissible variables, lengths from the data."""
    rows = list(records)
    frame = _filled(pl.DataFrame([_column(v.variable, rows) for v in spec.variables]), spec)
    frame = _sequenced(frame.sort(spec.keys, nulls_last=False, maintain_order=True), spec)
    kept = [v for v in spec.variables if v.core != "Perm" or _has_values(frame[v.name])]
    names = [v.name for v in kept]
    keys = tuple(key for key in (*spec.keys, spec.sequence) if key in names)
    return Dataset(
        name=spec.name,
        label=spec.label,
        structure=spec.structure,
        keys=keys,
        variables=tuple(replace(v.variable, length=_length(frame[v.name])) for v in kept),
        frame=frame.select(names),
        standard=spec.standard,
        dataset_class=spec.dataset_class,
    )


def _column(variable: Variable, rows: Sequence[Record]) -> pl.Series:
    """One variable of all records. A value of another type is an error, never quietly made to fit."""
    name = variable.name
    return pl.Series(name, [row.get(name) for row in rows], column_type(variable))


def _filled(frame: pl.DataFrame, spec: DatasetSpec) -> pl.DataFrame:
    """Texts are never null: an empty text is a missing one, as in the files that are written."""
    return frame.with_columns(
        pl.col(v.name).fill_null("") for v in spec.variables if column_type(v.variable) is pl.String
    )


def _sequenced(frame: pl.DataFrame, spec: DatasetSpec) -> pl.DataFrame:
    if not spec.sequence:
        return frame
    within = [name for name in ("USUBJID",) if name in frame.columns]
    return frame.with_columns(pl.int_range(1, pl.len() + 1).over(within).cast(pl.Int64).alias(spec.sequence))


def _has_values(column: pl.Series) -> bool:
    if column.dtype == pl.String:
        return bool((column.fill_null("") != "").any())
    return column.null_count() < len(column)


def _length(column: pl.Series) -> int:
    """Bytes that a text needs, 8 for a number."""
    if column.dtype != pl.String:
        return 8
    longest = column.str.len_bytes().max()
    return max(longest, 1) if isinstance(longest, int) else 1
