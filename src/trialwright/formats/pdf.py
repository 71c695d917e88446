"""PDF by Typst from a template and plain data: tagged, with bookmarks, the same data the same bytes.

English is set in the fonts that Typst carries. Chinese is set in the font that the extra `zh` installs, else in one of
the system.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal

from trialwright.kernel.errors import TrialwrightError

_CHINESE = re.compile(r"[\u2e80-\u9fff\uf900-\ufaff\uff00-\uffef]")
_PACKAGE, _PACKAGED = "pylopdf_fonts_zh_cn", "Noto Sans SC"
"""The package of the extra `zh`, and its font."""
_SYSTEM = ("Noto Sans CJK SC", "Source Han Sans SC", "PingFang SC", "Microsoft YaHei", "WenQuanYi Micro Hei", "SimSun")
"""Fonts of systems with simplified Chinese; the first one found is taken."""
ACCESSIBLE: Literal["ua-1"] = "ua-1"
"""PDF/UA-1, the standard of accessible documents."""


class NoFont(TrialwrightError):
    """The text is Chinese, and this machine has no font for it."""


@dataclass(frozen=True, slots=True)
class Font:
    """`family` "": those that Typst carries will do. `folder`: where it lies, None for one of the system."""

    family: str = ""
    folder: Path | None = None


def font_for(text: str) -> Font:
    """What the text has to be set in. Raises NoFont."""
    if not _CHINESE.search(text):
        return Font()
    found = _chinese()
    if found is None:
        raise NoFont(
            "There is no font with Chinese characters on this machine.", hint="Install trialwright with the extra zh."
        )
    return found


@cache
def _chinese() -> Font | None:
    import typst

    package = find_spec(_PACKAGE)
    if package is not None and package.origin:
        return Font(_PACKAGED, Path(package.origin).parent)
    known = set(typst.Fonts().families())
    family = next((name for name in _SYSTEM if name in known), "")
    return Font(family) if family else None


def pdf(template: bytes, data: Mapping[str, Any]) -> bytes:
    """The document: `template` reads `sys.inputs.data` (JSON) and `sys.inputs.font`. Raises NoFont."""
    (made,) = _compiled(template, data, "pdf")
    return made


def pictures(template: bytes, data: Mapping[str, Any], *, resolution: float = 100) -> list[bytes]:
    """Its pages as PNG, to be looked at. `resolution` in pixels an inch. Raises NoFont."""
    return _compiled(template, data, "png", resolution)


def _compiled(
    template: bytes, data: Mapping[str, Any], kind: Literal["pdf", "png"], resolution: float | None = None
) -> list[bytes]:
    import typst

    text = json.dumps(data, ensure_ascii=False, sort_keys=True)
    font = font_for(text)
    folders = [font.folder] if font.folder else []
    compiler = typst.Compiler(
        font_paths=folders, ignore_system_fonts=not font.family or bool(folders),
        sys_inputs={"data": text, "font": font.family},
    )  # fmt: skip
    try:
        made = compiler.compile(
            template, format=kind, ppi=resolution, pdf_standards=[ACCESSIBLE] if kind == "pdf" else [], timestamp=0
        )
    except typst.TypstError:
        # A sign that no font has breaks the standard: such a document is tagged all the same.
        made = compiler.compile(template, format=kind, ppi=resolution, timestamp=0)
    pages = made if isinstance(made, list) else [made]
    return [page for page in pages if page]
