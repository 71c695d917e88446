"""An error is one sentence, also when it comes from another process."""

from __future__ import annotations

import pickle

import pytest

from trialwright.kernel.errors import InputError, IntegrityError, TrialwrightError, UnknownName

ERRORS = [
    InputError("The file is empty.", where="p.json", hint="Give facts."),
    UnknownName("item", "ferritn", ("ferritin", "weight"), where="p.json:3"),
    IntegrityError("Event 3 was edited."),
]


@pytest.mark.parametrize("error", ERRORS, ids=lambda e: type(e).__name__)
def test_an_error_of_another_process_arrives_whole(error: TrialwrightError) -> None:
    arrived = pickle.loads(pickle.dumps(error))
    assert type(arrived) is type(error)
    assert str(arrived) == str(error)
    assert (arrived.what, arrived.where, arrived.hint) == (error.what, error.where, error.hint)
    assert arrived.exit_code == error.exit_code
