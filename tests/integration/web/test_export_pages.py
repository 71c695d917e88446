"""The page of exports: asked for, followed, taken; and closed to who may not."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

EXPORTS = "/conduct/nct07208058/exports/"


@pytest.fixture(autouse=True)
def _folder(trial: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRIALWRIGHT_DATA", str(trial.parent))


def text(answer: Any) -> str:
    return answer.content.decode()  # type: ignore[no-any-return]  # Django's test client has no types here


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_an_export_is_asked_for_followed_and_taken(log_in: Any, lang: str) -> None:
    from trialwright.conduct import actions

    client: Client = log_in("investigator")
    page = text(client.get(f"{EXPORTS}?lang={lang}"))
    assert page.count('name="kind"') == 5
    assert "every 2s" not in page
    sent = client.post(EXPORTS, {"kind": "csv", "shape": "long", "lang": lang})
    assert sent.status_code == 302
    waiting = text(client.get(EXPORTS, headers={"HX-Request": "true"}))
    assert 'hx-trigger="every 2s"' in waiting
    assert "<html" not in waiting
    assert actions.work_once()
    ready = text(client.get(EXPORTS, headers={"HX-Request": "true"}))
    assert "every 2s" not in ready
    address = ready.split(f'href="{EXPORTS}')[1].split('"')[0]
    taken = client.get(f"{EXPORTS}{address}")
    content = b"".join(taken.streaming_content)  # type: ignore[attr-defined]  # it streams
    assert "attachment" in taken.headers["Content-Disposition"]
    assert "long.csv" in zipfile.ZipFile(io.BytesIO(content)).namelist()


def test_what_cannot_be_is_a_sentence_on_the_page_and_what_was_typed_stays(log_in: Any) -> None:
    client: Client = log_in("investigator")
    answer = client.post(EXPORTS, {"kind": "casebook", "subject": "01-999"})
    assert answer.status_code == 422
    assert "There is no subject" in text(answer)
    assert 'value="01-999"' in text(answer)


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_the_history_is_asked_for_with_odm_and_means_nothing_for_tables(log_in: Any, lang: str) -> None:
    from trialwright.conduct.actions import jobs
    from trialwright.conduct.actions.people import person

    client: Client = log_in("investigator")
    assert 'name="history"' in text(client.get(f"{EXPORTS}?lang={lang}"))
    for kind in ("odm1.3", "csv"):
        assert client.post(EXPORTS, {"kind": kind, "history": "yes", "shape": "long"}).status_code == 302
    asked = {job.kind: dict(job.asked) for job in jobs.jobs("nct07208058", person("nct07208058", "investigator"))}
    assert asked == {"odm1.3": {"history": "yes"}, "csv": {"shape": "long"}}
    assert {"en": "every change of every value", "zh": "每个值的每次更改"}[lang] in text(client.get(EXPORTS))


def test_an_export_can_be_cancelled(log_in: Any) -> None:
    client: Client = log_in("investigator")
    client.post(EXPORTS, {"kind": "odm2.0"})
    number = text(client.get(EXPORTS)).split(f'action="{EXPORTS}')[1].split("/")[0]
    assert client.post(f"{EXPORTS}{number}/cancel/").status_code == 302
    assert "Cancelled" in text(client.get(EXPORTS))


def test_who_may_not_export_reads_why_and_has_no_door(log_in: Any) -> None:
    client: Client = log_in("monitor")
    answer = client.get(EXPORTS)
    assert answer.status_code == 403
    assert "may not export data" in text(answer)
    assert EXPORTS not in text(client.get("/conduct/nct07208058/study/"))
