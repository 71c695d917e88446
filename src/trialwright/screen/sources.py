"""Where patients come from: a facts file, a table, a FHIR Bundle; and cohorts of them, as folders, lines or tables.

`batches` loads the data-frame library; `read_patient` does not.
"""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING

from trialwright.screen.intake_document import patient_of_document, read_patient
from trialwright.study.definition import Study

if TYPE_CHECKING:
    from trialwright.screen.sources_cohort import Batches

__all__ = ["batches", "patient_of_document", "read_patient"]


def batches(path: Path, study: Study, *, as_of: dt.date | None = None, today: dt.date | None = None) -> Batches:
    """The facts of a cohort as data frames (`cohort.SCHEMA`), whole patients together, each subject in one place.

    A folder of facts files and Bundles, a Bulk Data folder or file (NDJSON of resources), NDJSON of facts files,
    CSV or Parquet of facts. Who cannot be read is listed in `.rejected` with a sentence and stops nobody else.
    """
    from trialwright.screen.sources_cohort import Batches

    return Batches(path, study, as_of=as_of, today=today)
