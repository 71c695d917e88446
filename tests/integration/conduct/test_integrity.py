"""States that must not be reached, and people who must not wait for one another."""

from __future__ import annotations

import datetime as dt
import threading
from typing import Any

import pytest

from trialwright.conduct.rules.locks import Scope
from trialwright.conduct.rules.values import Entry
from trialwright.kernel.errors import Refused, UnknownName
from trialwright.study.base import LONGEST_ID, LONGEST_NAME
from trialwright.study.definition import Study
from trialwright.study.schedule import MOST_TIMES


@pytest.fixture
def look(desk: Any) -> dict[str, Any]:
    return {"by": desk.monitor, "at": desk.at}


def test_a_cancelled_question_does_not_silence_the_check(desk: Any, do: dict[str, Any], look: dict[str, Any]) -> None:
    from trialwright.conduct import actions

    subject = desk.screened(weight="200")
    actions.cancel_query(desk.study, subject, 1, "Raised by mistake.", **look)
    height = [Entry("height", "190")]
    assert actions.save_form(desk.study, subject, "vitals", height, visit="screening", **do).opened == ()
    weight = [Entry("weight", "390")]
    saved = actions.save_form(desk.study, subject, "vitals", weight, visit="screening", reason="A slip.", **do)
    assert saved.opened == (2,)
    assert actions.save_form(desk.study, subject, "vitals", height, visit="screening", **do).opened == ()


@pytest.mark.parametrize(("group", "row"), [("body", 0), ("body", -1), ("body", 2), ("nonsense", 1)])
def test_nobody_asks_about_a_field_that_no_page_shows(desk: Any, look: dict[str, Any], group: str, row: int) -> None:
    from trialwright.conduct import actions

    subject, place = desk.screened(), {"visit": "screening", "group": group, "row": row}
    with pytest.raises(UnknownName, match="There is no field"):
        actions.open_query(desk.study, subject, "vitals", "weight", "Why?", **place, **look)


@pytest.mark.parametrize(("group", "row", "item"), [("body", -1, "weight"), ("", 2, "weight"), ("", -1, "")])
def test_no_lock_lies_on_a_row_that_cannot_be(desk: Any, look: dict[str, Any], group: str, row: int, item: str) -> None:
    from trialwright.conduct import actions

    subject = desk.screened()
    with pytest.raises(Refused, match="There is no row"):
        actions.freeze(desk.study, Scope("", subject, "screening", "vitals", group, row, item), **look)


def test_the_interval_counts_from_the_last_dose_though_one_between_was_missed(desk: Any) -> None:
    from trialwright.conduct import actions

    subject = desk.enrolled()

    def on(days: int) -> dict[str, Any]:
        return {"by": desk.investigator, "at": desk.at + dt.timedelta(days=days)}

    actions.start_visit(desk.study, subject, "week1", **on(12))
    actions.miss_visit(desk.study, subject, "week2", "Away.", **on(14))
    plan = actions.plan_dose(desk.study, subject, 3, **on(14))
    assert (plan.decision, plan.not_before) == ("delay", desk.at.date() + dt.timedelta(days=17))
    assert actions.plan_dose(desk.study, subject, 3, **on(17)).decision == "give"


def test_digits_of_an_input_method_are_kept_as_plain_ones(desk: Any) -> None:
    from trialwright.conduct.store import models as db

    subject = desk.screened(weight="６０．５", birth_date="１９８０－０５－０１")
    kept = db.Value.objects.filter(form__subject__subject=subject, item__in=("weight", "birth_date"))
    assert set(kept.values_list("value", flat=True)) == {"60.5", "1980-05-01"}


def test_a_lock_tells_the_day_at_its_site(desk: Any, do: dict[str, Any], look: dict[str, Any]) -> None:
    """Late in the evening by UTC it is tomorrow in Shanghai."""
    from trialwright.conduct import actions

    subject = desk.screened()
    late = {**look, "at": dt.datetime(2026, 3, 2, 20, tzinfo=dt.UTC)}
    assert "since 2026-03-03" in str(actions.freeze(desk.study, Scope("", subject), **late))
    with pytest.raises(Refused, match="since 2026-03-03"):
        actions.save_form(desk.study, subject, "lab", [Entry("creatinine", "80")], visit="screening", **do)
    with pytest.raises(Refused, match="since 2026-03-03"):
        actions.attach_file(desk.study, subject, "scan.pdf", b"abc", **do)
    place = Scope("", subject, "screening", "lab")
    with pytest.raises(Refused, match="since 2026-03-03"):
        actions.unlock(desk.study, place, reason="x", by=desk.data_manager, at=desk.at)


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_who_reads_does_not_wait_for_who_writes(desk: Any) -> None:
    """What somebody reads is noted in a row that points at the study's, which a deed holds while it is done.

    (SQLite has one writer at a time.)
    """
    from django.db import connection, transaction

    from trialwright.conduct import actions
    from trialwright.conduct.store import models as db
    from trialwright.conduct.store.rows import rows

    noted = threading.Event()

    def read() -> None:
        actions.note_access(desk.study, "form", desk.monitor)
        noted.set()
        connection.close()

    reader = threading.Thread(target=read)
    with transaction.atomic():
        rows(db.Trial).lock(study=desk.study)
        reader.start()
        assert noted.wait(10)
    reader.join()


