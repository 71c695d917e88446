"""The files of a new study: a copy of another one, or what a registry record says with stand-ins for the rest."""

from __future__ import annotations

import re
from pathlib import Path

from trialwright.formats.ctgov import StudyRecord
from trialwright.record.decisions import to_decide
from trialwright.record.skeleton import skeleton
from trialwright.study.definition import FILES
from trialwright.study.dump import to_yaml
from trialwright.study.load import EXTRA, find_study, load_study, study_from_texts

OPEN_FILE = "to_decide.md"
"""What a person must still decide about a study that was begun from a record."""

_HEADER = """\
# {name} of {nct}, begun from its registry record. What the record says is filled in. The rest is a stand-in that keeps
# the definition whole: it is marked 'assumption', and each one wants your decision.
"""


def files_from_study(id_or_folder: str, new_id: str) -> dict[str, str]:
    """File name -> text: a copy with its comments, under another id. Raises as `load_study`."""
    load_study(id_or_folder)
    folder = find_study(id_or_folder)
    names = [f"{name}.yaml" for name in FILES] + [name for name in EXTRA if (folder / name).is_file()]
    texts = {name: (folder / name).read_text(encoding="utf-8") for name in names}
    texts["study.yaml"] = re.sub(r"^id:.*$", f"id: {new_id}", texts["study.yaml"], count=1, flags=re.MULTILINE)
    return texts


def files_from_record(record: StudyRecord, new_id: str = "") -> dict[str, str]:
    """File name -> text: a definition that loads, as far as the record goes, and what is left to decide (OPEN_FILE).

    Without `new_id` the record's number becomes the id. Raises InputError, DefinitionError.
    """
    begun = skeleton(record)
    begun.parts["study"]["id"] = new_id or begun.parts["study"]["id"]
    texts = {}
    for name in FILES:
        header = _HEADER.format(name=f"{name}.yaml", nct=record.id)
        if name == "study":
            header += "".join(f"# {note}\n" for note in begun.notes)
        texts[f"{name}.yaml"] = f"{header}\n{to_yaml(begun.parts[name])}"
    study_from_texts(texts)
    return {**texts, OPEN_FILE: to_decide(record, begun)}


def study_id(folder: Path) -> str:
    """An id made from a folder's name."""
    words = re.sub(r"[^a-z0-9]+", "_", folder.resolve().name.lower()).strip("_")
    return words if re.match(r"[a-z]", words) else f"study_{words}".rstrip("_")
