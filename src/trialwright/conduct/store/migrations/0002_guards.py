"""The guards of the history, for each kind of database."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import migrations
from django.db.utils import NotSupportedError

from trialwright.conduct.store import triggers


def create(apps: Any, schema_editor: Any) -> None:
    vendor = schema_editor.connection.vendor
    if vendor not in triggers.TRIGGERS:
        raise NotSupportedError(f"The history cannot be kept append-only on {vendor}; use SQLite or PostgreSQL.")
    for statement in triggers.create(vendor):
        schema_editor.execute(statement, params=None)  # a sign % in it stands for itself


def drop(apps: Any, schema_editor: Any) -> None:
    for statement in triggers.drop(schema_editor.connection.vendor):
        schema_editor.execute(statement, params=None)


class Migration(migrations.Migration):
    dependencies: ClassVar[list[tuple[str, str]]] = [("conduct", "0001_begin")]
    operations: ClassVar[list[migrations.RunPython]] = [migrations.RunPython(create, drop)]
