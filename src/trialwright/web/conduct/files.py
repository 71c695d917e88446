"""Files that were attached to a form, given back as bytes to be stored and nothing else."""

from __future__ import annotations

from django.http import HttpResponse
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_safe

from trialwright.conduct import worklists
from trialwright.conduct.actions.attachments import content_of
from trialwright.kernel.errors import UnknownName
from trialwright.web.conduct.desk import Desk, at_desk


@require_safe
@at_desk
def download(desk: Desk, subject: str, form: str, group: str, row: int, item: str, visit: str = "") -> HttpResponse:
    """The file that a field names, for whoever may read the field. No browser shows or runs it in our place."""
    sheet = worklists.form_view(desk.id, subject, form, desk.by, visit=visit)
    found = [f for g in sheet.groups for r in g.rows for f in r.fields if f.place == (group, row, item)]
    value = found[0].value if found and found[0].type == "file" else ""
    if not value:
        raise UnknownName("file", item, ())
    name, content = content_of(desk.id, value)
    desk.note("file", site=sheet.site, subject=subject, visit=visit, form=form)
    response = HttpResponse(content, content_type="application/octet-stream")
    response.headers["Content-Disposition"] = content_disposition_header(True, name) or "attachment"
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return response
