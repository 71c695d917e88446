"""Server time of the pages that people open most, on a rehearsed study with one form of sixty items."""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.figures import Figure, process, seconds

if TYPE_CHECKING:
    from django.test import Client

    from trialwright.study.definition import Study

RUNS = 20
ITEMS = 60
FORM = "sixty"
AIM = 0.150


def run() -> list[Figure]:
    study = _with_long_form()
    with tempfile.TemporaryDirectory() as place:
        rehearsal = _rehearsed(study, Path(place))
        browser = _browser(rehearsal, Path(place) / "data")
        return [_measured(browser, name, path) for name, path in _pages(study, rehearsal).items()]


def _with_long_form() -> Study:
    """The built-in study with sixty numbers more, asked on one form at its first visit."""
    from trialwright.study.definition import Study
    from trialwright.study.load import load_study

    plain: dict[str, Any] = load_study("nct07208058").model_dump(mode="json", by_alias=True)
    ids = [f"reading_{number}" for number in range(1, ITEMS + 1)]
    plain["items"] += [_item(name) for name in ids]
    plain["forms"].append(
        {"id": FORM, "label": {"en": "Sixty readings"}, "groups": [{"id": "readings", "fields": [*ids]}]}
    )
    plain["schedule"]["visits"][0]["forms"].append(FORM)
    return Study.model_validate(plain)


def _item(name: str) -> dict[str, Any]:
    spread = {"low": 1, "high": 9}
    return {
        "id": name, "label": {"en": name.replace("_", " ").capitalize()}, "type": "quantity", "unit": "mmol/L",
        "decimals": 1, "soft": spread, "normal": {"female": spread, "male": spread},
        "source": {"assumption": "Something to measure pages with."},
    }  # fmt: skip


def _rehearsed(study: Study, place: Path) -> Path:
    from trialwright.study.dump import dump_study

    folder, out = place / "study", place / "rehearsal"
    folder.mkdir()
    for name, text in dump_study(study).items():
        (folder / name).write_text(text, encoding="utf-8")
    program = str(Path(sys.executable).with_name("trialwright"))
    process([program, "rehearse", str(folder), "--seed", "1", "--out", str(out)], 1)
    return out


def _browser(rehearsal: Path, data: Path) -> Client:
    """A browser in which an investigator is logged in."""
    from trialwright.web import server

    server.prepare(rehearsal, data)
    server.open_accounts()
    from django.contrib.auth import get_user_model
    from django.test import Client

    browser = Client()
    user = get_user_model().objects.get(username="investigator")
    browser.force_login(user, "django.contrib.auth.backends.ModelBackend")
    return browser


def _pages(study: Study, rehearsal: Path) -> dict[str, str]:
    """Name -> path; a subject who went the whole way has most to show."""
    subjects = json.loads((rehearsal / "snapshot.json").read_text(encoding="utf-8"))["subjects"]
    longest = next(subject["subject"] for subject in subjects if subject["state"] == "completed")
    conduct = f"/conduct/{study.id}/"
    casebook = f"{conduct}subjects/{longest}/"
    return {
        f"form page with {ITEMS} items": f"{casebook}visits/{study.schedule.visits[0].id}/{FORM}/",
        "record page": f"/studies/{study.registration.identity.nct_id}/",
        "dashboard": conduct,
        "subject matrix": f"{conduct}subjects/",
        "casebook": casebook,
    }


def _measured(browser: Client, name: str, path: str) -> Figure:
    def fetch() -> None:
        answer = browser.get(path)
        if answer.status_code != 200:
            raise SystemExit(f"bench: {path} answered {answer.status_code}")

    fetch()
    return Figure(f"server time, {name}", "s", seconds(fetch, RUNS), aim=AIM)
