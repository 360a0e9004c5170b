from typing import Any

from django.apps import AppConfig
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _


class AuditConfig(AppConfig):
    name = "audit"
    verbose_name = _("Changes")

    def ready(self) -> None:
        from audit import origin

        origin.tell_database()
        post_migrate.connect(_install, sender=self, dispatch_uid="triggers of the audit")


def _install(**kwargs: Any) -> None:
    from audit import triggers

    triggers.install_triggers()
