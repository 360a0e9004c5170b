"""What to do next, by what each act is worth in this person's statement: the statement with it minus without it.

A deal is worth what it would bring if it were won now, times the chance that it is won by the end of the month: a
range, since a chance is one. A case that is put right in time is worth what it would cost, and that is certain. Pure:
facts in, amounts out.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from msgspec.structs import replace

from kpi.calculation.rounding import ZERO, kopecks
from kpi.forecast import compute_ending
from kpi.month_facts import Facts
from kpi.pay_schemes import PayScheme
from kpi.what_if import compute_pay
from metrics.month_chances import Chance

ROUBLE = Decimal(1)
MOST_SALES = Decimal(10) ** 12  # nobody sells more in a month, so what asks for it is out of reach


@dataclass(frozen=True)
class Candidate:
    """An open deal with what each measure of sales would gain, were it won now. ``chance``: None is not known."""

    deal: int
    amounts: Mapping[str, Decimal]
    chance: Chance | None


@dataclass(frozen=True)
class Prospect:
    """A deal with what pay gains when it is won (``gain``), that times its chance, and the range of this.

    ``sales``: what it adds to the sales that the plan is of. Without a chance nothing but the gain is known.
    """

    deal: int
    sales: Decimal
    gain: Decimal
    chance: Chance | None

    @property
    def expected(self) -> Decimal | None:
        return None if self.chance is None else kopecks(self.gain * self.chance.share)

    @property
    def low(self) -> Decimal:
        return ZERO if self.chance is None else kopecks(self.gain * self.chance.low)

    @property
    def high(self) -> Decimal:
        return self.gain if self.chance is None else kopecks(self.gain * self.chance.high)


@dataclass(frozen=True)
class Way:
    """What a month's pay of ``target`` takes: ``sales`` more in all shifts that are left, at the present quality.

    ``sales`` is None where no sales bring it, and zero where ``ending``, the month with its shifts worked and nothing
    more sold, comes to it by itself. ``deals``: those to go after, whose amounts times their chances come to
    ``expected``; ``enough`` says whether that is what is needed.
    """

    target: Decimal
    ending: Decimal
    sales: Decimal | None
    shifts: int
    deals: tuple[Prospect, ...]
    expected: Decimal

    @property
    def enough(self) -> bool:
        return self.sales is not None and self.expected >= self.sales

    @property
    def per_shift(self) -> Decimal | None:
        return self.sales / self.shifts if self.sales and self.shifts else None


def add_wins(facts: Facts, won: Iterable[Candidate], scheme: PayScheme, day: date) -> Facts:
    """The facts with these deals won on a day. A measure that is not known stays so."""
    measures, days = dict(facts.measures), dict(facts.days)
    wins = {name: dict(deals) for name, deals in (facts.wins or {}).items()}
    for one in won:
        for name, amount in one.amounts.items():
            before = measures.get(name)
            if before is None or one.deal in wins.get(name, {}):
                continue
            measures[name] = before + amount
            wins.setdefault(name, {})[one.deal] = amount
            if name == scheme.sales:
                days[day] = days.get(day, ZERO) + amount
    return replace(facts, measures=measures, wins=wins, days=days)


def weigh_deals(
    candidates: Iterable[Candidate], facts: Facts, scheme: PayScheme, day: date
) -> list[Prospect]:
    """Those that bring money, the most expected first; after them those of which no chance is known."""
    now, found = compute_pay(facts, scheme), []
    for one in candidates:
        gain = compute_pay(add_wins(facts, [one], scheme, day), scheme) - now
        if gain > 0:
            found.append(Prospect(one.deal, one.amounts.get(scheme.sales or "", ZERO), gain, one.chance))
    return sorted(found, key=lambda one: (-(one.expected or ZERO), -one.gain, one.deal))


def find_way(
    target: Decimal, prospects: Sequence[Prospect], facts: Facts, scheme: PayScheme, shifts: int
) -> Way:
    """``shifts``: how many are left, today's with them."""
    sold = facts.measures.get(scheme.sales or "") or ZERO
    ending = compute_ending(facts, scheme, sold)
    sales = _needed(target, facts, scheme, sold)
    chosen: list[Prospect] = []
    expected = ZERO
    for one in prospects:
        if sales is None or expected >= sales:
            break
        if one.chance is not None and one.sales:
            chosen.append(one)
            expected += kopecks(one.sales * one.chance.share)
    return Way(target, ending, sales, shifts, tuple(chosen), expected)


def _needed(target: Decimal, facts: Facts, scheme: PayScheme, sold: Decimal) -> Decimal | None:
    """The least whole roubles of sales more with which the month ends at the target. Pay grows with sales."""
    if compute_ending(facts, scheme, sold) >= target:
        return ZERO
    if not scheme.sales or facts.measures.get(scheme.sales) is None:
        return None
    low, high = ZERO, Decimal(1024)
    while compute_ending(facts, scheme, sold + high) < target:
        low, high = high, high * 2
        if high > MOST_SALES:
            return None
    while high - low > ROUBLE:
        middle = (low + high) // 2
        if compute_ending(facts, scheme, sold + middle) < target:
            low = middle
        else:
            high = middle
    return high
