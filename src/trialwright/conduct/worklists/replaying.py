"""What the log says that the tables hold, against what they hold: the study's own rows, then a few subjects at a time.

Two passes, so that a study of any size needs little memory. While the log is walked the rows of the study are replayed,
and of the subjects it is only noted which events speak of whom; then each one's events are read again. Both passes must
see the same moment.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from trialwright.conduct.rules.chain import Key, Tables, read_content, show_key, take_in
from trialwright.conduct.store import models as db
from trialwright.conduct.store.tables import OF_SUBJECTS, OF_THE_STUDY, stored

AT_ONCE = 20_000
"""Changes that are replayed at once: 2 KB each."""
NAMED = 500
"""Subjects or events that one statement names."""
_Found = tuple[str, Key, str]
_UNFIT = (ValueError, TypeError, AttributeError, LookupError)


class Replaying:
    """Is shown every event in order (`take`), then says where the tables differ (`differences`)."""

    def __init__(self, trial: db.Trial) -> None:
        self.trial = trial
        self._own: Tables = {}
        self._changes: Counter[str] = Counter()
        """Subject -> how often its rows were changed, at most."""
        self._elsewhere: defaultdict[str, set[int]] = defaultdict(set)
        """Subject -> events that changed its rows and were not done on it."""
        self._unfit: set[int] = set()
        """Events whose changes cannot be folded."""
        self._contradiction: tuple[int, str] | None = None

    def take(self, sequence: int, subject: str, content: Mapping[str, Any] | None) -> None:
        """The next event, which was done on `subject` ("" for none); `content` None where it cannot be read."""
        if content is None:
            self._unfit.add(sequence)
            return
        try:
            own = self._sorted_out(sequence, subject, content["rows"])
        except _UNFIT as error:
            self._contradicts(sequence, error)
            self._unfit.add(sequence)
            return
        if own:
            self._fold(self._own, sequence, own)

    def differences(self) -> list[str]:
        """Where tables and log differ, by table and key."""
        found = list(_differences(self._own, None, self.trial.study))
        for subjects in self._bunches():
            found += _differences(self._replayed(subjects), subjects, self.trial.study)
        found.sort(key=lambda each: (each[0], str(each[1])))
        return [sentence for _, _, sentence in found]

    def contradictions(self) -> list[str]:
        """The first place where the log itself cannot be; complete after `differences`."""
        if self._contradiction is None:
            return []
        return ["The log contradicts itself at event {}: {}.".format(*self._contradiction)]

    def _sorted_out(self, sequence: int, subject: str, rows: Mapping[str, Any]) -> dict[str, Any]:
        """Note whose rows an event changes; those that are no subject's are the answer."""
        own = {}
        for table, changes in rows.items():
            if table not in OF_SUBJECTS:
                own[table] = changes
                continue
            for whose in {change[0][1] for change in changes}:
                self._changes[whose] += len(changes)
                if whose != subject:
                    self._elsewhere[whose].add(sequence)
        return own

    def _fold(self, tables: Tables, sequence: int, changes: Mapping[str, Any]) -> None:
        """Where the log contradicts itself, what it says later holds."""
        try:
            take_in(tables, changes)
        except _UNFIT as error:
            self._contradicts(sequence, error)
            if _has_shape(changes):
                take_in(tables, changes, strict=False)

    def _contradicts(self, sequence: int, why: Exception) -> None:
        if self._contradiction is None or sequence < self._contradiction[0]:
            self._contradiction = sequence, str(why)

    def _bunches(self) -> Iterator[set[str]]:
        """Subjects whose changes fit into memory together. Somebody may have more than that, and is then alone."""
        held = db.Subject.objects.filter(trial=self.trial).values_list("subject", flat=True)
        some: set[str] = set()
        count = 0
        for subject in sorted({*held, *self._changes}, key=str):
            if some and (count + self._changes[subject] > AT_ONCE or len(some) == NAMED):
                yield some
                some, count = set(), 0
            some.add(subject)
            count += self._changes[subject]
        if some:
            yield some

    def _replayed(self, subjects: Collection[str]) -> Tables:
        tables: Tables = {}
        for sequence, content in self._events(subjects):
            rows: Mapping[str, Any] = read_content(content)["rows"]
            theirs = {
                table: [change for change in changes if change[0][1] in subjects]
                for table, changes in rows.items()
                if table in OF_SUBJECTS
            }
            self._fold(tables, sequence, theirs)
        return tables

    def _events(self, subjects: Collection[str]) -> list[tuple[int, str]]:
        """(sequence, content) of every event that speaks of the subjects, in order."""
        events = db.Event.objects.filter(trial=self.trial)
        found = dict(events.filter(subject__in=subjects).values_list("sequence", "content"))
        others = sorted(set().union(*(self._elsewhere.get(each, ()) for each in subjects)) - found.keys())
        for start in range(0, len(others), NAMED):
            named = events.filter(sequence__in=others[start : start + NAMED])
            found.update(named.values_list("sequence", "content"))
        return sorted((n, content) for n, content in found.items() if n not in self._unfit)


def _has_shape(changes: Mapping[str, Any]) -> bool:
    """Whether the changes of an event can be folded at all."""
    try:
        take_in({}, changes, strict=False)
    except _UNFIT:
        return False
    return True


def _differences(expected: Tables, subjects: Collection[str] | None, study: str) -> Iterator[_Found]:
    """(table, key, sentence); `expected` is used up."""
    for table, model in (OF_THE_STUDY if subjects is None else OF_SUBJECTS).items():
        rows = expected.setdefault(table, {})
        for key, held in stored(model, study, subjects):
            logged = rows.pop(key, None)
            if logged is None or tuple(map(logged.get, model.CONTENT)) != held:
                yield from _difference(table, key, logged, dict(zip(model.CONTENT, held, strict=True)))
    for table, rows in expected.items():
        for key in rows:
            yield table, key, f"The {table} {show_key(key)} was deleted: the log has it, the table has not."


def _difference(table: str, key: Key, logged: Mapping[str, Any] | None, held: Mapping[str, Any]) -> Iterator[_Found]:
    name = f"The {table} {show_key(key)}"
    if logged is None:
        yield table, key, f"{name} was inserted: the table has it, the log has not."
        return
    for column in held:
        if held[column] != logged.get(column):
            told = f"{column} is {held[column]!r}, by the log it is {logged.get(column)!r}"
            yield table, key, f"{name} was edited: {told}."
