from collections.abc import Iterable
from datetime import timedelta

from notices.kinds.registry import FINDING, LATER, OPEN, PERSON, Fact, Rung, Terms, kind, ngettext_noop
from notices.kinds.registry import gettext_noop as _
from notices.kinds.sources import FindingSeen


@kind(
    "deal.stuck_soon",
    _("Deal will be stuck soon"),
    source=FINDING,
    icon="hourglass",
    tone="warn",
    headline=_("A deal is about to get stuck"),
    many=ngettext_noop("%(count)s deal about to get stuck", "%(count)s deals about to get stuck"),
    rungs=(Rung(PERSON),),
    buttons=(LATER, OPEN),
    rules=("deal.stuck",),
    ahead=timedelta(hours=2),
    fixed=_("The deal has moved on in time"),
)
def stuck_soon(seen: FindingSeen, terms: Terms) -> Iterable[Fact]:
    """There is still time to move the deal on, so that nothing is broken at all."""
    yield Fact(
        f"finding:{seen.id}",
        seen.opens_at - terms.ahead,
        until=seen.opens_at,
        person=seen.person,
        finding=seen.id,
        deal=seen.deal,
    )
