"""What pages show: reads only, each for one person (`by`), who sees the sites that the policy lets see.

Django must be set up before this is imported (`trialwright.web.setup.setup`).
"""

from trialwright.conduct.worklists.audit import AuditFilter, AuditLine, AuditPage, Change, audit_trail, field_history
from trialwright.conduct.worklists.casebook import Casebook, casebook
from trialwright.conduct.worklists.dashboard import Dashboard, dashboard, newest
from trialwright.conduct.worklists.definitions import VersionLine, versions_of
from trialwright.conduct.worklists.desk import Todo, todo
from trialwright.conduct.worklists.form import FieldView, FormView, form_view
from trialwright.conduct.worklists.history import newest_note, write_history
from trialwright.conduct.worklists.impact import FormImpact, Impact, impact
from trialwright.conduct.worklists.locks import locks
from trialwright.conduct.worklists.masks import BLINDED, hidden_items, hidden_of
from trialwright.conduct.worklists.matrix import OPEN, FormMark, Matrix, forms_of_a_row, subjects_matrix
from trialwright.conduct.worklists.people import MemberLine, SiteState, members, site_lines, study_at
from trialwright.conduct.worklists.preview import Preview, preview
from trialwright.conduct.worklists.queries import AgeBucket, QueryFilter, QueryLine, QueryPage, queries, query_ages
from trialwright.conduct.worklists.redactable import EventWords, Typed, event_words, has_words
from trialwright.conduct.worklists.signatures import SignatureLine, signatures
from trialwright.conduct.worklists.since import Since, since
from trialwright.conduct.worklists.verification import ProgressLine, verification
from trialwright.conduct.worklists.verify import Verification, verify_all, verify_audit
from trialwright.conduct.worklists.waiting import Line, Section

__all__ = [
    "BLINDED", "OPEN", "AgeBucket", "AuditFilter", "AuditLine", "AuditPage", "Casebook", "Change", "Dashboard",
    "EventWords", "FieldView", "FormImpact", "FormMark", "FormView", "Impact", "Line", "Matrix", "MemberLine",
    "Preview", "ProgressLine", "QueryFilter", "QueryLine", "QueryPage", "Section", "SignatureLine", "Since",
    "SiteState", "Todo", "Typed", "Verification", "VersionLine", "audit_trail", "casebook", "dashboard", "event_words",
    "field_history", "form_view", "forms_of_a_row", "has_words", "hidden_items", "hidden_of", "impact", "locks",
    "members", "newest", "newest_note", "preview", "queries", "query_ages", "signatures", "since", "site_lines",
    "study_at", "subjects_matrix", "todo", "verification", "verify_all", "verify_audit", "versions_of", "write_history",
]  # fmt: skip
