"""Sums of the deals won in the period."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from django.db.models import F, QuerySet, Sum
from django.db.models.functions import TruncDate
from django.utils.translation import gettext_lazy as _

from core.periods import Period
from metrics.credit import CLOSING, CREDITING, credited_to, share_of
from metrics.options import NARROWING, amount, narrow
from metrics.question import Answer, Question, credited, tally
from metrics.registry import Metric, register
from metrics.sources import won_deals
from metrics.words import CALENDAR, NO_DENOMINATOR, OWNER_AT_CLOSING, WON_DEALS, ZERO

DATED = ("since", "until")


def sum_won(question: Question) -> Answer:
    found = tally(won_deals(question), question, total=Sum(amount(question.options)))
    share = share_of(question.options)
    return {key: (_part(row["total"], share), row["n"]) for key, row in found.items()}


def _part(amount: Decimal | None, share: Decimal | None) -> Decimal:
    return (amount or ZERO) * (1 if share is None else share)


def list_wins(
    period: Period,
    people: Iterable[int] | None,
    options: Mapping[str, str],
    deals: Iterable[int] | None = None,
) -> Iterator[tuple[int, int, date, Decimal]]:
    """The rows that ``won_sum`` adds up: (person, deal, local day, amount). None asks for all. One query."""
    question = Question(period, period.end, "manager", None if people is None else frozenset(people), options)
    rows = credited(won_deals(question), question).order_by("at", "pk")
    if deals is not None:
        rows = rows.filter(pk__in=list(deals))
    rows = rows.annotate(day=TruncDate("at", tzinfo=period.start.tzinfo), amount=amount(options))
    share = share_of(options)
    for person, deal, day, sum_ in rows.values_list("who", "pk", "day", "amount"):
        yield person, deal, day, _part(sum_, share)


def list_if_won(
    deals: QuerySet[Any], people: Iterable[int], options: Mapping[str, str], day: date
) -> Iterator[tuple[int, Decimal]]:
    """What ``won_sum`` would add for people if these open deals were won on that local day: (deal, amount). One query.

    Nothing of a sum that is dated by something else than closing: winning does not date the deal.
    """
    said = day.isoformat()
    if options.get("date", "closed_at") != "closed_at" or not (
        options.get("since", "") <= said < options.get("until", "9999")
    ):
        return
    owned = options.get("credit", CLOSING) == CLOSING
    rows = narrow(deals, "closed_at", {key: options[key] for key in options if key not in DATED})
    rows = rows.annotate(
        who=F("manager_id") if owned else credited_to(options, "closed_at"), amount=amount(options)
    )
    share = share_of(options)
    for deal, sum_ in rows.filter(who__in=list(people)).values_list("pk", "amount"):
        yield deal, _part(sum_, share)


register(
    Metric(
        code="won_sum",
        title=_("Sales"),
        unit="money",
        clock=CALENDAR,
        attribution=OWNER_AT_CLOSING,
        denominator=NO_DENOMINATOR,
        by=("manager", "pipeline"),
        options=("field", "date", *NARROWING, *CREDITING),
        empty=ZERO,
        source=won_deals,
        answer=sum_won,
        listed=WON_DEALS,
    )
)
