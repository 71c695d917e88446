"""Bundles and single resources as plain resources, references between them followed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from trialwright.formats.fhir.elements import Json, entries, mapping, text
from trialwright.formats.fhir.resources import Resource, read


def of_bundle(document: Json) -> list[Resource]:
    """The resources of a Bundle (also of Bundles inside it); medicines given by reference get their codes.

    `subject` of each is the id of its patient; a reference that does not lead to a patient here keeps its last part.
    """
    found = list(_resources(document, ""))
    named = {kind: {n: r for names, r in found if r.kind == kind for n in names} for kind in ("Patient", "Medication")}
    return [_joined(r, named["Patient"], named["Medication"]) for _, r in found if r.kind != "Medication"]


def _joined(found: Resource, patients: dict[str, Resource], medicines: dict[str, Resource]) -> Resource:
    found = coded(found, medicines)
    subject = patients[found.subject].id if found.subject in patients else patient_id(found.subject)
    return found if subject == found.subject else replace(found, subject=subject)


def of_resource(raw: Any) -> Resource | None:
    """One resource, as a line of NDJSON holds it; None for a kind that is not read."""
    found = read(raw)
    if found is None:
        return None
    if not found.medication:
        return found
    contained = {f"#{r.id}": r for r in map(read, entries(raw.get("contained"))) if r is not None}
    return coded(found, contained)


def has_more_pages(document: Json) -> bool:
    """Whether a server cut the answer into pages and this is not the last."""
    return any(link.get("relation") == "next" for link in entries(document.get("link")))


def patient_id(reference: str) -> str:
    """The id that a reference to a patient ends in: `Patient/17` and `https://host/Patient/17/_history/2` are 17."""
    parts = reference.split("/_history/")[0].rsplit("/", 1)
    return parts[-1].removeprefix("urn:uuid:")


def _resources(document: Json, url: str) -> Iterator[tuple[tuple[str, ...], Resource]]:
    """Each resource that is read, with the names under which others may refer to it. Nested Bundles one level down."""
    for entry in entries(document.get("entry")):
        raw, full = mapping(entry.get("resource")), text(entry.get("fullUrl"))
        if raw.get("resourceType") == "Bundle" and not url:
            yield from _resources(raw, full or "inside")
        found = of_resource(raw)
        if found is not None:
            yield tuple(n for n in (full, f"{found.kind}/{found.id}", found.id) if n), found


def coded(found: Resource, medicines: Mapping[str, Resource]) -> Resource:
    """With the codes of the Medication that it refers to, where it has none itself. `medicines`: by reference or id."""
    if found.codes or not found.medication:
        return found
    medicine = medicines.get(found.medication) or medicines.get(patient_id(found.medication))
    return replace(found, codes=medicine.codes) if medicine else found
