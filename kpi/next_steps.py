"""A person's next actions from rows: open deals with their chances, and cases that can still be put right in time."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, NamedTuple

from django.db.models.lookups import GreaterThan

from core.periods import Period, month_of
from core.zone import portal_zone
from kpi.calculation.rounding import ZERO
from kpi.ladder import find_quality
from kpi.measures import read_measure
from kpi.models import Statement
from kpi.next_actions import Candidate, Prospect, Way, find_way, weigh_deals
from kpi.own_cases import find_users, keep_own_cases, midnight, next_day
from kpi.paid_sales import read_paid
from kpi.pay_schemes import PayScheme, read_scheme
from kpi.prices import open_later, priced
from kpi.sales import sales_measures
from kpi.what_if import COUNTS_IN_MONEY
from metrics import UnknownField, list_if_won
from metrics.month_chances import Chances, read_chances
from pipelines.models import Deal
from qc import first_times
from qc import queries as judgement
from qc.models import ENDS, Finding
from team.models import Employee
from timeline.attribution import WORKING, selling

MOST_DEALS = 500  # open deals that are looked at, the dearest first
WEIGHED = 80  # of them, those with the most to expect are computed in full
MOST_CASES = 200


@dataclass(frozen=True)
class Action:
    """One thing to do. Of a case, ``finding`` and by when (``until``; None: it counts already, every hour); of a deal
    to win, ``prospect``. ``worth`` is what it is ranked by; from ``low`` to ``high`` where a chance is needed."""

    deal_id: int | None
    worth: Decimal
    low: Decimal
    high: Decimal
    deal: Deal | None = None
    finding: Finding | None = None
    until: datetime | None = None
    prospect: Prospect | None = None


@dataclass(frozen=True)
class NextActions:
    """``count``: how many there are, of which ``actions`` are the first; ``unpriced``: open deals without an amount, of
    which nothing can be said; ``way``: to the sum asked for."""

    count: int
    actions: list[Action]
    unpriced: int
    way: Way | None
    way_actions: list[Action]


def find_next_actions(
    person: int,
    user: Employee,
    now: datetime,
    statement: Statement | None,
    target: Decimal | None = None,
    *,
    most: int | None = None,
) -> NextActions | None:
    """By the person's statement of the present month, the most valuable first, all or so many; writes nothing.

    None without a statement that is being computed.
    """
    period = month_of(now, portal_zone())
    if statement is None or not statement.inputs or statement.status == Statement.Status.CLOSED:
        return None
    scheme, facts = read_scheme(statement.scheme), statement.facts
    users = find_users(person, period, now)
    day = now.astimezone(portal_zone()).date()
    open_deals = _list_open(user, users)
    candidates = _candidates(open_deals, users, scheme, period, now)
    prospects = weigh_deals(candidates, facts, scheme, day)
    ranked = [*map(_to_win, prospects), *_cases(user, users, period, now, statement)]
    # of the same worth the urgent first
    ranked.sort(key=lambda one: (-one.worth, -one.high, one.until or now))
    way = None
    if target is not None:
        shifts = facts.shifts.left + (day in facts.rota)
        way = find_way(target, prospects, facts, scheme, shifts)
    to_go_after = [_to_win(one) for one in way.deals] if way else []
    first = ranked[:most]
    deals = Deal.objects.select_related("stage").in_bulk(
        {one.deal_id for one in (*first, *to_go_after) if one.deal_id is not None}
    )
    return NextActions(
        len(ranked),
        _with_deals(first, deals),
        sum(1 for deal in open_deals.values() if not deal.price),
        way,
        _with_deals(to_go_after, deals),
    )


def _with_deals(actions: Iterable[Action], deals: Mapping[int, Deal]) -> list[Action]:
    """A deal that was deleted meanwhile is not to be won."""
    told = (replace(one, deal=deals.get(one.deal_id or 0)) for one in actions)
    return [one for one in told if one.deal or one.finding]


class _Open(NamedTuple):
    """Of one of many open deals, what its chance hangs on."""

    deal: int
    price: Decimal | None
    stage: str | None
    since: datetime | None


def _list_open(user: Employee, users: list[int]) -> dict[int, _Open]:
    rows = Deal.objects.open().visible_to(user).filter(selling(), manager__in=users, stage__kind__in=WORKING)
    told = rows.order_by("-price", "-pk").values_list("pk", "price", "stage_id", "stage_since")
    return {deal: _Open(deal, *rest) for deal, *rest in told[:MOST_DEALS]}


def _candidates(
    deals: dict[int, _Open], users: list[int], scheme: PayScheme, period: Period, now: datetime
) -> list[Candidate]:
    """Those with the most to expect. A query a measure of sales, and two more."""
    amounts: dict[int, dict[str, Decimal]] = {}
    day = now.astimezone(portal_zone()).date()
    for name in sales_measures(scheme):
        for deal, amount in _if_won(name, deals, users, day):
            if amount > 0:
                amounts.setdefault(deal, {})[name] = amount
    for paid in read_paid(amounts):  # won once already, in a closed month: no later one pays for it
        amounts.get(paid.deal, {}).pop(paid.measure, None)
    chances = read_chances(now, period) if amounts else Chances()
    found = []
    for key, values in amounts.items():
        if values:
            stood = now - (deals[key].since or now)
            found.append(Candidate(key, values, chances.of(deals[key].stage or "", stood)))
    found.sort(key=lambda one: (one.chance is None, -_hope(one), one.deal))
    return found[:WEIGHED]


def _if_won(
    name: str, deals: Iterable[int], users: Iterable[int], day: date
) -> Iterator[tuple[int, Decimal]]:
    measure = read_measure(name)
    if measure.team:
        return
    try:
        yield from list_if_won(Deal.objects.filter(pk__in=list(deals)), users, measure.options, day)
    except UnknownField:  # a field that is gone pays nothing
        return


def _hope(one: Candidate) -> Decimal:
    return max(one.amounts.values()) * (one.chance.share if one.chance else 1)


def _to_win(one: Prospect) -> Action:
    return Action(one.deal, one.expected or ZERO, one.low, one.high, prospect=one)


def _cases(
    user: Employee, users: list[int], period: Period, now: datetime, statement: Statement
) -> Iterator[Action]:
    """Cases that open until the end of the next shift's day, at what they will cost; by time also what stands open, at
    what it still takes."""
    measure = find_quality(read_scheme(statement.scheme))
    horizon = min(midnight(next_day(statement, now) + timedelta(days=1)), period.end)
    counting = judgement.standing(user).filter(
        manager__in=users, disputed_at=None, mode=COUNTS_IN_MONEY, opens_at__lt=horizon
    )
    counting = counting.exclude(first_times.is_free(now, period.start, users))
    rows = keep_own_cases(counting, users, period).filter(GreaterThan(ENDS, now))
    if measure is None or not measure.by_time:
        rows = rows.filter(opens_at__gte=now)
    chosen: list[Any] = list(rows.select_related("stage").order_by("-opens_at")[:MOST_CASES])
    asked = [open_later(one, max(one.opens_at, statement.computed_at)) for one in chosen]
    prices = priced(
        asked, [statement], {one.pk for one in asked}, now, dict.fromkeys(users, statement.manager_id)
    )
    for one in chosen:
        price = prices[one.pk]
        if price is not None and price > 0:
            until = one.opens_at if one.opens_at > now else None
            yield Action(one.deal_id, price, price, price, finding=one, until=until)
