"""The event log refuses UPDATE and DELETE, whoever asks. (0003 puts the guards of all the history in their place.)"""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import migrations

VERBS = ("UPDATE", "DELETE")


def create(apps: Any, schema_editor: Any) -> None:
    if schema_editor.connection.vendor == "sqlite":
        for verb in VERBS:
            schema_editor.execute(f"""
        CREATE TRIGGER event_no_{verb.lower()} BEFORE {verb} ON conduct_event
        BEGIN SELECT RAISE(ABORT, 'The event log is append-only.'); END""")


def drop(apps: Any, schema_editor: Any) -> None:
    if schema_editor.connection.vendor == "sqlite":
        for verb in VERBS:
            schema_editor.execute(f"DROP TRIGGER event_no_{verb.lower()}")


class Migration(migrations.Migration):
    dependencies: ClassVar[list[tuple[str, str]]] = [("conduct", "0001_tables")]
    operations: ClassVar[list[migrations.RunPython]] = [migrations.RunPython(create, drop)]
