"""From the numbers of a statement to the lists that show exactly the rows behind them."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.translation import gettext as _

from core.periods import Period, month_of
from core.zone import portal_zone
from kpi.measures import Measure, read_measure
from kpi.models import Statement
from kpi.payees import read_payees
from kpi.presentation import ShownLine
from kpi.what_if import COUNTS_IN_MONEY
from metrics import CREDITING, METRICS, NARROWING, Listing
from pipelines.models import Person


@dataclass(frozen=True)
class Link:
    title: str
    url: str


def find_links(line: ShownLine, statement: Statement) -> Iterator[Link]:
    """From the measures of a line to the lists of pages, or to the deals themselves where no list can choose them."""
    period = month_of(statement.period, portal_zone())
    known = statement.facts.known_until or statement.computed_at
    if line.deal is not None:
        yield Link(_("Deal %(number)s") % {"number": line.deal}, reverse("deal", args=[line.deal]))
    for name in line.measured:
        measure = read_measure(name)
        if measure.team:
            yield from _team(measure, statement, period)
            continue
        address = _address(measure, period, known)
        if measure.is_sales and set(measure.options) & {*NARROWING, *CREDITING}:
            for deal in (statement.facts.wins or {}).get(name, {}):
                yield Link(_("Deal %(number)s") % {"number": deal}, reverse("deal", args=[deal]))
        elif address is not None:
            query = {**address.filters, address.owner: statement.manager_id}
            yield Link(str(measure.title), f"{reverse(address.name)}?{urlencode(query)}")


def _team(measure: Measure, statement: Statement, period: Period) -> Iterator[Link]:
    """To the sales of each whose head the person is."""
    payees = read_payees(period, teams=True)
    users = payees.users_of(payees.team_of(statement.manager_id))
    address = _address(measure, period, statement.computed_at)
    for user in Person.objects.filter(pk__in=users).order_by("name") if address else ():
        query = {**address.filters, address.owner: user.pk}
        yield Link(user.name, f"{reverse(address.name)}?{urlencode(query)}")


def filter_held(period: Period) -> dict[str, str]:
    """The filters of the list of findings that choose what quality counts in the period."""
    return {
        "held_since": period.first.isoformat(),
        "held_until": period.last.isoformat(),
        "mode": COUNTS_IN_MONEY,
        "state": "",  # fixed ones too, which the list leaves out by itself
    }


def _address(measure: Measure, period: Period, known: datetime) -> Listing | None:
    """The list with all of its filters but the owner; None where no list shows exactly these rows."""
    if measure.kept:
        return Listing("findings", {"rule": measure.code} | filter_held(period))
    if measure.is_quality:
        return Listing("findings", filter_held(period))
    metric = METRICS[measure.code]
    if metric.listed is None or set(measure.options) - {"field"}:
        return None
    bounds = {"since": period.first.isoformat(), "until": period.end.date().isoformat()}
    if metric.waiting and known < period.end:
        bounds["until"] = max(known, period.start).astimezone(portal_zone()).isoformat()
    return metric.listed._replace(filters={**metric.listed.filters, **bounds})
