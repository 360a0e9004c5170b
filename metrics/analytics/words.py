"""What the period of an address chooses, said by several reports."""

from django.utils.translation import gettext_lazy as _

CREATED = _("deals created in the period, followed until now")
CLOSED = _("deals closed in the period")
NOW = _("deals that are open now; the period chooses by creation")
WHOLE = _("what happened in the period, cut into months or weeks")
FIRST_ENTRY = _("deals whose clock began in the period: by creation, or by the first entry into the stage")
