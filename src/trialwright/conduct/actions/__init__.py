"""Every write in conduct. Each function does one thing for one person (`by`) at one moment (`at`, now if not given),
in one transaction with its event in the log; refusals are sentences (`kernel.errors.Refused`) and change nothing.

Django must be set up before this is imported (`trialwright.web.setup.setup`).
"""

from trialwright.conduct.actions import jobs, studies
from trialwright.conduct.actions.access import note_access
from trialwright.conduct.actions.amendments import (
    Migrated,
    approve_version,
    migrate_all,
    migrate_form,
    publish_version,
)
from trialwright.conduct.actions.attachments import attach_file
from trialwright.conduct.actions.drafts import Draft, draft, drop_draft, keep_draft, save_typed
from trialwright.conduct.actions.forms import FormSaved, save_form
from trialwright.conduct.actions.jobs import cancel_job, result_of, start_job
from trialwright.conduct.actions.keyring import signing_key, use_rehearsal_key
from trialwright.conduct.actions.locks import freeze, lock, unlock
from trialwright.conduct.actions.people import activate_site, add_person, open_study, person, remove_person
from trialwright.conduct.actions.queries import answer_query, cancel_query, close_query, open_query, reopen_query
from trialwright.conduct.actions.redaction import Redacted, redact_reason, redact_value, redact_words
from trialwright.conduct.actions.scratch import forgo_durability
from trialwright.conduct.actions.sealing import seal, seal_all
from trialwright.conduct.actions.signing import Signed, sign, sign_all
from trialwright.conduct.actions.studies import definition
from trialwright.conduct.actions.subjects import (
    decide_eligibility,
    end_participation,
    enrol,
    record_consent,
    register_subject,
)
from trialwright.conduct.actions.verification import FormVerified, unverify, verify
from trialwright.conduct.actions.visits import add_visit, miss_visit, plan_dose, start_visit
from trialwright.conduct.actions.working import clear_away, work_once
from trialwright.conduct.rules.capture import FormErrors, ReasonNeeded, StaleForm
from trialwright.conduct.rules.dosing import DosePlan
from trialwright.conduct.rules.locks import Held, Scope
from trialwright.conduct.rules.policy import INSTALLER, ROLES, Person, Role
from trialwright.conduct.rules.signing import MEANINGS
from trialwright.conduct.rules.values import Entry
from trialwright.conduct.store.erase import erasing
from trialwright.conduct.store.failing import unavailable

__all__ = [
    "INSTALLER", "MEANINGS", "ROLES", "DosePlan", "Draft", "Entry", "FormErrors", "FormSaved", "FormVerified", "Held",
    "Migrated", "Person", "ReasonNeeded", "Redacted", "Role", "Scope", "Signed", "StaleForm", "activate_site",
    "add_person", "add_visit", "answer_query", "approve_version", "attach_file", "cancel_job", "cancel_query",
    "clear_away", "close_query", "decide_eligibility", "definition", "draft", "drop_draft", "end_participation",
    "enrol", "erasing", "forgo_durability", "freeze", "jobs", "keep_draft", "lock", "migrate_all", "migrate_form",
    "miss_visit", "note_access", "open_query", "open_study", "person", "plan_dose", "publish_version", "record_consent",
    "redact_reason", "redact_value", "redact_words", "register_subject", "remove_person", "reopen_query", "result_of",
    "save_form", "save_typed", "seal", "seal_all", "sign", "sign_all", "signing_key", "start_job", "start_visit",
    "studies", "unavailable", "unlock", "unverify", "use_rehearsal_key", "verify", "work_once",
]  # fmt: skip
