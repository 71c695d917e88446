"""What the rooms below say in English, said in the page's language: a book of phrases with places for names.

The rooms raise whole sentences, for the command line, the API and the pages alike. A sentence that stands in the book
of a language is shown in it; one that does not is shown as it is.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files

import yaml

from trialwright.conduct.rules.policy import ACTIONS, ROLES
from trialwright.conduct.rules.states import MACHINES, words
from trialwright.study.definition import Study
from trialwright.web.words import LANGUAGES, texts

_NAME = re.compile(r"\{(\w+)(?::(\w+))?\}")
_PLACE = re.compile(r"\b(field|group|form|visit|subject|site|row)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Phrase:
    """`pattern` finds the sentence at the beginning of a text; `kinds`: what each name in it stands for."""

    pattern: re.Pattern[str]
    said: str
    kinds: Mapping[str, str]


@lru_cache(maxsize=2048)
def told(text: str, lang: str) -> str:
    """All sentences of `text` that the book holds in this language; the others as they are."""
    rest, said = text.strip(), []
    while rest and book(lang):
        for phrase in book(lang):
            if found := phrase.pattern.match(rest):
                said.append(_filled(phrase, found, lang))
                rest = rest[found.end() :]
                break
        else:
            return " ".join(["".join(said), rest]).strip()
    return "".join(said) or rest


def asked(text: str, study: Study, form: str, item: str, lang: str) -> str:
    """The question of a query: of a check of the definition in its own words of this language, of a check that every
    field has with the field's label; what a person asked stands as it was typed.
    """
    known, field = study.form_by_id.get(form), study.item_by_id.get(item)
    own = (
        next((check.message for check in known.checks if text in (check.message.en, check.message.zh)), None)
        if known
        else None
    )
    if own is not None:
        return own.to(lang)
    if field is None or not text.startswith(field.label.en):
        return text
    rest = text.removeprefix(field.label.en).lstrip(": ")
    said = told(rest, lang)
    return f"{field.label.to(lang)}：{said}" if said != rest else text


def _filled(phrase: Phrase, found: re.Match[str], lang: str) -> str:
    parts = {name: _in_words(phrase.kinds[name], text, lang) for name, text in found.groupdict().items()}
    return phrase.said.format(**parts)


@cache
def book(lang: str) -> tuple[Phrase, ...]:
    """The phrases of a language, in the order of its file; none where it has no file."""
    file = files("trialwright.web") / "texts" / f"sentences.{lang}.yaml"
    if lang not in LANGUAGES or not file.is_file():
        return ()
    return tuple(_phrase(english, said) for english, said in yaml.safe_load(file.read_text(encoding="utf-8")))


def _phrase(english: str, said: str) -> Phrase:
    """Words between the names are taken as they stand; a name is as short as it can be."""
    kinds, pattern, at = {}, "", 0
    for name in _NAME.finditer(english):
        kinds[name[1]] = name[2] or ""
        pattern += re.escape(english[at : name.start()]) + f"(?P<{name[1]}>.+?)"
        at = name.end()
    return Phrase(re.compile(f"{pattern}{re.escape(english[at:])}(?:\\s+|$)", re.DOTALL), said, kinds)


def _in_words(kind: str, text: str, lang: str) -> str:
    return _KINDS[kind](text, lang) if kind else text


def _listed(kind: str, sign: str) -> Callable[[str, str], str]:
    return lambda text, lang: "、".join(_word(kind, part, lang) for part in text.split(sign))


def _word(kind: str, text: str, lang: str) -> str:
    return _words(lang)[kind].get(text, text)


@cache
def _words(lang: str) -> Mapping[str, Mapping[str, str]]:
    """kind -> English -> the word of this language."""
    known = texts(lang)
    states: dict[str, str] = {}
    steps: dict[str, str] = {}
    things: dict[str, str] = {}
    for machine in MACHINES:
        thing = machine.thing.lower()
        things[machine.thing] = known.get(f"table.{thing}", machine.thing)
        states |= {words(s): known[f"{thing}_state.{s}"] for s in machine.table if f"{thing}_state.{s}" in known}
        steps |= {said: known.get(f"policy.step.{step}", said) for step, said in machine.actions.items()}
    states |= {each: known[f"form_state.{each}"] for each in ("frozen", "locked")}
    roles = {said: known[f"role.{role}"] for role, said in ROLES.items()}
    actions = {said: known[f"policy.action.{action}"] for action, said in ACTIONS.items()}
    return {"state": states, "step": steps, "thing": things, "role": roles, "action": actions}


def _place(text: str, lang: str) -> str:
    """`Form vitals at week1 of subject 01-001`: ids stay, the words around them do not."""
    known = texts(lang)
    named = _PLACE.sub(lambda found: known[f"place.{found[1].lower()}"], text)
    return named.replace(" of ", known["place.of"]).replace(" at ", known["place.at"])


def _range(text: str, lang: str) -> str:
    """`expected 30 to 45 °C`, `expected at least 0`."""
    known = texts(lang)
    for english in ("expected ", "at least", "at most", "above", "below", " and ", " to "):
        text = text.replace(english, known[f"range.{english.strip().replace(' ', '_')}"])
    return text


def _count(text: str, _lang: str) -> str:
    """`a query that is`, `3 queries are`."""
    return "".join(filter(str.isdigit, text)) or "1"


_KINDS: Mapping[str, Callable[[str, str], str]] = {
    "role": lambda text, lang: _word("role", text, lang),
    "roles": _listed("role", ", "),
    "action": lambda text, lang: _word("action", text, lang),
    "state": lambda text, lang: _word("state", text, lang),
    "states": _listed("state", " or "),
    "step": lambda text, lang: _word("step", text, lang),
    "thing": lambda text, lang: _word("thing", text, lang),
    "place": _place,
    "range": _range,
    "count": _count,
}
