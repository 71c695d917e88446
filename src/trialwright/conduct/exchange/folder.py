"""From the parts that another system knows to a whole definition: what it does not know gets a stand-in, marked so."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from trialwright.conduct.exchange.values import Captured
from trialwright.kernel.errors import LogicError
from trialwright.study.checks import problems
from trialwright.study.definition import Study
from trialwright.study.dump import dump_study
from trialwright.study.load import study_from_texts

OPEN = "To be written"
STAND_IN: dict[str, str] = {
    "assumption": "A stand-in, so that the definition is whole; the imported file does not say it."
}
ONLY_VISIT = "visit"
"""The visit of a file that knows none."""
Data = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Brought:
    """What an import gives: the files of a study folder, the values, and a sentence for all that was not taken over."""

    texts: dict[str, str]
    captured: Captured
    left_out: tuple[str, ...]

    @property
    def study(self) -> Study:
        return study_from_texts(self.texts)


@dataclass(slots=True)
class Parts:
    """A definition while it is put together."""

    id: str
    title: str
    system: str
    source: str
    """Where the items come from, in words."""
    org_id: str = ""
    nct_id: str = "NCT00000000"
    items: list[Data] = field(default_factory=list)
    forms: list[Data] = field(default_factory=list)
    visits: list[Data] = field(default_factory=list)
    extra: list[Data] = field(default_factory=list)
    """Visits that no plan foresees."""
    logs: list[str] = field(default_factory=list)
    sites: list[Data] = field(default_factory=list)
    kept: dict[str, Data] = field(default_factory=dict)
    stand_ins: dict[str, list[str]] = field(default_factory=dict)
    left_out: list[str] = field(default_factory=list)
    day: str = "2000-01-01"
    own: Data = field(default_factory=dict)
    """The other files of a study that came from Trialwright itself, and its epochs and samples."""

    def keep(self, kind: str, name: str, /, **facts: Any) -> None:
        self.kept.setdefault(kind, {}).setdefault(name, {}).update(facts)

    def whole(self) -> Study:
        """The study; expressions that do not fit are taken out first, with a sentence. Raises WrongDefinition."""
        if not self.visits:
            self._only_visit()
        for _ in range(len(self.items) + 2):
            study = self._study()
            if not list(problems(study)):
                return study
            if not self._drop(study):
                break
        return study_from_texts(dump_study(self._study()))

    def texts(self, study: Study, kept: dict[str, Data]) -> dict[str, str]:
        about = study.exchange.model_copy(update={"kept": {kind: found for kind, found in kept.items() if found}})
        return dump_study(study.model_copy(update={"exchange": about}))

    def _only_visit(self) -> None:
        visit_forms = [form["id"] for form in self.forms if form.get("kind") != "log"]
        self.visits = [visit(ONLY_VISIT, "Visit", 1, visit_forms)]
        self.stand_ins["visits"] = [ONLY_VISIT]
        self.left_out.append("The file knows no visits: one visit holds all forms.")

    def _study(self) -> Study:
        if self.own:
            schedule = {**self.own["schedule"], "visits": self.visits, "logs": self.logs}
            return Study.model_validate({**self.own, "items": self.items, "forms": self.forms, "schedule": schedule})
        exchange = {"system": self.system, "kept": self.kept, "stand_ins": self.stand_ins}
        return Study.model_validate(
            {
                "study": self._registration(), "items": self.items, "forms": self.forms,
                "schedule": {"epochs": [EPOCH], "visits": self.visits, "extra": self.extra, "logs": self.logs},
                "eligibility": {"criteria": []}, "dosing": DOSING, "endpoints": ENDPOINTS,
                "assumptions": ASSUMPTIONS, "exchange": exchange,
            }
        )  # fmt: skip

    def _registration(self) -> Data:
        stand_in = {
            "id": "01", "name": OPEN, "city": OPEN, "province": "", "country": OPEN, "status": "", "timezone": "UTC",
        }  # fmt: skip
        if not self.sites:
            self.stand_ins["sites"] = ["01"]
        return {
            "id": self.id, "version": "0.1", "version_date": self.day,
            "identity": {
                "nct_id": self.nct_id, "org_study_id": self.org_id or self.id, "brief_title": self.title or self.id,
                "official_title": self.title or self.id,
            },
            "status": {"overall": "UNKNOWN", "start": self.day, "completion": self.day, "last_update": self.day},
            "design": {
                "study_type": "OBSERVATIONAL", "phases": ["NA"], "allocation": "", "intervention_model": "OTHER",
                "primary_purpose": "", "masking": "", "enrolment": 1, "enrolment_kind": "ESTIMATED",
            },
            "brief_summary": OPEN, "conditions": [OPEN],
            "arms": [{"id": "all", "label": "All", "kind": "OTHER", "description": OPEN, "interventions": []}],
            "interventions": [], "sponsor": {"name": OPEN, "kind": "UNKNOWN"}, "responsible_party": "SPONSOR",
            "sites": self.sites or [stand_in], "source": STAND_IN,
        }  # fmt: skip

    def _drop(self, study: Study) -> bool:
        """Take out derivations and conditions that the language, asked in earnest, does not accept after all."""
        dropped = False
        for item in self.items:
            if "derive" in item and not _fits(study, item["derive"], item):
                self.left_out.append(
                    f"The computation of '{item['id']}' ({item.pop('derive')}) does not fit its unit or type."
                )
                dropped = True
        for form in self.forms:
            for entry in (entry for group in form["groups"] for entry in group["fields"] if "show_when" in entry):
                if not _fits(study, entry["show_when"], None):
                    self.left_out.append(f"The condition of '{entry['item']}' ({entry.pop('show_when')}) does not fit.")
                    dropped = True
            for check in [check for check in form.get("checks", ()) if not _fits(study, check["logic"], None)]:
                self.left_out.append(f"The check '{check['id']}' ({check['logic']}) does not fit.")
                form["checks"].remove(check)
                dropped = True
        return dropped


def _fits(study: Study, text: str, item: Data | None) -> bool:
    from trialwright.study.checks.expressions import Written, fits

    try:
        kind = study.compile(text).kind
    except LogicError:
        return False
    held = study.item_by_id[item["id"]] if item else None
    return not list(fits(Written((), text, held), kind.name, kind.unit))


def visit(name: str, label: Any, number: float, forms: list[str], offset: int = 0, **more: Any) -> Data:
    """A visit of a file. A day that the file does not give is 0: it is planned for no day of its own."""
    return {
        "id": name, "number": number, "label": label, "epoch": "SCREENING", "anchor": "screening", "offset": offset,
        "forms": forms, "source": {"assumption": "Imported; the day counts from the first one."}, **more,
    }  # fmt: skip


EPOCH: Data = {
    "id": "SCREENING", "element": "Study", "element_code": "STUDY", "starts": "First visit", "ends": "Last visit",
}  # fmt: skip
DOSING: Data = {
    "arm": "all", "intervention": "none", "treatment": "NONE", "interval_days": 1, "min_interval_days": 1, "steps": [],
    "weight": {"item": "weight", "use": "baseline", "source": STAND_IN}, "rounding": {"step": 1, "source": STAND_IN},
    "infusion": {"minutes": 1, "source": STAND_IN}, "dose_item": "dose",
}  # fmt: skip
ENDPOINTS: Data = {
    "populations": [{"id": "ENR", "label": "Enrolled", "rule": "enrolled", "source": STAND_IN}],
    "endpoints": [],
    "event_forms": {
        "adverse_events": "adverse_events", "term": "ae_term", "organ_class": "ae_organ_class", "grade": "ae_grade",
        "serious": "ae_serious", "related": "ae_related", "start": "ae_start", "end": "ae_end", "outcome": "ae_outcome",
    },
}  # fmt: skip
ASSUMPTIONS: Data = {
    "people": {"answers": [], "source": STAND_IN}, "recruitment": {"source": STAND_IN},
    "screening": {"faults": [], "refusal": 0.0, "days": 0, "source": STAND_IN},
    "response": {
        "classes": [{"id": "all", "label": "All", "chance": 1.0, "extent": 1, "block": 1, "taper": 1}],
        "source": STAND_IN,
    },
    "visits": {"late": 0.0, "early": 0.0, "missed": 0.0, "source": STAND_IN},
    "entry": {
        "slip": 0.0, "manual_query": 0.0, "delay": 0, "answer_days": 1, "reason_slip": OPEN, "query": OPEN,
        "answer": OPEN, "source": STAND_IN,
    },
    "exits": {
        "form": "end_of_participation", "group": "main", "reason": "end_reason", "date": "end_date",
        "completed": "completed", "ways": [], "source": STAND_IN,
    },
}  # fmt: skip
"""A study that is captured only: nothing of it is given, simulated or analysed."""
