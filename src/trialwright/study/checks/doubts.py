"""What is allowed and yet hardly meant: a definition loads with it, and `validate` names it."""

from __future__ import annotations

from collections.abc import Iterator

from trialwright.study.checks import captured
from trialwright.study.definition import Study
from trialwright.study.document import Place
from trialwright.study.problems import Problem


def doubts(study: Study) -> Iterator[Problem]:
    """Doubts about a sound study."""
    for check in (_unseen_by_analysis, _captured_nowhere, _unscheduled_forms, _no_sites, captured.doubts):
        yield from check(study)


def _unseen_by_analysis(study: Study) -> Iterator[Problem]:
    """Analysis reads SDTM only: an item without a place there is never known to an endpoint."""
    for index, endpoint in enumerate(study.endpoints.endpoints):
        place: Place = ("endpoints", "endpoints", index)
        named = [endpoint.item] if endpoint.item else []
        for part in endpoint.parts:
            named += [name for name in study.compile(part.logic).items if not study.item_by_id[name].derive]
        for name in dict.fromkeys(named):
            if study.item_by_id[name].sdtm is None:
                what = f"The endpoint '{endpoint.id}' speaks of '{name}', which goes to no SDTM data set."
                yield Problem(place, what, "Give the item 'sdtm', or the endpoint never sees it.")


def _captured_nowhere(study: Study) -> Iterator[Problem]:
    """An item that a criterion needs and no form holds stays unknown in conduct."""
    held = {item for form in study.forms for item in form.item_ids()}
    for index, criterion in enumerate(study.eligibility.criteria):
        for name in study.compile(criterion.logic).items:
            if name not in held and not study.item_by_id[name].derive:
                what = f"The criterion {criterion.id} needs '{name}', which stands on no form."
                yield Problem(("eligibility", "criteria", index), what, "Put it on a form of the screening visit.")


def _unscheduled_forms(study: Study) -> Iterator[Problem]:
    plan = study.schedule
    used = {*plan.logs, *(form for v in plan.visits for form in v.forms), *(f for v in plan.extra for f in v.forms)}
    for index, form in enumerate(study.forms):
        if form.id not in used:
            yield Problem(("forms", index), f"The form '{form.id}' belongs to no visit and is no log.", "Schedule it.")


def _no_sites(study: Study) -> Iterator[Problem]:
    if not study.registration.sites:
        yield Problem(("study", "sites"), "The study has no site, so nobody can be enrolled.", "Add at least one.")
