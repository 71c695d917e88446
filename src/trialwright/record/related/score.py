"""How close two records are: a sum of parts, each a reason in words."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from trialwright.kernel.texts import Text
from trialwright.record.reason import Reason, reason
from trialwright.record.related.profile import Profile
from trialwright.record.terms import Statistics

WEIGHTS: Mapping[str, float] = {
    "drug": 6.0,
    "cites": 4.0,
    "condition": 4.0,
    "family": 3.0,
    "target": 2.5,
    "treatment": 2.5,
    "title": 2.0,
    "parent": 1.5,
    "criteria": 1.5,
    "class": 1.2,
    "sponsor": 1.0,
    "keywords": 1.0,
    "collaborator": 0.5,
    "population": 0.4,
    "phase": 0.3,
    "design": 0.3,
}
"""What each part counts for when it holds in full. Set by judgement: what a reader would call related comes first."""

TELLING = frozenset(WEIGHTS) - {"collaborator", "population", "phase", "design"}
"""Kinds of reason of which one must be told; that ages, phase or design are the same makes no relative."""
_RARE = 7.0
"""Idf from which a name counts in full: metformin says less than a development code."""
_SAME, _LIKE = 0.8, 0.45
"""Shares of a condition from which it is called the same, and alike."""
_SHOWN = {"title": 0.4, "keywords": 0.4, "criteria": 0.35}
"""Least likeness that is told as a reason; below it the part counts but is not shown."""


@dataclass(frozen=True, slots=True)
class Likeness:
    """`score` and what it is made of, strongest first."""

    score: float
    reasons: tuple[Reason, ...]


def likeness(a: Profile, b: Profile, statistics: Statistics, weights: Mapping[str, float] = WEIGHTS) -> Likeness:
    """How close record `b` is to record `a`, without their criteria. Parts with a weight of 0 are left out."""
    parts = [part for rule in _RULES for part in rule(a, b, statistics)]
    found = [(kind, share, text) for kind, share, text in parts if weights.get(kind, 0.0)]
    reasons = [Reason(kind, text, round(weights[kind] * share, 4)) for kind, share, text in found]
    reasons.sort(key=lambda r: (-r.points, r.kind, r.words.en))
    return Likeness(sum(r.points for r in reasons), tuple(r for r in reasons if r.words.en))


def criteria_likeness(a: Mapping[str, float], b: Iterable[str], statistics: Statistics) -> Reason:
    """The part that the criteria add. `a`: idf of the words of the record's own criteria."""
    share = cosine(a, {word: statistics.idf(word) for word in set(b)})
    points = WEIGHTS["criteria"] * share
    if share < _SHOWN["criteria"]:
        return reason("criteria", "", "", points)
    return reason("criteria", "similar criteria", "入排标准相似", points)


def cosine(a: Mapping[str, float], b: Mapping[str, float]) -> float:
    """Cosine of two weighted bags of words; 0 when one is empty."""
    shared = sum(value * b[word] for word, value in a.items() if word in b)
    if not shared:
        return 0.0
    return shared / math.sqrt(sum(v * v for v in a.values()) * sum(v * v for v in b.values()))


Part = tuple[str, float, Text]
_UNSAID = Text(en="")


def _part(kind: str, share: float, en: str, zh: str) -> Part:
    return kind, share, Text(en=en, zh=zh)


def _drugs(a: Profile, b: Profile, statistics: Statistics) -> Iterator[Part]:
    shared = sorted(a.drugs.keys() & b.drugs.keys(), key=lambda key: (-_rarity(key, statistics), key))
    if shared:
        names = ", ".join(a.drugs[key] for key in shared[:3])
        yield _part("drug", _rarity(shared[0], statistics), f"same drug: {names}", f"同一药物：{names}")
    elif mesh := sorted(a.treatment_mesh.keys() & b.treatment_mesh.keys()):
        name = a.treatment_mesh[mesh[0]]
        yield _part("treatment", 1.0, f"same treatment: {name}", f"相同治疗：{name}")
    elif others := a.others & b.others:
        yield _part("treatment", 0.5 * len(others) / max(len(a.others | b.others), 1), "", "")
    yield from _targets(a, b, bool(shared))


def _rarity(key: str, statistics: Statistics) -> float:
    return min(1.0, max(statistics.idf(word) for word in key.split()) / _RARE) ** 2


def _targets(a: Profile, b: Profile, same_drug: bool) -> Iterator[Part]:
    """A shared drug has its target and class with it: those are told only without one."""
    if same_drug:
        return
    targets = [target for target in a.targets if target in b.targets]
    if targets:
        yield _part("target", 1.0, f"same target: {targets[0]}", f"同一靶点：{targets[0]}")
        return
    parents = [term for key, term in a.treatment_parents.items() if key in b.treatment_parents]
    if parents:
        yield _part("class", 1.0, f"same class: {parents[0]}", f"同一类别：{parents[0]}")
    elif classes := [name for key, name in a.classes.items() if key in b.classes]:
        yield "class", 0.5, Text(en=f"same class: {classes[0].en}", zh=f"同一类别：{classes[0].zh}")


