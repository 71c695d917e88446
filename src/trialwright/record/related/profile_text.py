"""A profile as an index keeps it, so that a hundred relatives need not be read whole to be compared."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import orjson

from trialwright.kernel.texts import Text
from trialwright.record.related.profile import Profile

_SETS = frozenset({"aliases", "others", "collaborators", "families", "cites"})
_ROWS = frozenset({"title_words", "keywords", "design"})


def text_of(profile: Profile) -> bytes:
    """Everything but the criteria, which only the closest are compared by."""
    kept = {each.name: getattr(profile, each.name) for each in fields(profile) if each.name != "criteria"}
    kept |= {name: sorted(kept[name]) for name in _SETS} | {"targets": list(profile.targets)}
    kept["classes"] = {key: [name.en, name.zh] for key, name in profile.classes.items()}
    kept["conditions"] = list(profile.conditions.items())
    return orjson.dumps(kept)


def profile_in(text: bytes) -> Profile:
    """The profile, with no criteria."""
    kept: dict[str, Any] = orjson.loads(text)
    kept |= {name: frozenset(kept[name]) for name in _SETS} | {name: tuple(kept[name]) for name in _ROWS}
    kept["targets"] = dict.fromkeys(kept["targets"])
    kept["classes"] = {key: Text(en=en, zh=zh) for key, (en, zh) in kept["classes"].items()}
    kept["conditions"] = {tuple(key): written for key, written in kept["conditions"]}
    return Profile(**kept, criteria="")
