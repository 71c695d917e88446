"""A form as a FHIR Questionnaire: what FHIR has no words for is said, not invented."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from trialwright.conduct.exchange.expression_parts import Uncertain
from trialwright.conduct.exchange.fhirpath_out import Speaker, plain
from trialwright.conduct.exchange.odm_names import texts
from trialwright.conduct.exchange.questionnaire_conditions import conditions
from trialwright.conduct.exchange.questionnaire_data import group_link, link_of
from trialwright.conduct.exchange.questionnaire_items import MOLAR_MASS, OWN
from trialwright.formats.fhir.elements import SYSTEMS
from trialwright.formats.questionnaire.document import (
    UCUM,
    Answer,
    Coding,
    Constraint,
    Expression,
    Item,
    Option,
    Questionnaire,
    Texts,
)
from trialwright.kernel import units
from trialwright.kernel.errors import LogicError
from trialwright.kernel.texts import Text
from trialwright.logic.nodes import Literal
from trialwright.study import items as ours
from trialwright.study.definition import Study
from trialwright.study.forms import Field, Form, Group

_TYPES = {
    "quantity": "quantity", "integer": "integer", "text": "string", "choice": "choice", "choices": "choice",
    "boolean": "boolean", "date": "date", "time": "time", "datetime": "dateTime", "event": "string",
    "judgement": "boolean", "file": "attachment",
}  # fmt: skip
_UNSAID = (
    ("normal", "normal ranges"), ("lloq", "limits of quantification"),
    ("ctcae", "CTCAE terms"), ("sdtm", "places in SDTM"), ("synonyms", "synonyms"), ("blinded", "blinding"),
)  # fmt: skip
_ADDRESSES = {short: address for address, short in reversed(SYSTEMS.items()) if address.startswith("http")}


def questionnaire(study: Study, form: Form, release: str = "R4") -> tuple[Questionnaire, tuple[str, ...]]:
    """The form in FHIR, and a sentence for all that it does not say there."""
    return _Form(study, form, release).made()


class _Form:
    def __init__(self, study: Study, form: Form, release: str) -> None:
        self.study, self.form, self.release = study, form, release
        self.group_of = {f.item: group for group, f in form.fields()}
        self.said: list[str] = []

    def made(self) -> tuple[Questionnaire, tuple[str, ...]]:
        about: dict[str, Any] = self.study.exchange.of("questionnaires", self.form.id)
        items = tuple(self._group(group) for group in self.form.groups)
        name = "".join(part.capitalize() for part in self.form.id.split("_"))
        registration = self.study.registration
        made = Questionnaire(
            str(about.get("id") or self.form.id.replace("_", "-"))[:64], str(about.get("url", "")), name,
            _tagged(self.form.label), str(about.get("version") or self.study.version),
            registration.version_date.isoformat(), "draft", "en", self.release, items=items,
        )  # fmt: skip
        self._unsaid()
        return made, tuple(dict.fromkeys(self.said))

    def _unsaid(self) -> None:
        """What items say and FHIR has no element for."""
        items = [self.study.item_by_id[name] for name in self.form.item_ids()]
        for key, what in _UNSAID:
            if names := [item.id for item in items if getattr(item, key)]:
                self.said.append(f"Not said: {what} of {', '.join(names[:8])}{', ...' if len(names) > 8 else ''}.")
        if names := [f.item for _, f in self.form.fields() if f.critical]:
            self.said.append(f"Not said: that {', '.join(names[:8])} are verified against the source.")

    def _group(self, group: Group) -> Item:
        used: set[str] = set()
        inner = tuple(self._field(field, group, used) for field in group.fields)
        variables = tuple(
            Expression(f"item.where(linkId='{_quoted(link_of(self.study, name))}').answer", name=name)
            for name in sorted(used)
        )
        return Item(
            group_link(self.study, self.form, group), "group", _tagged(group.label), repeats=group.repeating,
            variables=variables, items=inner,
        )  # fmt: skip

    # --- Questions ----------------------------------------------------------------------------------------------------

    def _field(self, field: Field, group: Group, used: set[str]) -> Item:
        item = self.study.item_by_id[field.item]
        speaker = self._speaker(group, used)
        link = link_of(self.study, item.id)
        kind = self._type(item)
        offered = (item.unit, *item.units) if item.unit not in ("", "1") else ()
        help_ = (Item(f"{link}.help", "display", _tagged(item.help), control="help"),) if item.help else ()
        calculated = self._calculated(item, speaker)
        return Item(
            link, kind, _tagged(item.label), required=field.required,
            repeats=item.type == "choices", read_only=bool(item.derive), decimals=item.decimals,
            options=tuple(Option(self._answer(item, choice)) for choice in item.choices),
            calculated=calculated, constraints=self._constraints(item, kind, speaker),
            low=_limit(item, kind, "low"), high=_limit(item, kind, "high"),
            units=tuple(Coding(UCUM, unit, (("", units.show(unit) or unit),)) for unit in offered),
            codes=tuple(_codes(item)), items=help_, **self._shown(field, speaker),
        )  # fmt: skip

    def _type(self, item: ours.Item) -> str:
        """A number that is computed is plain, with its unit beside it: expressions give numbers."""
        if item.type == "quantity" and (item.unit == "1" or item.derive):
            return "decimal"
        return "text" if item.lines > 1 else _TYPES[item.type]

    def _is_text(self, item: ours.Item) -> bool:
        """Whether its choices came as plain strings."""
        answers = self.study.exchange.of("questions", item.id).get("answers", {})
        return bool(answers) and all(said[0] == "string" for said in answers.values())

    def _answer(self, item: ours.Item, choice: ours.Choice) -> Answer:
        said = self.study.exchange.of("questions", item.id).get("answers", {}).get(choice.code)
        label = _tagged(choice.label)
        if said and said[0] == "coding":
            return Answer("coding", said[1], said[2], label)
        if self._is_text(item) and said and said[1] == choice.label.en:
            return Answer("string", said[1], label=label)
        return Answer("coding", choice.code, "", label)

    def _speaker(self, group: Group, used: set[str]) -> Speaker:
        def path(name: str) -> str:
            there = self.group_of.get(name)
            if there is None:
                raise Uncertain(f"'{name}' stands on another form")
            if there.repeating and there is not group:
                raise Uncertain(f"'{name}' has several rows")
            if there.repeating:
                used.add(name)
                return f"%{name}"
            return f"%resource.descendants().where(linkId='{_quoted(link_of(self.study, name))}').answer"

        return Speaker(self.study.item_by_id, path, lambda item: self._type(item) == "quantity", self._is_text)

    # --- Rules --------------------------------------------------------------------------------------------------------

    def _shown(self, field: Field, speaker: Speaker) -> dict[str, Any]:
        """enableWhen where its words do, else an expression, else a sentence."""
        if not field.show_when:
            return {}
        root = self.study.compile(field.show_when).root
        if isinstance(root, Literal):
            return {"hidden": root.value is False}
        found = conditions(self, root)
        if found is not None:
            return {"enable": found[0], "behavior": found[1]}
        try:
            return {"enable_when": Expression(speaker.say(root))}
        except Uncertain as why:
            self.said.append(f"Not said: when '{field.item}' is asked ({field.show_when}): {why}.")
            return {}

    def link(self, name: str) -> str | None:
        """The linkId of an item that a condition may ask of; None where it is not on this form."""
        return link_of(self.study, name) if name in self.group_of else None

    def item(self, name: str) -> ours.Item:
        return self.study.item_by_id[name]

    def type_of(self, item: ours.Item) -> str:
        return self._type(item)

    def answer_of(self, item: ours.Item, code: str) -> Answer | None:
        choice = item.choice(code)
        return self._answer(item, choice) if choice else None

    def _calculated(self, item: ours.Item, speaker: Speaker) -> Expression | None:
        if not item.derive:
            return None
        try:
            root = self.study.compile(item.derive).root
            numeric = item.type in ("quantity", "integer")
            return Expression(speaker.number(root, item.unit or "1") if numeric else speaker.say(root))
        except (Uncertain, LogicError) as why:
            self.said.append(f"Not said: how '{item.id}' is computed ({item.derive}): {why}.")
            return None

    def _constraints(self, item: ours.Item, kind: str, speaker: Speaker) -> tuple[Constraint, ...]:
        """Limits that only warn, or whose end lies outside; and the checks that stand at the item."""
        found = []
        unit = f" '{item.unit}'" if kind == "quantity" else ""
        for limits, severity, name in ((item.hard, "error", "hard"), (item.soft, "warning", "soft")):
            parts = _ends(limits, unit, only_open=severity == "error")
            if parts:
                human = (("en", f"Outside the {'possible' if name == 'hard' else 'usual'} range."),)
                text = f"answer.all({' and '.join(parts)})"
                found.append(Constraint(f"{_key(item.id)}-{name}", severity, Expression(text), human))
        for check in self.form.checks:
            if check.item != item.id:
                continue
            try:
                text = speaker.say(self.study.compile(check.logic).root)
                found.append(Constraint(_key(check.id), "warning", Expression(text), _tagged(check.message)))
            except Uncertain as why:
                self.said.append(f"Not said: the check '{check.id}' ({check.logic}): {why}.")
        return tuple(found)


def _ends(limits: ours.Limits | None, unit: str, *, only_open: bool) -> list[str]:
    if limits is None:
        return []
    ends = ((">", limits.low, limits.open_low), ("<", limits.high, limits.open_high))
    return [
        f"value {sign}{'' if is_open else '='} {plain(end)}{unit}"
        for sign, end, is_open in ends
        if end is not None and (is_open or not only_open)
    ]


def _limit(item: ours.Item, kind: str, side: str) -> Answer | None:
    """A hard limit that belongs to its range."""
    number = getattr(item.hard, side) if item.hard else None
    if number is None or getattr(item.hard, f"open_{side}"):
        return None
    whole = kind == "integer" and float(number).is_integer()
    if kind == "quantity":
        return Answer("quantity", plain(number), UCUM, unit=item.unit)
    return Answer("integer" if whole else "decimal", plain(number))


def _tagged(text: Text | None) -> Texts:
    """A text with its language tags; Chinese is the simplified one."""
    found = texts(text)
    return tuple((("zh-CN" if lang == "zh" else lang), said) for lang, said in found if said)


def _codes(item: ours.Item) -> Sequence[Coding]:
    found = [Coding(_ADDRESSES["loinc"], code) for code in (item.codes.loinc, *item.codes.loinc_also) if code]
    for short in ("snomed", "rxnorm", "icd10", "atc", "cvx"):
        found += [Coding(_ADDRESSES[short], code) for code in getattr(item.codes, short)]
    own = "partial" if item.partial else item.type if item.type in ("judgement", "event") else ""
    mass = [Coding(MOLAR_MASS, plain(item.molar_mass))] if item.molar_mass and item.units else []
    return [*found, *mass, *([Coding(OWN, own)] if own else [])]


def _key(name: str) -> str:
    return name.replace("_", "-")[:58]


def _quoted(link: str) -> str:
    return link.replace("\\", "\\\\").replace("'", "\\'")
