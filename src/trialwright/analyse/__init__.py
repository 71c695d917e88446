"""From a snapshot to data sets, displays and results: SDTM, ADaM, and what is found in them."""

from __future__ import annotations

from trialwright.analyse import adam, sdtm
from trialwright.analyse.analysis import Analysis, analyse
from trialwright.evidence.dataset import Dataset
from trialwright.evidence.snapshot import Snapshot
from trialwright.study.definition import Study

__all__ = ["Analysis", "adam", "analyse", "datasets", "sdtm"]


def datasets(study: Study, snapshot: Snapshot) -> tuple[dict[str, Dataset], dict[str, Dataset]]:
    """SDTM and ADaM data sets, each by its name in capitals."""
    tabulation = sdtm.derive(study, snapshot)
    return tabulation, adam.derive(study, tabulation)
