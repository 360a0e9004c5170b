from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from qc.rules.checks import Breach, Check, checks
from qc.rules.parameters import CALENDAR, Count, parameter
from qc.rules.registry import CONTACT, REMARK, rule
from qc.rules.registry import gettext_noop as _
from qc.rules.terms import Terms
from timeline.subjects import ContactDeal, ContactLife

CODE = "contact.deals"


@dataclass(frozen=True)
class Allowed:
    count: int = parameter(
        Count(_("Open deals of one contact"), least=2), _("Open deals of one contact, from"), default=2
    )


@rule(
    CODE,
    _("Several open deals of one contact"),
    REMARK,
    unit=CONTACT,
    clock=CALENDAR,
    icon="copy",
    weight=0,
    sentence=_("Open deals of one contact in the same pipeline since %(since)s: %(count)s"),
    check="none: doubles are often made by robots, so it counts in nobody's quality",
    norm=Allowed,
)
def several_deals(contact: ContactLife, terms: Terms) -> Iterator[Check]:
    """Two managers call the same client, or one deal hides that the other has gone cold.

    Fix: merge the deals in amoCRM, or close the one that is not led.
    """
    pipelines = dict.fromkeys(deal.pipeline for deal in contact.deals)
    for pipeline in pipelines:
        own = [deal for deal in contact.deals if deal.pipeline == pipeline]
        yield from checks({}, _stretches(own, terms))


def _stretches(deals: list[ContactDeal], terms: Terms) -> Iterator[Breach]:
    """Held against whoever has the newest of the deals that are open when there are too many."""
    since: datetime | None = None
    involved: dict[int, ContactDeal] = {}
    most = 0
    for moment in sorted({at for deal in deals for at in (deal.created_at, deal.ended_at) if at is not None}):
        standing = [
            deal
            for deal in deals
            if deal.created_at <= moment and (deal.ended_at is None or deal.ended_at > moment)
        ]
        too_many = len(standing) >= terms.portal_norm(Allowed, CODE, moment).count
        if too_many:
            if since is None:
                since, involved, most = moment, {}, 0
            involved |= {deal.id: deal for deal in standing}
            most = max(most, len(standing))
        elif since is not None:
            yield _breach(since, moment, involved, most)
            since = None
    if since is not None:
        yield _breach(since, None, involved, most)


def _breach(since: datetime, until: datetime | None, involved: dict[int, ContactDeal], most: int) -> Breach:
    begun = [deal for deal in involved.values() if deal.created_at <= since]
    newest = max(begun, key=lambda deal: (deal.created_at, deal.id))
    values = {"count": most, "deals": list(involved)}
    return Breach(since, since, until, newest.owner, None, values)
