"""The words of the pages, one YAML file for each language in `texts/`, and the person's choice among them."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Any

import yaml

from trialwright.kernel.texts import Text

LANGUAGES = {"en": "English", "zh": "中文"}
DJANGO_CODES = {"en": "en", "zh": "zh-hans"}


def flatten(tree: dict[str, Any], prefix: str = "") -> dict[str, str]:
    """{"form": {"save": "Save"}} becomes {"form.save": "Save"}."""
    flat: dict[str, str] = {}
    for key, value in tree.items():
        if isinstance(value, dict):
            flat |= flatten(value, f"{prefix}{key}.")
        else:
            flat[f"{prefix}{key}"] = str(value)
    return flat


@cache
def texts(lang: str) -> dict[str, str]:
    """All texts of a language by their dotted key."""
    source = (files("trialwright.web") / "texts" / f"{lang}.yaml").read_text(encoding="utf-8")
    return flatten(yaml.load(source, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)))  # noqa: S506 (safe loader)


class Words:
    """The texts of one language. `words("form.saved", n=3)`; an unknown key raises KeyError, which tests look for."""

    def __init__(self, lang: str) -> None:
        self.lang = lang if lang in LANGUAGES else "en"
        self._texts = texts(self.lang)

    def __call__(self, key: str, /, **values: object) -> str:
        text = self._texts[key]
        return text.format(**values) if values else text

    def has(self, key: str) -> bool:
        return key in self._texts

    def count(self, key: str, n: int, /, **values: object) -> str:
        """A text that counts: `key.one` for a single one where the language has it, else `key.many`."""
        form = f"{key}.one" if n == 1 and f"{key}.one" in self._texts else f"{key}.many"
        return self._texts[form].format(n=n, **values)

    def code(self, kind: str, code: str) -> str:
        """The word for a code ("status", "NOT_YET_RECRUITING"); one we have no word for is shown readable."""
        return self._texts.get(f"{kind}.{code}") or code.replace("_", " ").capitalize()

    def say(self, text: Text | str | None) -> str:
        """A text of the study in this language; the other language where there is no translation."""
        return text.to(self.lang) if isinstance(text, Text) else str(text or "")


def chosen(query: str, cookie: str, accepted: str) -> str:
    """The language to speak: ?lang, else the cookie, else what the browser accepts, else English."""
    for wish in (query, cookie):
        if wish[:2].lower() in LANGUAGES:
            return wish[:2].lower()
    ranked = sorted((_quality(part) for part in accepted.split(",")), key=lambda pair: -pair[1])
    return next((code for code, quality in ranked if code in LANGUAGES and quality > 0), "en")


def _quality(part: str) -> tuple[str, float]:
    """("zh", 0.9) of "zh-CN;q=0.9"."""
    code, _, weight = part.strip().partition(";q=")
    try:
        return code[:2].lower(), float(weight or 1)
    except ValueError:
        return code[:2].lower(), 0.0
