"""Others' studies and data in our form, and ours in theirs. No tables, no Django."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from trialwright.conduct.exchange import odm_data_out
from trialwright.conduct.exchange.folder import Brought
from trialwright.conduct.exchange.odm_data_in import Data
from trialwright.conduct.exchange.odm_in import Definition
from trialwright.conduct.exchange.odm_out import Definer
from trialwright.conduct.exchange.overlay import laid_over
from trialwright.conduct.exchange.values import Captured, Person, Value, from_lines, lines, of_snapshot
from trialwright.formats.odm import settled
from trialwright.formats.odm.document import ClinicalData, Document
from trialwright.study.definition import Study
from trialwright.study.dump import dump_study

__all__ = ["Brought", "Captured", "Person", "Value", "bring_in", "from_lines", "lines", "of_snapshot", "send_out"]

WHEN = "2000-01-01T00:00:00+00:00"
"""Creation time of a file whose maker names none: the same study gives the same bytes."""


def bring_in(document: Document, data: Sequence[Document] = ()) -> Brought:
    """A study folder from an ODM document, with the values in it and in others beside it; of transactional ones with
    those that stand after the last transaction.

    Raises InputError for a document that defines nothing.
    """
    document, data = settled(document), [settled(each) for each in data]
    definition = Definition(document)
    study = definition.study()
    placed = Data(definition, study)
    found = [placed.of(each) for each in (document, *data) if any(True for _ in each.data)]
    captured = found[-1] if found else Captured()
    notes = dict.fromkeys(
        [*definition.parts.left_out, *definition.said, *(note for each in data for note in each.notes)]
    )
    return Brought(dump_study(study), captured, (*notes, *placed.sentences()))


def send_out(
    study: Study, captured: Captured | None = None, *, version: str = "1.3.2", created: str = WHEN
) -> Document:
    """A study and its values as an ODM document of `version`; values are placed while the document is written."""
    second = version.startswith("2")
    definer = Definer(study, second=second)
    about = Document(
        "", version, f"{study.id}-{study.version}", created, system="Trialwright", studies=(definer.study_definition(),)
    )
    kept: dict[str, Any] = dict(study.exchange.of("study", "document"))
    if kept.get("version", "1.3.2").startswith("2") != second:
        kept.pop("version", None)
    else:
        about = replace(about, version=kept.get("version", "1.3.2"))
    document = laid_over(about, kept)
    data: tuple[ClinicalData, ...] = ()
    if captured is not None and (captured.people or captured.values):
        names = document.studies[0].oid, document.studies[0].versions[0].oid
        data = (ClinicalData(*names, tuple(odm_data_out.subjects(definer, captured))),)
    return replace(document, admin=definer.admin(), data=data)
