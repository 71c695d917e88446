"""Activities of USDM as forms; what is done several times at one visit gets a row for each time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence

from trialwright.conduct.exchange.folder import Data, Parts
from trialwright.conduct.exchange.names import Names, words
from trialwright.conduct.exchange.usdm_items import SOURCE, Concepts, domains
from trialwright.formats.usdm import Activity, Category, Concept, Condition, Design, Instance, Named, Timeline

RUNNING = frozenset({"AE", "CM", "CE"})
"""SDTM domains of what goes on between visits: their forms run beside them."""
ROWS = RUNNING | {"MH", "PR", "SU", "HO", "DV", "EC", "EX", "ML", "AG", "BE"}
"""SDTM domains of events and interventions: there may be any number of them."""
MOST = 2_000
"""Times that forms are filled in at one visit."""
_Moments = list[tuple[str, str]]
"""(form, point of time) in the order of the plan."""


class Forms:
    """Makes a form of each activity that somebody answers. `say(name, sentence)`: what is not taken over."""

    def __init__(self, parts: Parts, say: Callable[[str, str], None]) -> None:
        self.parts, self.say = parts, say
        self.names, self.items = Names("form"), Names("item")
        self.concepts = Concepts(self.items, say)
        self.times: dict[str, dict[str, None]] = {}
        """Form -> the points of time at which it is filled in within one visit, where these are several."""
        self.done: list[str] = []
        """Activities that name nothing to record."""
        self._same: dict[object, str] = {}

    def enter(self, design: Design) -> None:
        """Activities are looked for in this design from now on; each gets its form."""
        self.activities: dict[str, Activity] = {found.id: found for found in design.activities}
        self.timelines: dict[str, Timeline] = {found.id: found for found in design.timelines}
        self.known: dict[str, Concept] = {found.id: found for found in reversed(design.concepts)}
        self.categories: dict[str, Category] = {found.id: found for found in design.categories}
        self.surrogates: dict[str, Named] = {found.id: found for found in design.surrogates}
        self.conditions: dict[str, list[str]] = {}
        for condition in design.conditions:
            self._condition(condition)
        self._forms: dict[str, str] = {}
        self._moments: dict[str, _Moments] = {}
        for activity in design.activities:
            asks = bool(activity.concepts or activity.categories or activity.surrogates)
            if asks or not (activity.timeline or activity.children):
                self._forms[activity.id] = self._form(activity)

    def _condition(self, condition: Condition) -> None:
        text = " ".join((condition.text or condition.title).split())
        for name in condition.applies:
            self.conditions.setdefault(name, []).append(text)

    # --- Which forms at which visit -----------------------------------------------------------------------------------

    def of(self, instances: Sequence[Instance]) -> list[str]:
        """The forms that these points of a timeline fill in, with those of the timelines they go through."""
        found = [moment for instance in instances for moment in self._through(instance, ())]
        if len(found) > MOST:
            self.say(instances[0].title, f"it fills in more than {MOST} forms; the rest is left out.")
        turns = Counter(form for form, _ in found[:MOST])
        for form, moment in found:
            if turns[form] > 1:
                self.times.setdefault(form, {})[moment] = None
        return list(turns)

    def _through(self, instance: Instance, around: tuple[str, ...]) -> _Moments:
        found: _Moments = []
        for activity in self._below(instance.activities, instance.title):
            if name := self._forms.get(activity.id, ""):
                found.append((name, instance.title))
            found += self._called(activity.timeline, instance, around)
        return found + self._called(instance.timeline, instance, around)

    def _called(self, name: str, by: Instance, around: tuple[str, ...]) -> _Moments:
        """A timeline inside another may be called by several of its points: they are told apart."""
        before = f"{by.title}: " if around else ""
        return [(form, f"{before}{moment}") for form, moment in self._within(name, around)]

    def _within(self, name: str, around: tuple[str, ...]) -> _Moments:
        """What is done along a timeline; worked out once."""
        if not name:
            return []
        timeline = self.timelines.get(name)
        if timeline is None:
            self.say(name, "there is no timeline of this id.")
            return []
        if name in around:
            self.say(timeline.title, "it goes through itself; that is left out.")
            return []
        if name not in self._moments:
            found: _Moments = []
            for instance in timeline.instances:
                found += self._through(instance, (*around, name))
                if len(found) > MOST:
                    self.say(timeline.title, f"it fills in more than {MOST} forms; the rest is left out.")
                    break
            self._moments[name] = found[:MOST]
        return self._moments[name]

    def _below(self, names: Sequence[str], where: str) -> Iterator[Activity]:
        """The activities of these ids and those below them, each once."""
        seen: set[str] = set()
        waiting = list(reversed(names))
        while waiting:
            name = waiting.pop()
            activity = self.activities.get(name)
            if activity is None:
                self.say(where, f"it refers to the activity '{name[:80]}', which is not defined.")
            elif name not in seen:
                seen.add(name)
                yield activity
                waiting += reversed(activity.children)

    # --- What is on a form --------------------------------------------------------------------------------------------

    def _form(self, activity: Activity) -> str:
        """The form of an activity; designs that share an activity share its form."""
        same = (activity.title, activity.concepts, activity.categories, activity.surrogates, activity.procedures)
        if same in self._same:
            return self._same[same]
        name = self.names.give(activity.label if len(activity.label) <= 40 else activity.name, activity.title)
        self._same[same] = name
        concepts = self._concepts(activity)
        fields = self.concepts.fields(concepts)
        fields += [{"item": item} for item in dict.fromkeys(self._surrogates(activity))]
        fields += [{"item": item} for item in self._procedures(activity, name, alone=not fields)]
        if not fields:
            self.done.append(activity.title)
            fields = self._done(name, activity.title)
        self._help(fields, activity)
        found = domains(concepts)
        group: Data = {"id": "main", **({"repeating": True} if found & ROWS else {}), "fields": fields}
        form: Data = {"id": name, "label": {"en": activity.title}, "groups": [group]}
        if found and found <= RUNNING:
            form["kind"] = "log"
            self.parts.logs.append(name)
            self.say(activity.title, "it records what goes on between visits: its form runs beside them.")
        self.parts.forms.append(form)
        self.parts.keep("usdm_activities", name, activity=activity.id)
        return name

    def _concepts(self, activity: Activity) -> list[Concept]:
        """Its own and those of its categories, each once."""
        names, seen = list(activity.concepts), set[str]()
        waiting = list(reversed(activity.categories))
        while waiting:
            category = self.categories.get(waiting.pop())
            if category is None:
                self.say(activity.title, "it refers to a category of concepts that is not defined.")
            elif category.id not in seen:
                seen.add(category.id)
                names += category.members
                waiting += reversed(category.children)
        for name in dict.fromkeys(name for name in names if name not in self.known):
            self.say(activity.title, f"it refers to the concept '{name[:80]}', which is not defined.")
        return [self.known[name] for name in dict.fromkeys(names) if name in self.known]

    def _surrogates(self, activity: Activity) -> Iterator[str]:
        for name in activity.surrogates:
            found = self.surrogates.get(name)
            if found is None:
                self.say(activity.title, f"it refers to '{name[:80]}', which is not defined.")
            else:
                yield self.concepts.surrogate(found.id, found.title)

    def _procedures(self, activity: Activity, form: str, *, alone: bool) -> Iterator[str]:
        """Whether each procedure was done; when, where the form asks for nothing else."""
        for procedure in activity.procedures:
            title = procedure.title if len(activity.procedures) > 1 or not alone else activity.title
            name = self.items.give(f"{form}_{procedure.name}"[:40] if len(activity.procedures) > 1 else f"{form}_done")
            self._item(name, f"{title}: done?", "boolean", procedure.id)
            yield name
            if alone:
                yield self._date(form, title)

    def _done(self, form: str, title: str) -> list[Data]:
        name = self.items.give(f"{form}_done")
        self._item(name, f"{title}: done?", "boolean", "")
        return [{"item": name}, {"item": self._date(form, title)}]

    def _date(self, form: str, title: str) -> str:
        name = self.items.give(f"{form}_date")
        self._item(name, f"{title}: date", "date", "")
        return name

    def _item(self, name: str, label: str, kind: str, condition: str) -> None:
        said = self.conditions.get(condition, ())
        help_ = {"help": {"en": " ".join(said)}} if said else {}
        self.concepts.made[name] = {"id": name, "label": {"en": label}, "type": kind, **help_, "source": SOURCE}

    def _help(self, fields: list[Data], activity: Activity) -> None:
        """When an activity applies, in words, beside its first question."""
        said = self.conditions.get(activity.id)
        first = self.concepts.made[fields[0]["item"]]
        if said and "help" not in first:
            first["help"] = {"en": " ".join(said)}

    # --- The end ------------------------------------------------------------------------------------------------------

    def finish(self) -> None:
        """Write the items; forms that one visit fills in several times get rows with their point of time."""
        for form in self.parts.forms:
            moments = self.times.get(form["id"])
            if moments and form.get("kind") != "log":
                self._rows(form, list(moments))
        self.parts.items += self.concepts.made.values()
        for name, facts in self.concepts.kept.items():
            self.parts.keep("usdm_items", name, **{key: value for key, value in facts.items() if value})
        visits = (*self.parts.visits, *self.parts.extra)
        held = {form for visit in visits for form in visit["forms"]} | set(self.parts.logs)
        if loose := [form["label"]["en"] for form in self.parts.forms if form["id"] not in held]:
            self.say("Activities", f"no timeline plans these; their forms are on no visit: {_listed(loose)}.")
        if self.done:
            self.say(
                "Activities", f"these name nothing to record; their forms ask whether and when: {_listed(self.done)}."
            )
        if self.conditions:
            self.say("Conditions", "they are words; they stand as help beside the questions, and hide nothing.")
        if silent := self.concepts.silent:
            self.say("Concepts", f"these properties name neither a type nor codes and are left out: {_listed(silent)}.")

    def _rows(self, form: Data, moments: list[str]) -> None:
        names = Names("time")
        choices = [{"code": names.give(words(moment)), "label": {"en": moment}} for moment in moments]
        name = self.items.give(f"{form['id']}_time")
        self.concepts.made[name] = {
            "id": name, "label": {"en": "Time point", "zh": "时间点"}, "type": "choice", "choices": choices,
            "source": SOURCE,
        }  # fmt: skip
        form["groups"][0]["repeating"] = True
        form["groups"][0]["fields"].insert(0, {"item": name, "required": True})


def _listed(names: Sequence[str]) -> str:
    return ", ".join(name[:60] for name in names[:12]) + (f" and {len(names) - 12} more" if len(names) > 12 else "")
