"""The event log refuses UPDATE and DELETE, whoever asks."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import migrations
from django.db.utils import NotSupportedError

from trialwright.conduct.store.triggers import TRIGGERS


def create(apps: Any, schema_editor: Any) -> None:
    vendor = schema_editor.connection.vendor
    if vendor not in TRIGGERS:
        raise NotSupportedError(f"The event log cannot be kept append-only on {vendor} yet; use SQLite.")
    for statement in TRIGGERS[vendor].values():
        schema_editor.execute(statement)


def drop(apps: Any, schema_editor: Any) -> None:
    for name in TRIGGERS.get(schema_editor.connection.vendor, {}):
        schema_editor.execute(f"DROP TRIGGER {name}")


class Migration(migrations.Migration):
    dependencies: ClassVar[list[tuple[str, str]]] = [("conduct", "0001_tables")]
    operations: ClassVar[list[migrations.RunPython]] = [migrations.RunPython(create, drop)]
