"""Every text that a template or a view names exists, in both languages."""

from __future__ import annotations

import datetime as dt
import re
from importlib.resources import files
from pathlib import Path

import pytest

from trialwright.conduct.rules import policy, states
from trialwright.conduct.rules.values import NULL_REASONS
from trialwright.web.sentences import book, told
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


# --- Sentences of the rooms below

SAID = [
    ("'7,5' is not a number. Write a decimal point, not a comma.", "“7,5”不是数字。小数点请用“.”，不用逗号。"),
    (
        "365 °C is impossible: expected 30 to 45 °C. Was 36.5 meant?",
        "365 °C 不可能出现：应为 30 至 45 °C。是否应为 36.5？",
    ),
    (
        "Subject 01-001 is screen failed: cannot plan a dose. This is possible while enrolled.",
        "受试者 01-001 筛选失败，不能给药。仅在以下状态可行：在研。",
    ),
    ("'x' is not a number. Something that no book holds.", "“x”不是数字。 Something that no book holds."),
    ("Something that no book holds.", "Something that no book holds."),
]


@pytest.mark.parametrize(("english", "chinese"), SAID)
def test_a_sentence_is_said_in_the_language_of_the_page(english: str, chinese: str) -> None:
    assert told(english, "zh") == chinese
    assert told(english, "en") == english


def test_every_refusal_of_a_right_a_state_or_a_lock_is_said_in_chinese() -> None:
    from trialwright.conduct.rules.locks import Held, Scope, refusal
    from trialwright.kernel.errors import Refused

    when, place = dt.datetime(2026, 3, 15, tzinfo=dt.UTC), Scope("01", "01-001", "week1", "vitals")
    said = [str(refusal(Held(place, state, why, "Mo", when))) for state in ("frozen", "locked") for why in ("", "done")]
    person = policy.Person("mo", "Mo", (policy.Role("monitor"),))
    for action in policy.ACTIONS:
        try:
            policy.demand(person, action)
        except Refused as error:
            said.append(str(error))
    for machine in states.MACHINES:
        for state in machine.table:
            for action in machine.actions:
                try:
                    machine.after(state, action, "01-001")
                except Refused as error:
                    said.append(str(error))
    assert len(said) > 60
    for sentence in said:
        rest = re.sub(r"01-001|01|week1|vitals|Mo|done", "", told(sentence, "zh"))
        assert not re.search(r"[A-Za-z]{2}", rest), (sentence, told(sentence, "zh"))


def test_every_phrase_is_still_said_somewhere_below() -> None:
    """What is reworded there is reworded in the book."""
    below = [WEB.parent / room for room in ("conduct", "kernel", "web")]
    source = "".join(f.read_text("utf-8") for room in below for f in room.rglob("*.py"))
    assert len(book("zh")) > 60
    for phrase in book("zh"):
        parts = re.split(r"\(\?P<\w+>\.\+\?\)", phrase.pattern.pattern.removesuffix("(?:\\s+|$)"))
        literal = [re.sub(r"\\(.)", r"\1", part) for part in parts]
        for words in re.split(r"[:.(]", max(literal, key=len)):  # a sentence may be put together of such parts
            assert words.strip() in source, words


def test_a_question_of_a_check_is_asked_in_chinese_and_one_of_a_person_as_it_was_typed() -> None:
    from trialwright.conduct.rules import values
    from trialwright.study.load import load_study
    from trialwright.web.sentences import asked

    study = load_study("nct07208058")
    item = study.item_by_id["pulse"]
    own = values.soft_message(item, "181", "/min")
    assert own
    said = asked(own, study, "vitals", "pulse", "zh")
    assert said.startswith(f"{item.label.zh}：181 /min 属异常值：应为 ")
    assert said.endswith("请确认或更正。")
    assert asked(own, study, "vitals", "pulse", "en") == own
    assert asked("Pulse? Please look again.", study, "vitals", "pulse", "zh") == "Pulse? Please look again."
    form = next(form for form in study.forms if form.checks)
    check = form.checks[0]
    assert asked(check.message.en, study, form.id, "pulse", "zh") == check.message.zh
