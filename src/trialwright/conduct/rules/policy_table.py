"""The policy as one table that an inspector can read: role by action, by where, by state. It is made from the functions
that decide (`policy.demand`, the machines of `states`, the locks of `locks`), so it cannot say anything else than they.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from trialwright.conduct.rules import locks, policy
from trialwright.conduct.rules.locks import Held, Scope
from trialwright.conduct.rules.policy import ACTIONS, ALLOWED, ROLES, Person, Role
from trialwright.conduct.rules.states import FORM, LOCK, QUERY, SITE, SUBJECT, VISIT, Machine
from trialwright.kernel.errors import TrialwrightError

GOVERNED: Mapping[str, tuple[tuple[Machine, str], ...]] = {
    "activate_site": ((SITE, "activate"),),
    "register_subject": ((SITE, "register"),),
    "record_consent": ((SUBJECT, "consent"),),
    "start_visit": ((SUBJECT, "visit"), (VISIT, "start")),
    "miss_visit": ((SUBJECT, "visit"), (VISIT, "miss")),
    "save_form": ((SUBJECT, "capture"), (VISIT, "capture"), (FORM, "save_whole")),
    "decide_eligibility": ((SUBJECT, "decide"),),
    "enrol": ((SUBJECT, "enrol"),),
    "plan_dose": ((SUBJECT, "dose"),),
    "end_participation": ((SUBJECT, "end"),),
    "answer_query": ((QUERY, "answer"),),
    "close_query": ((QUERY, "close"),),
    "reopen_query": ((QUERY, "reopen"),),
    "cancel_query": ((QUERY, "cancel"),),
    "sign": ((FORM, "sign"),),
    "freeze": ((LOCK, "freeze"),),
    "lock": ((LOCK, "lock"),),
    "unlock": ((LOCK, "unlock"),),
}
"""action -> the machines whose state it hangs on, and what it is called there."""
WHOLE = ("open_study", "add_person", "publish_version")
"""Actions on the study as a whole: a role at one site does not do."""
UNHELD = (*WHOLE, "activate_site", "approve_version", "export", "make_token", "freeze", "lock", "unlock")
"""Actions that no lock holds up, beside reading."""
PLACE = "place"
"""What open, frozen and locked are states of."""


@dataclass(frozen=True, slots=True)
class PolicyLine:
    """`where`: own site, other site, whole study. `thing`, `state`: what the action hangs on ("" where on nothing).

    `sentence`: why it is refused; "" where it is allowed.
    """

    role: str
    action: str
    where: str
    thing: str
    state: str
    allowed: bool
    sentence: str


def table(role: str = "") -> tuple[PolicyLine, ...]:
    """Every line of the policy, of one role if named: what it does not list is refused. Raises UnknownName."""
    if role:
        policy.check_role(role)
    return tuple(line for name in ROLES if role in ("", name) for action in ACTIONS for line in _lines(name, action))


def states_of(action: str) -> Iterator[tuple[str, str, str]]:
    """(thing, state, sentence) for each state that the action hangs on; the sentence is "" where it may be done."""
    for machine, step in GOVERNED.get(action, ()):
        for state in machine.table:
            yield machine.thing.lower(), state, _refusal(machine.after, state, step)
    if held_up(action):
        for state in LOCK.table:
            held = Held(Scope("01", "01-001"), state)
            yield PLACE, state, _refusal(locks.demand_open, (held,), held.scope, action)


def held_up(action: str) -> bool:
    """Whether a lock can refuse the action."""
    return action not in UNHELD and not action.startswith("read")


def _lines(role: str, action: str) -> Iterator[PolicyLine]:
    where = "whole study" if action in WHOLE else "own site"
    if action not in ALLOWED[role]:
        person = Person("somebody", "Somebody", (Role(role),))
        yield PolicyLine(role, action, where, "", "", False, _refusal(policy.demand, person, action))
        return
    for thing, state, sentence in states_of(action):
        yield PolicyLine(role, action, where, thing, state, not sentence, sentence)
    if not any(states_of(action)):
        yield PolicyLine(role, action, where, "", "", True, "")
    person = Person("somebody", "Somebody", (Role(role, "01"),))
    other, name = ("", "one site") if action in WHOLE else ("02", "other site")
    yield PolicyLine(role, action, name, "", "", False, _refusal(policy.demand, person, action, other))


def _refusal(decide: Callable[..., object], *given: object) -> str:
    """The sentence with which a decision refuses; "" when it does not."""
    try:
        decide(*given)
    except TrialwrightError as refused:
        return str(refused)
    return ""
