"""What all parts of a definition share."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, StringConstraints


class Node(BaseModel):
    """A frozen part of a definition; an unknown key is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")


LONGEST_ID, LONGEST_NAME = 64, 40
"""Characters: what conduct's tables hold of an id (with the count of a visit, `id.12`), and of a unit or a version."""

Id = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$", max_length=LONGEST_ID)]
"""Name of an item, form, visit, endpoint: lower-case letters, digits, underscore."""

Name = Annotated[str, StringConstraints(max_length=LONGEST_NAME)]
"""A unit, or the name of a version."""

Expression = Annotated[str, StringConstraints(min_length=1, strip_whitespace=True)]
"""Text in the language of `logic/`; checked when the study is loaded."""
