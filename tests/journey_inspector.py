"""An inspector's day: the history of a value, the rules, a casebook; and the log, verified without the server."""

from __future__ import annotations

import re
import zlib
from pathlib import Path
from typing import Any

from journey_coordinator import after_coordinators_day
from journey_people import SCREENING, Person, seat
from journey_place import STUDY, Place, command


def inspectors_day(place: Place, browser: Any, folder: Path) -> None:
    """The history of one value, the audit trail, the rules, a casebook; the exported history, verified elsewhere."""
    first, second = after_coordinators_day(place, browser)
    sun = seat(place, "auditor", browser)
    sun.section("todo")
    sun.hears(sun.t("todo.no_lists"))
    _reads_a_history(sun, second)
    _filters_the_audit_trail(sun, second)
    _prints_the_rules(sun)
    _takes_a_casebook(sun, first)
    assert sun.unexpected() == []
    _verifies_the_history(place, folder)


def _reads_a_history(sun: Person, subject: str) -> None:
    sun.form(subject, SCREENING, "vitals")
    name = sun.label("height")
    sun.line("height").get_by_role("link", name=re.compile(rf"^{sun.t('form.history')} .*{name}$")).click()
    trail = sun.page.locator("#trail")
    trail.get_by_role("heading", name=sun.t("trail.of", what=name)).wait_for()
    assert [trail.locator("del").first.inner_text(), trail.locator("ins").first.inner_text()] == ["163", "168"]
    assert "Read off the wrong line" in trail.inner_text()
    sun.look("history", top=True)


def _filters_the_audit_trail(sun: Person, subject: str) -> None:
    t = sun.t
    sun.section("audit")
    sun.page.get_by_label(t("audit.subject"), exact=True).fill(subject)
    sun.page.get_by_label(t("audit.what"), exact=True).select_option("save_form")
    sun.page.wait_for_url("**action=save_form**")
    rows = sun.page.locator("table.audit tbody tr")
    assert rows.count() > 3
    assert all(subject in text and t.code("action", "save_form") in text for text in rows.all_inner_texts())
    sun.look("audit")


def _prints_the_rules(sun: Person) -> None:
    sun.section("study")
    sun.look()
    sun.follow(sun.t("policy.title"))
    sun.look("policy")
    sign = sun.page.get_by_role("rowheader", name=sun.t("policy.action.sign"), exact=True)
    signing = sun.page.locator("table.policy").first.get_by_role("row").filter(has=sign)
    assert signing.locator(".yes").count() == 1, "investigators sign, and nobody else"
    sun.page.emulate_media(media="print")
    assert not sun.page.get_by_role("button", name=sun.t("screening.print")).is_visible()
    assert pages(sun.page.pdf()) > 1
    sun.page.emulate_media(media="screen")


def _takes_a_casebook(sun: Person, subject: str) -> None:
    t = sun.t
    sun.section("study")
    sun.follow(t("exports.title"))
    sun.page.locator("input[value='casebook']").check()
    sun.page.get_by_label(t("exports.option.subject"), exact=True).fill(subject)
    sun.press(t("exports.start"))
    sun.hears(t("exports.started"))
    ready = sun.page.get_by_role("link", name=re.compile(rf"^{t('exports.download')}"))
    ready.wait_for(timeout=90_000)
    ready.scroll_into_view_if_needed()
    sun.look("exports")
    with sun.page.expect_download() as taken:
        ready.click()
    assert pages(taken.value.path().read_bytes()) > 3


def pages(pdf: bytes) -> int:
    """Pages of a PDF, those described in packed objects too."""
    assert pdf.startswith(b"%PDF")
    parts = [pdf]
    for packed in re.findall(rb"stream\r?\n(.*?)\r?\nendstream", pdf, re.S):
        try:
            parts.append(zlib.decompress(packed))
        except zlib.error:
            continue
    return sum(len(re.findall(rb"/Type\s*/Page\b(?!s)", part)) for part in parts)


def _verifies_the_history(place: Place, folder: Path) -> None:
    """The export verifies without the server; one byte of it changed, and it says where."""
    export, forged = folder / "history.ndjson", folder / "forged.ndjson"
    command("conduct", "history", STUDY, "--out", str(export), *place.database)
    good = command("conduct", "verify", str(export))
    assert "verified" in good.stdout.lower()
    written = export.read_bytes()
    at = written.index(b'"168"') + 2
    line = written[:at].count(b"\n") + 1
    forged.write_bytes(written[:at] + b"7" + written[at + 1 :])
    bad = command("conduct", "verify", str(forged), fails=True)
    assert bad.returncode == 1
    assert re.search(r"event \d+|line \d+", bad.stdout + bad.stderr, re.I), (bad.stdout, bad.stderr, line)
