"""A data set with its metadata: what XPT, Dataset-JSON and Define-XML are written from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import polars as pl


@dataclass(frozen=True, slots=True)
class Variable:
    """`kind`: text, integer, float, date (ISO text in SDTM, SAS day number in ADaM numeric dates)."""

    name: str
    label: str
    kind: Literal["text", "integer", "float", "date", "datetime"]
    length: int = 0
    codelist: str = ""
    origin: str = ""
    """Collected, Derived, Assigned, Protocol."""
    method: str = ""
    """How it is derived, in words."""
    display_format: str = ""


@dataclass(frozen=True, slots=True)
class Dataset:
    """`frame` has exactly the columns of `variables`, in their order, sorted by `keys`."""

    name: str
    label: str
    structure: str
    keys: tuple[str, ...]
    variables: tuple[Variable, ...]
    frame: pl.DataFrame
    standard: Literal["SDTM", "ADaM"]
    dataset_class: str
