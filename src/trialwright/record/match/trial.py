"""What matching reads of a registry record: conditions, words by field, age and sex limits, criteria in two parts."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from trialwright.record.match.ages import limits_in, record_age
from trialwright.record.terms import words


@dataclass(frozen=True, slots=True)
class Trial:
    """Folded words of a record. `conditions`: one tuple of words each, MeSH terms among them;
    `labels`: how the record writes them. `inclusion`,
    `exclusion`: the words of each criterion line. Ages in years, None without a limit; `highest` is the first age
    that is too old. `sex`: FEMALE, MALE or ALL."""

    nct_id: str
    title: tuple[str, ...]
    conditions: tuple[tuple[str, ...], ...]
    labels: tuple[str, ...]
    keywords: tuple[str, ...]
    inclusion: tuple[tuple[str, ...], ...]
    exclusion: tuple[tuple[str, ...], ...]
    lowest: float | None
    highest: float | None
    sex: str
    healthy: bool | None
    purpose: str


def trial_of(record: Mapping[str, Any]) -> Trial:
    """Read an API v2 record. A part that is missing or of another type counts as empty."""
    protocol = _part(record, "protocolSection")
    identity, rules = _part(protocol, "identificationModule"), _part(protocol, "eligibilityModule")
    named = _part(protocol, "conditionsModule")
    criteria = _text(rules, "eligibilityCriteria")
    inclusion, exclusion = halves(criteria)
    title = f"{_text(identity, 'briefTitle')} {_text(identity, 'officialTitle')}"
    lowest, highest = _ages(rules, inclusion)
    conditions = _conditions(record, named) or conditions_in(inclusion)
    return Trial(
        nct_id=_text(identity, "nctId"),
        title=tuple(words(title)),
        conditions=tuple(conditions),
        labels=tuple(conditions.values()),
        keywords=tuple(word for text in _texts(named, "keywords") for word in words(text)),
        inclusion=_lines(inclusion),
        exclusion=_lines(exclusion),
        lowest=lowest,
        highest=highest,
        sex=_sex(rules, inclusion, " ; ".join((title, *_texts(named, "conditions")))),
        healthy=rules.get("healthyVolunteers") if isinstance(rules.get("healthyVolunteers"), bool) else None,
        purpose=_text(_part(_part(protocol, "designModule"), "designInfo"), "primaryPurpose"),
    )


_EXCLUDING = re.compile(
    r"(exclusion criteri\w+)|exclusions?\b|ineligib\w+|non-inclusion|"
    r"(?:patient|subject)s? (?:will be |are |were )?excluded"
)
_HEADS = re.compile(r"(?:^|[\n.;:*-])\W{0,6}(?:(?:key|main|major|general|specific|patient|subject|criteria) ){0,3}$")
_HEADING_ENDS = re.compile(r"[^\n:]{0,60}[:\n]|\s*:?")
_INCLUDING = re.compile(r"\binclusion(?: criteri\w+)?\s*:")


def halves(criteria: str) -> tuple[str, str]:
    """The inclusion and the exclusion part of an eligibility text; without headings all of it is inclusion."""
    low = criteria.lower()
    if len(low) != len(criteria):  # a letter whose small form is longer: places would differ
        criteria = low
    first = _excluding(low, 0)
    if first is None:
        return criteria, ""
    before, (_, rest) = criteria[: first[0]], first
    again = _INCLUDING.search(low, rest)
    if again is None:
        return before, criteria[rest:]
    more = _excluding(low, again.end())
    middle = criteria[again.end() : more[0] if more else None]
    return f"{before}\n{middle}", criteria[rest : again.start()] + (f"\n{criteria[more[1] :]}" if more else "")


def _excluding(low: str, start: int) -> tuple[int, int] | None:
    """Where the next heading of exclusion criteria begins and ends."""
    for match in _EXCLUDING.finditer(low, start):
        ends = _HEADING_ENDS.match(low, match.end())
        if match[1]:
            return match.start(), ends.end() if ends and ends[0].strip() in ("", ":") else match.end()
        if ends and ends[0][-1:] in (":", "\n") and _HEADS.search(low[max(0, match.start() - 48) : match.start()]):
            return match.start(), ends.end()
    return None


LONGEST = 8_000
"""Characters of each half of the criteria that are read."""
_LINE = re.compile(r"\n\s*\n|\n\s*(?=[-*•·○▪–]|\(?\d{1,2}[.)])|(?<=[.;])\s+(?=[A-Z\d-])")


def _lines(part: str) -> tuple[tuple[str, ...], ...]:
    return tuple(w for line in _LINE.split(part[:LONGEST]) if (w := tuple(words(line))))


def _ages(rules: Mapping[str, Any], inclusion: str) -> tuple[float | None, float | None]:
    """The record's own limits; where it states neither, those that the inclusion criteria state."""
    low, high = record_age(_text(rules, "minimumAge")), record_age(_text(rules, "maximumAge"))
    if low is None and high is None:
        low, high = limits_in(inclusion)
        return low, None if high is None else high + 1
    if high is not None:  # the limit is inclusive, in completed years or months
        high += 1 if "year" in _text(rules, "maximumAge").lower() else 1 / 12
    return low, high


