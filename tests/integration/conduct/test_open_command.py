"""`trialwright conduct open | site | person`: an installation begins without a rehearsal."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from kept import pointed_back
from typer.testing import CliRunner

from trialwright.cli.conduct import app
from trialwright.kernel.errors import InputError, Refused, UnknownName

STUDY = "nct07208058"


@pytest.fixture
def run(tmp_path: Path, django_db_blocker: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("TRIALWRIGHT_SECRET", "a secret of this test")
    data = str(tmp_path / "data")

    def said(*words: str, **environment: str) -> str:
        answer = CliRunner().invoke(app, [*words, "--database", data], env=environment)
        if answer.exception and not isinstance(answer.exception, SystemExit):
            raise answer.exception
        return answer.output

    with django_db_blocker.unblock(), pointed_back():
        yield said


def test_a_study_is_opened_and_its_people_come_in(run: Any, tmp_path: Path) -> None:
    assert "Open sites: 01; of: 01, 02" in run("open", STUDY, "--site", "01")
    with pytest.raises(Refused, match="is open already"):
        run("open", STUDY)
    person = ["person", "add", STUDY, "li", "--name", "Li Na"]
    assert "The account is new" in run(
        *person, "--role", "coordinator", "--site", "01", TRIALWRIGHT_PASSWORD="a long secret for Li"
    )
    said = run(*person, "--role", "investigator")
    assert said == "li (Li Na): coordinator at 01, investigator at all sites.\n", "the account is there already"
    assert run("site", STUDY, "02") == "Site 02 is open for recruitment.\n"
    from django.contrib.auth import get_user_model

    from trialwright.conduct import actions
    from trialwright.web.setup import setup

    setup(tmp_path / "data" / "conduct.sqlite3", migrate=False)
    assert get_user_model().objects.get(username="li").check_password("a long secret for Li")
    assert not actions.studies.trial(STUDY).virtual
    assert actions.register_subject(STUDY, "02", by=actions.person(STUDY, "li")) == "02-001"
    assert run("person", "remove", STUDY, "li", "--reason", "left").startswith("li has no role")
    setup(tmp_path / "data" / "conduct.sqlite3", migrate=False)
    with pytest.raises(Refused, match="has no role"):
        actions.person(STUDY, "li")


def test_what_is_wrong_is_a_sentence(run: Any) -> None:
    run("open", STUDY)
    person = ["person", "add", STUDY, "li", "--name", "Li Na", "--role"]
    with pytest.raises(UnknownName, match="There is no role 'coordinater'"):
        run(*person, "coordinater", "--no-account")
    with pytest.raises(UnknownName, match="There is no site '99'"):
        run(*person, "coordinator", "--site", "99", "--no-account")
    with pytest.raises(InputError, match=r"The password of li cannot be taken: .*too short"):
        run(*person, "coordinator", TRIALWRIGHT_PASSWORD="short")
    with pytest.raises(UnknownName, match="There is no site '77'"):
        run("site", STUDY, "77")
    with pytest.raises(UnknownName, match="There is no study in conduct 'x'"):
        run("site", "x", "01")
