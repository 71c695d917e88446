"""The pages of a study that came from another system: boxes to tick and long texts are asked for and kept."""

from __future__ import annotations

import datetime as dt
import re
from pathlib import Path
from typing import Any

AT = dt.datetime(2026, 3, 2, 1, 0, tzinfo=dt.UTC)


def test_boxes_and_long_texts_are_shown_saved_and_shown_again(trial: Path, log_in: Any, shared: Path) -> None:
    from trialwright.conduct import actions
    from trialwright.conduct.exchange.files import bring_in_files

    study = bring_in_files(shared / "redcap" / "checkboxes-1" / "dictionary.csv").study
    actions.open_study(study, virtual=True, at=AT)
    nurse = actions.add_person(study.id, "coordinator", "Coordinator", "coordinator", at=AT)
    actions.activate_site(study.id, "01", at=AT)
    subject = actions.register_subject(study.id, "01", by=nurse, at=AT)
    actions.record_consent(study.id, subject, by=nurse, at=AT)
    actions.start_visit(study.id, subject, "visit", by=nurse, at=AT)
    browser = log_in("coordinator")
    path = f"/conduct/{study.id}/subjects/{subject}/visits/visit/form_2/"
    page = browser.get(path).content.decode()
    assert page.count('type="checkbox"') == 9
    assert re.search(r'<textarea id="main-1-desired_result"[^>]*rows="4"', page)
    version = re.search(r'name="version" value="(\d+)"', page)
    assert version is not None
    sent = {
        "version": version.group(1), "k:main:1:check_one": ["", "1", "4"], "v:main:1:desired_result": "two\r\nlines",
    }  # fmt: skip
    assert browser.post(path, sent).status_code == 302
    page = browser.get(path).content.decode()
    assert re.findall(r'name="k:main:1:check_one" value="(\d)" checked', page) == ["1", "4"]
    assert "two\r\nlines</textarea>" in page or "two\nlines</textarea>" in page
    for address in (
        f"/conduct/{study.id}/",
        f"/conduct/{study.id}/subjects/",
        f"/conduct/{study.id}/subjects/{subject}/",
    ):
        assert browser.get(address).status_code == 200, address
