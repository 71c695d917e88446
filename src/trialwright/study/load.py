"""Finds, reads and checks a study definition."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from trialwright.kernel.errors import DefinitionError, UnknownName, nearest
from trialwright.study.checks import problems
from trialwright.study.definition import FILES, OPTIONAL, Study
from trialwright.study.document import Document, parse_yaml, read_yaml
from trialwright.study.problems import Problem, WrongDefinition, from_validation

BUILT_IN = Path(__file__).resolve().parents[1] / "studies"
"""The folder of the built-in studies."""

LONGEST_NAME = 255
"""Bytes that a file system allows for one name."""

EXTRA = ("eligibility_cases.yaml",)
"""Files that may lie beside a definition without being part of it."""


def built_in_studies() -> tuple[str, ...]:
    """Ids of the studies that come with the program."""
    return tuple(sorted(folder.name for folder in BUILT_IN.iterdir() if (folder / "study.yaml").is_file()))


def find_study(id_or_folder: str | Path) -> Path:
    """The folder of a study: a built-in one by its id, any other by its path. Raises UnknownName, DefinitionError."""
    name = str(id_or_folder)
    if name.lower() in built_in_studies():
        return BUILT_IN / name.lower()
    folder = Path(name).expanduser()
    if len(folder.name.encode()) > LONGEST_NAME:
        raise UnknownName("study", f"{name[:40]}...", built_in_studies())
    if folder.is_file():
        raise DefinitionError(
            "A study is a folder, and this is a file.", where=name, hint="Name the folder it lies in."
        )
    if not folder.is_dir():
        kind = "study" if re.fullmatch(r"\w+", name) else "study, folder or file"
        raise UnknownName(kind, name, built_in_studies())
    if not (folder / "study.yaml").is_file():
        raise DefinitionError("This folder holds no study.yaml.", where=name, hint=f"A study has {_listed()}.")
    return folder


def load_study(id_or_folder: str | Path) -> Study:
    """Read a study and check all of it. Raises UnknownName or WrongDefinition (a DefinitionError)."""
    folder = find_study(id_or_folder)
    missing = [name for name in FILES if not (folder / f"{name}.yaml").is_file()]
    if missing:
        what = f"The file {missing[0]}.yaml is missing."
        raise DefinitionError(what, where=folder.name, hint=_instead(folder, missing[0]))
    beside = [name for name in OPTIONAL if (folder / f"{name}.yaml").is_file()]
    return _study({name: read_yaml(folder / f"{name}.yaml") for name in (*FILES, *beside)})


def study_from_texts(texts: Mapping[str, str]) -> Study:
    """Like `load_study` for files at hand: file name -> text (what `dump_study` gives)."""
    missing = [name for name in FILES if f"{name}.yaml" not in texts]
    if missing:
        raise DefinitionError(f"The file {missing[0]}.yaml is missing.", hint=f"A study has {_listed()}.")
    beside = [name for name in OPTIONAL if f"{name}.yaml" in texts]
    return _study({name: parse_yaml(texts[f"{name}.yaml"], f"{name}.yaml") for name in (*FILES, *beside)})


def _study(by_name: Mapping[str, Document]) -> Study:
    data = {name: _content(name, document) for name, document in by_name.items()}
    try:
        study = Study.model_validate(data)
    except ValidationError as error:
        raise _wrong(from_validation(error, Study), by_name) from None
    if found := list(problems(study)):
        raise _wrong(found, by_name)
    return study


def _content(name: str, document: Document) -> Any:
    if document.data is None and name != "assumptions":
        raise DefinitionError("The file is empty.", where=document.name, hint="Every study has something to say here.")
    return {} if document.data is None else document.data


def _wrong(found: list[Problem], documents: Mapping[str, Document]) -> WrongDefinition:
    """The problems as errors, in the order of files and lines."""
    order = {name: number for number, name in enumerate((*FILES, *OPTIONAL))}

    def position(problem: Problem) -> tuple[int, int]:
        name = str(problem.place[0])
        return order[name], documents[name].line(problem.place[1:])

    errors = []
    for problem in sorted(found, key=position):
        document = documents[str(problem.place[0])]
        errors.append(DefinitionError(problem.what, where=document.where(problem.place[1:]), hint=problem.hint))
    return WrongDefinition(errors)


def _listed() -> str:
    return ", ".join(f"{name}.yaml" for name in FILES)


def _instead(folder: Path, name: str) -> str:
    """Point at a misspelled file that lies there instead."""
    strays = [
        path.name for path in folder.glob("*.y*ml") if path.stem not in (*FILES, *OPTIONAL) and path.name not in EXTRA
    ]
    close = nearest(f"{name}.yaml", strays) if strays else ""
    return close if close.startswith("Did you mean") else f"A study has {_listed()}."
