"""What a kind of component is: fields, promise, computation and the reasons of its line, all in one file.

Order of a month, whatever the order of the document: `Earning` → `Multiplier` → `Limit` → `Reversal` → `Ledger` →
`Sanction`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from typing import Any, ClassVar, TypeVar

from msgspec import Struct

from kpi.calculation.document import Place
from kpi.calculation.fields import components, fields_of, read_fields
from kpi.calculation.running import MONTH, PERIODS, Before
from kpi.calculation.tiers import Tier
from kpi.calculation.wording import MeasureTitle, Text, gettext, gettext_noop


class Return(Struct, frozen=True, kw_only=True):
    """A deal that a closed month has paid and that counts for less now, or not at all.

    ``paid_in``: that month's first day. ``cost``: what the deal would bring that month less; 0 once it counts again.
    Kept for ever.
    """

    deal: int
    measure: str
    paid_in: date
    won_on: date
    returned_on: date
    counted: Decimal
    now: Decimal
    cost: Decimal

    @property
    def days(self) -> int:
        """Since the sale."""
        return max((self.returned_on - self.won_on).days, 0)


@dataclass(frozen=True)
class Inputs:
    """What a month of one manager is paid by; ``measures`` are keyed as schemes name them.

    A measure that is None is not known and never costs anybody money. ``deals``: how many deals a sum of sales is
    made of, by its measure. ``before``: by a longer period, what its earlier months came to. ``carried``: by the code
    of a component that carries over, what its lines of all earlier months came to. ``returns``: by the code of a
    component that takes back, every sale that has come back so far. ``person`` and the first day of the ``month``.
    """

    measures: Mapping[str, Decimal | None]
    quota: Decimal | None
    planned: int  # shifts of the month
    worked: int  # shifts worked so far
    deals: Mapping[str, int] = field(default_factory=dict)
    before: Mapping[str, Before] = field(default_factory=dict)
    carried: Mapping[str, Decimal] = field(default_factory=dict)
    returns: Mapping[str, Sequence[Return]] = field(default_factory=dict)
    person: int = 0
    month: date | None = None

    def measure(self, name: str) -> Decimal | None:
        return self.measures.get(name)

    def over(self, period: str) -> "Inputs":
        """The same of a quarter or a year up to the end of the month; the month itself where no longer one is."""
        before = self.before.get(period)
        if before is None:
            return self
        sums = {name: _add(self.measures.get(name), value) for name, value in before.sums.items()}
        deals = {name: count + before.deals.get(name, 0) for name, count in self.deals.items()}
        return replace(
            self,
            measures={**self.measures, **sums, **before.values},
            quota=before.quota,
            planned=self.planned + before.planned,
            worked=self.worked + before.worked,
            deals={**before.deals, **deals},
        )


def _add(one: Decimal | None, other: Decimal | None) -> Decimal | None:
    """What is not known in any of the months is not known of all of them."""
    return None if one is None or other is None else one + other


class Reason(Struct, frozen=True, kw_only=True, tag_field="outcome"):
    """Why a line is what it is: one subclass for each outcome, tagged, with the values of its sentence.

    Kept with closed months for ever: a field is never taken away, and a new one has a default.
    """

    @property
    def outcome(self) -> str:
        return str(self.__struct_config__.tag)

    @property
    def measured(self) -> tuple[str, ...]:
        """Names of the measures whose rows are behind the line."""
        return ()

    def because(self, amount: Decimal) -> Text:
        """The full sentence of a line of that amount."""
        raise NotImplementedError


class OfMeasure(Reason, frozen=True, kw_only=True):
    """A reason that rests on one measure."""

    measure: str

    @property
    def measured(self) -> tuple[str, ...]:
        return (self.measure,)


@dataclass(frozen=True)
class Component:
    """A part of a pay scheme, read from its document; ``code`` names it there.

    ``period``: what it counts by. One of a quarter or a year pays by months what is new (`kpi.calculation.running`).
    """

    code: str
    period: str = field(default=MONTH, kw_only=True)
    kind: ClassVar[str]
    title: ClassVar[str]  # a msgid
    reasons: ClassVar[Any]  # the union of the kind's reasons
    carries: ClassVar[bool] = False  # whether it needs to know what its lines of earlier months came to

    @property
    def measures(self) -> tuple[str, ...]:
        """Names of the facts that it needs."""
        return tuple(getattr(self, one.name) for one in fields_of(type(self)) if one.entry == "measure")

    @property
    def people(self) -> frozenset[int]:
        """Main amoCRM users whom it names."""
        return frozenset()

    @property
    def is_owed(self) -> bool:
        """Whether later months even out what its line gives or takes."""
        return self.carries

    def promise(self) -> Text:
        """What it promises, before any number of the month is known. It names nobody."""
        raise NotImplementedError

    def clause(self) -> Text:
        """The promise as the bonus regulation says it: with everything that a reader of the scheme alone must know."""
        return self.promise()

    def check(self, place: Place) -> None:
        """Raise `Fault` when the fields are sound one by one and not together."""


@dataclass(frozen=True)
class Earning(Component):
    """Earns an exact amount by itself. ``is_bonus``: it stimulates, and is not pay for the work itself."""

    is_bonus: ClassVar[bool] = True

    @property
    def sales(self) -> str | None:
        """The measure of sales that it pays a part of."""
        return None

    @property
    def by_quota(self) -> bool:
        """Whether it pays by how far the quota is met."""
        return False

    @property
    def tiers_of_quota(self) -> tuple[Tier, ...]:
        """The tiers between which its rate of ``sales`` changes."""
        return ()

    def earn(self, inputs: Inputs) -> tuple[Decimal, Reason]:
        raise NotImplementedError


class Multiplied(OfMeasure, frozen=True, kw_only=True):
    """The reason of a multiplier's line; ``base`` is what its earnings were before it, as they were rounded."""

    base: Decimal = Decimal(0)

    def unearned(self) -> Text | None:
        """What to say when there is nothing to multiply because more was given back than earned."""
        if self.base >= 0:
            return None
        return gettext(
            "%(title)s: what is below zero is not earned, so it is not multiplied",
            title=MeasureTitle(self.measure),
        )


