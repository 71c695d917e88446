"""All tables of conduct."""

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
                ("held", models.PositiveIntegerField(default=0)),
                ("sequence", models.PositiveBigIntegerField(default=0)),
                ("head", models.CharField(default="", max_length=64)),
                ("latest", models.DateTimeField(blank=True, null=True)),
                ("sealed", models.PositiveBigIntegerField(default=0)),
                ("unsealed_since", models.DateTimeField(blank=True, null=True)),
            ],
            options={
                "abstract": False,
            },
        ),
        migrations.CreateModel(
            name="AccountEvent",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("at", models.DateTimeField()),
                ("who", models.CharField(max_length=150)),
                ("what", models.CharField(max_length=40)),
                ("by", models.CharField(blank=True, default="", max_length=150)),
                ("detail", models.CharField(blank=True, default="", max_length=200)),
            ],
            options={
                "indexes": [models.Index(fields=["at"], name="account_time")],
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
                ("opened_by", models.CharField(blank=True, default="", max_length=150)),
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
                ("verified", models.PositiveIntegerField(default=0)),
                ("to_verify", models.PositiveIntegerField(default=0)),
                ("lost", models.PositiveIntegerField(default=0)),
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
        migrations.CreateModel(
            name="Token",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("username", models.CharField(max_length=150)),
                ("name", models.CharField(max_length=80)),
                ("prefix", models.CharField(max_length=12)),
                ("sha256", models.CharField(max_length=64, unique=True)),
                ("scopes", models.CharField(max_length=400)),
                ("created", models.DateTimeField()),
                ("expires", models.DateTimeField()),
                ("last_used", models.DateTimeField(blank=True, null=True)),
                ("revoked", models.DateTimeField(blank=True, null=True)),
                (
                    "trial",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="tokens", to="conduct.trial"
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
                ("version", models.CharField(blank=True, default="", max_length=40)),
                ("approved", models.DateField(blank=True, null=True)),
                ("before", models.CharField(blank=True, default="", max_length=40)),
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
            name="Lock",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("site", models.CharField(blank=True, default="", max_length=10)),
                ("subject", models.CharField(blank=True, default="", max_length=20)),
                ("visit", models.CharField(blank=True, default="", max_length=80)),
                ("form", models.CharField(blank=True, default="", max_length=80)),
                ("group", models.CharField(blank=True, default="", max_length=80)),
                ("row", models.PositiveIntegerField(default=0)),
                ("item", models.CharField(blank=True, default="", max_length=80)),
                ("state", models.CharField(max_length=10)),
                ("reason", models.TextField(blank=True, default="")),
                ("by", models.CharField(max_length=150)),
                ("at", models.DateTimeField()),
                (
                    "trial",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="locks", to="conduct.trial"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Job",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("kind", models.CharField(max_length=40)),
                ("asked", models.TextField(default="{}")),
                ("by", models.CharField(max_length=150)),
                ("state", models.CharField(default="queued", max_length=10)),
                ("done", models.PositiveBigIntegerField(default=0)),
                ("total", models.PositiveBigIntegerField(default=0)),
                ("created", models.DateTimeField()),
                ("started", models.DateTimeField(blank=True, null=True)),
                ("ended", models.DateTimeField(blank=True, null=True)),
                ("beat", models.DateTimeField(blank=True, null=True)),
                ("attempts", models.PositiveIntegerField(default=0)),
                ("result", models.CharField(blank=True, default="", max_length=300)),
                ("sha256", models.CharField(blank=True, default="", max_length=64)),
                ("message", models.TextField(blank=True, default="")),
                (
                    "trial",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="jobs", to="conduct.trial"
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
            name="Draft",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("username", models.CharField(max_length=150)),
                ("subject", models.CharField(max_length=20)),
                ("visit", models.CharField(blank=True, default="", max_length=80)),
                ("form", models.CharField(max_length=80)),
                ("version", models.PositiveIntegerField()),
                ("content", models.TextField()),
                ("at", models.DateTimeField()),
                (
                    "trial",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="drafts", to="conduct.trial"
                    ),
                ),
            ],
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
        ),
        migrations.CreateModel(
            name="Attachment",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("sha256", models.CharField(max_length=64)),
                ("size", models.PositiveBigIntegerField()),
                ("content", models.BinaryField()),
                ("by", models.CharField(max_length=150)),
                ("at", models.DateTimeField()),
                (
                    "trial",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="attachments", to="conduct.trial"
                    ),
                ),
            ],
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
            name="Verified",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("group", models.CharField(max_length=80)),
                ("row", models.PositiveIntegerField(default=1)),
                ("item", models.CharField(max_length=80)),
                ("by", models.CharField(max_length=150)),
                ("at", models.DateTimeField()),
                (
                    "form",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="verifications", to="conduct.form"
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
                ("number", models.PositiveIntegerField(default=1)),
                ("note", models.TextField(blank=True, default="")),
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
        migrations.CreateModel(
            name="Signature",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("number", models.PositiveIntegerField()),
                ("meaning", models.CharField(max_length=200)),
                ("who", models.CharField(max_length=150)),
                ("name", models.CharField(max_length=200)),
                ("role", models.CharField(max_length=20)),
                ("at", models.DateTimeField()),
                ("factor", models.CharField(max_length=20)),
                ("sha256", models.CharField(max_length=64)),
                ("state", models.CharField(default="valid", max_length=10)),
                (
                    "form",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="signatures", to="conduct.form"
                    ),
                ),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("form", "number"), name="one_signature")],
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
        migrations.AddConstraint(
            model_name="lock",
            constraint=models.UniqueConstraint(
                fields=("trial", "site", "subject", "visit", "form", "group", "row", "item"), name="one_lock"
            ),
        ),
        migrations.AddIndex(
            model_name="job",
            index=models.Index(fields=["state", "id"], name="job_state"),
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
            model_name="draft",
            constraint=models.UniqueConstraint(
                fields=("trial", "username", "subject", "visit", "form"), name="one_draft"
            ),
        ),
        migrations.AddConstraint(
            model_name="checkpoint",
            constraint=models.UniqueConstraint(fields=("trial", "number"), name="one_checkpoint"),
        ),
        migrations.AddConstraint(
            model_name="attachment",
            constraint=models.UniqueConstraint(fields=("trial", "sha256"), name="one_attachment"),
        ),
        migrations.AddIndex(
            model_name="access",
            index=models.Index(fields=["trial", "at"], name="access_time"),
        ),
        migrations.AddConstraint(
            model_name="value",
            constraint=models.UniqueConstraint(fields=("form", "group", "row", "item"), name="one_value"),
        ),
        migrations.AddConstraint(
            model_name="verified",
            constraint=models.UniqueConstraint(fields=("form", "group", "row", "item"), name="one_verified"),
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
