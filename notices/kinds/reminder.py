from collections.abc import Iterable
from datetime import timedelta

from notices.kinds.registry import ACCEPT, LATER, OPEN, PERSON, WISH, Fact, Rung, Terms, kind, ngettext_noop
from notices.kinds.registry import gettext_noop as _


@kind(
    "reminder",
    _("Reminder"),
    source=WISH,
    icon="alarm-clock-check",
    tone="warn",
    headline=_("You asked to be reminded"),
    many=ngettext_noop("%(count)s reminder", "%(count)s reminders"),
    rungs=(Rung(PERSON),),
    buttons=(ACCEPT, LATER, OPEN),
    lives=timedelta(hours=12),
    fixed=_("Mended"),
)
def reminder(seen: Fact, terms: Terms) -> Iterable[Fact]:
    """Somebody has asked for it himself, with the button «later»."""
    yield seen
