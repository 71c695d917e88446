"""Steps that close something: the end of participation, a dose decided, words taken out for good."""

from __future__ import annotations

import datetime as dt
import re
from pathlib import Path
from typing import Any

import pytest

STUDY = "/conduct/nct07208058/"
BOOK = f"{STUDY}subjects/01-001/"
SCREENED = f"{STUDY}subjects/01-002/"
VITALS = f"{BOOK}visits/week2/vitals/"
NAME = "Mrs Zhang Wei of Lane 12"


def text(answer: Any) -> str:
    return answer.content.decode()  # type: ignore[no-any-return]  # Django's test client has no types here


def plain(answer: Any) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", text(answer)))


@pytest.fixture
def manager(log_in: Any) -> Any:
    """A data manager at the browser."""
    return _member(log_in, "manager", "data_manager")


def _member(log_in: Any, name: str, role: str) -> Any:
    from django.contrib.auth import get_user_model

    from trialwright.conduct import actions

    actions.add_person("nct07208058", name, name.capitalize(), role)
    get_user_model().objects.get_or_create(username=name)
    return log_in(name)


def typed(words: str = NAME) -> int:
    """Somebody types a name where it does not belong, and says it in a query too; the event of the former."""
    from trialwright.conduct import actions
    from trialwright.conduct.store.models import Event

    by = actions.person("nct07208058", "coordinator")
    entry = actions.Entry("pulse", "88")
    actions.save_form("nct07208058", "01-001", "vitals", [entry], visit="week2", reason=words, by=by)
    sequence = Event.objects.order_by("-sequence").values_list("sequence", flat=True)[0]
    monitor = actions.person("nct07208058", "monitor")
    actions.open_query("nct07208058", "01-001", "vitals", "pulse", f"Is {words} meant?", visit="week2", by=monitor)
    return int(sequence)


# --- The end of participation


def test_participation_ends_for_a_listed_reason_and_the_last_visit_is_proposed(log_in: Any) -> None:
    client = log_in("investigator")
    page = text(client.get(BOOK))
    assert '<option value="withdrawal">Withdrawal by Subject</option>' in page
    answer = client.post(BOOK, {"step": "end:", "reason:": "withdrawal"})
    assert answer.status_code == 302
    assert answer["Location"].endswith("#early_termination")
    page = plain(client.get(BOOK))
    assert "The subject is now: Discontinued." in page
    assert "&#34;Early termination&#34; is proposed" in page
    assert "Withdrawal by Subject" in page
    assert "Choose why" not in page
    assert 'value="start:early_termination"' in text(client.get(BOOK))
    assert 'value="add:early_termination"' not in text(client.get(BOOK)), "it stands among the visits already"
    assert client.post(BOOK, {"step": "start:early_termination"}).status_code == 302


def test_a_reason_may_be_given_in_words_and_ending_twice_is_refused(log_in: Any) -> None:
    client = log_in("coordinator")
    assert client.post(BOOK, {"step": "end:", "said:": "Moved to another city"}).status_code == 302
    assert "Moved to another city" in text(client.get(BOOK))
    assert 'value="end:"' not in text(client.get(BOOK))
    again = client.post(BOOK, {"step": "end:", "said:": "Moved"})
    assert again.status_code == 422
    assert "is discontinued: cannot end participation" in text(again)


@pytest.mark.parametrize(
    ("sent", "sentence"),
    [
        ({}, "Choose why participation ends"),
        ({"reason:": "death", "said:": "Died at home"}, "not both"),
        ({"reason:": "death", "on:": "2099-01-01"}, "that day has not come"),
        ({"reason:": "death", "on:": "yesterday"}, "is not a day"),
    ],
)
def test_what_is_wrong_with_an_end_is_said_and_what_was_typed_is_kept(log_in: Any, sent: Any, sentence: str) -> None:
    answer = log_in("investigator").post(BOOK, {"step": "end:", **sent})
    assert answer.status_code == 422
    assert sentence in text(answer)
    assert all(value in text(answer) for value in sent.values())


