"""A person at a browser: logs in as a new user does, finds fields by their labels, and lets axe look at each page."""

from __future__ import annotations

import datetime as dt
import os
import time
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from accessibility import serious
from journey_place import CHOSEN, STUDY, Account, Place

from trialwright.study.definition import Study
from trialwright.study.load import load_study
from trialwright.web.words import Words

IMAGES = Path(__file__).resolve().parents[1] / "docs" / "images"
LOOKS = os.environ.get("TRIALWRIGHT_LOOKS", "")
"""A folder for every picture in every look (wide and narrow, light and dark), for whoever goes through them."""
SCREENSHOTS = os.environ.get("TRIALWRIGHT_SCREENSHOTS") == "1"
MANUAL = {
    "todo", "unusual", "draft", "answer", "conflict", "sign", "void", "verify", "freeze", "refused", "history", "audit",
    "exports",
}  # fmt: skip
"""What docs/capture.md shows; `answer` also as it looks on a phone, in the dark."""
SCREENING = "screening"
"""The visit of which the days are full."""
WIDE, NARROW = {"width": 1280, "height": 900}, {"width": 390, "height": 844}


@cache
def study() -> Study:
    return load_study(STUDY)


def today() -> dt.date:
    return dt.datetime.now(ZoneInfo(study().registration.sites[0].timezone)).date()


def day(before: int) -> str:
    """So many days before today at the site."""
    return str(today() - dt.timedelta(days=before))


def code(account: Account) -> str:
    """A code of the authenticator app that was not shown yet; waits for the next when all were."""
    from trialwright.web.accounts.codes import code_at

    for _ in range(40):
        now = int(time.time()) // 30
        step = next((each for each in (now, now + 1, now - 1) if each not in account.spent), None)
        if step is not None:
            account.spent.add(step)
            return code_at(account.secret, step)
        time.sleep(1)
    raise AssertionError("the authenticator app has no new code")


def seat(place: Place, role: str, browser: Any) -> Person:
    """Whoever has the role, logged in; the same window on every day."""
    if role not in place.seats:
        place.seats[role] = Person(place, role, browser)
        place.seats[role].log_in()
    return place.seats[role]  # type: ignore[no-any-return]


