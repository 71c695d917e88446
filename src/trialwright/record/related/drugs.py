"""Drug names as records write them, made comparable; what a drug acts on, and what the end of its name says."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib import resources

import yaml

from trialwright.kernel.texts import Text
from trialwright.record.terms import STOP


@dataclass(frozen=True, slots=True)
class DrugTable:
    """`target_of`: a drug's name -> its target. `spoken`: finds what targets are called in texts, `called` says which
    target that is. `known_as`: code -> name. `endings`: longest first."""

    target_of: dict[str, str]
    spoken: re.Pattern[str]
    called: dict[str, str]
    known_as: dict[str, str]
    endings: tuple[tuple[str, Text], ...]
    no_drug: frozenset[str]


@cache
def table() -> DrugTable:
    """The table that ships with the package."""
    read = yaml.safe_load((resources.files(__package__) / "drugs.yaml").read_text(encoding="utf-8"))
    targets = read["targets"]
    endings = sorted(read["endings"].items(), key=lambda pair: -len(pair[0]))
    called = {name.lower(): target for target, row in targets.items() for name in row["names"]}
    names = "|".join(re.escape(name) for name in sorted(called, key=len, reverse=True))
    return DrugTable(
        target_of={drug.split()[0]: target for target, row in targets.items() for drug in row["drugs"]},
        spoken=re.compile(rf"(?<![a-z0-9])(?:{names})(?![a-z0-9])"),
        called=called,
        known_as={code_key(code) or code.lower(): name for name, codes in read["codes"].items() for code in codes},
        endings=tuple((ending, Text(en=en, zh=zh)) for ending, (en, zh) in endings),
        no_drug=frozenset(read["no_drug"]),
    )


_APART = re.compile(r"\s*(?:[+/;,&()\[\]]|\band\b|\bplus\b|\bwith\b|\bor\b|\bvs\.?\b|\bversus\b)\s*", re.IGNORECASE)
_SPACED_CODE = re.compile(r"\b(?!NCT)([A-Z]{2,5})[ -](?=\d{3,6}\b)(\d+)")
_AMOUNT = re.compile(r"^(?:\d[\d.,%x×-]*|mg|kg|ml|g|mcg|ug|µg|iu|iv|sc|im|po|bid|tid|qd|qw|q\d+w|auc)", re.IGNORECASE)
_TOKEN = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]*")
CODE = re.compile(r"\b(?!NCT)([A-Z]{2,5})-?(\d{3,6})(?![\d])([A-Z]?)\b")
_MOST = 3
"""Words of a name at most: what is longer is a description."""


def names_in(text: str) -> Iterator[tuple[str, str]]:
    """Drugs that an intervention's name speaks of: a key to compare by, and how it is written."""
    for part in _APART.split(_SPACED_CODE.sub(r"\1\2", text)):
        kept = [token for token in _TOKEN.findall(part) if _is_name(token.lower())]
        if 0 < len(kept) <= _MOST:
            yield _key(kept[0]) if len(kept) == 1 else " ".join(kept).lower(), " ".join(kept)
        for token in kept if len(kept) > 1 else ():
            if _key(token) in table().target_of or code_key(token):
                yield _key(token), token


def codes_in(text: str) -> Iterator[tuple[str, str]]:
    """Development codes in a title: TJ003234, NI-0501."""
    for match in CODE.finditer(text):
        yield _key(match[0]), match[0]


def _key(token: str) -> str:
    """A name in small letters; of a code that is known, the name of its drug."""
    plain = code_key(token) or token.lower()
    return table().known_as.get(plain, plain)


@lru_cache(maxsize=1 << 15)
def code_key(token: str) -> str:
    """A code without its hyphen in small letters: TJ-003234 and TJ003234 are one. "" for what is no code."""
    plain = token.replace("-", "")
    is_code = re.fullmatch(r"[A-Za-z]{2,5}\d{2,6}[A-Za-z]?|[A-Z]{2,4}\d[A-Z]?", plain)
    return plain.lower() if is_code else ""


@lru_cache(maxsize=1 << 15)
def _is_name(word: str) -> bool:
    return len(word) > 2 and word not in STOP and word not in table().no_drug and not _AMOUNT.match(word)


_BEFORE = re.compile(
    r"(?:anti[- ]|against |inhibit\w*|target\w*|neutrali[sz]\w+|block\w*|"
    r"antagoni\w+|directed at|bind\w* to)\W*(?:human |the )*$"
)
_BEHIND = re.compile(
    r"\W*(?:receptor\W*)?(?:inhibit|antagonist|block|antibod|monoclonal|car\b|car-|directed|targeted|bispecific|degrader)"
)


def targets_of(drugs: Iterable[str], *texts: str) -> dict[str, None]:
    """Targets of these drugs by the table, and those that a text names with a word of action (anti-X, X inhibitor)."""
    found = {table().target_of[word]: None for drug in drugs for word in drug.split() if word in table().target_of}
    for text in texts:
        low = text.lower()
        for match in table().spoken.finditer(low):
            target = table().called[match[0]]
            if target not in found and (
                _BEFORE.search(low[max(0, match.start() - 30) : match.start()]) or _BEHIND.match(low, match.end())
            ):
                found[target] = None
    return found


@cache
def against(target: str) -> tuple[str, ...]:
    """Names of the drugs against a target, and the codes that they are also known by."""
    drugs = [drug for drug, acts_on in table().target_of.items() if acts_on == target]
    codes = [code for code, drug in table().known_as.items() if drug in drugs]
    return (*drugs, *codes)


def class_of(drug: str) -> Text | None:
    """What the end of an international nonproprietary name says."""
    return next(
        (name for ending, name in table().endings if len(drug) > len(ending) + 2 and drug.endswith(ending)), None
    )
