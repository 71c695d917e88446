"""The files that data sets become."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping

from trialwright.evidence.dataset import Dataset
from trialwright.formats import dataset_json, define_xml, xpt
from trialwright.study.definition import Study

File = tuple[str, bytes]
"""Path inside the output folder, content."""


def dataset_files(
    study: Study, sdtm: Mapping[str, Dataset], adam: Mapping[str, Dataset], *, created: dt.datetime
) -> Iterator[File]:
    """`sdtm/dm.xpt`, `sdtm/dm.json`, ... `adam/adsl.xpt`, ... and `define.xml`. `created`: the cut of the data."""
    datasets = [*sdtm.values(), *adam.values()]
    for dataset in datasets:
        stem = f"{dataset.standard.lower()}/{dataset.name.lower()}"
        yield f"{stem}.xpt", xpt.write(dataset, created=created)
        yield f"{stem}.json", dataset_json.write(dataset, study, created=created)
    yield "define.xml", define_xml.write(datasets, study, created=created)
