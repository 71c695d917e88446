"""Checkpoints and the access log; the guards of the whole history, for each kind of database."""

from typing import Any, ClassVar

import django.db.models.deletion
from django.db import migrations, models
from django.db.utils import NotSupportedError

from trialwright.conduct.store import triggers


def create(apps: Any, schema_editor: Any) -> None:
    vendor = schema_editor.connection.vendor
    if vendor not in triggers.TRIGGERS:
        raise NotSupportedError(f"The history cannot be kept append-only on {vendor}; use SQLite or PostgreSQL.")
    if vendor == "sqlite":
        for verb in ("update", "delete"):
            schema_editor.execute(f"DROP TRIGGER event_no_{verb}")
    for statement in triggers.create(vendor):
        schema_editor.execute(statement, params=None)  # a sign % in it stands for itself


def drop(apps: Any, schema_editor: Any) -> None:
    for statement in triggers.drop(schema_editor.connection.vendor):
        schema_editor.execute(statement, params=None)  # a sign % in it stands for itself


class Migration(migrations.Migration):
    dependencies: ClassVar = [
        ("conduct", "0002_append_only"),
    ]

    operations: ClassVar = [
        migrations.AddField(
            model_name="trial",
            name="latest",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="trial",
            name="sealed",
            field=models.PositiveBigIntegerField(default=0),
        ),
        migrations.AddField(
            model_name="trial",
            name="unsealed_since",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.CreateModel(
            name="Access",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("at", models.DateTimeField()),
                ("who", models.CharField(max_length=150)),
                ("roles", models.CharField(blank=True, max_length=200)),
                ("what", models.CharField(max_length=40)),
                ("site", models.CharField(blank=True, default="", max_length=10)),
                ("subject", models.CharField(blank=True, default="", max_length=20)),
                ("visit", models.CharField(blank=True, default="", max_length=80)),
                ("form", models.CharField(blank=True, default="", max_length=80)),
                ("detail", models.CharField(blank=True, default="", max_length=500)),
                (
                    "trial",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="accesses", to="conduct.trial"
                    ),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["trial", "at"], name="access_time")],
            },
        ),
        migrations.CreateModel(
            name="Checkpoint",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("number", models.PositiveBigIntegerField()),
                ("size", models.PositiveBigIntegerField()),
                ("root", models.CharField(max_length=64)),
                ("at", models.DateTimeField()),
                ("previous", models.CharField(blank=True, max_length=64)),
                ("key", models.CharField(max_length=200)),
                ("signature", models.CharField(max_length=128)),
                ("edge", models.TextField()),
                (
                    "trial",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="checkpoints", to="conduct.trial"
                    ),
                ),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("trial", "number"), name="one_checkpoint")],
            },
        ),
        migrations.RunPython(create, drop),
    ]
