from collections.abc import Iterable, Mapping
from typing import Any

from notices.kinds.registry import ADMIN, STATE, Fact, Rung, Said, Terms, kind, ngettext_noop
from notices.kinds.registry import gettext_noop as _
from notices.kinds.sources import StoppedSeen


def sentence(values: Mapping[str, Any]) -> Said:
    words = {"channel": ("channel", values["channel"]), "reason": ("text", values["reason"])}
    return Said(_("%(channel)s is out of order for everybody: %(reason)s"), words)


@kind(
    "channel.down",
    _("A channel is out of order"),
    source=STATE,
    icon="server-off",
    tone="bad",
    headline=_("A channel is out of order"),
    many=ngettext_noop("%(count)s channel out of order", "%(count)s channels out of order"),
    says=sentence,
    rungs=(Rung(ADMIN),),
    repeats=True,
    urgent=True,
)
def down(seen: StoppedSeen, terms: Terms) -> Iterable[Fact]:
    """Nobody is told anything on it until an administrator has mended it."""
    key = f"down:{seen.channel}:{seen.stopped_at.isoformat()}"
    yield Fact(key, seen.stopped_at, values={"channel": seen.channel, "reason": seen.reason})
