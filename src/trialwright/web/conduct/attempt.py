"""What a person sent for a form: text, reasons, choices, files. It is kept through every refusal."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

from trialwright.conduct import actions, worklists
from trialwright.conduct.actions import Entry
from trialwright.conduct.actions.drafts import Draft
from trialwright.conduct.rules.values import Place
from trialwright.conduct.worklists import FormView
from trialwright.kernel.errors import Refused
from trialwright.web.conduct import fields, upload
from trialwright.web.conduct.desk import Desk
from trialwright.web.conduct.fields import Clash, Said, Typed
from trialwright.web.page import every_pair, words

REASON = "reason"


@dataclass(slots=True)
class Attempt:
    """A save that was not accepted, or a draft: what was typed, and everything that the page says about it."""

    typed: Typed = field(default_factory=dict)
    errors: Mapping[Place, str] = field(default_factory=dict)
    reason: str = ""
    """Given for all changes."""
    reasons: dict[Place, str] = field(default_factory=dict)
    """Given for one field, or ("") asked for it."""
    lacking: tuple[Place, ...] = ()
    """Fields whose change lacks its reason."""
    refused: str = ""
    base: int = 0
    """The form's version on which the text was typed."""
    clashes: dict[Place, Clash] = field(default_factory=dict)
    conflict: bool = False
    """Whether somebody else saved in between."""
    chosen: Mapping[Place, str] = field(default_factory=dict)
    draft: Draft | None = None
    """The draft that this was, put back."""
    opened: frozenset[tuple[str, int]] = frozenset()

    @property
    def said(self) -> Said:
        return Said(self.typed, self.errors, self.clashes, self.reasons, self.opened)

    @property
    def undecided(self) -> bool:
        return any(not clash.chosen for clash in self.clashes.values())


def sent(desk: Desk, sheet: FormView) -> Attempt:
    """What the form sent."""
    post = desk.request.POST
    tried = Attempt(fields.read(every_pair(post)), reason=post.get(REASON, "").strip())
    tried.base = number(post.get("base", post.get("version", "")))
    tried.reasons = {place: text for place, text in _by_place(every_pair(post), "r") if text}
    tried.chosen = dict(_by_place(every_pair(post), "c"))
    return tried


def of_draft(draft: Draft) -> Attempt:
    """What was typed earlier and not saved."""
    tried = Attempt(fields.read(draft.content.items()), base=draft.version, draft=draft)
    tried.reason = draft.content.get(REASON, "")
    tried.reasons = dict(_by_place(draft.content.items(), "r"))
    return tried


def _by_place(pairs: Iterable[tuple[str, str]], letter: str) -> list[tuple[Place, str]]:
    found = [(fields.place_of(name[2:]), text.strip()) for name, text in pairs if name.startswith(f"{letter}:")]
    return [(place, text) for place, text in found if place is not None]


def number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else -1


def take_files(desk: Desk, sheet: FormView, tried: Attempt) -> None:
    """Keep the files that were sent and let their fields name them; a file that cannot be kept says why there."""
    errors: dict[Place, str] = {}
    for name, file in desk.request.FILES.items():
        place = fields.place_of(name[2:]) if name.startswith("f:") else None
        if place is None or isinstance(file, list):
            continue
        try:
            upload.check(desk.request, name, file)
            value = actions.attach_file(desk.id, sheet.subject, file.name or "", file.read(), by=desk.by, at=desk.now)
        except Refused as refusal:
            errors[place] = str(refusal)
        else:
            tried.typed[place] = {**tried.typed.get(place, {}), "value": value, "null_reason": ""}
    if upload.is_cut(desk.request) and not errors:
        tried.refused = words(desk.request)("form.cut")
    tried.errors = {**tried.errors, **errors}


def bring_up(desk: Desk, sheet: FormView, tried: Attempt) -> None:
    """Bring what was typed on an older version of the form onto the present one, and find what two people changed."""
    if tried.base == sheet.version:
        return
    found = worklists.since(desk.id, sheet.subject, sheet.form, desk.by, visit=sheet.visit, version=tried.base)
    now = fields.stored(sheet)
    tried.typed, both = fields.merge(tried.typed, found.before, now, found.changed)
    tried.conflict = True
    nothing = Entry("", "")
    for place in both:
        step, chosen, held = found.changed[place], tried.chosen.get(place, ""), now.get(place, nothing)
        tried.clashes[place] = Clash(
            place, fields.as_typed(held, tried.typed[place]), fields.shown(held), step.who, step.local,
            chosen if chosen in ("mine", "theirs") else "",
        )  # fmt: skip


def settled(tried: Attempt) -> Typed:
    """What was typed, without the fields that stay as others left them."""
    left = {place for place, clash in tried.clashes.items() if clash.chosen == "theirs"}
    return {place: parts for place, parts in tried.typed.items() if place not in left}


def reason_of(desk: Desk, tried: Attempt, changed: Collection[Place]) -> str:
    """One text of all reasons: each field's own beside its name, unless one is given for all."""
    own = {place: tried.reasons[place] for place in changed if tried.reasons.get(place)}
    if not own or (len(set(own.values())) == 1 and len(own) == len(changed)):
        return next(iter(own.values()), tried.reason)
    items = desk.study.item_by_id
    labels = {place: items[place[2]].label.en if place[2] in items else place[2] for place in own}
    told = [f"{labels[place]}: {text}" for place, text in own.items()]
    return "; ".join([*told, *([tried.reason] if tried.reason else [])])


def lacking(tried: Attempt, changed: Iterable[Place]) -> tuple[Place, ...]:
    """The changed fields for which no reason is given."""
    return () if tried.reason else tuple(place for place in changed if not tried.reasons.get(place))


def clock(desk: Desk, draft: Draft) -> str:
    """The time of a draft as the page says times."""
    return f"{draft.at.astimezone(ZoneInfo(desk.zone)):%H:%M}"
