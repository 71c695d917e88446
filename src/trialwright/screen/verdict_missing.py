"""What is missing, in the order in which it could decide: what alone could decide the verdict comes first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from trialwright.kernel.truth import Truth
from trialwright.logic import Explanation, Missing
from trialwright.logic.context import Context
from trialwright.logic.nodes import Node
from trialwright.screen import words
from trialwright.screen.verdict_tally import Tally, tally
from trialwright.study.eligibility import Criterion

Decision = tuple[str, Literal["met", "not_met"]]
_STATES: dict[Truth, Literal["met", "not_met"]] = {Truth.TRUE: "met", Truth.FALSE: "not_met"}


@dataclass(frozen=True, slots=True)
class Outcome:
    """An open criterion with its explanation. `root`: its expression."""

    criterion: Criterion
    why: Explanation
    root: Node

    @property
    def excluding(self) -> Truth:
        """The answer that keeps the patient out."""
        return Truth.FALSE if self.criterion.kind == "inclusion" else Truth.TRUE


@dataclass(frozen=True, slots=True)
class MissingItem:
    """`criteria`: those that need the item. `decides`: (criterion, state) pairs that knowing it alone could bring.

    `verdicts`: the verdicts that it alone could bring. `with_any_of`: items that could decide the same in its place.
    `sentence` names the item, and all of which the same is to be said; `effect` is the sentence after the names.
    """

    item: str
    label: str
    criteria: tuple[str, ...]
    decides: tuple[Decision, ...]
    verdicts: tuple[Literal["eligible", "not_eligible"], ...]
    with_any_of: tuple[str, ...]
    sentence: str
    effect: str


@dataclass(frozen=True)
class _Need:
    """An item with all the open criteria that it is missing for."""

    parts: tuple[tuple[Outcome, Missing], ...]

    @property
    def item(self) -> str:
        return self.parts[0][1].ref.id

    @cached_property
    def decides(self) -> tuple[Decision, ...]:
        found = [(o.criterion.id, t) for o, m in self.parts for t in (Truth.TRUE, Truth.FALSE) if t in m.decides]
        return tuple((id_, _STATES[t]) for id_, t in found)

    @cached_property
    def criteria(self) -> tuple[str, ...]:
        return tuple(outcome.criterion.id for outcome, _ in self.parts)

    @property
    def others(self) -> int:
        """How many other items must be known with it, at best, for an answer."""
        return min(missing.others for _, missing in self.parts)

    @property
    def excludes(self) -> bool:
        """Knowing it alone could make the patient not eligible."""
        return any(outcome.excluding in missing.decides for outcome, missing in self.parts)

    def admits(self, open_: int) -> bool:
        """Knowing it alone could make the patient eligible: it is all that each open criterion waits for."""
        return len(self.parts) == open_ and all(outcome.excluding.negate() in m.decides for outcome, m in self.parts)

    def rank(self, open_: int) -> tuple[int, int, int]:
        """Deciders of the verdict, then of criteria, then the rest by how many others they need."""
        verdict = -2 * self.admits(open_) - self.excludes
        return verdict, -len(self.decides), self.others


def missing_items(open_: Sequence[Outcome], context: Context, lang: str) -> tuple[MissingItem, ...]:
    """All missing items of the open criteria."""
    parts: dict[str, list[tuple[Outcome, Missing]]] = {}
    for outcome in open_:
        for missing in outcome.why.missing:
            parts.setdefault(missing.ref.id, []).append((outcome, missing))
    needs = sorted((_Need(tuple(p)) for p in parts.values()), key=lambda need: need.rank(len(open_)))
    groups = _groups(needs)
    ordered = dict.fromkeys(member for need in needs for member in groups[need.item])
    by_item = {need.item: need for need in needs}
    return tuple(
        _item(by_item[name], [by_item[m] for m in groups[name]], len(open_), context, lang) for name in ordered
    )


def _groups(needs: Sequence[_Need]) -> dict[str, tuple[str, ...]]:
    """Items to be told of in one sentence: those that alone could bring one and the same answer of one criterion and
    nothing else (any of them will do), and those that decide nothing alone and are equally far from it."""
    alike: dict[object, list[str]] = {}
    for need in needs:
        key: object = need.item
        if not need.decides:
            key = (need.criteria, need.others)
        elif len(need.parts) == len(need.decides) == 1:
            key = need.decides
        alike.setdefault(key, []).append(need.item)
    return {name: tuple(members) for members in alike.values() for name in members}


def _item(need: _Need, group: Sequence[_Need], open_: int, context: Context, lang: str) -> MissingItem:
    label = need.parts[0][1].ref.label.to(lang)
    verdicts: list[Literal["eligible", "not_eligible"]] = []
    if need.admits(open_):
        verdicts.append("eligible")
    if need.excludes:
        verdicts.append("not_eligible")
    others = tuple(other.item for other in group if other is not need) if need.decides else ()
    names, said = _sentence(need, group, context, lang)
    sentence = words.then(said, verdicts, lang)
    effect = sentence.removeprefix(names).lstrip(":： ")
    return MissingItem(need.item, label, need.criteria, need.decides, tuple(verdicts), others, sentence, effect)


def _sentence(need: _Need, group: Sequence[_Need], context: Context, lang: str) -> tuple[str, str]:
    """What knowing the item, or any one of its group, could bring: (the names it begins with, the sentence)."""
    labels = [other.parts[0][1].ref.label.to(lang) for other in group]
    if not need.decides:
        return words.joined(labels, lang), words.helps(labels, need.criteria, need.others, lang)
    completed = _completed(need, context)
    if completed is None:
        return words.any_of(labels, lang), words.would_decide(labels, need.decides, lang)
    signs = [words.sign(need.parts[0][0].why, other.item, lang) for other in group]
    return words.any_of(signs, lang), words.completes(signs, need.criteria[0], completed, lang)


def _completed(need: _Need, context: Context) -> Tally | None:
    """The count that the item, if positive, would complete."""
    (outcome, missing), *others = need.parts
    if others or missing.decides != {Truth.TRUE}:
        return None
    if any(not atom.positive for atom in outcome.why.atoms if missing.ref in atom.missing):
        return None
    found = tally(outcome.root, context)
    return found if found is not None and found.sure == found.k - 1 else None
