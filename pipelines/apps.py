from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class PipelinesConfig(AppConfig):
    name = "pipelines"
    verbose_name = _("amoCRM mirror")

    def ready(self) -> None:
        from core import account
        from pipelines.account.own import read_own

        account.read_by(read_own)
