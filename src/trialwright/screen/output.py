"""A verdict as JSON for programs. As text for people: `output_text`."""

from __future__ import annotations

import json
from typing import Any

from trialwright.kernel.dates import PartialDate
from trialwright.screen.output_text import as_text
from trialwright.screen.verdict import AtomLine, CriterionResult, ValueLine, Verdict
from trialwright.study.definition import Study

__all__ = ["as_document", "as_text", "document_of"]


def as_document(study: Study, found: Verdict) -> str:
    """The verdict as JSON text."""
    parts = (f"  {_compact(key)}: {_lines(value)}" for key, value in document_of(study, found).items())
    return "{\n" + ",\n".join(parts) + "\n}"


def _lines(value: Any) -> str:
    """Lists with a line for each entry, which people can read and which is written fast."""
    if not isinstance(value, list) or not value:
        return _compact(value)
    return "[\n" + ",\n".join(f"    {_compact(entry)}" for entry in value) + "\n  ]"


def _compact(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def document_of(study: Study, found: Verdict) -> dict[str, Any]:
    """The verdict as plain data: `verdict`, `criteria`, `missing`, `warnings`, and what it was reached from."""
    patient = found.patient
    return {
        "verdict": found.state,
        "study": study.id,
        "version": study.version,
        "subject": found.subject,
        "screening": str(found.screening),
        "enrolment": str(patient.enrolment_or_screening),
        "enrolment_stands_in": patient.enrolment is None,
        "as_of": str(found.as_of) if found.as_of else None,
        "criteria": [_criterion(c) for c in found.criteria],
        "missing": [
            {
                "item": m.item,
                "label": m.label,
                "criteria": list(m.criteria),
                "decides": [{"id": id_, "state": state} for id_, state in m.decides],
                "verdicts": list(m.verdicts),
                "or_any_of": list(m.with_any_of),
                "sentence": m.sentence,
            }
            for m in found.missing
        ],
        "warnings": list(found.warnings),
    }


def _criterion(result: CriterionResult) -> dict[str, Any]:
    return {
        "id": result.id,
        "state": result.state,
        "kind": result.kind,
        "label": result.label.to(result.lang),
        "text": result.criterion.text.to(result.lang),
        "prose": result.prose,
        "explanation": result.explanation,
        "atoms": [_atom(atom) for atom in result.atoms],
        "flips_under": list(result.flips_under),
        "missing": list(result.missing),
    }


def _atom(atom: AtomLine) -> dict[str, Any]:
    return {
        "text": atom.text,
        "state": atom.state,
        "term": atom.term or None,
        "values": [_value(v) for v in atom.values],
        "needs": list(atom.needs),
    }


def _value(line: ValueLine) -> dict[str, Any]:
    """A fact as it was reported; `shown` is the same for people."""
    fact = line.fact
    return {
        "item": line.item,
        "label": line.label,
        "value": str(fact.value) if isinstance(fact.value, PartialDate) else fact.value,
        "unit": fact.unit or None,
        "low": fact.low,
        "high": fact.high,
        "day": line.when or None,
        "agent": fact.agent or None,
        "route": fact.route or None,
        "signed_by": fact.signed_by or None,
        "source": line.origin or None,
        "shown": line.value,
    }
