"""Brings records from the registry's API (version 2): page by page, going on where an earlier run ended."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any
from urllib.parse import urlencode

from trialwright.formats.ctgov.many import Answer, Found, records_of
from trialwright.kernel.errors import InputError
from trialwright.record.bring_in import Brought, bring_in
from trialwright.record.fetch import Clock, Fetcher, Rejected
from trialwright.record.store.opening import WritableStore

OFFICIAL = "https://clinicaltrials.gov/api/v2"
PAGE = 1000
"""Records in one answer; the most that the API gives."""

IDS = 100
"""Numbers in one request: they stand in its address."""

MEMO = "sync"
"""Where the store remembers how far a run came."""

RESTARTS = 3
_NCT = re.compile(r"NCT\d{8}")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to bring: studies that match `query` (the API's own language), these `ids`, those updated `since` a day."""

    query: str = ""
    ids: tuple[str, ...] = ()
    since: str = ""

    def requests(self) -> list[dict[str, str]]:
        """The parameters of each request, without page token. Raises InputError."""
        ids = _upper(self.ids)
        if wrong := [name for name in ids if not _NCT.fullmatch(name)]:
            raise InputError(f"'{wrong[0]}' is no registry number.", hint="Write NCT and eight digits.")
        if self.since and not re.fullmatch(r"\d{4}-\d\d-\d\d", self.since):
            raise InputError(f"'{self.since}' is not a day.", hint="Write it as 2026-03-15.")
        asked = {"format": "json", "countTotal": "true", "pageSize": str(PAGE)}
        if self.query:
            asked["query.term"] = self.query
        if self.since:
            asked["filter.advanced"] = f"AREA[LastUpdatePostDate]RANGE[{self.since},MAX]"
        if not ids:
            return [asked]
        return [{**asked, "filter.ids": ",".join(ids[start : start + IDS])} for start in range(0, len(ids), IDS)]


@dataclass(frozen=True, slots=True)
class Stand:
    """How far a run came: in which request, at which page, with how many records of how many."""

    asked: str
    request: int = 0
    token: str = ""
    done: int = 0
    total: int = 0


@dataclass(slots=True)
class Synced:
    """`brought`: what became of the records. `unknown`: numbers that the registry does not have."""

    brought: Brought = field(default_factory=Brought)
    unknown: list[str] = field(default_factory=list)


class Sync:
    """One run. `tell` gets sentences about failures, `progress` the records done and their total."""

    def __init__(
        self,
        store: WritableStore,
        base: str = OFFICIAL,
        *,
        clock: Clock | None = None,
        tell: Callable[[str], None] = lambda _: None,
        progress: Callable[[int, int], None] = lambda _done, _total: None,
    ) -> None:
        self._store, self._base, self._clock = store, base.rstrip("/"), clock or Clock()
        self._tell, self._progress = tell, progress
        self._fetcher = Fetcher(self._clock, tell=tell)

    def run(self, wanted: Wanted) -> Synced:
        """Bring everything that is wanted. What came stays, whatever happens; the next run goes on from there.

        Raises InputError for what the API does not accept, TrialwrightError when it does not answer.
        """
        requests, synced = wanted.requests(), Synced()
        with self._store.writing():
            stand = self._begin(requests)
            met: set[str] = set()
            for number in range(stand.request, len(requests)):
                for now in self._pages(requests[number], replace(stand, request=number), synced, met):
                    stand = now
                    self._store.remember(MEMO, json.dumps(asdict(stand)))
                    self._progress(stand.done, stand.total)
            self._store.remember(MEMO, "")
        synced.unknown = [name for name in _upper(wanted.ids) if name not in met and self._store.get(name) is None]
        return synced

    def _begin(self, requests: Sequence[Mapping[str, str]]) -> Stand:
        """Where the run before ended, if it asked the same."""
        asked = hashlib.sha256(json.dumps([self._base, *requests]).encode()).hexdigest()
        if memo := self._store.recall(MEMO):
            before = Stand(**json.loads(memo))
            if before.asked == asked:
                self._tell(f"Going on after {before.done:,} records.")
                return before
        return Stand(asked)

    def _pages(self, asked: Mapping[str, str], stand: Stand, synced: Synced, met: set[str]) -> Iterator[Stand]:
        """Bring the pages of one request; yields the stand after each."""
        restarts = 0
        while True:
            token = {"pageToken": stand.token} if stand.token else {}
            try:
                body, page = self._fetcher.get(f"{self._base}/studies?{urlencode({**asked, **token})}")
            except Rejected as error:
                if error.status not in (400, 404, 410) or not stand.token or restarts == RESTARTS:
                    raise
                self._tell("The place in the list is no longer known there; the list begins again from its start.")
                stand, restarts = replace(stand, token="", done=0), restarts + 1
                continue
            stand = self._keep(body, page, stand, synced, met)
            yield stand
            if not stand.token:
                return

    def _keep(self, body: bytes, page: Any, stand: Stand, synced: Synced, met: set[str]) -> Stand:
        """Keep the records of one answer. Raises InputError where it is something else."""
        if not isinstance(page, dict) or not isinstance(page.get("studies"), list):
            hint = "Is this the address of the registry's API version 2?"
            raise InputError("The answer holds no list of studies.", where=self._base, hint=hint)
        answers = _noting(records_of(body, f"{self._base}/studies"), met)
        synced.brought.add(bring_in(self._store, answers, seen=self._clock.now(), tell=self._tell))
        done, total = stand.done + len(page["studies"]), page.get("totalCount")
        known = total if isinstance(total, int) else stand.total
        return replace(stand, token=str(page.get("nextPageToken") or ""), done=done, total=max(known, done))


def _noting(answers: Iterable[Answer], met: set[str]) -> Iterator[Answer]:
    for answer in answers:
        if isinstance(answer, Found):
            met.add(answer.nct_id)
        yield answer


def _upper(names: Iterable[str]) -> list[str]:
    return [name.strip().upper() for name in names]
