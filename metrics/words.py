"""What several definitions share: words, the list of won deals, and zero."""

from decimal import Decimal

from django.utils.translation import gettext_lazy as _

from metrics.registry import Listing

ZERO = Decimal(0)
CALENDAR = _("calendar")
STOCK = _("calendar, at the end of the period or now")
NO_DENOMINATOR = _("none: a number, not a share")
OWNER_AT_CLOSING = _("the owner at the moment of closing; later reassignment does not move the result")
FILLED_WINS = _("deals won in the period in which the field holds a number")
OWNER_AT_OPENING = _("the owner at the moment when the finding opened; later reassignment does not move it")
WON_DEALS = Listing("deals", {"result": "won", "since": "", "until": ""}, owner="closed_by")
