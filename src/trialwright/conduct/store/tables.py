"""All tables of a study's current state, by natural key: what a replay of the log must equal."""

from __future__ import annotations

from trialwright.conduct.rules.chain import Tables, plain
from trialwright.conduct.store.models import PROJECTIONS


def current(study_id: str) -> Tables:
    """table -> natural key -> content, read from the tables as they stand; tables without rows are left out."""
    tables: Tables = {}
    for model in PROJECTIONS:
        width = len(model.KEY)
        rows = model._default_manager.filter(**{model.KEY[0]: study_id}).values_list(*model.KEY, *model.CONTENT)
        content = {
            row[:width]: dict(zip(model.CONTENT, map(plain, row[width:]), strict=True))
            for row in rows.iterator(chunk_size=5000)
        }
        if content:
            tables[model.TABLE] = content
    return tables