_WOMEN = re.compile(
    r"\b(?:wom[ae]n|pregnan\w*|post-?menopaus\w*|menopaus\w*|ovar\w+|cervical (?:cancer|intraepithelial)|endometri\w+|"
    r"uterine|vagin\w+|preterm labou?r|pre-?eclampsia|polycystic ovar\w+)\b",
    re.IGNORECASE,
)
_MEN = re.compile(r"\b(?:men|prostat\w+|testic\w+|erectile|hypospadias|cryptorchid\w+|undescended)\b", re.IGNORECASE)
_FIRST_WOMEN = re.compile(
    r"^\W*(?:inclusion criteria\W*)?(?:\d\W+)?"
    r"(?:post-?menopausal|pregnant|female|wom[ae]n)\b(?!\W+(?:and|or|of child|who))",
    re.I,
)


def _sex(rules: Mapping[str, Any], inclusion: str, named: str) -> str:
    """The record's own word; where it has none, what its title and conditions can only mean."""
    stated = _text(rules, "sex").upper()
    if stated in ("FEMALE", "MALE", "ALL"):
        return stated
    women, men = _WOMEN.search(named) or _FIRST_WOMEN.match(inclusion), _MEN.search(named)
    if bool(women) == bool(men):
        return "ALL"
    return "FEMALE" if women else "MALE"


def _conditions(record: Mapping[str, Any], named: Mapping[str, Any]) -> dict[tuple[str, ...], str]:
    """Words of each condition and MeSH term, and how it is written."""
    browse = _part(_part(record, "derivedSection"), "conditionBrowseModule")
    meshes = browse.get("meshes")
    terms = [_text(m, "term") for m in meshes if isinstance(m, Mapping)] if isinstance(meshes, list) else []
    return _by_words((*_texts(named, "conditions"), *terms))


def _by_words(texts: Iterable[str], most: int = 60) -> dict[tuple[str, ...], str]:
    found: dict[tuple[str, ...], str] = {}
    for text in texts:
        if (key := tuple(dict.fromkeys(words(text)))[:most]) and key not in found:
            found[key] = " ".join(text.split())
    return found


_NAMED = re.compile(
    r"\b(?:diagnos\w+\s+(?:of|with)|(?:\w+ly\s+)?confirmed|documented|history\s+of|suffering\s+from|known|with|has|have|had)"
    r"\s+((?:[\w/'+-]+\s+){0,5}[\w/'+-]+)",
    re.IGNORECASE,
)


def conditions_in(inclusion: str) -> dict[tuple[str, ...], str]:
    """What the first inclusion lines ask for, where a record names no condition: words, and how it is written."""
    found = _by_words((match[1] for match in _NAMED.finditer(inclusion[:700])), 4)
    return dict(list(found.items())[:5])


def _part(data: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    value = data.get(key)
    return value if isinstance(value, Mapping) else {}


def _text(data: Mapping[str, Any], key: str) -> str:
    value = data.get(key)
    return value if isinstance(value, str) else ""


def _texts(data: Mapping[str, Any], key: str) -> list[str]:
    value = data.get(key)
    return [text for text in value if isinstance(text, str)] if isinstance(value, list) else []
