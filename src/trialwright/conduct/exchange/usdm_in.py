"""A USDM study as a study folder: encounters and their timings become visits, activities the forms filled in there."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from trialwright.conduct.exchange.folder import Brought, Data, Parts, visit
from trialwright.conduct.exchange.names import Names, words
from trialwright.conduct.exchange.usdm_forms import Forms
from trialwright.conduct.exchange.usdm_times import Clock, When, in_order
from trialwright.conduct.exchange.values import Captured
from trialwright.formats.usdm import Activity, Design, Document, Instance, Timeline
from trialwright.kernel.errors import InputError
from trialwright.study.dump import dump_study

_ENDS_EARLY = re.compile(r"terminat|discontinu|withdraw", re.IGNORECASE)
MOST = 10_000
_NCT = re.compile(r"NCT\d{8}")
_WORDS = {
    "arms": "arms", "studyCells": "cells of arms and epochs", "elements": "elements", "estimands": "estimands",
    "indications": "indications", "objectives": "objectives", "eligibilityCriteria": "eligibility criteria",
    "analysisPopulations": "analysis populations", "studyInterventions": "interventions", "amendments": "amendments",
    "narrativeContentItems": "parts of the protocol's text", "biospecimenRetentions": "retained specimens",
    "administrableProducts": "products", "medicalDevices": "devices",
}  # fmt: skip


def bring_in(document: Document) -> Brought:
    """A study folder from a USDM study. Raises InputError."""
    study = _Definition(document)
    return Brought(dump_study(study.parts.whole()), Captured(), tuple(dict.fromkeys(study.parts.left_out)))


@dataclass
class _Planned:
    """A visit while instances come together in it."""

    label: str
    when: When
    key: str
    instances: list[Instance] = field(default_factory=list)
    forms: list[str] = field(default_factory=list)


class _Definition:
    def __init__(self, document: Document) -> None:
        self.document = document
        total = sum(
            len(d.activities) + len(d.encounters) + sum(len(t.instances) for t in d.timelines) for d in document.designs
        )
        if total > MOST:
            what = f"The study has {total} activities, encounters and points of timelines; up to {MOST} are read."
            raise InputError(what, where=document.file, hint="Take it apart.")
        titles = dict(reversed(document.titles))
        brief = next((text for kind, text in document.titles if "brief" in kind.lower()), "")
        title = " ".join((brief or next(iter(titles.values()), "") or document.name).split())
        name = words(document.name) or words(title) or "study"
        system = " ".join(part for part in ("USDM", document.version, document.system) if part)
        nct = next((found[0] for text in document.identifiers if (found := _NCT.search(text))), "NCT00000000")
        own = next((text for text in document.identifiers if text != nct), "")
        self.parts = Parts(
            name if name[0].isalpha() else f"study_{name}", title, system, "Imported.", org_id=own, nct_id=nct
        )
        self.parts.left_out += document.notes
        if re.fullmatch(r"\d{4}-\d{2}-\d{2}", document.date):
            self.parts.day = _day(document.date) or self.parts.day
        self.visit_names = Names("visit")
        self.forms = Forms(self.parts, self.say)
        self.planned: list[_Planned] = []
        for design in document.designs:
            self._design(design)
        self._put()
        if not self.parts.items:
            what = "The study plans no activity that could be recorded."
            raise InputError(what, where=document.file, hint="Its activities are in studyDesigns[0].activities.")
        self._not_taken()

    def say(self, name: str, sentence: str) -> None:
        self.parts.left_out.append(f"{self.document.file}: {name[:100]}: {sentence}")

    # --- Visits -------------------------------------------------------------------------------------------------------

    def _design(self, design: Design) -> None:
        self.forms.enter(design)
        timelines = {timeline.id: timeline for timeline in design.timelines}
        mains = [timeline for timeline in design.timelines if timeline.main] or list(design.timelines[:1])
        if not mains:
            self.say(design.title, "it has no timeline; its encounters are visits without a day.")
        prefix = f"{design.title}: " if len(self.document.designs) > 1 else ""
        planned: list[_Planned] = []
        for timeline in mains:
            planned += self._timeline(design, timeline, prefix)
        self._unscheduled(design, planned, prefix)
        for each in planned:
            each.forms = self.forms.of(each.instances)
        self.planned += planned
        called = self._called(design, mains, timelines)
        for timeline in design.timelines:
            if timeline not in mains and timeline.id not in called:
                self._extra(timeline, prefix)

    def _timeline(self, design: Design, timeline: Timeline, prefix: str) -> list[_Planned]:
        clock = Clock(timeline, self.say)
        encounters = {encounter.id: encounter for encounter in design.encounters}
        instances = {instance.id: instance for instance in timeline.instances}
        found: dict[str, _Planned] = {}
        last = When(0.0)
        for name in in_order(timeline):
            instance = instances[name]
            if instance.branches:
                for branch in instance.branches:
                    self.say(instance.title, f"a decision ('{branch.condition[:100]}'); all its ways are in the plan.")
                continue
            when = clock.when(name)
            if not when.known:
                self.say(instance.title, "nothing says its day; it is planned for that of the one before it.")
                when = When(last.day, when.before, when.after)
            last = when
            encounter = encounters.get(instance.encounter)
            if instance.encounter and encounter is None:
                self.say(instance.title, f"its encounter '{instance.encounter[:80]}' is not defined.")
            own = encounter.id if encounter else instance.id
            key = f"{own}@{round(when.day)}"
            if key not in found:
                again = any(held.key.startswith(f"{own}@") for held in found.values())
                title = encounter.title if encounter else instance.title
                label = f"{prefix}{title}" + (f" ({instance.title})" if again else "")
                found[key] = _Planned(label, when, key)
            found[key].instances.append(instance)
        return list(found.values())

    def _unscheduled(self, design: Design, planned: list[_Planned], prefix: str) -> None:
        """Encounters that no timeline has."""
        held = {instance.encounter for each in planned for instance in each.instances}
        last = max((each.when.day for each in planned), default=0.0)
        for encounter in design.encounters:
            if encounter.id not in held:
                self.say(
                    encounter.title, "no timeline has this encounter; it is a visit without forms, after the others."
                )
                planned.append(_Planned(f"{prefix}{encounter.title}", When(last), f"{encounter.id}@"))

    def _called(self, design: Design, mains: Sequence[Timeline], timelines: dict[str, Timeline]) -> set[str]:
        """Timelines that instances or activities of others go through."""
        activities = {activity.id: activity for activity in design.activities}
        found: set[str] = set()
        waiting = list(mains)
        while waiting:
            for instance in waiting.pop().instances:
                names = [instance.timeline, *(a.timeline for a in self._below(instance.activities, activities))]
                for name in names:
                    if name in timelines and name not in found:
                        found.add(name)
                        waiting.append(timelines[name])
        return found

    @staticmethod
    def _below(names: Sequence[str], activities: dict[str, Activity]) -> list[Activity]:
        found: dict[str, Activity] = {}
        waiting = list(names)
        while waiting:
            name = waiting.pop()
            if name in activities and name not in found:
                found[name] = activities[name]
                waiting += activities[name].children
        return list(found.values())

    def _extra(self, timeline: Timeline, prefix: str) -> None:
        """A timeline that begins when something happens: a visit that no plan foresees."""
        forms = self.forms.of(timeline.instances)
        early = bool(_ENDS_EARLY.search(f"{timeline.name} {timeline.label} {timeline.entry_condition}"))
        taken = any(data["kind"] == "early_termination" for data in self.parts.extra)
        kind = "early_termination" if early and not taken else "unscheduled"
        label = f"{prefix}{timeline.title}"
        self.parts.extra.append(
            {
                "id": self.visit_names.give(timeline.name, timeline.label), "number": 0.0, "label": {"en": label},
                "kind": kind, "epoch": "SCREENING", "forms": forms, "source": {"assumption": "Imported."},
            }
        )  # fmt: skip
        why = f" ({timeline.entry_condition[:100]})" if timeline.entry_condition else ""
        running = all(form in self.parts.logs for form in forms)
        here = "its forms run beside the visits" if running else "here it is a visit outside the plan"
        self.say(timeline.title, f"it is entered when something happens{why}; {here}.")

    # --- The whole ----------------------------------------------------------------------------------------------------

    def _put(self) -> None:
        """Visits in the order of their days; these count from the first one."""
        first = min(map(_day_of, self.planned), default=0)
        ordered = sorted(self.planned, key=_day_of)
        for number, each in enumerate(ordered, 1):
            name = self.visit_names.give(each.label)
            window = {"before": each.when.before, "after": each.when.after}
            offset = _day_of(each) - first
            more: Data = {"window": window} if any(window.values()) else {}
            self.parts.visits.append(visit(name, {"en": each.label}, number, each.forms, offset, **more))
            self.parts.keep("usdm_visits", name, encounter=each.key.partition("@")[0], day=round(each.when.day, 6))
        if first:
            self.say("Timings", f"days count from the first visit; the file's own day of reference is day {-first}.")
        logs = set(self.parts.logs)
        for data in (*self.parts.visits, *self.parts.extra):
            data["forms"] = [form for form in data["forms"] if form not in logs]
        self.parts.extra = [data for data in self.parts.extra if data["forms"]]
        for number, data in enumerate(self.parts.extra, len(ordered) + 1):
            data["number"] = float(number)
        self.forms.finish()

    def _not_taken(self) -> None:
        counted: dict[str, int] = {}
        for name, number in (*self.document.counted, *(pair for d in self.document.designs for pair in d.counted)):
            if name in _WORDS:
                counted[_WORDS[name]] = counted.get(_WORDS[name], 0) + number
        if counted:
            listed = ", ".join(f"{number} {what}" for what, number in counted.items())
            self.parts.left_out.append(f"{self.document.file}: Not taken over: {listed}.")
        if len(self.document.designs) > 1:
            self.parts.left_out.append(
                f"{self.document.file}: The visits of its {len(self.document.designs)} study designs stand in one "
                "schedule, each under the name of its design."
            )
        if self.document.versions > 1:
            self.parts.left_out.append(
                f"{self.document.file}: Of its {self.document.versions} versions the first is taken."
            )


def _day_of(planned: _Planned) -> int:
    return round(planned.when.day)


def _day(text: str) -> str:
    try:
        return dt.date.fromisoformat(text).isoformat()
    except ValueError:
        return ""
