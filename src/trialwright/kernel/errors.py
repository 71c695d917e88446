"""The error tree. Each error says what is wrong, where, and what would be right, in one sentence for a person."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from typing import Any


class TrialwrightError(Exception):
    """Something failed that is not the user's doing. `exit_code` is what the command line answers with."""

    exit_code = 3

    def __init__(self, what: str, *, where: str = "", hint: str = "") -> None:
        self.what, self.where, self.hint = what, where, hint
        super().__init__(str(self))

    def __str__(self) -> str:
        head = f"{self.where}: {self.what}" if self.where else self.what
        return f"{head} {self.hint}" if self.hint else head

    def __reduce__(self) -> tuple[Any, ...]:
        """Another process may fail with it."""
        return _again, (type(self), self.args), self.__dict__


def _again(kind: type[TrialwrightError], args: tuple[Any, ...]) -> TrialwrightError:
    error = kind.__new__(kind)
    error.args = args
    return error


class UserError(TrialwrightError):
    """The request or its input cannot be used as it is."""

    exit_code = 2


class InputError(UserError):
    """A document (facts, record, snapshot) cannot be read."""


class DefinitionError(UserError):
    """A study definition is wrong. `where` names file and line."""


class LogicError(UserError):
    """An expression cannot be built: syntax, type, unit or unknown name."""


class UnitError(UserError):
    """A unit is not known, or two units do not measure the same thing."""


class UnknownName(UserError):
    """A name that stands for nothing here; the nearest known ones are offered."""

    def __init__(self, kind: str, name: str, known: Iterable[str], *, where: str = "") -> None:
        self.name = name
        super().__init__(f"There is no {kind} '{name}'.", where=where, hint=nearest(name, known))


class OutputExists(UserError):
    """Outputs would overwrite earlier ones."""


class Refused(TrialwrightError):
    """An action that the state forbids or that this person may not do. A sentence, never a traceback."""

    exit_code = 1


class Unavailable(TrialwrightError):
    """What the work stands on fails: a database that is gone or busy, a full disk. Nothing is half done.

    `kind`: gone, busy, full, fixed (it cannot be written).
    """

    def __init__(self, what: str, *, where: str = "", hint: str = "", kind: str = "gone") -> None:
        self.kind = kind
        super().__init__(what, where=where, hint=hint)


class NotPermitted(Refused):
    """This person may not do that here, whatever the state."""


class IntegrityError(TrialwrightError):
    """The history does not verify."""

    exit_code = 1


def nearest(name: str, known: Iterable[str]) -> str:
    """Say which known names come closest to `name`, or list a few."""
    names = sorted({name for name in known if name})
    spelled: dict[str, str] = {}
    for each in names:
        spelled.setdefault(each.lower(), each)
    close = [spelled[found] for found in get_close_matches(name.lower(), spelled, n=3, cutoff=0.6)]
    if close:
        return f"Did you mean {' or '.join(close)}?"
    return f"Known: {', '.join(names[:12])}{', ...' if len(names) > 12 else '.'}" if names else ""