@dataclass(frozen=True)
class Multiplier(Component):
    """Multiplies the earnings that it names."""

    of: tuple[str, ...] = components(gettext_noop("Earnings"))

    @property
    def graded(self) -> str | None:
        """The measure of which every point more counts."""
        return None

    def factor(self, inputs: Inputs) -> tuple[Decimal, Multiplied]:
        raise NotImplementedError


@dataclass(frozen=True)
class Limit(Component):
    """Limits what the earnings that it names (none = all) bring together."""

    of: tuple[str, ...] = components(gettext_noop("Earnings"), or_all=True)

    def bound(self, earned: Decimal, inputs: Inputs) -> tuple[Decimal, Reason]:
        """What is left of ``earned``, and why."""
        raise NotImplementedError


@dataclass(frozen=True)
class Reversal(Limit):
    """Takes back, after all limits, what closed months have paid for sales by ``reversed_sales`` that came back."""

    carries: ClassVar[bool] = True

    @property
    def reversed_sales(self) -> str:
        """The measure of the sales."""
        raise NotImplementedError

    @property
    def longest(self) -> int:
        """Days since the sale after which nothing is taken back."""
        raise NotImplementedError


@dataclass(frozen=True)
class Ledger(Limit):
    """Gives and takes back over months, after reversals: what its earlier lines came to is owed."""

    carries: ClassVar[bool] = True


@dataclass(frozen=True)
class Sanction(Component):
    """Lowers the bonuses that it names by an order of the month, after everything else."""

    of: tuple[str, ...] = components(gettext_noop("Bonuses"))

    def reduce(self, bonuses: Decimal, pay: Decimal, inputs: Inputs) -> tuple[Decimal, Reason]:
        """The difference, 0 or below, by what the bonuses and the whole month come to; and why."""
        raise NotImplementedError


PHASES = (Earning, Multiplier, Limit, Reversal, Ledger, Sanction)
KINDS: dict[str, type[Component]] = {}
Kind = TypeVar("Kind", bound=type[Component])


def component(kind: str, title: str, reasons: Any) -> Callable[[Kind], Kind]:
    """Register a kind by the name that it has in documents; kept lines name it, so it is for ever.

    ``reasons``: the union of what `Reason` its lines may have.
    """

    def register(found: Kind) -> Kind:
        if kind in KINDS:
            raise ValueError(f"the kind of component {kind} is registered twice")
        found.kind, found.title, found.reasons = kind, title, reasons
        KINDS[kind] = found
        return found

    return register


def list_kinds() -> list[type[Component]]:
    """Every kind, in the order of the phases and then of the names."""
    return sorted(KINDS.values(), key=lambda one: (phase_of(one), one.kind))


def phase_of(kind: type[Component]) -> int:
    return max(place for place, phase in enumerate(PHASES) if issubclass(kind, phase))


def read_component(kind: type[Component], place: Place) -> Component:
    """The component at this place of a document."""
    period = place["period"].choice(list(PERIODS)) if "period" in place else MONTH
    made = kind(place["code"].code(), period=period, **read_fields(kind, place))
    made.check(place)
    return made


def keys_of(kind: type[Component]) -> tuple[str, ...]:
    """Keys of a document beside those that every component has."""
    return tuple(one.name for one in fields_of(kind))
