"""What a definition must be beyond its shape: names that exist, a plan that adds up, units and expressions that fit."""

from __future__ import annotations

from collections.abc import Iterator

from trialwright.study.checks import assumed, expressions, names, plan, units
from trialwright.study.definition import Study
from trialwright.study.problems import Problem


def problems(study: Study) -> Iterator[Problem]:
    """All mistakes, names and units first: a plan or an expression is read only where they are sound."""
    first = [*names.problems(study), *assumed.problems(study), *units.problems(study)] or list(plan.problems(study))
    yield from first or expressions.problems(study)
