"""Trialwright: one study definition runs a whole clinical trial."""

__version__ = "0.1.0"