def test_screening_ends_with_reasons_of_its_own(log_in: Any) -> None:
    client = log_in("investigator")
    page = text(client.get(SCREENED))
    assert '<option value="consent_refused">' in page
    assert '<option value="completed">' not in page
    assert client.post(SCREENED, {"step": "end:", "reason:": "consent_refused"}).status_code == 302
    assert "Screen failure" in text(client.get(SCREENED))
    assert "Consent was not given" in text(client.get(SCREENED))


def test_who_only_reads_is_offered_no_end_and_no_dose(log_in: Any) -> None:
    page = text(log_in("monitor").get(BOOK))
    assert 'value="end:"' not in page
    assert 'value="plan:' not in page
    assert log_in("monitor").post(BOOK, {"step": "end:", "reason:": "death"}).status_code in (403, 422)


# --- Doses


def _third_visit(day: int) -> None:
    from trialwright.conduct import actions

    at = dt.datetime(2026, 3, day, 1, tzinfo=dt.UTC)
    by = actions.person("nct07208058", "investigator")
    actions.start_visit("nct07208058", "01-001", "week3", by=by, at=at)


def test_a_dose_is_planned_at_its_visit_with_the_arithmetic_beside_it(log_in: Any) -> None:
    client = log_in("investigator")
    _third_visit(18)
    page = text(client.get(BOOK))
    assert 'value="plan:week3">Plan dose 3<' in page
    assert 'value="2026-03-18"' in page, "the visit's day is put into the field"
    answer = client.post(BOOK, {"step": "plan:week3", "on:week3": "2026-03-18"})
    assert answer.status_code == 302
    assert answer["Location"].endswith("#week3")
    page = plain(client.get(BOOK))
    assert "Dose 3: Give." in page
    assert re.search(r"× 58 kg = [\d.]+ mg", page.split("Plan dose 3 again")[0].rsplit("Dose 3,", 1)[-1])


def test_planning_again_keeps_the_day_of_a_dose_that_was_given(log_in: Any) -> None:
    page = text(log_in("investigator").get(BOOK))
    assert re.search(r'name="on:week2"[^>]* value="2026-03-11"', page)


def test_a_dose_too_soon_is_delayed_and_a_day_that_is_none_is_said(log_in: Any) -> None:
    client = log_in("investigator")
    _third_visit(13)
    client.post(BOOK, {"step": "plan:week3", "on:week3": "2026-03-13"})
    assert "The earliest day for dose 3 is" in text(client.get(BOOK))
    wrong = client.post(BOOK, {"step": "plan:week3", "on:week3": "13.3."})
    assert wrong.status_code == 422
    assert "is not a day" in text(wrong)
    assert client.post(BOOK, {"step": "plan:follow_up"}).status_code == 404


# --- Redaction


def test_a_reason_is_redacted_after_confirmation_and_the_page_says_where_the_words_still_stand(manager: Any) -> None:
    sequence = typed()
    assert f"{STUDY}redact/{sequence}/" in text(manager.get(f"{STUDY}audit/"))
    address = f"{STUDY}redact/{sequence}/"
    page = text(manager.get(address))
    assert NAME in page
    assert "It cannot be undone." in page
    assert "still verifies" in page
    sent = {"words": "reason", "reason": "A name was typed"}
    refused = manager.post(address, sent)
    assert refused.status_code == 422
    assert "Confirm" in text(refused)
    done = manager.post(address, {**sent, "confirm": "yes"})
    assert done.status_code == 200
    assert f"{STUDY}redact/{sequence + 1}/" in text(done), "the query repeats the words"
    assert NAME not in text(done)