class Person:
    def __init__(self, place: Place, role: str, browser: Any) -> None:
        self.place, self.role, self.account = place, role, place.accounts[role]
        self.t = Words(place.lang)
        context = browser.new_context(viewport=WIDE, locale={"en": "en-GB", "zh": "zh-CN"}[place.lang])
        self.page = context.new_page()
        self.page.set_default_timeout(20_000)
        self.problems: list[str] = []
        self.page.on("pageerror", lambda error: self.problems.append(str(error)))
        self.page.on("console", lambda said: self.problems.append(said.text) if said.type == "error" else None)

    # --- Going about
    def go(self, path: str) -> None:
        self.page.goto(f"{self.place.url}/conduct/{STUDY}/{path}")

    def section(self, name: str) -> None:
        bar = self.page.get_by_role("navigation", name=self.t("page.sections"))
        bar.get_by_role("link", name=self.t(f"conduct.{name}"), exact=True).click()
        self.page.wait_for_url(f"**/{'' if name == 'dashboard' else name + '/'}")

    def press(self, name: str, within: Any = None) -> None:
        (within or self.page).get_by_role("button", name=name, exact=True).click()

    def follow(self, name: str, within: Any = None) -> None:
        (within or self.page).get_by_role("link", name=name, exact=True).first.click()

    def waiting(self, kind: str, *words: str) -> None:
        """Take up what a list of "To do" holds: the first line with these words."""
        self.section("todo")
        line = self.page.locator(f"#{kind} li")
        for word in words:
            line = line.filter(has_text=word)
        line.first.get_by_role("link").click()

    def hears(self, text: str) -> None:
        self.page.get_by_text(text).first.wait_for()

    def unexpected(self, *refusals: str) -> list[str]:
        """What the browser complained of, besides pages that were answered with a refusal on purpose."""
        return [said for said in self.problems if not any(f"status of {number}" in said for number in refusals)]

    # --- Logging in
    def log_in(self) -> None:
        self.page.goto(f"{self.place.url}/conduct/{STUDY}/")
        self.look()
        self.page.get_by_label(self.t("account.username"), exact=True).fill(self.account.username)
        self.page.get_by_label(self.t("account.password"), exact=True).fill(self.account.password)
        self.press(self.t("account.submit"))
        if self.account.temporary:
            self._own_password()
        if self.place.real:
            self._second_factor()
        self.page.wait_for_url(f"**/conduct/{STUDY}/")
        self.look()

    def _own_password(self) -> None:
        self.hears(self.t("account.owes.password_what"))
        self.look()
        for key, text in (("old", self.account.password), ("new", CHOSEN), ("again", CHOSEN)):
            self.page.get_by_label(self.t(f"account.{key}"), exact=True).fill(text)
        self.press(self.t("account.change"))
        self.hears(self.t("account.said.password_changed"))
        self.account.password = CHOSEN

    def _second_factor(self) -> None:
        self.page.get_by_role("link", name=self.t("account.app_add")).click()
        self.look()
        self.account.secret = self.page.locator("code.secret").inner_text().replace(" ", "")
        self.page.get_by_label(self.t("account.app_code")).fill(code(self.account))
        self.press(self.t("account.app_finish"))
        self.look()
        self.page.get_by_role("link", name=self.t("account.recovery_done")).click()
        self.go("")

    # --- Forms
    def label(self, item: str, row: int = 0) -> str:
        name = self.t.say(study().item_by_id[item].label)
        return f"{name}, {self.t('form.row')} {row}" if row else name

    def form(self, subject: str, visit: str, form: str) -> None:
        """Open a form from the subject's casebook."""
        self.section("subjects")
        self.follow(subject)
        box = self.page.locator(f"#{visit}")
        box.get_by_role("link", name=self.t.say(study().form_by_id[form].label)).first.click()
        self.page.wait_for_url(f"**/{form}/**")

    def answer(self, item: str, value: str, row: int = 0) -> None:
        field = self.page.get_by_label(self.label(item, row), exact=True)
        kind = field.evaluate("e => e.getAttribute('role') || e.localName")
        if kind == "radiogroup":
            field.locator(f"input[value='{value}']").check()
        elif kind == "select":
            field.select_option(value)
        else:
            field.fill(value)
            field.press("Tab")

    def none(self, item: str, reason: str) -> None:
        """Say why a field holds no value."""
        self.page.locator("details.none summary").filter(has_text=self.label(item)).click()
        self.page.get_by_label(self.t("form.no_value_of", what=self.label(item)), exact=True).select_option(reason)

    def fill_in(self, answers: dict[str, str], row: int = 0) -> None:
        for item, value in answers.items():
            self.answer(item, value, row)

    def why(self, item: str, reason: str) -> None:
        name = f"{self.t('form.reason')} {self.t('form.reason_of', what=self.label(item))}"
        self.page.get_by_label(name).fill(reason)

    def save(self, fields: int = 0) -> None:
        """Save; with `fields`, the page says that so many were saved."""
        self.press(self.t("form.save"))
        if fields:
            self.hears(self.t.count("form.saved_fields", fields))

    def line(self, item: str) -> Any:
        """The line of a field, with what stands beside it."""
        return self.page.locator(f".line[id$='-{item}']")

    # --- Looking
    def look(self, picture: str = "", *, top: bool = False) -> None:
        """axe finds nothing serious on the page; nothing runs out of a narrow window. A picture for the manual."""
        if top:
            self.page.evaluate("scrollTo(0, 0)")
        assert serious(self.page) == [], self.page.url
        if not picture:
            return
        self.page.set_viewport_size(NARROW)
        assert self.page.evaluate("document.documentElement.scrollWidth") <= NARROW["width"], self.page.url
        self.page.set_viewport_size(WIDE)
        if LOOKS:
            self._all_looks(f"{picture}-{self.place.lang}")
        if SCREENSHOTS and self.place.lang == "en" and picture in MANUAL:
            self.page.screenshot(path=IMAGES / f"capture-{picture}.png")
            if picture == "answer":
                self._take(IMAGES / "capture-phone.png", NARROW, "dark")

    def _all_looks(self, picture: str) -> None:
        for width, size in (("wide", WIDE), ("narrow", NARROW)):
            for scheme in ("light", "dark"):
                self._take(Path(LOOKS) / f"{picture}-{width}-{scheme}.png", size, scheme)

    def _take(self, path: Path, size: Any, scheme: Any) -> None:
        """A picture in another look, in which axe finds nothing serious either; what has the focus stays in sight."""
        self.page.set_viewport_size(size)
        self.page.emulate_media(color_scheme=scheme)
        assert serious(self.page) == [], (self.page.url, size, scheme)
        self.page.evaluate("document.activeElement.scrollIntoView({block: 'center'})")
        self.page.screenshot(path=path)
        self.page.set_viewport_size(WIDE)
        self.page.emulate_media(color_scheme="light")
