"""What every table of current state is: a projection of the log.

A projection says which of its columns are its natural key and which are its content; `ledger` writes both sides from
that, and `verify` compares them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from django.db import models


class Projection(models.Model):
    """A table of current state. `KEY`, `CONTENT`: ORM paths of the natural key and of what the log must agree with."""

    TABLE: ClassVar[str]
    KEY: ClassVar[tuple[str, ...]]
    CONTENT: ClassVar[tuple[str, ...]]

    class Meta:
        abstract = True

    def natural_key(self) -> list[Any]:
        """The key's parts: those of the row above, then one's own. A key never changes, so it is made once."""
        key: list[Any] | None = self.__dict__.get("_natural_key")
        if key is None:
            above, nested, _ = self.KEY[0].partition("__")
            key = self.key_below(getattr(self, above), self.__dict__) if nested else [getattr(self, above)]
            self.__dict__["_natural_key"] = key
        return key

    @classmethod
    def key_below(cls, above: Projection, own: Mapping[str, Any]) -> list[Any]:
        """The natural key of a row of this table below the row `above`, from the row's own columns."""
        return [*above.natural_key(), *(own[name] for name in cls.KEY if "__" not in name)]
