from collections.abc import Iterable
from datetime import timedelta

from notices.kinds.registry import (
    ACCEPT,
    DIRECTOR,
    DISPUTE,
    FINDING,
    HEAD,
    LATER,
    OPEN,
    PERSON,
    Fact,
    Rung,
    Terms,
    kind,
    ngettext_noop,
)
from notices.kinds.registry import gettext_noop as _
from notices.kinds.sources import FindingSeen

HOUR = timedelta(hours=1)


@kind(
    "deal.stuck",
    _("Deal is stuck"),
    source=FINDING,
    icon="hourglass",
    tone="bad",
    headline=_("A deal is stuck"),
    many=ngettext_noop("%(count)s stuck deal", "%(count)s stuck deals"),
    rungs=(Rung(PERSON), Rung(HEAD, 4 * HOUR), Rung(DIRECTOR, 20 * HOUR)),
    buttons=(ACCEPT, LATER, DISPUTE, OPEN),
    rules=("deal.stuck",),
    repeats=True,
    fixed=_("The deal has moved on"),
)
def stuck(seen: FindingSeen, terms: Terms) -> Iterable[Fact]:
    """The money of a deal that has outlived its stage stands still, and whoever leads it can move it on today."""
    yield Fact(f"finding:{seen.id}", seen.opens_at, person=seen.person, finding=seen.id, deal=seen.deal)
