"""What the two ways between ODM and our definition share: OIDs, data types, texts, and what rides in our own alias."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterable
from typing import Any

from trialwright.formats.odm.document import Alias, Texts
from trialwright.kernel.texts import Text
from trialwright.study.definition import Study

OWN = "trialwright"
"""Context of the alias, and first word of the comment, that carry what ODM has no place for."""
EXTRA = "extra"
"""Says in the alias of an event that no plan foresees it."""
LANGUAGE = "Trialwright"
"""Context of expressions in our language."""
TYPES = {
    "quantity": "float", "integer": "integer", "text": "text", "choice": "text", "choices": "text",
    "boolean": "boolean",
    "date": "date", "time": "partialTime", "datetime": "partialDatetime", "event": "text", "judgement": "boolean",
    "file": "text",
}  # fmt: skip
"""Our types in ODM."""
_MARKUP = re.compile(
    r"</?(?:p|br|b|i|u|em|strong|span|div|font|a|sub|sup|ul|ol|li|h[1-6]|table|tbody|thead|tr|td|th|img|hr|center|small"
    r"|big|label|pre|code|blockquote|style|section|strike|s)(?:\s[^<>]*)?/?>",
    re.IGNORECASE,
)
AMBIGUOUS = ("choices", "event", "judgement", "file")
"""Types that the data type in ODM does not tell."""
NATIVE = {
    "items": {"id", "label", "unit", "units", "choices", "hard", "soft"},
    "choices": {"code", "label"},
    "forms": {"id", "label", "groups"},
    "groups": {"id", "label", "repeating", "fields"},
    "visits": {"id", "label", "forms"},
    "fields": {"item", "required", "show_when"},
}
"""What ODM says itself of each kind of part."""


def oid(study: Study, kind: str, name: str, default: str) -> str:
    """The other system's name of a part, else ours."""
    return str(study.exchange.of(kind, name).get("oid", default))


def texts(text: Text | None) -> Texts:
    if text is None:
        return ()
    said = [("en", text.en), *([("zh", text.zh)] if text.zh else []), *text.others]
    return tuple(dict(said).items()) if ("en", text.en) not in text.others else tuple(text.others)


def plain(text: str) -> str:
    """A text without the markup of web pages; signs such as < and > stay."""
    if not _MARKUP.search(text):
        return text
    return html.unescape(_MARKUP.sub(" ", text))


def text_of(found: Texts, otherwise: str) -> dict[str, Any]:
    """Translated texts as one of ours: English first, or what there is; white space as people read it."""
    said = {lang: " ".join(plain(text).split()) for lang, text in found if plain(text).strip()}
    english = next((text for lang, text in said.items() if lang.lower().startswith("en") or not lang), "")
    chinese = next((text for lang, text in said.items() if lang.lower() in ("zh", "zh-cn", "zh-hans")), "")
    rest = {
        lang: text
        for lang, text in said.items()
        if lang and not lang.lower().startswith("en") and lang.lower() not in ("zh", "zh-cn", "zh-hans")
    }
    data: dict[str, Any] = {"en": english or next(iter(said.values()), otherwise) or otherwise}
    return data | ({"zh": chinese} if chinese else {}) | ({"others": rest} if rest else {})


def own(kind: str, data: Any, *, leave: Iterable[str] = ()) -> tuple[Alias, ...]:
    """The alias that carries what ODM does not say of a part; none where it says all."""
    rest = {key: value for key, value in data.items() if key not in NATIVE.get(kind, set()) and key not in leave}
    return (Alias(OWN, json.dumps(rest, ensure_ascii=False)),) if rest else ()


def said(aliases: Iterable[Alias]) -> dict[str, Any]:
    """What our own alias carries; empty where it is not ours or damaged."""
    text = next((alias.name for alias in aliases if alias.context == OWN), "")
    try:
        found = json.loads(text) if text else {}
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
