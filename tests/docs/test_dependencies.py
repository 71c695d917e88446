"""What we ship stands on: pinned with hashes, no index named, permissive licences only."""

from __future__ import annotations

import importlib.metadata as metadata
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LOCKS = sorted(ROOT.glob("requirements*.lock"))
PERMISSIVE = re.compile(r"\b(MIT|BSD|0BSD|Apache|PSF|MPL|Mozilla|ISC|Zlib|CC0|HPND)\b", re.IGNORECASE)
FORBIDDEN = re.compile(r"\b(A?GPL|Affero|General Public License)\b", re.IGNORECASE)

SEPARATE = {"psycopg": "LGPL-3.0-only; ", "psycopg-binary": "LGPL-3.0-only; "}
"""Libraries under the LGPL: installed beside us as they are, never a part of us."""


def _pinned(lock: Path) -> list[str]:
    return re.findall(r"^([A-Za-z0-9_.-]+)==", lock.read_text(), flags=re.MULTILINE)


def _licence(name: str) -> str:
    about = metadata.metadata(name)
    classifiers = [c for c in about.get_all("Classifier") or [] if c.startswith("License")]
    return "; ".join([about.get("License-Expression") or "", (about.get("License") or "")[:60], *classifiers])


@pytest.mark.parametrize("lock", LOCKS, ids=lambda p: p.name)
def test_every_pin_carries_hashes_and_no_address(lock: Path) -> None:
    text = lock.read_text()
    pins = re.findall(r"^\S+==.*?(?=^\S|\Z)", text, flags=re.MULTILINE | re.DOTALL)
    assert pins
    assert all("--hash=sha256:" in pin for pin in pins)
    assert "://" not in text


def test_everything_at_run_time_has_a_permissive_licence() -> None:
    installed = {d.metadata["Name"].lower().replace("_", "-") for d in metadata.distributions()}
    pinned = [name for name in _pinned(ROOT / "requirements.lock") if name.lower().replace("_", "-") in installed]
    licences = {name: _licence(name) for name in pinned}
    assert len(licences) > 25
    others = {n: text for n, text in licences.items() if FORBIDDEN.search(text) or not PERMISSIVE.search(text)}
    assert others == SEPARATE
