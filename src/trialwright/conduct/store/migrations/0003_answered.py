"""Answers of the JSON API to requests with an Idempotency-Key."""

from typing import ClassVar

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies: ClassVar = [("conduct", "0002_guards")]

    operations: ClassVar = [
        migrations.CreateModel(
            name="Answered",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("username", models.CharField(max_length=150)),
                ("key", models.CharField(max_length=100)),
                ("asked", models.CharField(max_length=64)),
                ("status", models.PositiveSmallIntegerField(default=0)),
                ("body", models.TextField(default="")),
                ("at", models.DateTimeField(db_index=True)),
                (
                    "trial",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="answers", to="conduct.trial"
                    ),
                ),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("trial", "username", "key"), name="one_answer")],
            },
        ),
    ]
