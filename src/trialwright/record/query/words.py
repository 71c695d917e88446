"""From text to the tokens that every index holds, and from one token to its plurals and spellings.

Nothing is stemmed in an index: it holds the words as they stand (case and accents folded), and the query is widened.
So a search for the very words stays possible and the same rules hold for every index.
"""

from __future__ import annotations

import codecs
import re
import unicodedata
from collections.abc import Collection, Sequence
from functools import lru_cache
from pathlib import Path

import yaml

LONGEST = 100
"""Characters of a token; what is longer is cut into several."""
EDGE = "|"
"""Stands before, between and after the texts of a group; no token."""

_BETWEEN, _NEXT = "\x1e", "\x1f"
_TOKEN = re.compile(rf"[^\W_]{{1,{LONGEST}}}|[{EDGE}{_NEXT}]")
_PLAIN = bytes(code if code > 127 else ord(chr(code).lower()) if chr(code).isalnum() else 32 for code in range(256))
_MARKED = bytes({ord(_BETWEEN): ord(EDGE), ord(_NEXT): ord(_NEXT)}.get(code, to) for code, to in enumerate(_PLAIN))
_GREEK = (
    *("alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta", "iota", "kappa", "lambda", "mu", "nu"),
    *("xi", "omicron", "pi", "rho", "sigma", "sigma", "tau", "upsilon", "phi", "chi", "psi", "omega"),
)
_LETTERS = {chr(0x3B1 + place): f" {name} " for place, name in enumerate(_GREEK)} | {"µ": "u"}


def tokens(text: str) -> list[str]:
    """The tokens of a text, in order: letters and digits, lower case, without accents. `Parkinson's` is one token,
    `IL-1β` is il, 1, beta."""
    return _folded(text, _PLAIN).split()


def joined(text: str) -> str:
    """The tokens of a text with a blank between them."""
    return " ".join(tokens(text))


def edged(groups: Sequence[Collection[str]]) -> list[str]:
    """The tokens of each group of texts in one text, apart by blanks, with an EDGE before, between and after: so no
    phrase reaches over two texts, and their ends can be searched. One pass over all groups, for that is quick."""
    whole = f" {_NEXT} ".join([f"{_BETWEEN} {f' {_BETWEEN} '.join(texts)} {_BETWEEN}" for texts in groups])
    marks = sum(map(len, groups)) + len(groups)
    if whole.count(_BETWEEN) > marks or whole.count(_NEXT) > max(0, len(groups) - 1):
        return edged([[joined(text) for text in texts] for texts in groups])
    return _folded(whole, _MARKED).split(_NEXT)[: len(groups)]


def _folded(text: str, table: bytes) -> str:
    """The text with blanks for everything that is no part of a token. Bytes are quick to translate."""
    raw = text.encode("ascii", _FOLD).translate(table, b"'")
    return " ".join(_TOKEN.findall(raw.decode())) if _has_run(raw) else raw.decode()


def _has_run(raw: bytes) -> bool:
    """Whether a token is too long: from blank to blank in steps as wide as a token may be."""
    at = 0
    while at + LONGEST < len(raw):
        at = raw.rfind(b" ", at, at + LONGEST + 1) + 1
        if not at:
            return True
    return False


_FOLD = "trialwright-fold"


def _fold(error: UnicodeError) -> tuple[bytes, int]:
    """For the encoder: a run of characters that are not ASCII."""
    assert isinstance(error, UnicodeEncodeError)
    return b"".join(map(_sign, error.object[error.start : error.end])), error.end


codecs.register_error(_FOLD, _fold)


@lru_cache(maxsize=10_000)
def _sign(sign: str) -> bytes:
    """A character that is not ASCII: accents and apostrophes vanish, Greek letters are named, signs part words."""
    return "".join(map(_part, _LETTERS.get(sign) or unicodedata.normalize("NFKD", sign))).encode()


def _part(sign: str) -> str:
    if sign.isascii():
        return sign
    if unicodedata.combining(sign) or sign in "’ʼ":
        return ""
    letter = sign.casefold().lower()
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
