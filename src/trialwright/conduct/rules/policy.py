"""Who may do what: one table, role by action; what it does not allow is refused."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from trialwright.kernel.errors import NotPermitted, UnknownName

ROLES: Mapping[str, str] = {
    "investigator": "investigator",
    "coordinator": "study coordinator",
    "monitor": "monitor",
    "data_manager": "data manager",
    "safety": "safety physician",
    "statistician": "statistician",
    "sponsor": "sponsor reader",
    "administrator": "administrator",
    "auditor": "auditor",
}

ACTIONS: Mapping[str, str] = {
    "open_study": "open a study",
    "add_person": "add people",
    "activate_site": "activate a site",
    "register_subject": "register a subject",
    "record_consent": "record consent",
    "start_visit": "start a visit",
    "miss_visit": "mark a visit as missed",
    "save_form": "save a form",
    "decide_eligibility": "decide eligibility",
    "enrol": "enrol a subject",
    "plan_dose": "plan a dose",
    "end_participation": "end a subject's participation",
    "open_query": "open a query",
    "answer_query": "answer a query",
    "close_query": "close a query",
    "reopen_query": "reopen a query",
    "cancel_query": "cancel a query",
    "redact_value": "redact what was typed by mistake",
    "verify_value": "verify a value against its source",
    "sign": "sign a form",
    "freeze": "freeze data",
    "lock": "lock data",
    "unlock": "unlock data",
    "publish_version": "publish a version of the definition",
    "approve_version": "put a version into force at a site",
    "migrate_form": "take a form to another version",
    "attach_file": "attach a file",
    "export": "export data",
    "make_token": "make a key to the API",
    "read": "read subjects' data",
    "read_audit": "read the audit trail",
    "read_blinded": "read what is blinded",
    "read_accounts": "read what happened to accounts",
}

_SITE_STAFF = (
    "register_subject", "record_consent", "start_visit", "miss_visit", "save_form", "answer_query", "attach_file",
    "read", "read_audit", "make_token",
)  # fmt: skip
_ASKING = ("open_query", "close_query", "reopen_query", "cancel_query", "freeze", "read", "read_audit", "make_token")
ALLOWED: Mapping[str, frozenset[str]] = {
    "investigator": frozenset(
        {*_SITE_STAFF, "decide_eligibility", "enrol", "plan_dose", "end_participation", "sign", "export"}
    ),
    "coordinator": frozenset({*_SITE_STAFF, "decide_eligibility", "plan_dose", "end_participation"}),
    "monitor": frozenset({*_ASKING, "verify_value"}),
    "data_manager": frozenset(
        {*_ASKING, "lock", "unlock", "redact_value", "migrate_form", "publish_version", "export"}
    ),
    "safety": frozenset({"open_query", "close_query", "reopen_query", "read", "read_audit", "read_blinded", "export"}),
    "statistician": frozenset({"read", "export", "make_token"}),
    "sponsor": frozenset({"read", "export"}),
    "administrator": frozenset(
        {
            "open_study",
            "add_person",
            "activate_site",
            "approve_version",
            "publish_version",
            "redact_value",
            "read_accounts",
        }
    ),
    "auditor": frozenset({"read", "read_audit", "read_accounts", "export"}),
}


@dataclass(frozen=True, slots=True)
class Role:
    """A role at one site; site "" is every site."""

    role: str
    site: str = ""


@dataclass(frozen=True, slots=True)
class Person:
    """Who acts, with the roles held in one study. `actions.people.person` reads it from the study's members."""

    username: str
    name: str
    roles: tuple[Role, ...] = ()
    scopes: frozenset[str] | None = None
    """The actions that a key to the API was made for; None: whatever the roles allow."""

    def role_for(self, action: str, site: str = "") -> str | None:
        """The role that allows `action` at `site` ("" = the study as a whole); None if none does."""
        if self.scopes is not None and action not in self.scopes:
            return None
        return next((r.role for r in self.roles if action in ALLOWED[r.role] and r.site in ("", site)), None)

    def holds(self, role: str, site: str) -> bool:
        return any(r.role == role and r.site in ("", site) for r in self.roles)

    def sees(self, site: str) -> bool:
        return self.role_for("read", site) is not None


INSTALLER = Person("installer", "Installer", (Role("administrator"),))
"""Whoever runs the program on this machine: opens studies and adds the first people."""


def demand(person: Person, action: str, site: str = "") -> str:
    """The role under which `person` does `action` at `site`; raises NotPermitted with the reason."""
    role = person.role_for(action, site)
    if role:
        return role
    if person.scopes is not None and action not in person.scopes:
        raise NotPermitted(f"This key may not {ACTIONS[action]}.", hint="Make one with that scope.")
    elsewhere = sorted({r.site for r in person.roles if action in ALLOWED[r.role]})
    if elsewhere:
        raise NotPermitted(
            f"{person.name} may {ACTIONS[action]} only at site {', '.join(elsewhere)}, not at {site or 'all'}."
        )
    able = [ROLES[r] for r in ROLES if action in ALLOWED[r]]
    held = ", ".join(sorted({ROLES[r.role] for r in person.roles})) or "no role"
    raise NotPermitted(f"{person.name} ({held}) may not {ACTIONS[action]}.", hint=f"This takes: {', '.join(able)}.")


def demand_of(person: Person, action: str, subject: str, site: str | None) -> str:
    """The role under which `person` does `action` on a subject of `site` (None: there is no such subject).

    Raises NotPermitted, and UnknownName alike for a subject that is not there and for one of a site of which the person
    sees nothing: nobody finds out by trying which subjects there are.
    """
    if site is not None and (person.sees(site) or person.role_for(action, site)):
        return demand(person, action, site)
    if not any(person.role_for(action, role.site) for role in person.roles):
        demand(person, action, next((role.site for role in person.roles if role.site), ""))
    raise UnknownName("subject", subject, ())


def check_role(role: str) -> None:
    if role not in ROLES:
        raise UnknownName("role", role, ROLES)
