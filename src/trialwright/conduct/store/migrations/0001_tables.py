"""The event log and the tables of current state."""

from typing import ClassVar

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies: ClassVar = []

    operations: ClassVar = [
        migrations.CreateModel(
            name="Subject",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("subject", models.CharField(max_length=20)),
                ("site", models.CharField(max_length=10)),
                ("state", models.CharField(default="screening", max_length=20)),
                ("screened", models.DateField()),
                ("consented", models.DateField(blank=True, null=True)),
                ("guardian_consented", models.DateField(blank=True, null=True)),
                ("verdict", models.CharField(blank=True, default="", max_length=20)),
                ("enrolled", models.DateField(blank=True, null=True)),
                ("first_dose", models.DateField(blank=True, null=True)),
                ("ended", models.DateField(blank=True, null=True)),
                ("end_reason", models.CharField(blank=True, default="", max_length=80)),
                ("arm", models.CharField(blank=True, default="", max_length=80)),
            ],
        ),
        migrations.CreateModel(
            name="Trial",
            fields=[
                ("study", models.CharField(max_length=80, primary_key=True, serialize=False)),
                ("version", models.CharField(max_length=40)),
                ("definition", models.CharField(max_length=64)),
                ("state", models.CharField(default="open", max_length=20)),
                ("virtual", models.BooleanField(default=False)),
                ("planned", models.PositiveIntegerField()),
                ("enrolled", models.PositiveIntegerField(default=0)),
                ("sequence", models.PositiveBigIntegerField(default=0)),
                ("head", models.CharField(default="", max_length=64)),
            ],
            options={
                "abstract": False,
            },
        ),
        migrations.CreateModel(
            name="Query",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("number", models.PositiveIntegerField()),
                ("visit", models.CharField(blank=True, default="", max_length=80)),
                ("form", models.CharField(max_length=80)),
                ("group", models.CharField(max_length=80)),
                ("row", models.PositiveIntegerField(default=1)),
                ("item", models.CharField(max_length=80)),
                ("check_id", models.CharField(blank=True, default="", max_length=120)),
                ("state", models.CharField(default="open", max_length=20)),
                ("text", models.TextField()),
                ("opened", models.DateTimeField()),
                ("closed", models.DateTimeField(blank=True, null=True)),
                (
                    "subject",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="queries", to="conduct.subject"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Form",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("visit", models.CharField(blank=True, default="", max_length=80)),
                ("form", models.CharField(max_length=80)),
                ("state", models.CharField(max_length=20)),
                ("definition", models.CharField(max_length=40)),
                ("version", models.PositiveIntegerField(default=0)),
                (
                    "subject",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="forms", to="conduct.subject"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Dose",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("dose", models.PositiveIntegerField()),
                ("state", models.CharField(max_length=20)),
                ("planned", models.DateField(blank=True, null=True)),
                ("amount", models.FloatField(blank=True, null=True)),
                ("unit", models.CharField(default="mg", max_length=20)),
                ("explanation", models.TextField(blank=True, default="")),
                (
                    "subject",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="doses", to="conduct.subject"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Criterion",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("criterion", models.CharField(max_length=10)),
                ("state", models.CharField(max_length=10)),
                ("explanation", models.TextField(blank=True, default="")),
                (
                    "subject",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="criteria", to="conduct.subject"
                    ),
                ),
            ],
        ),
        migrations.AddField(
            model_name="subject",
            name="trial",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="subjects", to="conduct.trial"
            ),
        ),
        migrations.CreateModel(
            name="Site",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("site", models.CharField(max_length=10)),
                ("state", models.CharField(default="planned", max_length=20)),
                ("activated", models.DateField(blank=True, null=True)),
                ("registered", models.PositiveIntegerField(default=0)),
                (
                    "trial",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="sites", to="conduct.trial"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Member",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("username", models.CharField(max_length=150)),
                ("role", models.CharField(max_length=20)),
                ("site", models.CharField(blank=True, default="", max_length=10)),
                ("name", models.CharField(max_length=200)),
                ("active", models.BooleanField(default=True)),
                (
                    "trial",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="members", to="conduct.trial"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Event",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("sequence", models.PositiveBigIntegerField()),
                ("at", models.DateTimeField()),
                ("local", models.CharField(max_length=40)),
                ("zone", models.CharField(max_length=60)),
                ("who", models.CharField(max_length=150)),
                ("role", models.CharField(max_length=20)),
                ("action", models.CharField(max_length=40)),
                ("site", models.CharField(blank=True, default="", max_length=10)),
                ("subject", models.CharField(blank=True, default="", max_length=20)),
                ("visit", models.CharField(blank=True, default="", max_length=80)),
                ("form", models.CharField(blank=True, default="", max_length=80)),
                ("reason", models.TextField(blank=True, default="")),
                ("content", models.TextField()),
                ("version", models.CharField(max_length=40)),
                ("previous", models.CharField(blank=True, max_length=64)),
                ("hash", models.CharField(max_length=64)),
                (
                    "trial",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="events", to="conduct.trial"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Value",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("group", models.CharField(max_length=80)),
                ("row", models.PositiveIntegerField(default=1)),
                ("item", models.CharField(max_length=80)),
                ("value", models.TextField(blank=True, default="")),
                ("unit", models.CharField(blank=True, default="", max_length=40)),
                ("low", models.FloatField(blank=True, null=True)),
                ("high", models.FloatField(blank=True, null=True)),
                ("null_reason", models.CharField(blank=True, default="", max_length=20)),
                ("when", models.CharField(blank=True, default="", max_length=40)),
                ("signed_by", models.CharField(blank=True, default="", max_length=150)),
                (
                    "form",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="values", to="conduct.form"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Version",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("version", models.CharField(max_length=40)),
                ("sha256", models.CharField(max_length=64)),
                ("definition", models.TextField()),
                (
                    "trial",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="versions", to="conduct.trial"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Visit",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("visit", models.CharField(max_length=80)),
                ("state", models.CharField(default="planned", max_length=20)),
                ("planned", models.DateField(blank=True, null=True)),
                ("actual", models.DateField(blank=True, null=True)),
                ("reason", models.TextField(blank=True, default="")),
                (
                    "subject",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="visits", to="conduct.subject"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Message",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("number", models.PositiveIntegerField()),
                ("at", models.DateTimeField()),
                ("who", models.CharField(max_length=150)),
                ("text", models.TextField()),
                (
                    "query",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="messages", to="conduct.query"
                    ),
                ),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("query", "number"), name="one_message")],
            },
        ),
        migrations.AddIndex(
            model_name="query",
            index=models.Index(fields=["subject", "visit", "form"], name="query_place"),
        ),
        migrations.AddConstraint(
            model_name="query",
            constraint=models.UniqueConstraint(fields=("subject", "number"), name="one_query"),
        ),
        migrations.AddConstraint(
            model_name="form",
            constraint=models.UniqueConstraint(fields=("subject", "visit", "form"), name="one_form"),
        ),
        migrations.AddConstraint(
            model_name="dose",
            constraint=models.UniqueConstraint(fields=("subject", "dose"), name="one_dose"),
        ),
        migrations.AddConstraint(
            model_name="criterion",
            constraint=models.UniqueConstraint(fields=("subject", "criterion"), name="one_criterion"),
        ),
        migrations.AddConstraint(
            model_name="subject",
            constraint=models.UniqueConstraint(fields=("trial", "subject"), name="one_subject"),
        ),
        migrations.AddConstraint(
            model_name="site",
            constraint=models.UniqueConstraint(fields=("trial", "site"), name="one_site"),
        ),
        migrations.AddConstraint(
            model_name="member",
            constraint=models.UniqueConstraint(fields=("trial", "username", "role", "site"), name="one_membership"),
        ),
        migrations.AddIndex(
            model_name="event",
            index=models.Index(fields=["trial", "subject", "sequence"], name="event_subject"),
        ),
        migrations.AddConstraint(
            model_name="event",
            constraint=models.UniqueConstraint(fields=("trial", "sequence"), name="one_event"),
        ),
        migrations.AddConstraint(
            model_name="value",
            constraint=models.UniqueConstraint(fields=("form", "group", "row", "item"), name="one_value"),
        ),
        migrations.AddConstraint(
            model_name="version",
            constraint=models.UniqueConstraint(fields=("trial", "version"), name="one_version"),
        ),
        migrations.AddConstraint(
            model_name="visit",
            constraint=models.UniqueConstraint(fields=("subject", "visit"), name="one_visit"),
        ),
    ]
