"""Pharmacokinetics and pharmacodynamics on arrays: exact solutions, no fitting."""
