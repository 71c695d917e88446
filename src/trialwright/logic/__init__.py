"""The one expression language: criteria, edit checks, derived items, dose rules, response definitions.

Total, typed, three-valued. `build` checks a text against a scope; `evaluate`, `explain`, `prose` and `serialise` are
interpreters over the same frozen nodes.
"""

import trialwright.logic.operators  # noqa: F401 - fills the table of operators
from trialwright.logic.build import build
from trialwright.logic.evaluate import evaluate
from trialwright.logic.explain import Atom, Explanation, Missing, explain
from trialwright.logic.nodes import Expr, Kind
from trialwright.logic.prose import prose
from trialwright.logic.scope import FactLike, Facts, ItemLike, Scope, TermLike
from trialwright.logic.serialise import serialise

__all__ = [
    "Atom",
    "Explanation",
    "Expr",
    "FactLike",
    "Facts",
    "ItemLike",
    "Kind",
    "Missing",
    "Scope",
    "TermLike",
    "build",
    "evaluate",
    "explain",
    "prose",
    "serialise",
]
