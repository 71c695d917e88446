"""FHIR Questionnaires as a study folder: each becomes a form, its groups and questions in their order."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from trialwright.conduct.exchange.folder import ONLY_VISIT, Brought, Data, Parts, visit
from trialwright.conduct.exchange.names import Names, words
from trialwright.conduct.exchange.odm_names import text_of
from trialwright.conduct.exchange.questionnaire_data import Answers
from trialwright.conduct.exchange.questionnaire_items import Questions, is_group
from trialwright.conduct.exchange.questionnaire_rules import Asked, Rules
from trialwright.conduct.exchange.values import Captured
from trialwright.formats.questionnaire.document import Document, Item, Questionnaire, Texts
from trialwright.kernel.errors import InputError
from trialwright.study.definition import Study
from trialwright.study.dump import dump_study

MOST = 10_000
"""Questions of a file that are read."""
NEVER = "false"
"""The condition of a question that is hidden there: it has a place, and nobody is asked."""
_SHOWN = 8


def bring_in(document: Document, data: Sequence[Document] = ()) -> Brought:
    """A study folder from questionnaires, with the responses in the file and in others beside it. Raises InputError."""
    definition = Definition(document)
    study = definition.study()
    responses = [response for each in (document, *data) for response in each.responses]
    answers = Answers(study)
    captured = answers.captured(responses) if responses else Captured()
    notes = [*definition.parts.left_out, *(note for each in data for note in each.notes), *answers.sentences()]
    return Brought(dump_study(study), captured, tuple(dict.fromkeys(notes)))


class Target:
    """Where questions go: a group of our form, begun anew where another one came in between."""

    def __init__(self, form: Form, group: Item | None, around: Texts = (), *, repeating: bool = False) -> None:
        self.form, self.group, self.around, self.repeating = form, group, around, repeating
        self.open: Data | None = None

    def add(self, field: Data) -> str:
        """The id of the group that the field went to."""
        if self.open is None:
            label = self._label()
            name = self.form.group_names.give(*((self.group.link, label.get("en", "")) if self.group else ("main",)))
            self.open = {
                "id": name, **({"label": label} if label else {}), **({"repeating": True} if self.repeating else {}),
                "fields": [],
            }  # fmt: skip
            self.form.groups.append(self.open)
            if self.group:
                self.form.keep_group(name, self.group.link)
        self.open["fields"].append(field)
        return str(self.open["id"])

    def _label(self) -> Data:
        if self.group is None:
            return {}
        shown = next((part.text for part in self.group.items if part.type == "display" and part.text), ())
        text = self.group.text or shown or self.around
        return text_of(text, self.group.prefix or "") if text else {}

    def close(self) -> None:
        """Another group follows; rows of a repeating one stay together."""
        if not self.repeating:
            self.open = None


@dataclass(frozen=True)
class Scope:
    """What surrounds a question: its group, and the items whose conditions hold for it too."""

    target: Target
    above: tuple[Item, ...] = ()
    hidden: bool = False


class Definition:
    """Takes over the questionnaires of one document."""

    def __init__(self, document: Document) -> None:
        self.document = document
        if not document.questionnaires:
            what = "The file holds answers and no Questionnaire."
            hint = "Name the file with the Questionnaire first, and this one after it."
            raise InputError(what, where=document.file, hint=hint)
        first = document.questionnaires[0]
        title = next((text for _, text in first.title), "") or first.name or first.id
        name = words(title) or words(first.name) or words(first.id) or "study"
        self.parts = Parts(
            name if name[0].isalpha() else f"study_{name}", " ".join(title.split())[:500], f"FHIR {first.release}",
            "Imported.",
        )  # fmt: skip
        if len(day := first.date[:10]) == 10 and _is_day(day):
            self.parts.day = day
        self.items = Names("item")
        self.forms = Names("form")
        self.parts.left_out += document.notes

    def study(self) -> Study:
        """The definition, checked. Raises InputError for a file that asks nothing."""
        total = sum(1 for source in self.document.questionnaires for _ in _every(source.items))
        if total > MOST:
            what = f"The file has {total} questions and groups; up to {MOST} are read."
            raise InputError(what, where=self.document.file, hint="Take it apart.")
        for source in self.document.questionnaires:
            Form(self, source).take()
        if not self.parts.items:
            what = "The Questionnaire asks no question."
            raise InputError(what, where=self.document.file, hint="Its questions are in 'item'.")
        self.parts.visits = [visit(ONLY_VISIT, "Visit", 1, [form["id"] for form in self.parts.forms])]
        self.parts.stand_ins["visits"] = [ONLY_VISIT]
        self.parts.left_out.append("A Questionnaire knows no visits: one visit holds all forms.")
        return self.parts.whole()


class Form:
    """One questionnaire on its way to a form."""

    def __init__(self, definition: Definition, source: Questionnaire) -> None:
        self.definition, self.source, self.parts = definition, source, definition.parts
        title = next((text for _, text in source.title), "")
        self.name = definition.forms.give(source.name, source.id, title, "form")
        self.group_names = Names("group")
        self.groups: list[Data] = []
        self.questions = Questions(source, self.say)
        self.asked: dict[str, Asked] = {}
        """linkId -> what it became."""
        self.found: list[Asked] = []
        self.odd: dict[str, list[str]] = {}
        """What is not taken over -> the linkIds that it stands at."""

    def say(self, link: str, sentence: str) -> None:
        self.parts.left_out.append(f"{self.definition.document.file}: '{link[:80]}': {sentence}")

    def _odd(self, what: str, link: str) -> None:
        self.odd.setdefault(what, []).append(link)

    def keep_group(self, name: str, link: str) -> None:
        if link != name:
            self.parts.keep("question_groups", f"{self.name}.{name}", link=link)

    def take(self) -> None:
        """Put the form and its items into the parts."""
        source = self.source
        self._items(source.items, Scope(Target(self, None)))
        rules = Rules(self.source, self.asked, self.say)
        checks = rules.add_to(self.found)
        title = source.title or (("", source.name or source.id or self.name),)
        self.parts.forms.append(
            {
                "id": self.name, "label": text_of(title, self.name), "groups": self.groups,
                **({"checks": checks} if checks else {}),
            }
        )  # fmt: skip
        about = {"id": source.id, "url": source.url, "version": source.version, "release": source.release}
        self.parts.keep("questionnaires", self.name, **{key: value for key, value in about.items() if value})
        for what, links in self.odd.items():
            listed = ", ".join(link[:40] for link in links[:_SHOWN]) + (", ..." if len(links) > _SHOWN else "")
            self.parts.left_out.append(f"{self.definition.document.file}: {what}: {listed}.")

    def _items(self, items: tuple[Item, ...], scope: Scope) -> None:
        for item in items:
            if is_group(item):
                self._group(item, scope)
            elif item.type != "display":
                self._question(item, scope)

    def _group(self, item: Item, scope: Scope) -> None:
        self._about_group(item, scope)
        inside = scope.target.repeating
        if inside and item.repeats:
            self.say(item.link, "it repeats inside what repeats; here its rows are numbered by themselves.")
        if inside and not item.repeats:
            target = scope.target
        else:
            around = next((each.text for each in reversed(scope.above) if each.text and is_group(each)), ())
            target = Target(self, item, around, repeating=item.repeats)
            scope.target.close()
        inner = Scope(target, (*scope.above, item), scope.hidden or item.hidden)
        self._items(item.items, inner)
        if target is not scope.target:
            scope.target.close()

    def _about_group(self, item: Item, scope: Scope) -> None:
        if not item.link:
            self.say(item.place, "this group has no linkId.")
        questions = [part for part in item.items if part.type != "display"]
        leading = next((index for index, part in enumerate(item.items) if part.type == "display"), -1)
        for index, part in enumerate(item.items):
            if part.type == "display" and (item.text or index != leading or not questions):
                self._odd("A text among the questions is shown nowhere", part.link)
        if item.required and not item.repeats:
            self._odd("Groups are required there; here their questions are", item.link)
        for url in item.other:
            self._odd(f"Not taken over ({_short(url)})", item.link)
        if scope.target.repeating and not item.repeats and item.text:
            self._odd("A group inside a repeating one became part of it", item.link)

    def _question(self, item: Item, scope: Scope) -> None:
        if not item.link:
            self.say(item.place, "this question has no linkId; nothing can refer to it.")
        text = next((said for _, said in item.text), "")
        telling = item.link if any(sign.isalpha() for sign in item.link) else ""
        name = self.definition.items.give(telling, text, item.link)
        data, kept = self.questions.data(item, name)
        self.parts.items.append(data)
        if item.link != name or kept["type"] != {"quantity": "decimal"}.get(data["type"], ""):
            self.parts.keep("questions", name, **{"link": item.link, **kept})
        several = item.repeats and data["type"] not in ("choices",)
        target = self._place(item, scope, several=several)
        field: Data = {"item": name, **({"required": True} if item.required else {})}
        group = target.add(field)
        if target is not scope.target:
            scope.target.close()
        asked = Asked(item, data, field, scope.above, group, hidden=scope.hidden or item.hidden)
        asked.scores = kept.get("scores", {})
        self._remember(asked)
        if "open" in kept:
            self._other_answer(item, data, str(kept["open"]), target)
        self._about(item)
        inner = [part for part in item.items if part.type != "display"]
        if inner:
            self._items(tuple(inner), replace(scope, above=(*scope.above, item), hidden=asked.hidden))

    def _place(self, item: Item, scope: Scope, *, several: bool) -> Target:
        """A question that may be answered several times is a repeating group of its own."""
        if not several:
            return scope.target
        if scope.target.repeating:
            self.say(item.link, "it takes several answers inside what repeats; here it takes one in each row.")
            return scope.target
        return Target(self, replace(item, items=()), repeating=True)

    def _remember(self, asked: Asked) -> None:
        link = asked.source.link
        if link in self.asked:
            self.say(link, f"this linkId stands twice; the second question is '{asked.data['id']}'.")
        else:
            self.asked[link] = asked
        self.found.append(asked)

    def _other_answer(self, item: Item, data: Data, code: str, target: Target) -> None:
        """What an open choice lets people type."""
        name = self.definition.items.give(f"{data['id']}_{code}")
        label = {
            lang: f"{text}: {word}"
            for lang, word in (("en", "other"), ("zh", "其他"))
            if (text := data["label"].get(lang))
        }
        self.parts.items.append({"id": name, "label": label, "type": "text", "source": {"assumption": "Imported."}})
        when = f'includes({data["id"]}, "{code}")' if data["type"] == "choices" else f'{data["id"]} == "{code}"'
        target.add({"item": name, "show_when": when})
        self.parts.keep("questions", data["id"], typed=name)
        self._odd("An answer beside the list is typed in a question of its own", item.link)

    def _about(self, item: Item) -> None:
        if item.initial or any(option.initial for option in item.options):
            self._odd("Answers given at the start are not taken over", item.link)
        if item.longest is not None:
            self._odd("How long an answer may be is not checked", item.link)
        if item.read_only and item.calculated is None:
            self._odd("Questions that are only read there can be answered here", item.link)
        for url in item.other:
            self._odd(f"Not taken over ({_short(url)})", item.link)


def _every(items: tuple[Item, ...]) -> Iterator[Item]:
    for item in items:
        yield item
        yield from _every(item.items)


def _short(url: str) -> str:
    return url.rpartition("/")[2][:60] or url[:60]


def _is_day(text: str) -> bool:
    try:
        return dt.date.fromisoformat(text).year > 1
    except ValueError:
        return False
