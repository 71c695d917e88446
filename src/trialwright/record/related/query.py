"""The questions that bring a record's relatives out of an index."""

from __future__ import annotations

from trialwright.record.query.nodes import Area, Node, Or, Phrase, Words
from trialwright.record.related.drugs import against
from trialwright.record.related.profile import Profile
from trialwright.record.search.request import SearchRequest
from trialwright.record.terms import Statistics, abbreviations_of

TREATMENT, CONDITION = 60, 80
"""Most records taken from each question."""
_WORDS, _NAMES, _AGAINST = 10, 6, 12


def requests(profile: Profile, statistics: Statistics) -> list[SearchRequest]:
    """What shares its drugs, targets, family or links; and what shares its conditions or telling words of its title."""
    linked = [*_treatment(profile), *_links(profile)]
    named = [*_conditions(profile, statistics), *_title(profile, statistics)]
    pairs = ((linked, TREATMENT), (named, CONDITION))
    return [
        SearchRequest(query=Or(tuple(parts)), size=size, explained=False, counted=False)
        for parts, size in pairs
        if parts
    ]


def _said(area: str, text: str) -> Node:
    tokens = tuple(text.split())
    part = Words(tokens, expansion="Term") if len(tokens) == 1 else Phrase(tokens, expansion="Term")
    return Area(area, part)


def _treatment(profile: Profile) -> list[Node]:
    names = [_said("InterventionSearch", name) for name in list(profile.drugs.values())[:_NAMES]]
    for target in list(profile.targets)[:2]:
        names.append(_said("BasicSearch", target))
        names += [_said("InterventionNameSearch", drug) for drug in against(target)[:_AGAINST]]
    return [*names, *(_said("InterventionMeshTerm", term) for term in list(profile.treatment_mesh.values())[:3])]


def _links(profile: Profile) -> list[Node]:
    families = sorted(profile.families)[:_NAMES]
    numbers = sorted(profile.cites)[:_NAMES]
    return [
        _said("BasicSearch", profile.nct_id),
        *(_said("IdSearch", family.split(" ", 1)[1]) for family in families),
        *(_said("NCTIdSearch", number) for number in numbers),
    ]


def _conditions(profile: Profile, statistics: Statistics) -> list[Node]:
    words = sorted({word for key in profile.conditions for word in key}, key=lambda w: (-statistics.idf(w), w))
    words = [*words[:_WORDS], *abbreviations_of(words)]
    terms = [*profile.condition_mesh.values(), *list(profile.condition_parents.values())[:1]]
    return [
        *(_said("ConditionSearch", word) for word in words),
        *(_said("ConditionMeshTerm", t) for t in terms[:4]),
    ]


def _title(profile: Profile, statistics: Statistics) -> list[Node]:
    words = sorted(set(profile.title_words), key=lambda w: (-statistics.idf(w), w))
    return [_said("TitleSearch", word) for word in words[:_WORDS]]
