"""What is blinded in a study, and for whom: the items that the definition marks, and whatever would give them away."""

from __future__ import annotations

from dataclasses import dataclass

from trialwright.conduct.rules.facts import items_in
from trialwright.conduct.rules.policy import Person
from trialwright.study.definition import Study

BLINDED = "blinded"
"""Stands where words or a value are kept from somebody."""
SKIPPED = "hidden"
"""Id of the check that asks about an answer to a question that is not asked."""


@dataclass(frozen=True, slots=True)
class Blinded:
    """What is kept from whoever may not read what is blinded. False when it is nothing."""

    items: frozenset[str] = frozenset()
    """Those marked, and derived ones that depend on them, however far."""
    forms: frozenset[str] = frozenset()
    """Forms that ask one of the items: the hash of a signature under them would let a value be guessed."""
    checks: frozenset[tuple[str, str, str]] = frozenset()
    """(form, check, item at which it asks) of the checks that speak of one of the items: their words."""
    criteria: frozenset[str] = frozenset()
    """Criteria whose explanation speaks of one."""
    doses: bool = False
    """Whether the amount or the explanation of a dose does."""

    def __bool__(self) -> bool:
        return bool(self.items)

    def __or__(self, other: Blinded) -> Blinded:
        return Blinded(
            self.items | other.items, self.forms | other.forms, self.checks | other.checks,
            self.criteria | other.criteria, self.doses or other.doses,
        )  # fmt: skip

    def query(self, form: str, check: str, item: str) -> bool:
        """Whether the words of a query are kept back."""
        return item in self.items or (form, check, item) in self.checks


NOTHING = Blinded()


def blinded(study: Study) -> Blinded:
    """What the definition blinds, with all that follows."""
    marked = {item.id for item in study.items if item.blinded}
    if not marked:
        return NOTHING

    def speaks(*texts: str | None) -> bool:
        return not marked.isdisjoint(items_in(study, *(text for text in texts if text)))

    items = marked | {item.id for item in study.items if speaks(item.derive)}
    dosing = (study.dosing.weight.item, *(rule.logic for rule in study.dosing.rules))
    checks = {(f.id, check.id, check.item) for f in study.forms for check in f.checks if speaks(check.logic)}
    skipped = {(f.id, SKIPPED, field.item) for f in study.forms for _, field in f.fields() if speaks(field.show_when)}
    return Blinded(
        frozenset(items),
        frozenset(form.id for form in study.forms if not items.isdisjoint(form.item_ids())),
        frozenset(checks | skipped),
        frozenset(c.id for c in study.eligibility.criteria if speaks(c.logic, *(r.logic for r in c.readings))),
        speaks(*dosing),
    )


def reads_blinded(study: Study, by: Person) -> bool:
    """Whether the person may read what is blinded, at every site."""
    sites = study.registration.sites
    return bool(sites) and all(by.role_for("read_blinded", site.id) for site in sites)


def hidden_items(study: Study, by: Person) -> frozenset[str]:
    """Items that the person may not see; none for who may read what is blinded at every site."""
    found = blinded(study).items
    return frozenset() if not found or reads_blinded(study, by) else found
