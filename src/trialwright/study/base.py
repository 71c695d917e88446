"""What all parts of a definition share."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, StringConstraints


class Node(BaseModel):
    """A frozen part of a definition; an unknown key is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")


Id = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$")]
"""Name of an item, form, visit, endpoint: lower-case letters, digits, underscore."""

Expression = Annotated[str, StringConstraints(min_length=1, strip_whitespace=True)]
"""Text in the language of `logic/`; checked when the study is loaded."""
