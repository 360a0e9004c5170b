"""How a month goes: sales against the tiers of the plan, and day by day against the same shift of the month before."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from django.utils.translation import gettext as _

from core.periods import Period
from kpi.calculation.component import Earning
from kpi.calculation.rounding import ZERO
from kpi.month_facts import Facts
from kpi.pay_schemes import PayScheme
from kpi.sentences import percent

ON_TRACK, AT_RISK = Decimal(1), Decimal("0.8")  # of the pace


def grade_pace(share: Decimal) -> str:
    """Of what was done ÷ what the shifts worked should have brought: good on track, warn at risk, bad behind."""
    return "good" if share >= ON_TRACK else "warn" if share >= AT_RISK else "bad"


@dataclass(frozen=True)
class Scale:
    """Sales on the way to the plan; ``ticks`` are (where, caption), ``pace`` is where the shifts worked should lead."""

    sold: Decimal
    quota: Decimal
    ticks: list[tuple[Decimal, str]]
    pace: Decimal | None

    @property
    def attainment(self) -> Decimal:
        return self.sold / self.quota

    @property
    def tone(self) -> str:
        return grade_pace(self.sold / self.pace) if self.pace else "good"


def find_scale(scheme: PayScheme, facts: Facts) -> Scale | None:
    """None without a plan of sales."""
    sold, quota, shifts = facts.measures.get(scheme.sales or ""), facts.quota, facts.shifts
    if sold is None or not quota:
        return None
    tiered = next((item for item in scheme.earnings if item.tiers_of_quota), None)
    ticks = [(quota, _("plan"))] if tiered is None else list(_ticks(tiered, quota))
    pace = quota * shifts.worked / shifts.planned if shifts.planned else None
    return Scale(sold, quota, ticks, pace)


def _ticks(tiered: Earning, quota: Decimal) -> Iterator[tuple[Decimal, str]]:
    """Captions are short: on a phone two of them stand close."""
    tiers = tiered.tiers_of_quota
    for below, above in zip(tiers, tiers[1:], strict=False):
        if below.upto is not None:
            yield below.upto * quota, percent(above.rate)


@dataclass(frozen=True)
class Days:
    """Sales by day and to date; the month before to date, by the same shift, when there is one.

    ``to_date`` ends today. ``then``: what the month before had brought by its shift of the same number, ``shift``.
    """

    sales: Mapping[date, Decimal]
    to_date: list[Decimal]
    before: list[Decimal] | None
    shift: int

    @property
    def sold(self) -> Decimal:
        return self.to_date[-1] if self.to_date else ZERO

    @property
    def then(self) -> Decimal | None:
        return self.before[len(self.to_date) - 1] if self.before and self.to_date and self.shift else None

    @property
    def change(self) -> Decimal | None:
        return self.sold / self.then - 1 if self.then else None


def compare_days(period: Period, facts: Facts, before: Facts | None, now: datetime) -> Days:
    """``before``: the facts of the month before, None when there are none."""
    last = min(period.last, now.astimezone(period.start.tzinfo).date())
    days = list(period.days())
    to_date = [
        sum((amount for day, amount in facts.days.items() if day <= until), ZERO)
        for until in days
        if until <= last
    ]
    then = None
    if before is not None and (facts.rota or before.rota):
        then = _same_shift(days, facts.rota, before.rota, before.days)
    return Days(facts.days, to_date, then, sum(day <= last for day in facts.rota))


def _same_shift(
    days: Sequence[date], shifts: list[date], before: list[date], sales: Mapping[date, Decimal]
) -> list[Decimal]:
    """For each day: the sales of the month before up to its shift with the number of this day's last shift."""
    found = []
    for day in days:
        number = sum(shift <= day for shift in shifts)
        if number >= len(before):
            found.append(sum(sales.values(), ZERO))
        else:
            found.append(
                sum((amount for sold, amount in sales.items() if number and sold < before[number]), ZERO)
            )
    return found
