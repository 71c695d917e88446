"""Every write in conduct. Each function does one thing for one person (`by`) at one moment (`at`, now if not given),
in one transaction with its event in the log; refusals are sentences (`kernel.errors.Refused`) and change nothing.

Django must be set up before this is imported (`trialwright.web.setup.setup`).
"""

from trialwright.conduct.actions import studies
from trialwright.conduct.actions.access import note_access
from trialwright.conduct.actions.forms import FormSaved, save_form
from trialwright.conduct.actions.keyring import signing_key, use_rehearsal_key
from trialwright.conduct.actions.people import activate_site, add_person, open_study, person, remove_person
from trialwright.conduct.actions.queries import answer_query, cancel_query, close_query, open_query, reopen_query
from trialwright.conduct.actions.redaction import Redacted, redact_reason, redact_value, redact_words
from trialwright.conduct.actions.scratch import forgo_durability
from trialwright.conduct.actions.sealing import seal, seal_all
from trialwright.conduct.actions.studies import definition
from trialwright.conduct.actions.subjects import (
    decide_eligibility,
    end_participation,
    enrol,
    record_consent,
    register_subject,
)
from trialwright.conduct.actions.visits import miss_visit, plan_dose, start_visit
from trialwright.conduct.rules.capture import FormErrors, ReasonNeeded, StaleForm
from trialwright.conduct.rules.dosing import DosePlan
from trialwright.conduct.rules.policy import INSTALLER, ROLES, Person, Role
from trialwright.conduct.rules.values import Entry

__all__ = [
    "INSTALLER", "ROLES", "DosePlan", "Entry", "FormErrors", "FormSaved", "Person", "ReasonNeeded", "Redacted",
    "Role", "StaleForm", "activate_site", "add_person", "answer_query", "cancel_query", "close_query",
    "decide_eligibility", "definition", "end_participation", "enrol", "forgo_durability", "miss_visit",
    "note_access", "open_query", "open_study", "person", "plan_dose", "record_consent", "redact_reason",
    "redact_value", "redact_words", "register_subject", "remove_person", "reopen_query", "save_form", "seal",
    "seal_all", "signing_key", "start_visit", "studies", "use_rehearsal_key",
]  # fmt: skip
