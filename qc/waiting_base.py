"""The waiting base: what open deals wait for on stages whose norm names a reason, for how long and how much money.

It tells what stands today; whether a wait was valid in its time is what the rules of waiting say.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from django.db.models import F, Func, Q, TextField, Value
from django.db.models.functions import Coalesce
from django.db.models.lookups import Exact, IsNull, LessThan

from core import account
from core.db import Statement, run_statements
from pipelines.models import Stage
from qc import norms, regulations
from qc.rules.waiting import Waiting, is_waiting

NONE = "none"  # in place of a reason that nobody has written down
# Dates are ISO texts in the account's zone, moments begin with one.
REASONS = """
    with asked as (
        select * from unnest(%(stages)s::text[], %(reasons)s::text[], %(promises)s::text[], %(longest)s::float8[])
            as stage (id, reason, promised, longest)
    ), standing as (
        select a.id as stage, nullif(jsonb_extract_path_text(d.fields, a.reason), '') as reason, d.price,
               left(nullif(jsonb_extract_path_text(d.fields, a.promised), ''), 10) as promised,
               a.promised is not null as dated, s.visit_since as since,
               s.visit_since + a.longest * interval '1 second' < %(now)s as too_long
        from asked a
        join pipelines_deal d on d.stage_id = a.id and d.closed_at is null and d.deleted_at is null
        left join pipelines_stay s on s.deal_id = d.id and s.left_at is null
        where %(people)s::bigint[] is null or d.manager_id = any(%(people)s)
    )
    select stage, reason, count(*), coalesce(sum(price), 0),
           percentile_cont(0.5) within group (order by extract(epoch from %(now)s - since)), min(since),
           count(*) filter (where promised < %(today)s), coalesce(sum(price) filter (where promised < %(today)s), 0),
           count(*) filter (where dated and promised is null), count(*) filter (where too_long)
    from standing group by stage, reason order by sum(price) desc, count(*) desc, reason
"""


class Reason(NamedTuple):
    """Deals that wait for one thing on one stage; ``name`` None: nobody has written for what.

    ``passed``: their promised day has passed, with the money in them. ``undated``: no day was promised where one is
    asked for. ``too_long``: on this visit longer than any deal may wait.
    """

    stage: str
    name: str | None
    deals: int
    money: Decimal
    median: timedelta | None
    oldest: datetime | None
    passed: int
    passed_money: Decimal
    undated: int
    too_long: int


@dataclass(frozen=True)
class WaitingStage:
    stage: Stage
    norm: Waiting
    reasons: list[Reason]

    @property
    def sums(self) -> "Sums":
        return Sums.of(self.reasons)


@dataclass(frozen=True)
class Sums:
    deals: int
    money: Decimal
    passed: int
    passed_money: Decimal
    unexplained: int
    too_long: int

    @classmethod
    def of(cls, reasons: list[Reason]) -> "Sums":
        return cls(
            sum(one.deals for one in reasons),
            sum((one.money for one in reasons), Decimal()),
            sum(one.passed for one in reasons),
            sum((one.passed_money for one in reasons), Decimal()),
            sum(one.deals if one.name is None else one.undated for one in reasons),
            sum(one.too_long for one in reasons),
        )


def waiting_norms() -> dict[str, Waiting]:
    """The norms in force of stages on which deals wait, by stage. One query."""
    found = {}
    for stage, regulation in regulations.in_force().items():
        for norm in norms.read_norms(regulation.norms).values():
            if isinstance(norm, Waiting) and is_waiting(norm):
                found[stage] = norm
    return found


def read_base(user: Any, now: datetime) -> list[WaitingStage]:
    """Of deals that this reader may see, the stages in amoCRM's order, the most money first. Three queries."""
    known = waiting_norms()
    stages = Stage.objects.filter(pk__in=known, deleted_at=None).select_related("pipeline")
    order = list(stages.order_by("pipeline__sort", "pipeline_id", "sort"))
    if not order:
        return []
    [rows] = run_statements(_statement(order, known, user, now))
    by_stage: dict[str, list[Reason]] = {}
    for stage, reason, count, money, median, *rest in rows:
        length = None if median is None else timedelta(seconds=float(median))
        by_stage.setdefault(stage, []).append(Reason(stage, reason, count, money, length, *rest))
    return [WaitingStage(stage, known[stage.pk], by_stage.get(stage.pk, [])) for stage in order]


def _statement(stages: list[Stage], known: dict[str, Waiting], user: Any, now: datetime) -> Statement:
    own = [known[stage.pk] for stage in stages]
    return REASONS, {
        "stages": [stage.pk for stage in stages],
        "reasons": [norm.reason for norm in own],
        "promises": [norm.promised for norm in own],
        "longest": [None if norm.longest is None else norm.longest.total_seconds() for norm in own],
        "people": None if user.sees is None else list(user.sees),
        "now": now,
        "today": _today(now).isoformat(),
    }


def _today(now: datetime) -> date:
    """The day by which promised dates have passed or not: that of the account, in whose zone amoCRM sends them."""
    return now.astimezone(ZoneInfo(account.own().dates)).date()


def waiting_for(reason: str | None, stage: str | None = None) -> Q:
    """Open deals that wait for this (NONE: for nothing that anybody has written; None: for whatever)."""
    found = Q(pk__in=[])
    for key, norm in waiting_norms().items():
        if stage is None or key == stage:
            here = Q(stage=key)
            if reason is not None:
                here &= _holds(norm.reason, reason)
            found |= here
    return found & Q(closed_at=None, deleted_at=None)


def unexplained() -> Q:
    """Open deals that wait without a reason, or without the day that their stage asks for."""
    found = Q(pk__in=[])
    for key, norm in waiting_norms().items():
        missing = _holds(norm.reason, NONE)
        if norm.promised is not None:
            missing |= Q(
                IsNull(
                    Func(_field(norm.promised), Value(""), function="nullif", output_field=TextField()), True
                )
            )
        found |= Q(stage=key) & missing
    return found & Q(closed_at=None, deleted_at=None)


def too_long(now: datetime) -> Q:
    """Open deals that wait longer than any may on their stage."""
    found = Q(pk__in=[])
    for key, norm in waiting_norms().items():
        if norm.longest is not None:
            found |= Q(stage=key, stage_since__lt=now - norm.longest)
    return found & Q(closed_at=None, deleted_at=None)


def promise_passed(now: datetime) -> Q:
    """Open deals that wait for a day that has passed."""
    found = Q(pk__in=[])
    for key, norm in waiting_norms().items():
        if norm.promised is not None:
            held = Func(_field(norm.promised), Value(""), function="nullif", output_field=TextField())
            day = Func(held, Value(10), function="left", output_field=TextField())
            promised = Coalesce(
                day, Value("9999"), output_field=TextField()
            )  # nothing promised has not passed
            found |= Q(stage=key) & Q(LessThan(promised, Value(_today(now).isoformat())))
    return found & Q(closed_at=None, deleted_at=None)


def _holds(field: str | None, reason: str) -> Q:
    if field is None:
        return Q() if reason == NONE else Q(pk__in=[])
    held = Func(_field(field), Value(""), function="nullif", output_field=TextField())
    if reason == NONE:
        return Q(IsNull(held, True))
    return Q(Exact(held, Value(reason)))


def _field(field: str) -> Func:
    return Func(F("fields"), Value(field), function="jsonb_extract_path_text", output_field=TextField())
