"""Displays as accessible HTML: a fragment for other pages, or a page of its own that needs no other file."""

from trialwright.formats.html.pages import Page, anchor, display_page, environment, fragment, page, stylesheet

__all__ = ["Page", "anchor", "display_page", "environment", "fragment", "page", "stylesheet"]