def _conditions(a: Profile, b: Profile, statistics: Statistics) -> Iterator[Part]:
    share, label = _closest_condition(a, b, statistics)
    mesh = [term for key, term in a.condition_mesh.items() if key in b.condition_mesh]
    if mesh and share < _SAME:
        share, label = max(share, 0.9), mesh[0]
    if share >= _SAME:
        yield _part("condition", share, f"same condition: {label}", f"相同疾病：{label}")
        return
    if share >= _LIKE:
        yield _part("condition", share, f"like condition: {label}", f"相近疾病：{label}")
    elif share:
        yield "condition", share / 2, _UNSAID
    yield from _parents(a, b)


def _closest_condition(a: Profile, b: Profile, statistics: Statistics) -> tuple[float, str]:
    """Best share of idf that a condition of `a` and one of `b` have in common, and how `b` writes it."""
    best, label = 0.0, ""
    masses = {c: sum(map(statistics.idf, c)) for c in b.conditions}
    for mine in a.conditions:
        own, mass = set(mine), sum(map(statistics.idf, mine))
        for other, written in b.conditions.items():
            both = sum(statistics.idf(word) for word in other if word in own)
            share = both / math.sqrt(mass * masses[other]) if both else 0.0
            if share > best:
                best, label = share, written
    return best, label


def _parents(a: Profile, b: Profile) -> Iterator[Part]:
    """One of them is the other's ancestor in the MeSH tree, or both have one ancestor that is not too broad."""
    up = [term for key, term in a.condition_parents.items() if key in b.condition_mesh]
    down = [term for key, term in a.condition_mesh.items() if key in b.condition_parents]
    beside = [term for key, term in a.condition_parents.items() if key in b.condition_parents]
    if up:
        yield _part("parent", 1.0, f"condition one step up: {up[0]}", f"上位疾病：{up[0]}")
    elif down:
        yield _part("parent", 1.0, f"a form of the condition: {down[0]}", f"该疾病的一种：{down[0]}")
    elif beside:
        yield _part("parent", 0.6, f"conditions of one group: {beside[0]}", f"同组疾病：{beside[0]}")


def _words(a: Profile, b: Profile, statistics: Statistics) -> Iterator[Part]:
    title = cosine(_bag(a.title_words, statistics), _bag(b.title_words, statistics))
    if title:
        shown = title >= _SHOWN["title"]
        yield _part("title", title, "similar title" if shown else "", "标题相似")
    keywords = cosine(_bag(a.keywords, statistics), _bag(b.keywords, statistics))
    if keywords:
        yield _part("keywords", keywords, "shared keywords" if keywords >= _SHOWN["keywords"] else "", "关键词相同")


def _bag(found: Iterable[str], statistics: Statistics) -> dict[str, float]:
    return {word: statistics.idf(word) for word in found}


def _people(a: Profile, b: Profile, statistics: Statistics) -> Iterator[Part]:
    if a.sponsor and a.sponsor == b.sponsor:
        yield _part("sponsor", 1.0, f"same sponsor: {b.sponsor}", f"同一申办方：{b.sponsor}")
    agencies = sorted(({a.sponsor} | a.collaborators) & ({b.sponsor} | b.collaborators) - {""})
    if agencies and a.sponsor != b.sponsor:
        yield _part("collaborator", 1.0, f"also taking part: {agencies[0]}", f"共同参与机构：{agencies[0]}")
    overlap = min(a.highest, b.highest) - max(a.lowest, b.lowest)
    span = max(a.highest, b.highest) - min(a.lowest, b.lowest)
    if overlap > 0 and span > 0 and (a.sex == b.sex or "ALL" in (a.sex, b.sex)):
        shown = overlap / span > 0.9 and (a.lowest > 0 or a.highest < 120)
        yield _part(
            "population", overlap / span, "same ages and sex" if shown and a.sex == b.sex else "", "年龄与性别相同"
        )


def _plan(a: Profile, b: Profile, statistics: Statistics) -> Iterator[Part]:
    if a.phase is not None and b.phase is not None:
        step = b.phase - a.phase
        share = 1.0 if not step else 1 / (1 + abs(step))
        en, zh = (
            ("same phase", "相同分期")
            if not step
            else (("earlier phase", "更早分期") if step < 0 else ("later phase", "更晚分期"))
        )
        yield _part("phase", share, en, zh)
    same = sum(1 for mine, other in zip(a.design, b.design, strict=True) if mine and mine == other)
    stated = sum(1 for mine in a.design if mine)
    if same:
        yield _part("design", same / stated, "same design" if same == stated and stated > 2 else "", "相同设计")


def _links(a: Profile, b: Profile, statistics: Statistics) -> Iterator[Part]:
    if b.nct_id in a.cites:
        yield _part("cites", 1.0, f"this record names {b.nct_id}", f"本记录提到 {b.nct_id}")
    elif a.nct_id in b.cites:
        yield _part("cites", 1.0, f"names {a.nct_id}", f"提到 {a.nct_id}")
    if families := sorted(a.families & b.families):
        name = families[0].split(" ", 1)[1]
        yield _part("family", 1.0, f"same family of studies: {name}", f"同一研究系列：{name}")


_RULES: tuple[Callable[[Profile, Profile, Statistics], Iterator[Part]], ...] = (
    _drugs,
    _conditions,
    _words,
    _people,
    _plan,
    _links,
)
