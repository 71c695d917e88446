"""Colours of charts: CSS variables with a fallback, so that one drawing serves light and dark pages and plain files."""

from __future__ import annotations

import re

FONT = (
    "'Segoe UI', Roboto, 'Helvetica Neue', 'Noto Sans', 'Liberation Sans', Arial, "
    "'PingFang SC', 'Microsoft YaHei', 'Noto Sans CJK SC', sans-serif"
)

LIGHT = {
    "paper": "#fdfdfc",
    "ink": "#16232a",
    "soft": "#52646c",
    "grid": "#e3e8e9",
    "rule": "#b9c4c7",
    "accent": "#1d6b73",
    "wash": "#cfe4e6",
    "warm": "#a85a24",
    "violet": "#6a5f95",
    "slate": "#5d6f7b",
    "green": "#2c7a4b",
    "amber": "#966400",
    "red": "#b3372d",
}
DARK = {
    "paper": "#10191d",
    "ink": "#e7eef0",
    "soft": "#a3b4ba",
    "grid": "#243238",
    "rule": "#4a5c63",
    "accent": "#5cbcc5",
    "wash": "#1c454b",
    "warm": "#e0a06c",
    "violet": "#b0a5de",
    "slate": "#94a8b4",
    "green": "#74c294",
    "amber": "#dcae52",
    "red": "#ee8a80",
}
SERIES = ("accent", "warm", "violet", "slate", "green", "amber", "red")
"""Order in which categories take colours."""

_VARIABLE = re.compile(r"var\(--tw-([a-z]+), #[0-9a-f]{6}\)")


def colour(name: str) -> str:
    """A CSS colour for a presentation attribute; "none" stays."""
    return name if name == "none" else f"var(--tw-{name}, {LIGHT[name]})"


def variables(palette: dict[str, str]) -> str:
    """Declarations for a stylesheet: the page sets these on `:root` for light, and again for dark."""
    return " ".join(f"--tw-{name}: {value};" for name, value in palette.items())


def plain(svg: str) -> str:
    """The drawing with plain light colours, for programs that know no CSS variables (word processors, editors)."""
    return _VARIABLE.sub(lambda m: LIGHT[m.group(1)], svg)
