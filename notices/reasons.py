"""Why a delivery is as it is: kept in English, told in the reader's language; answers of the other side stay as is."""

from django.utils.translation import gettext
from django.utils.translation import gettext_noop as _

from notices.models import Channel

FIXED_BEFORE = _("fixed before it was due")
SILENCED = _("silenced for everybody for a time")
MUTED = _("muted before it went out")
WHOLE = frozenset(
    {
        FIXED_BEFORE,
        SILENCED,
        MUTED,
        _("it was no news any more when it could go out"),
        _("there is no such kind any more"),
        _("held back for the next heap"),
        _("the sender died before it sent"),
        _("the sender died while it was sending"),
        _("the first message is not confirmed"),
        _("it did not answer for long"),
        _("Telegram is not set up"),
    }
)
# What stands before the colon; what comes after it is a reason again.
BEFORE = frozenset(
    {
        _("went another way"),
        _("not connected"),
        _("no answer came"),
        *(f"instead of {one}" for one in Channel.values),
    }
)
CALLED = {_("sent as plain text"), _("sent outside of the topic")}  # followed by the answer in brackets
AGAIN = "sent again by "


def say_reason(text: str) -> str:
    if text in WHOLE:
        return gettext(text)
    head, colon, rest = text.partition(": ")
    if colon and head in BEFORE:
        channel = head.removeprefix("instead of ")
        said = (
            gettext(head)
            if channel == head
            else gettext("instead of %(channel)s") % {"channel": Channel(channel).label}
        )
        return f"{said}: {say_reason(rest)}"
    start, bracket, rest = text.partition(" (")
    if bracket and start in CALLED:
        return f"{gettext(start)} ({rest}"
    if text.startswith(AGAIN):
        return gettext("sent again by %(name)s") % {"name": text.removeprefix(AGAIN)}
    return text
