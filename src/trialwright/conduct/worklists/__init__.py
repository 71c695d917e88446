"""What pages show: reads only, each for one person (`by`), who sees the sites that the policy lets see.

Django must be set up before this is imported (`trialwright.web.setup.setup`).
"""

from trialwright.conduct.worklists.audit import AuditFilter, AuditLine, AuditPage, Change, audit_trail, field_history
from trialwright.conduct.worklists.casebook import Casebook, casebook
from trialwright.conduct.worklists.dashboard import Dashboard, dashboard, newest
from trialwright.conduct.worklists.form import FieldView, FormView, form_view
from trialwright.conduct.worklists.history import newest_note, write_history
from trialwright.conduct.worklists.matrix import Matrix, subjects_matrix
from trialwright.conduct.worklists.queries import QueryFilter, QueryLine, QueryPage, queries
from trialwright.conduct.worklists.verify import Verification, verify_all, verify_audit

__all__ = [
    "AuditFilter", "AuditLine", "AuditPage", "Casebook", "Change", "Dashboard", "FieldView", "FormView", "Matrix",
    "QueryFilter", "QueryLine", "QueryPage", "Verification", "audit_trail", "casebook", "dashboard", "field_history",
    "form_view", "newest", "newest_note", "queries", "subjects_matrix", "verify_all", "verify_audit", "write_history",
]  # fmt: skip
