"""From text to the tokens that every index holds, and from one token to its plurals and spellings.

Nothing is stemmed in an index: it holds the words as they stand (case and accents folded), and the query is widened.
So a search for the very words stays possible and the same rules hold for every index.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from pathlib import Path

import yaml

LONGEST = 100
"""Characters of a token; what is longer is cut into several."""
_TOKEN = re.compile(rf"[^\W_]{{1,{LONGEST}}}")
_TABLE = bytes(ord(c.lower()) if c.isascii() and c.isalnum() else 32 for c in map(chr, range(256)))
_GREEK = (
    *("alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta", "iota", "kappa", "lambda", "mu", "nu"),
    *("xi", "omicron", "pi", "rho", "sigma", "sigma", "tau", "upsilon", "phi", "chi", "psi", "omega"),
)
_LETTERS = {chr(0x3B1 + place): f" {name} " for place, name in enumerate(_GREEK)}
_SHORT = 60


def tokens(text: str) -> list[str]:
    """The tokens of a text, in order: letters and digits, lower case, without accents. `Parkinson's` is one token,
    `IL-1β` is il, 1, beta."""
    return joined(text).split()


def joined(text: str) -> str:
    """The tokens of a text with a blank between them, as an index takes them."""
    return _joined_short(text) if len(text) < _SHORT else _joined(text)


def _joined(text: str) -> str:
    if not text.isascii():
        text = unicodedata.normalize("NFKD", text.replace("µ", "u"))
        for sign in set(text):
            if not sign.isascii():
                text = text.replace(sign, _folded(sign))
    if text.isascii():
        parts = text.encode("ascii").translate(_TABLE, b"'").split()
        if not parts or max(map(len, parts)) <= LONGEST:
            return b" ".join(parts).decode("ascii")
    return " ".join(_TOKEN.findall(text.replace("'", "").lower()))


_joined_short = lru_cache(maxsize=100_000)(_joined)


@lru_cache(maxsize=10_000)
def _folded(sign: str) -> str:
    """A character that is not ASCII: accents and apostrophes vanish, Greek letters are named, signs part words."""
    if unicodedata.combining(sign) or sign in "’ʼ":
        return ""
    letter = sign.casefold()
    return _LETTERS.get(letter, letter) if letter.isalnum() else " "


@lru_cache(maxsize=20_000)
def spellings(token: str, *, plural: bool = True) -> tuple[str, ...]:
    """The token itself first, then its British or American spelling and (`plural`) its plural or singular."""
    found = dict.fromkeys([token])
    if len(token) > 3 and token.isalpha():
        for spelled in (token, *_other_spellings(token)):
            found[spelled] = None
            if plural:
                found.update(dict.fromkeys(_numbers(spelled)))
    return tuple(found)


@lru_cache(maxsize=20_000)
def canonical(token: str) -> str:
    """One form for all spellings of a token: American and singular. Only for looking things up."""
    if len(token) <= 3 or not token.isalpha():
        return token
    for british, american, where in _rules():
        token = _replaced(token, british, american, where)
    if token.endswith("ies") and len(token) > 5:
        return token[:-3] + "y"
    return token[:-1] if token.endswith("s") and not token.endswith(("ss", "us", "is")) else token


def _numbers(token: str) -> tuple[str, ...]:
    """Plural for a singular, singular for a plural."""
    if token.endswith("ies") and len(token) > 5:
        return (token[:-3] + "y",)
    if token.endswith(("ses", "xes", "ches", "shes")):
        return (token[:-1], token[:-2])
    if token.endswith("s"):
        return () if token.endswith(("ss", "us", "is")) else (token[:-1],)
    if token.endswith(("ed", "ing", "ly", "ic")):
        return ()
    if token.endswith("y") and token[-2] not in "aeiou":
        return (token[:-1] + "ies",)
    return (token + ("es" if token.endswith(("x", "ch", "sh")) else "s"),)


def _other_spellings(token: str) -> tuple[str, ...]:
    found = dict.fromkeys([token])
    for british, american, where in _rules():
        for spelled in tuple(found):
            found[_replaced(spelled, british, american, where)] = None
            if len(found) < 8:
                found[_replaced(spelled, american, british, where)] = None
    return tuple(found)[1:]


def _replaced(token: str, old: str, new: str, where: str) -> str:
    """`new` for `old`; a token that already has the longer spelling keeps it."""
    if new in token and old not in new and new not in old:
        return token
    if len(new) > len(old) and new in token:
        return token
    if where == "start":
        return new + token.removeprefix(old) if token.startswith(old) else token
    if where == "end":
        return token.removesuffix(old) + new if token.endswith(old) else token
    return token.replace(old, new)


@lru_cache(maxsize=1)
def _rules() -> tuple[tuple[str, str, str], ...]:
    source = yaml.safe_load(Path(__file__).with_name("spelling.yaml").read_text(encoding="utf-8"))
    return tuple((british, american, where) for where, pairs in source.items() for british, american in pairs.items())
