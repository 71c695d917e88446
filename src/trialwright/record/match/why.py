"""What speaks for a study and against it, in words."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from trialwright.record.match.rank import Asked, age_misfit, best_condition, sex_misfit
from trialwright.record.match.trial import Trial
from trialwright.record.reason import Reason, reason
from trialwright.record.terms import Statistics

_CLEAR, _LINE, _SHOWN = 0.35, 0.5, 2
"""Least share of a condition, and of a criterion, to be shown; most criteria shown of each kind."""
_RARE = 2.5
"""Idf that one word of a title must have to be told: asthma has it, lung and cancer have not."""
TELLING = frozenset({"condition", "title", "inclusion"})
"""Kinds of reason that speak for a study; that age and sex fit does not, alone."""


def why(asked: Asked, trial: Trial, statistics: Statistics) -> tuple[Reason, ...]:
    """Condition, age, sex, criteria that the note speaks of, exclusions to look at, conditions that the note denies."""
    return (*_condition(asked, trial, statistics), *_who(asked, trial), *_criteria(asked, trial, statistics))


def _condition(asked: Asked, trial: Trial, statistics: Statistics) -> Iterator[Reason]:
    share, place = best_condition(asked, trial.conditions, statistics)
    if share < _CLEAR:  # a plain word or a late sentence weighs little, and yet names the condition in full
        share, place = best_condition(asked, trial.conditions, statistics, whole=True)
    if place >= 0:
        label, said = trial.labels[place], _written(asked, trial.conditions[place])
        yield reason("condition", f"condition: {label} (the note: {said})", f"疾病：{label}（病历：{said}）", share)
    elif share := _name_share(asked, trial, statistics):
        said = _written(asked, (*trial.title, *trial.keywords))
        yield reason("title", f"title or keywords speak of: {said}", f"标题或关键词提到：{said}", share)
    names = {word for condition in trial.conditions for word in condition}
    denied = sorted((names & asked.note.denied), key=statistics.idf)[-1:]
    if denied and statistics.idf(denied[0]) > _LINE * 6:
        yield reason("denied", f"the note denies: {denied[0]}", f"病历否认：{denied[0]}", -1.0)


def _name_share(asked: Asked, trial: Trial, statistics: Statistics) -> float:
    """How much of the title and keywords one statement of the note says; 0 where it is too little to tell."""
    names = tuple(dict.fromkeys((*trial.title, *trial.keywords)))
    rarest = max((statistics.idf(word) for word in names if word in asked.terms), default=0.0)
    share = _share(asked, names, statistics) if rarest >= _RARE else 0.0
    return share if share >= _CLEAR else 0.0


def _who(asked: Asked, trial: Trial) -> Iterator[Reason]:
    age, sex = asked.note.age, asked.note.sex
    limits = _limits(trial)
    if age_misfit(age, trial):
        yield reason("age", f"age is outside {limits}", f"年龄不符：{limits}", -1.0)
    elif age is not None and limits:
        yield reason("age", f"age fits {limits}", f"年龄符合：{limits}", 0.1)
    if sex_misfit(sex, trial):
        yield reason("sex", f"only for {trial.sex.lower()} patients", "性别不符", -1.0)


def _limits(trial: Trial) -> str:
    low = f"{trial.lowest:g}" if trial.lowest else ""
    high = f"{trial.highest - 1:g}" if trial.highest and trial.highest >= 2 else ""
    if low and high:
        return f"{low}-{high}"
    return f"≥ {low}" if low else f"≤ {high}" if high else ""


def _criteria(asked: Asked, trial: Trial, statistics: Statistics) -> Iterator[Reason]:
    for kind, lines, sign in (("inclusion", trial.inclusion, 1), ("exclusion", trial.exclusion, -1)):
        rows = sorted(((_share(asked, line, statistics), place) for place, line in enumerate(lines)), reverse=True)
        for share, place in rows[:_SHOWN]:
            if share >= _LINE:
                said = _written(asked, lines[place])
                en = f"inclusion speaks of: {said}" if sign > 0 else f"look at an exclusion: {said}"
                zh = f"入选标准提到：{said}" if sign > 0 else f"请核对排除标准：{said}"
                yield reason(kind, en, zh, sign * share)


def _written(asked: Asked, words: Iterable[str]) -> str:
    """The note's own words for these terms, each once."""
    return ", ".join(dict.fromkeys(asked.note.written.get(word, word) for word in words if word in asked.terms))


def _share(asked: Asked, line: tuple[str, ...], statistics: Statistics) -> float:
    """How much of a criterion one statement of the note says."""
    parts = {word: statistics.idf(word) for word in line}
    whole = sum(parts.values()) + 2.0
    return max((sum(v for w, v in parts.items() if w in said) / whole for said, _ in asked.said), default=0.0)
