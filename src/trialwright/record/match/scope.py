"""Whose a finding is and whether it is there: how far a family member and a denial reach within a sentence."""

from __future__ import annotations

import re
from importlib import resources
from typing import NamedTuple

import yaml

# --- the family's

_WOMEN = r"mother|sister|aunt|grandmother|wife|daughter|niece"
_MEN = r"father|brother|uncle|grandfather|husband|son|nephew"
COUNT = r"(?:an?|one|two|three|four|five|six|seven|eight|nine|ten|\d{1,2})\b"
"""A mother of so many is the patient."""
_FAMILY = re.compile(
    rf"(?:\bwhose\s+)?(?:family history|family hx|\bfh[xo]?\b|\b(?:(?P<she>{_WOMEN})|(?P<he>{_MEN})|"
    rf"grandparents?|cousin|parents?|sibling)s?\b(?!\s+of\s+(?:{COUNT}|(?:non-?)?consanguineous\b))"
    r"(?<!\bconsanguineous parents)(?P<who>,? who\b)?(?=.{0,40}\b(?:had|has|have|with|was|were|died|"
    r"suffer|diagnosed|affected|positive)\b))",
    re.IGNORECASE,
)
_ACCORDING = re.compile(r"\b(?:according to|per|with|by|lives with|accompanied by)\b[^.,;]{0,20}$", re.IGNORECASE)
_VERB = r"\s+(?:is|was|has|had|have|presents?|presented|reports?|denie[sd]|complains?|comes|came|suffers)\b"
_VERBS = re.compile(r"\s+(?:has|had|was|is|died)\b(?!\s+(?:noticed|noted|seen|reported|observed))", re.IGNORECASE)
_AGAIN = (
    rf";|\b(?:the\s+)?(?:patient|pt)(?:{_VERB}|\s+(?:with|himself|herself)\b)"
    rf"|\bbut\s+(?:s?he|who|the\s+patient|patient)\b|\bs?he\s+(?:himself|herself)\b"
)
"""Where a sentence speaks of the patient again."""
_WHO = rf"|\b(?:and|but)\s+who\b|(?<!,)\s+who{_VERB}"
_ENDING = {
    (who, sex): re.compile(_AGAIN + (_WHO if who else "") + (rf"|\b{sex}{_VERB}" if sex else ""), re.IGNORECASE)
    for who in (True, False)
    for sex in ("", "he", "she")
}
"""By whether "who" is the patient's, and which pronoun can only be the patient's (his mother: "he has")."""


def own_parts(sentence: str) -> tuple[list[str], list[str]]:
    """What is said of the patient, and what of the family: from the word that names it to where its scope ends."""
    own, family, place, search = [], [], 0, 0
    while match := _FAMILY.search(sentence, search):
        search = match.end()
        their = match[0].lower().startswith("whose") or (match["who"] and _VERBS.match(sentence, match.end()))
        if not their and _ACCORDING.search(sentence[place : match.start()]):
            continue
        sex = "he" if match["she"] else "she" if match["he"] else ""
        ends = _ENDING[not match["who"], sex].search(sentence, match.end())
        own.append(sentence[place : match.start()])
        place = search = ends.start() if ends else len(sentence)
        family.append(sentence[match.start() : place])
    return [part for part in (*own, sentence[place:]) if part.strip()], family


# --- what is denied

_TOKEN = re.compile(r"[A-Za-z0-9]+(?:['’][a-z]+)?|[,;:()]")
_WORDS: dict[str, str] = yaml.safe_load(
    (resources.files(__package__) / "denial_words.yaml").read_text(encoding="utf-8")
)
_BEFORE, _AFTER, _ENDS, _NOT_A_DENIAL, _AUXILIARY, _GOES_ON = (
    frozenset(_WORDS[name].split()) for name in ("before", "after", "ends", "not_a_denial", "auxiliary", "goes_on")
)
_FREE = (("free", "of"), ("absence", "of"), ("rule", "out"), ("ruled", "out"))
_PLURAL = frozenset({"are", "were", "have"})
_PASSIVE = frozenset({"is", "was", "are", "were", "been", "be", "being"})
_NOT = frozenset({"not", "cannot", "never"})
_SCOPE, _BACK, _MARKS = 12, 6, ",;:()"
"""Tokens that one denial reaches at most, ahead and back; marks among the tokens."""


class Token(NamedTuple):
    """A word of a text, where it begins, and whether it is denied."""

    text: str
    start: int
    denied: bool


def tokens_of(text: str) -> list[str]:
    """Words and marks in their order."""
    return _TOKEN.findall(text)


