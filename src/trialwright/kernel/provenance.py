"""Where a value comes from: the registry, the literature, or an assumption of ours with its reason."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, model_validator

Kind = Literal["registry", "literature", "assumption"]


class Source(BaseModel):
    """Provenance of a value. YAML: `registry`, `{literature: reference}` or `{assumption: reason}`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Kind
    why: str = ""

    @model_validator(mode="before")
    @classmethod
    def _short_form(cls, value: Any) -> Any:
        if value == "registry":
            return {"kind": "registry"}
        if isinstance(value, dict) and len(value) == 1:
            ((kind, why),) = value.items()
            if kind in ("literature", "assumption"):
                return {"kind": kind, "why": why}
        return value

    @model_validator(mode="after")
    def _needs_reason(self) -> Source:
        if self.kind != "registry" and not self.why.strip():
            raise ValueError(f"source '{self.kind}' needs its reference or reason")
        return self

    @property
    def from_registry(self) -> bool:
        return self.kind == "registry"


REGISTRY = Source(kind="registry")
