"""What the simulation assumes, each part with its source or reason (`assumptions.yaml`)."""

from __future__ import annotations

from trialwright.study.base import Node


class Assumptions(Node):
    """Parts are added by the simulation room."""
