"""Lets the log of accounts listen as soon as Django is ready, whichever way a login comes in."""

from __future__ import annotations

from django.apps import AppConfig


class Accounts(AppConfig):
    name = "trialwright.web.accounts"
    label = "trialwright_accounts"

    def ready(self) -> None:
        from trialwright.web.accounts import events

        events.listen()
