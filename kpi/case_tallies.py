"""A person's cases of a month, tallied by rule: what stands open, what was mended, what is still to come."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db.models import BooleanField, Case, ExpressionWrapper, F, QuerySet, SmallIntegerField, When
from django.db.models.expressions import RawSQL

from core.periods import Period
from kpi.what_if import COUNTS_IN_MONEY
from qc import first_times
from qc.models import Finding

FREE = "free"  # beside the modes of rules: the first of the month
PAST, MENDED, OPEN, FRESH, COMING = range(5)  # how a case stands to now; fresh: it opened today
EXAMPLES = 3  # of a pile, the dearest deals first
DEAREST = """
    select key from (
        select one.key, row_number() over (partition by one.pile order by coalesce(d.price, 0) desc, one.key) as place
        from unnest(%s::int[], %s::bigint[], %s::bigint[]) one(pile, key, deal)
        left join pipelines_deal d on d.id = one.deal) ranked
    where place <= %s"""


@dataclass
class Tally:
    """How many stand open, opened today, were mended in the month; ``cases``: the open ones, each with its deal."""

    open: int = 0
    fresh: int = 0
    mended: int = 0
    cases: list[tuple[int, int | None]] = field(default_factory=list)


def tally_cases(
    rows: QuerySet[Any], users: list[int], period: Period, now: datetime, horizons: tuple[datetime, datetime]
) -> tuple[dict[tuple[str, str, bool], Tally], list[tuple[str, datetime]]]:
    """Of `own_cases`, by rule, mode (or `FREE`) and whether they are the person's own to mend; and, of those that cost
    money, rule and moment of what opens until the last horizon (the first is the end of today), the first first.

    One query. Ten thousands of cases stand already: a moment is read of those alone that do not.
    """
    when = Case(
        When(closes_at__lte=now, then=Case(When(closes_at__gte=period.start, then=MENDED), default=PAST)),
        When(opens_at__gte=now, then=COMING),
        When(opens_at__gte=horizons[0] - timedelta(days=1), then=FRESH),
        default=OPEN,
        output_field=SmallIntegerField(),
    )
    told = rows.filter(opens_at__lt=horizons[-1]).annotate(
        is_free=ExpressionWrapper(first_times.is_free(now, period.start, users), BooleanField()),
        own=Case(When(disputed_at=None, then="mine"), default=False),
        when=when,
        first=Case(When(opens_at__gte=now, then="opens_at")),
    )
    names = ("pk", "rule", "mode", "own", "is_free", "when", "deal_id", "first")
    tallies: dict[tuple[str, str, bool], Tally] = defaultdict(Tally)
    coming = []
    for key, rule, mode, own, is_free, state, deal, opens_at in told.order_by().values_list(*names):
        mode = FREE if is_free else mode
        tally = tallies[rule, mode, own]
        tally.mended += state == MENDED
        if state in (OPEN, FRESH):
            tally.open += 1
            tally.fresh += state == FRESH
            tally.cases.append((key, deal))
        elif state == COMING and own and mode == COUNTS_IN_MONEY:
            coming.append((rule, opens_at))
    return tallies, sorted(coming, key=lambda one: one[1])


def find_examples(tallies: Iterable[Tally]) -> dict[str, list[Any]]:
    """The dearest deals of each rule; one query."""
    piles = [(pile, *case) for pile, tally in enumerate(tallies) for case in tally.cases]
    columns = [list(column) for column in zip(*piles, strict=True)] or [[], [], []]
    dearest = RawSQL(DEAREST, [*columns, EXAMPLES])
    found: dict[str, list[Any]] = {}
    rows = Finding.objects.filter(pk__in=dearest).select_related("deal", "stage", "task", "manager")
    for one in rows.order_by("rule", F("deal__price").desc(nulls_last=True), "pk"):
        found.setdefault(one.rule, []).append(one)
    return found
