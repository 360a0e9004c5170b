from django.apps import AppConfig
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _


class QcConfig(AppConfig):
    name = "qc"
    verbose_name = _("Quality")

    def ready(self) -> None:
        from qc.defaults import ensure_defaults

        post_migrate.connect(ensure_defaults, sender=self, dispatch_uid="qc.defaults")
