"""The one Django app that holds what is captured."""

from __future__ import annotations

from django.apps import AppConfig


class StoreConfig(AppConfig):
    name = "trialwright.conduct.store"
    label = "conduct"
    default_auto_field = "django.db.models.BigAutoField"
