"""Every text that a template or a view names exists, in both languages."""

from __future__ import annotations

import re
from importlib.resources import files
from pathlib import Path

import pytest

from trialwright.conduct.rules import policy, states
from trialwright.conduct.rules.values import NULL_REASONS
from trialwright.web.words import texts

WEB = Path(str(files("trialwright.web")))


def named() -> set[str]:
    """Keys written out in a call of t(...); those put together from parts are covered by the pages' own tests."""
    sources = [*WEB.rglob("*.html"), *WEB.rglob("*.py")]
    found = [
        re.findall(r"""\b(?:t|words\(request\))\(\s*["']([a-z_0-9.]+)["']\s*[,)]""", f.read_text("utf-8"))
        for f in sources
    ]
    return {key for keys in found for key in keys if "." in key}


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_every_named_text_exists(lang: str) -> None:
    assert len(named()) > 150
    assert named() - set(texts(lang)) == set()


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_every_state_role_and_action_has_its_word(lang: str) -> None:
    kinds = {
        "subject_state": states.SUBJECT.table, "form_state": states.FORM.table, "query_state": states.QUERY.table,
        "site_state": states.SITE.table, "visit_state": [*states.VISIT.table, "due", "overdue"], "role": policy.ROLES,
        "action": [name for name in policy.ACTIONS if not name.startswith("read")], "null_reason": NULL_REASONS,
    }  # fmt: skip
    missing = {f"{kind}.{code}" for kind, codes in kinds.items() for code in codes} - set(texts(lang))
    assert missing == set()
