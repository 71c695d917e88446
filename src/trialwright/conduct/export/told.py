"""The words of an export in the language that was asked for, and what a value means in them."""

from __future__ import annotations

from functools import cache, cached_property
from importlib.resources import files
from typing import Any

import yaml

from trialwright.kernel.errors import UnknownName
from trialwright.kernel.texts import JOINT, Text
from trialwright.study.items import Item

LANGUAGES = ("en", "zh")
WORDS = (
    "item", "value", "proof", "proof_what", "checkpoint", "contents", "page", "page_end", "signatures",
    "meaning", "name", "role", "time", "validity", "content_hash", "queries", "number", "state", "query_text", "thread",
    "history", "old", "new",
)  # fmt: skip
"""What the template says."""


@cache
def _texts() -> dict[str, Any]:
    source = (files("trialwright.conduct.export") / "texts.yaml").read_text(encoding="utf-8")
    found: dict[str, Any] = yaml.safe_load(source)
    return found


class Told:
    """`lang` en or zh. `typed`: numbers stand in columns of their own. Raises UnknownName for another language."""

    def __init__(self, lang: str = "en", *, typed: bool = False) -> None:
        if lang not in LANGUAGES:
            raise UnknownName("language", lang, LANGUAGES)
        self.lang, self.typed = lang, typed
        self._values: dict[tuple[int, str], str] = {}

    def text(self, key: str, **filled: Any) -> Text:
        """A text of ours, in both languages. `filled`: the same for both, or `en` and `zh` of their own."""
        found: Any = _texts()
        for step in key.split("."):
            found = found[step]
        own = {lang: {"it": filled[lang]} if lang in filled else {} for lang in LANGUAGES}
        rest = {name: value for name, value in filled.items() if name not in LANGUAGES}
        en, zh = (str(found[lang]).format(**own[lang], **rest) for lang in LANGUAGES)
        return Text(en=en, zh=zh)

    def __call__(self, key: str, **filled: Any) -> str:
        return self.say(self.text(key, **filled))

    def say(self, text: Text | None) -> str:
        return text.to(self.lang) if text else ""

    def code(self, kind: str, code: str) -> str:
        """The word for a code; one without a word is shown readable."""
        known = _texts()["code"].get(kind, {}).get(code)
        return str(known[self.lang]) if known else code.replace("_", " ")

    @cached_property
    def _yes(self) -> dict[str, str]:
        return {"true": self("yes"), "false": self("no")}

    def value(self, item: Item | None, value: str) -> str:
        """What the code of a choice or of yes and no stands for; "" for whatever speaks for itself."""
        if not value or item is None or not (item.choices or item.type in ("boolean", "judgement")):
            return ""
        known = self._values.get((id(item), value))
        if known is None:
            known = self._values[id(item), value] = self._meaning(item, value)
        return known

    def _meaning(self, item: Item, value: str) -> str:
        if not item.choices:
            return self._yes.get(value, "")
        codes = value.split(JOINT) if item.type == "choices" else [value]
        found = [item.choice(code) for code in codes]
        return "; ".join(self.say(c.label) if c else code for c, code in zip(found, codes, strict=True))


@cache
def template() -> bytes:
    """The template of casebooks, for Typst."""
    return (files("trialwright.conduct.export") / "casebook.typ").read_bytes()


def words(told: Told) -> dict[str, str]:
    return {name: told(f"casebook.{name}") for name in WORDS}


def sdtm_of(item: Item) -> str:
    """Where the item goes in SDTM: `DM.BRTHDTC`, or `VS where VSTESTCD = WEIGHT`; "" where it goes nowhere."""
    if item.sdtm is None:
        return ""
    if item.sdtm.variable:
        return f"{item.sdtm.domain}.{item.sdtm.variable}"
    return f"{item.sdtm.domain} where {item.sdtm.domain}TESTCD = {item.sdtm.testcd}"