def test_words_of_a_query_are_redacted_from_the_entry_that_the_first_one_named(manager: Any) -> None:
    from trialwright.conduct import worklists

    sequence = typed()
    sent = {"reason": "A name was typed", "confirm": "yes"}
    manager.post(f"{STUDY}redact/{sequence}/", {"words": "reason", **sent})
    page = text(manager.get(f"{STUDY}redact/{sequence + 1}/"))
    name = re.search(r'value="(query:[^"]+)"', page)
    assert name
    done = manager.post(f"{STUDY}redact/{sequence + 1}/", {"words": name[1], **sent})
    assert "Nothing else of this subject holds the same words." in text(done)
    assert NAME not in text(manager.get(f"{STUDY}audit/"))
    assert NAME not in text(manager.get(VITALS))
    assert all(found.problems == () or not found.problems for found in worklists.verify_all())


def test_a_value_is_redacted_from_the_history_of_its_field(manager: Any, log_in: Any) -> None:
    history = text(manager.get(f"{VITALS}?field=signs:1:body_temperature"))
    links = re.findall(r'href="([^"]*/redact/\d+/\?words=[^"]+)"', history)
    assert len(links) == 2
    page = text(manager.get(links[0]))
    assert re.search(r'value="value:week2:vitals:signs:1:body_temperature" checked', page)
    chosen = {"words": "value:week2:vitals:signs:1:body_temperature", "reason": "Of another patient", "confirm": "yes"}
    done = text(manager.post(links[0].partition("?")[0], chosen))
    assert "The same words still stand in one other place" in done, "the query of the check tells the value"
    query = {**chosen, "words": "query:1"}
    assert manager.post(links[0].partition("?")[0], query).status_code == 200
    history = text(manager.get(f"{VITALS}?field=signs:1:body_temperature"))
    assert "42.3" not in history
    assert "Redacted" in history
    assert "Of another patient" in history
    assert "/redact/" not in text(log_in("coordinator").get(f"{VITALS}?field=signs:1:body_temperature"))


def test_an_administrator_redacts_by_number_without_reading_the_words(log_in: Any, trial: Path) -> None:
    sequence = typed()
    client = _member(log_in, "admin", "administrator")
    assert f"{STUDY}redact/" in text(client.get(f"{STUDY}study/"))
    assert client.get(f"{STUDY}redact/", {"event": str(sequence)})["Location"].endswith(f"/redact/{sequence}/")
    page = text(client.get(f"{STUDY}redact/{sequence}/"))
    assert NAME not in page
    assert "Your role does not read these words." in page
    sent = {"words": "reason", "reason": "A name was typed", "confirm": "yes"}
    assert client.post(f"{STUDY}redact/{sequence}/", sent).status_code == 200


@pytest.mark.parametrize("number", ["99999", "twelve"])
def test_a_number_without_an_entry_is_said(manager: Any, number: str) -> None:
    answer = manager.get(f"{STUDY}redact/", {"event": number})
    assert answer.status_code == 422
    assert number in text(answer)


def test_others_do_not_open_the_pages_of_a_redaction(log_in: Any) -> None:
    for name in ("coordinator", "investigator", "monitor", "auditor", "elsewhere"):
        assert log_in(name).get(f"{STUDY}redact/").status_code == 403
        assert log_in(name).get(f"{STUDY}redact/5/").status_code == 403


def test_the_reason_may_not_repeat_the_words(manager: Any) -> None:
    sequence = typed()
    sent = {"words": "reason", "reason": f"{NAME} was typed", "confirm": "yes"}
    answer = manager.post(f"{STUDY}redact/{sequence}/", sent)
    assert answer.status_code == 422
    assert "repeats what is to be redacted" in text(answer)


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_the_pages_speak_both_languages(manager: Any, log_in: Any, lang: str) -> None:
    sequence = typed()
    for path in (f"redact/{sequence}/", "redact/", "audit/"):
        assert manager.get(f"{STUDY}{path}?lang={lang}").status_code == 200
    assert log_in("investigator").get(f"{BOOK}?lang={lang}").status_code == 200
