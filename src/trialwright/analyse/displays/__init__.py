"""Displays: tables and figures with the finding as their title, each from the derived data sets."""