def read_denials(text: str) -> list[Token]:
    """The words of a text with what is in the scope of a negation (NegEx: Chapman 2001, simplified)."""
    found = list(_TOKEN.finditer(text))
    low = [match[0].lower() for match in found]
    denied = [False] * len(low)
    starts: list[int] = []
    for place in range(len(low)):
        if _denies_before(low, place):
            _mark_back(low, denied, place)
        elif _denies_ahead(low, place):
            starts.append(place)
    for number, place in enumerate(starts):
        _mark_forward(low, denied, place, starts[number + 1 : number + 2], _listed(low, starts[: number + 1]))
    rows = zip(found, denied, strict=True)
    return [Token(match[0], match.start(), no) for match, no in rows if match[0] not in _MARKS]


def _at(low: list[str], place: int) -> str:
    return low[place] if 0 <= place < len(low) else ""


def _denies_ahead(low: list[str], place: int) -> bool:
    following = _at(low, place + 1)
    if following in _NOT_A_DENIAL:
        return False
    if low[place] in ("negative", "neg"):  # "HIV negative man": the word before is meant, not the man
        return following == "for" or _opens(low, place)
    return (
        low[place] in _BEFORE
        or low[place].endswith(("n't", "n’t"))
        or ((low[place], following) in _FREE and not _doubted(low, place))
    )


def _opens(low: list[str], place: int) -> bool:
    """Whether no name of a finding stands directly before."""
    before = _at(low, place - 1)
    return not before or before in _MARKS or before in _ENDS or before in ("a", "an", "the", "with", "and", "or", "of")


def _denies_before(low: list[str], place: int) -> bool:
    """Whether a word denies what stands before it: "cancer was excluded", "cancer ruled out", "fever denied"."""
    two = low[place] == "ruled" and _at(low, place + 1) == "out"
    following = _at(low, place + (2 if two else 1))
    passive = _at(low, place - 1) in _PASSIVE
    if not place or low[place - 1] in _MARKS or _doubted(low, place):
        return False
    if two or low[place] == "denied":
        return following != "for" and (passive or not following or following in _MARKS or following in _GOES_ON)
    if low[place] not in _AFTER or following in ("for", "margin", "margins", "from"):
        return False
    return passive or not (low[place] == "negative" and (low[place - 1] == "triple" or _opens(low, place)))


def _doubted(low: list[str], place: int) -> bool:
    """Whether the denial is itself denied: "cannot be excluded", "not ruled out"."""
    while place and low[place - 1] in _AUXILIARY:
        place -= 1
    return _at(low, place - 1) in _NOT or _at(low, place - 1).endswith(("n't", "n’t"))


def _listed(low: list[str], starts: list[int]) -> bool:
    """Whether the last of these denials stands in a list in which each item has its own: "no fever, no cough"."""
    if len(starts) < 2:
        return False
    between = low[starts[-2] + 1 : starts[-1]]
    if between and between[-1] in ("and", "or"):
        between = between[:-1]
    return len(between) <= _SCOPE and "," not in between[:-1] and not _ENDS & {*between}


def _mark_forward(low: list[str], denied: list[bool], place: int, following: list[int], listed: bool) -> None:
    """To the end of the scope, at most to the next denial, which has its own."""
    stop = min(place + 1 + _SCOPE, len(low), *following)
    for ahead in range(place, stop):
        if ahead > place and (low[ahead] in _ENDS or low[ahead] in ";:)"):
            return
        if low[ahead] == "with" and (low[ahead - 1] == "," or low[place] == "never"):
            return  # "without fever, with cough"; "a never smoker with asthma"
        if low[ahead] == "," and listed and not _an_alternative(low, ahead + 1):
            return
        denied[ahead] = True


def _an_alternative(low: list[str], place: int) -> bool:
    """Whether a list goes on with "or": "no fever, no cough, chills or sweats" denies all of them."""
    rest = low[place:]
    return "or" in rest[: rest.index(",")] if "," in rest else "or" in rest


def _mark_back(low: list[str], denied: list[bool], place: int) -> None:
    """From the word that denies back over its auxiliaries to the start of what is denied."""
    denied[place] = True
    back, several = place - 1, False
    while back >= 0 and low[back] in _AUXILIARY:
        several = several or low[back] in _PLURAL
        denied[back] = True
        back -= 1
    for each in range(back, max(back - _BACK, -1), -1):
        if low[each] in _MARKS or low[each] in _ENDS or low[each] == "with" or (low[each] == "and" and not several):
            return
        denied[each] = True
