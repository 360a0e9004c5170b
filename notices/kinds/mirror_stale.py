from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any

from notices.kinds.registry import ADMIN, MIRROR, Fact, Rung, Said, Terms, kind, ngettext_noop
from notices.kinds.registry import gettext_noop as _
from notices.kinds.sources import MirrorSeen


def sentence(values: Mapping[str, Any]) -> Said:
    words = {"moment": ("stamp", values["as_of"])}
    return Said(_("The last data are of %(moment)s; until newer ones come nothing is judged."), words)


@kind(
    "mirror.stale",
    _("Data are too old"),
    source=MIRROR,
    icon="cloud-off",
    tone="bad",
    for_chats=True,
    headline=_("Nothing new has come from amoCRM"),
    many=ngettext_noop("%(count)s time without data", "%(count)s times without data"),
    says=sentence,
    rungs=(Rung(ADMIN),),
    repeats=True,
    urgent=True,
    lives=timedelta(hours=12),
    fixed=_("Data are fresh again"),
)
def stale(seen: MirrorSeen, terms: Terms) -> Iterable[Fact]:
    """While data are critically old nothing is judged, and only an administrator can mend the connection."""
    if seen.state == "critical" and seen.as_of is not None:
        yield Fact(f"mirror:{seen.as_of.isoformat()}", seen.now, values={"as_of": seen.as_of.isoformat()})
