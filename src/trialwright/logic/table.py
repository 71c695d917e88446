"""The table of operators, empty until the package `operators` fills it: interpreters read it without a circle."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from trialwright.logic.operators.base import Operator

TABLE: dict[str, Operator] = {}
"""Operator by name: its typing rule, its meaning, and how it is said."""
