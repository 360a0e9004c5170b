from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any

from notices.kinds.registry import CHANNEL, PERSON, Fact, Rung, Said, Terms, kind, ngettext_noop
from notices.kinds.registry import gettext_noop as _
from notices.kinds.sources import StoppedSeen


def sentence(values: Mapping[str, Any]) -> Said:
    words = {"channel": ("channel", values["channel"]), "reason": ("text", values["reason"])}
    return Said(_("%(channel)s: %(reason)s. What is due comes another way."), words)


@kind(
    "channel.stopped",
    _("A channel is dead"),
    source=CHANNEL,
    icon="unplug",
    tone="bad",
    headline=_("Messages do not arrive any more"),
    many=ngettext_noop("%(count)s dead channel", "%(count)s dead channels"),
    says=sentence,
    rungs=(Rung(PERSON),),
    repeats=True,
    urgent=True,
    lives=timedelta(days=3),
)
def stopped(seen: StoppedSeen, terms: Terms) -> Iterable[Fact]:
    """Whoever relies on a channel must hear on another one that it has fallen silent."""
    if seen.employee is None:
        return
    yield Fact(
        f"channel:{seen.address}:{seen.stopped_at.isoformat()}",
        seen.stopped_at,
        employee=seen.employee,
        values={"channel": seen.channel, "reason": seen.reason},
    )
