"""Requests with an Idempotency-Key are done once, on both kinds of database."""

from __future__ import annotations

import datetime as dt
import threading
from typing import Any

import pytest

from trialwright.kernel.errors import InputError, Refused


def test_four_at_once_under_one_key_do_the_thing_once(desk: Any) -> None:
    from django.db import connections

    from trialwright.conduct import actions
    from trialwright.conduct.actions.answered import Answer, once

    found: list[Answer] = []
    together = threading.Barrier(4)

    def ask() -> None:
        try:
            together.wait()
            found.append(
                once(
                    desk.study,
                    "k",
                    "a" * 64,
                    desk.coordinator,
                    lambda: (201, actions.register_subject(desk.study, "01", by=desk.coordinator, at=desk.at)),
                )
            )
        finally:
            connections.close_all()

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {answer.body for answer in found} == {"01-001"}
    assert sorted(answer.again for answer in found) == [False, True, True, True]
    assert actions.register_subject(desk.study, "01", by=desk.coordinator, at=desk.at) == "01-002"


def test_a_refusal_leaves_the_key_free_and_a_day_later_it_is_free_again(desk: Any) -> None:
    from trialwright.conduct.actions.answered import KEEP, once
    from trialwright.conduct.store.models import Answered

    def refused() -> tuple[int, str]:
        raise Refused("Not now.")

    with pytest.raises(Refused):
        once(desk.study, "k", "a" * 64, desk.coordinator, refused)
    assert once(desk.study, "k", "a" * 64, desk.coordinator, lambda: (200, "one")).body == "one"
    assert once(desk.study, "k", "a" * 64, desk.coordinator, lambda: (200, "two")).body == "one"
    with pytest.raises(InputError, match="another request"):
        once(desk.study, "k", "b" * 64, desk.coordinator, lambda: (200, "two"))
    Answered.objects.update(at=dt.datetime.now(dt.UTC) - KEEP - dt.timedelta(minutes=1))
    assert once(desk.study, "k", "b" * 64, desk.coordinator, lambda: (200, "two")).body == "two"
