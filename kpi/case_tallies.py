"""A person's cases of a month, tallied by rule: what stands open, what was mended, what is still to come."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.contrib.postgres.aggregates import ArrayAgg
from django.contrib.postgres.fields import ArrayField
from django.db.models import (
    BigIntegerField,
    BooleanField,
    Case,
    Count,
    ExpressionWrapper,
    F,
    Func,
    Q,
    QuerySet,
    SmallIntegerField,
    Value,
    When,
)
from django.db.models.functions import Coalesce
from msgspec import Struct

from core.periods import Period
from kpi.what_if import COUNTS_IN_MONEY
from qc import first_times
from qc.models import Finding

FREE = "free"  # beside the modes of rules: the first of the month
PAST, MENDED, OPEN, COMING = range(4)  # how a case stands to now
EXAMPLES = 3  # of a pile, the dearest deals first


class Tally(Struct):
    """How many stand open, opened today, were mended in the month; ``dearest``: open ones by their deals' price."""

    open: int = 0
    fresh: int = 0
    mended: int = 0
    dearest: list[int] = []


def tally_cases(
    rows: QuerySet[Any], users: list[int], period: Period, now: datetime, horizons: tuple[datetime, datetime]
) -> tuple[dict[tuple[str, str, bool], Tally], list[tuple[str, datetime]]]:
    """Of `own_cases`, by rule, mode (or `FREE`) and whether they are the person's own to mend; and, of those that cost
    money, rule and moment of what opens until the last horizon (the first is the end of today), the first first.

    One query, which counts: of ten thousands of cases that stand none is read.
    """
    when = Case(
        When(closes_at__lte=now, then=Case(When(closes_at__gte=period.start, then=MENDED), default=PAST)),
        When(opens_at__gte=now, then=COMING),
        default=OPEN,
        output_field=SmallIntegerField(),
    )
    told = (
        rows.filter(opens_at__lt=horizons[-1])
        .annotate(
            is_free=ExpressionWrapper(first_times.is_free(now, period.start, users), BooleanField()),
            own=Case(When(disputed_at=None, then="mine"), default=False),
            when=when,
        )
        .annotate(kind=Case(When(is_free=True, then=Value(FREE)), default="mode"))
    )
    is_fresh = Q(when=OPEN, opens_at__gte=horizons[0] - timedelta(days=1))
    is_coming = Q(when=COMING, own=True, kind=COUNTS_IN_MONEY)
    dearest = ArrayAgg(
        "pk", filter=Q(when=OPEN), order_by=[Coalesce("deal__price", Decimal(0)).desc(), "pk"], default=[]
    )
    groups = told.order_by().values_list("rule", "kind", "own", "when")
    tallies: dict[tuple[str, str, bool], Tally] = defaultdict(Tally)
    coming: list[tuple[str, datetime]] = []
    for rule, kind, own, state, count, fresh, dear, moments in groups.annotate(
        count=Count("pk"),
        fresh=Count("pk", filter=is_fresh),
        dear=Func(
            dearest, template=f"(%(expressions)s)[1:{EXAMPLES}]", output_field=ArrayField(BigIntegerField())
        ),
        moments=ArrayAgg("opens_at", filter=is_coming, default=[]),
    ):
        tally = tallies[rule, kind, own]
        coming += [(rule, opens_at) for opens_at in moments]
        if state == OPEN:
            tally.open, tally.fresh, tally.dearest = count, fresh, dear
        elif state == MENDED:
            tally.mended = count
    return tallies, sorted(coming, key=lambda one: one[1])


def find_examples(tallies: Iterable[Tally], now: datetime) -> dict[str, list[Any]]:
    """The dearest deals of each rule, where the case still stands open; one query."""
    keys = [key for tally in tallies for key in tally.dearest]
    found: dict[str, list[Any]] = {}
    rows = Finding.objects.open(now).filter(pk__in=keys).select_related("deal", "stage", "task", "manager")
    for one in rows.order_by("rule", F("deal__price").desc(nulls_last=True), "pk"):
        found.setdefault(one.rule, []).append(one)
    return found
