"""Reads the text of a record's page on the registry portal into the JSON of API v2.

The page is a list of known headings, each with one line that explains it and then the facts, one on a line. It has a
single title, which stands as the brief and the official one, and lists facility contacts in the order of the sites.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from trialwright.kernel.errors import InputError

HEADINGS = (
    "Study Results", "Basic Information", "Brief Summary", "Detailed Description", "Conditions", "Study Design",
    "Study Groups", "Interventions", "Eligibility Criteria", "Sponsors", "Responsible Party", "Locations", "Countries",
    "Central Contacts", "Facility Contacts", "Other Identifiers", "More Related Trials",
)  # fmt: skip
"""In the order of the page; a page may leave some out."""

_CRITERIA_END = (
    "Minimum Eligible Age", "Maximum Eligible Age", "Eligible Sex", "Accepts Healthy Volunteers",
)  # fmt: skip


def is_page(text: str) -> bool:
    """Whether a text looks like such a page."""
    return bool(re.search(r"^NCT ID: *NCT\d{8}\s*$", text, re.MULTILINE))


def read_page(text: str, where: str = "page") -> dict[str, Any]:
    """The record that the page shows. Raises InputError where the page is cut short."""
    lines = [line.rstrip() for line in text.splitlines()]
    head, sections = _split(lines)
    if "Other Identifiers" not in sections:
        last = next(reversed(sections), "its head")
        raise InputError(
            f"The page ends after '{last}'.", where=f"{where}:{len(lines)}", hint="It was cut short; save it again."
        )
    protocol = {
        "identificationModule": _identification(head, _body(sections, "Other Identifiers")),
        "statusModule": _status(head, _body(sections, "Basic Information")),
        "sponsorCollaboratorsModule": _sponsors(sections),
        "descriptionModule": _described(sections),
        "conditionsModule": {"conditions": _body(sections, "Conditions")},
        "designModule": _design(sections, where),
        "armsInterventionsModule": _arms(sections),
        "eligibilityModule": _eligibility(sections),
        "contactsLocationsModule": _places(sections),
    }
    return {"protocolSection": protocol, "hasResults": "Results pending" not in _body(sections, "Study Results", 0)}


def _split(lines: Sequence[str]) -> tuple[list[str], dict[str, list[str]]]:
    """Lines above the first heading, and the lines under each heading, without empty ones."""
    head: list[str] = []
    sections: dict[str, list[str]] = {}
    current, following = head, 0
    for line in lines:
        if line in HEADINGS[following:]:
            following = HEADINGS.index(line) + 1
            current = sections[line] = []
        elif line.strip():
            current.append(line)
    return head, sections


def _body(sections: dict[str, list[str]], heading: str, skip: int = 1) -> list[str]:
    """The facts under a heading, without the line that explains it."""
    return sections.get(heading, [])[skip:]


def _after(lines: Sequence[str], label: str) -> str:
    """The line after the one that reads `label`."""
    return lines[lines.index(label) + 1] if label in lines and lines.index(label) + 1 < len(lines) else ""


def _tagged(lines: Sequence[str], tag: str) -> str:
    """What follows `tag` on its line."""
    return next((line.removeprefix(tag).strip() for line in lines if line.startswith(tag)), "")


def _ended_by(lines: Sequence[str], last: Callable[[str], bool]) -> Iterator[list[str]]:
    """Runs of lines, each ended by a line for which `last` holds."""
    run: list[str] = []
    for line in lines:
        run.append(line)
        if last(line):
            yield run
            run = []


def _filled(**parts: Any) -> dict[str, Any]:
    return {key: value for key, value in parts.items() if value not in ("", [], {}, None)}


def _identification(head: list[str], identifiers: list[str]) -> dict[str, Any]:
    own, others = "", []
    for name, kind, source in _ended_by(identifiers, lambda line: line.startswith("Identifier Source:")):
        domain, of = source.removeprefix("Identifier Source:").strip(), kind.removeprefix("Identifier Type:").strip()
        if domain == "org_study_id":
            own = name
        else:
            others.append(_filled(id=name, type="" if of == "-" else of, domain="" if domain == "-" else domain))
    title = head[0] if head and not head[0].startswith("NCT ID") else ""
    return _filled(
        nctId=_tagged(head, "NCT ID:"),
        orgStudyIdInfo=_filled(id=own),
        secondaryIdInfos=others,
        briefTitle=title,
        officialTitle=title,
    )


def _status(head: list[str], basic: list[str]) -> dict[str, Any]:
    return _filled(
        overallStatus=_after(basic, "Recruitment Status"),
        startDateStruct=_filled(date=_after(basic, "Study Start Date")),
        completionDateStruct=_filled(date=_after(basic, "Study Completion Date")),
        lastUpdatePostDateStruct=_filled(date=_tagged(head, "Last Updated:")),
    )


def _sponsors(sections: dict[str, list[str]]) -> dict[str, Any]:
    found: dict[str, list[dict[str, str]]] = {}
    for run in _ended_by(_body(sections, "Sponsors"), lambda line: line.startswith("Sponsor Role")):
        role = run[-1].removeprefix("Sponsor Role").strip()
        found.setdefault(role, []).append({"name": run[0], "class": run[1] if len(run) > 2 else "UNKNOWN"})
    responsible = _tagged(_body(sections, "Responsible Party"), "Responsibility Role")
    return _filled(
        responsibleParty=_filled(type=responsible),
        leadSponsor=next(iter(found.pop("lead", [])), {}),
        collaborators=[agency for agencies in found.values() for agency in agencies],
    )


def _described(sections: dict[str, list[str]]) -> dict[str, Any]:
    return _filled(
        briefSummary="\n\n".join(_body(sections, "Brief Summary")),
        detailedDescription="\n\n".join(_body(sections, "Detailed Description")),
    )


def _design(sections: dict[str, list[str]], where: str) -> dict[str, Any]:
    basic, design = _body(sections, "Basic Information"), _body(sections, "Study Design")
    enrolment = _after(basic, "Total Enrollment").split()
    if enrolment and not enrolment[0].isdigit():
        raise InputError(
            f"'{enrolment[0]}' is not a number of participants.", where=where, hint="See Total Enrollment."
        )
    info = _filled(
        allocation=_after(design, "Allocation Method"),
        interventionModel=_after(design, "Intervention Model"),
        primaryPurpose=_after(design, "Primary Study Purpose"),
        maskingInfo=_filled(masking=_after(design, "Blinding Strategy")),
    )
    return _filled(
        studyType=_after(basic, "Study Classification"),
        phases=[phase for phase in re.split(r"[,/ ]+", _after(basic, "Clinical Phase")) if phase],
        designInfo=info,
        enrollmentInfo=_filled(count=int(enrolment[0])) if enrolment else {},
    )


def _arms(sections: dict[str, list[str]]) -> dict[str, Any]:
    interventions = [
        _filled(name=run[0], type=run[-1].removeprefix("Intervention Type").strip(), description="\n\n".join(run[1:-1]))
        for run in _ended_by(_body(sections, "Interventions"), lambda line: line.startswith("Intervention Type"))
    ]
    kinds = {entry["name"]: entry["type"].replace("_", " ").capitalize() for entry in interventions}
    groups = list(_arm_groups(_body(sections, "Study Groups"), kinds))
    for entry in interventions:
        full = f"{kinds[entry['name']]}: {entry['name']}"
        entry["armGroupLabels"] = [group["label"] for group in groups if full in group.get("interventionNames", ())]
    return _filled(armGroups=groups, interventions=interventions)


def _arm_groups(lines: list[str], kinds: dict[str, str]) -> Iterator[dict[str, Any]]:
    """A group is its label, its type, perhaps a description, and its interventions (name, type, description)."""
    starts = [n - 1 for n, line in enumerate(lines) if line.startswith("Group Type") and n]
    for start, end in zip(starts, [*starts[1:], len(lines)], strict=True):
        group = lines[start:end]
        names = [n - 1 for n, line in enumerate(group) if line.startswith("Intervention Type")]
        first = names[0] if names else len(group)
        yield _filled(
            label=group[0],
            type=group[1].removeprefix("Group Type").strip(),
            description="\n\n".join(group[2:first] or group[first + 2 :][:1]),
            interventionNames=[f"{kinds[group[n]]}: {group[n]}" for n in names if group[n] in kinds],
        )


def _eligibility(sections: dict[str, list[str]]) -> dict[str, Any]:
    body = _body(sections, "Eligibility Criteria")
    end = min((body.index(label) for label in _CRITERIA_END if label in body), default=len(body))
    titles = ("Inclusion Criteria", "Exclusion Criteria")
    criteria = "\n".join(f"\n{line}:\n" if line in titles else line for line in body[:end])
    volunteers = _after(body, "Accepts Healthy Volunteers").lower()
    return _filled(eligibilityCriteria=criteria.strip()) | _filled(
        healthyVolunteers={"yes": True, "no": False}.get(volunteers),
        sex=_after(body, "Eligible Sex"),
        minimumAge=_age(_after(body, "Minimum Eligible Age")),
        maximumAge=_age(_after(body, "Maximum Eligible Age")),
    )


def _age(text: str) -> str:
    return text if re.match(r"\d", text) else ""


def _places(sections: dict[str, list[str]]) -> dict[str, Any]:
    locations = [
        _location(run) for run in _ended_by(_body(sections, "Locations"), lambda line: line.startswith("Site Status"))
    ]
    contacts = list(_ended_by(_body(sections, "Facility Contacts"), lambda line: line.startswith("Role:")))
    if len(contacts) == len(locations):
        for location, run in zip(locations, contacts, strict=True):
            location["contacts"] = [_filled(name=run[0], role="CONTACT")]
    return _filled(centralContacts=list(_central(_body(sections, "Central Contacts"))), locations=locations)


def _location(run: list[str]) -> dict[str, Any]:
    *names, place, status = run
    city, *middle = place.split(", ")
    country = middle.pop() if middle else ""
    return _filled(
        facility=", ".join(names),
        status=status.removeprefix("Site Status").strip(),
        city=city,
        state=", ".join(middle),
        country=country,
    )


def _central(lines: list[str]) -> Iterator[dict[str, Any]]:
    """A contact is a name, a role, and perhaps telephone and e-mail."""
    starts = [n - 1 for n, line in enumerate(lines) if line.startswith("Role:") and n]
    for start, end in zip(starts, [*starts[1:], len(lines)], strict=True):
        rest = lines[start + 2 : end]
        yield _filled(
            name=lines[start],
            role=lines[start + 1].removeprefix("Role:").strip(),
            phone=next((line for line in rest if re.fullmatch(r"[+\d][\d ()+\-./]*", line)), ""),
            email=next((line for line in rest if "@" in line), ""),
        )