def test_names_that_no_row_can_have_are_not_found(desk: Any, do: dict[str, Any]) -> None:
    from trialwright.conduct import actions

    for study, subject in (("a\0b", "01-001"), (desk.study, "a\0b")):
        with pytest.raises(UnknownName):
            actions.record_consent(study, subject, **do)


@pytest.mark.parametrize(("form", "visit"), [("vitals", "x" * 100), ("vitals", ""), ("events", "screening")])
def test_a_draft_is_kept_only_of_a_form_that_there_is(desk: Any, do: dict[str, Any], form: str, visit: str) -> None:
    from trialwright.conduct import actions

    with pytest.raises((Refused, UnknownName)):
        actions.keep_draft(desk.study, desk.screened(), form, {"a": "b"}, visit=visit, version=0, **do)


def test_a_key_ends_with_the_role(desk: Any) -> None:
    from trialwright.conduct import actions
    from trialwright.conduct.actions import tokens
    from trialwright.conduct.store import models as db

    secret = tokens.make_token(desk.study, "nightly", ["read"], 30, by=desk.investigator)
    actions.remove_person(desk.study, "investigator", reason="Left.", at=desk.at)
    actions.add_person(desk.study, "investigator", "Some investigator", "investigator", at=desk.at)
    with pytest.raises(tokens.KeyRefused, match="was revoked"):
        tokens.person_of(secret)
    logged = db.AccountEvent.objects.filter(what="token_revoked").values_list("who", "by")
    assert list(logged) == [("investigator", "installer")]


def test_an_item_does_not_come_back_as_another_thing(desk: Any, tiny: Study) -> None:
    """Forms may still be pinned to the version in which it was a number."""
    from trialwright.conduct import actions

    gone, back = tiny.model_dump(mode="json", by_alias=True), tiny.model_dump(mode="json", by_alias=True)
    gone["study"]["version"], back["study"]["version"] = "2.0", "3.0"
    fields = next(form for form in gone["forms"] if form["id"] == "vitals")["groups"][0]["fields"]
    fields[:] = [field for field in fields if field["item"] not in ("height", "bmi")]
    gone["items"] = [item for item in gone["items"] if item["id"] not in ("height", "bmi")]
    item = next(item for item in back["items"] if item["id"] == "height")
    item.update(type="text", unit="")
    back["items"] = [item for item in back["items"] if item["id"] != "bmi"]
    fields = next(form for form in back["forms"] if form["id"] == "vitals")["groups"][0]["fields"]
    fields[:] = [field for field in fields if field["item"] != "bmi"]
    manage: dict[str, Any] = {"by": desk.data_manager, "at": desk.at}
    actions.publish_version(desk.study, Study.model_validate(gone), note="Height goes.", **manage)
    with pytest.raises(Refused, match="The item height was of type quantity and is of type text now"):
        actions.publish_version(desk.study, Study.model_validate(back), note="Height is back.", **manage)


def test_the_tables_hold_every_id_that_a_definition_can_give() -> None:
    from trialwright.conduct.store import models as db

    ids = {"visit", "form", "group", "item", "check_id", "arm", "study"}
    names = {"version", "definition", "before", "unit"}
    held: dict[str, int] = {}
    for model in (*db.PROJECTIONS, db.Event, db.Access, db.Draft):
        for field in model._meta.concrete_fields:
            longest = getattr(field, "max_length", None)
            if field.name in ids | names and longest and not field.is_relation:
                held[f"{model.__name__}.{field.name}"] = longest
    assert len(held) > 20
    short = {name for name, longest in held.items() if longest < LONGEST_ID + len(f".{MOST_TIMES}")}
    assert {name.partition(".")[2] for name in short} <= names
    assert all(held[name] >= LONGEST_NAME for name in short if name != "Dose.unit")
