"""What is wrong with a query, and at which character."""

from __future__ import annotations

from trialwright.kernel.errors import InputError


class QueryError(InputError):
    """A query cannot be understood. `position` counts characters from 0; `source` is the query as it was written."""

    def __init__(self, what: str, *, position: int = 0, source: str = "", hint: str = "") -> None:
        self.position, self.source = position, source
        super().__init__(what, where=f"query, character {position + 1}", hint=hint)

    def at_source(self, source: str) -> QueryError:
        """The same error over the query that it came from."""
        return QueryError(self.what, position=self.position, source=source, hint=self.hint)

    def pointed(self, width: int = 76) -> str:
        """Two lines: the part of the query around the place, and a caret below it."""
        start = max(0, min(self.position - width // 2, len(self.source) - width))
        shown = "".join(c if c.isprintable() else " " for c in self.source[start : start + width])
        return f"{shown}\n{' ' * (self.position - start)}^"
