"""How a month goes: sales against the tiers of the plan, and day by day against the same shift of the month before."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from core import charts, formats
from core.periods import Period
from kpi.formulas.components import Rate
from kpi.formulas.rounding import ZERO
from kpi.month_facts import Facts
from kpi.pay_schemes import Plan
from kpi.sentences import percent


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
        """On track from the pace itself, at risk from four fifths of it."""
        if self.pace is None or not self.pace or self.sold >= self.pace:
            return "good"
        return "warn" if self.sold >= self.pace * Decimal("0.8") else "bad"


def scale(plan: Plan, facts: Facts) -> Scale | None:
    """None without a plan of sales."""
    sold = facts["measures"].get(plan.sales) if plan.sales else None
    if sold is None or not facts["quota"]:
        return None
    quota = Decimal(facts["quota"])
    rate = next((item for item in plan.components if isinstance(item, Rate) and item.scale != "flat"), None)
    ticks = [(quota, _("plan"))] if rate is None else list(_ticks(rate, quota))
    shifts = facts["shifts"]
    pace = quota * shifts["worked"] / shifts["planned"] if shifts["planned"] else None
    return Scale(Decimal(sold), quota, ticks, pace)


def _ticks(rate: Rate, quota: Decimal) -> Iterator[tuple[Decimal, str]]:
    """Captions are short: on a phone two of them stand close."""
    for below, above in zip(rate.tiers, rate.tiers[1:], strict=False):
        if below.upto is not None:
            yield below.upto * quota, percent(above.rate)


@dataclass(frozen=True)
class Days:
    """Sales to date, day by day; ``then`` is what the month before had brought by its shift of the same number."""

    sold: Decimal
    then: Decimal | None
    shift: int
    figure: charts.Chart

    @property
    def change(self) -> Decimal | None:
        return self.sold / self.then - 1 if self.then else None


def by_days(person: int, period: Period, facts: Facts, before: Facts | None, now: datetime) -> Days:
    """``before``: the facts of the month before, None when there are none."""
    last = min(period.last, now.astimezone(period.start.tzinfo).date())
    days, sales = list(period.days()), _sales(facts)
    own = [
        sum((amount for day, amount in sales.items() if day <= until), ZERO)
        for until in days
        if until <= last
    ]
    worked, shifts = _rota(facts), _rota(before)
    then = _same_shift(days, worked, shifts, _sales(before)) if before and (worked or shifts) else None
    shift = sum(day <= last for day in worked)
    today = own[-1] if own else ZERO
    return Days(
        today,
        then[len(own) - 1] if then and own and shift else None,
        shift,
        _figure(person, days, own, sales, then),
    )


def _rota(facts: Facts | None) -> list[date]:
    return [date.fromisoformat(day) for day in (facts or {}).get("rota", ())]


def _sales(facts: Facts | None) -> dict[date, Decimal]:
    return {date.fromisoformat(day): Decimal(amount) for day, amount in (facts or {}).get("days", {}).items()}


def _same_shift(
    days: Sequence[date], shifts: list[date], before: list[date], sales: dict[date, Decimal]
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


def _figure(
    person: int, days: list[date], own: list[Decimal], sales: dict[date, Decimal], then: list[Decimal] | None
) -> charts.Chart:
    locale = _locale()
    bars = charts.Series(
        _("This month"),
        [*own, *[None] * (len(days) - len(own))],
        texts=[
            _("%(day)s: %(sum)s, %(today)s of them on this day")
            % {
                "day": formats.day(day, locale),
                "sum": formats.money(total, locale),
                "today": formats.money(sales.get(day, ZERO), locale),
            }
            for day, total in zip(days, own, strict=False)
        ],
        hrefs=[_won_on(person, day) for day in days],
    )
    line = None
    if then is not None:
        texts = [
            _("the month before by the same shift: %(sum)s") % {"sum": formats.money(total, locale)}
            for total in then
        ]
        line = charts.Series(_("The month before"), then, color="chart-6", texts=texts)
    return charts.bars_and_line(days, bars, line)


def _won_on(person: int, day: date) -> str:
    query: dict[str, Any] = {
        "result": "won",
        "closed_by": person,
        "since": day,
        "until": day + timedelta(days=1),
    }
    return f"{reverse('deals')}?{urlencode(query)}"


def _locale() -> str:
    return get_language() or "en"
