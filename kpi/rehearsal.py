"""What a scheme would have paid in months that are over, beside what was paid. Writes nothing."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from msgspec.structs import replace

from core import moment
from core.periods import month_of
from core.zone import portal_zone
from kpi.calculation.evaluation import sum_lines
from kpi.calculation.rounding import ZERO
from kpi.calculation.running import LENGTHS, begin_period
from kpi.measurement import collect_facts
from kpi.measures import read_measure
from kpi.models import Statement
from kpi.month_facts import Facts
from kpi.pay_schemes import PayScheme, read_scheme
from kpi.replay import Past, replay
from kpi.running_facts import read_quotas

SHOWN = 3  # months
MOST = 300  # people in one rehearsal; the best paid


@dataclass(frozen=True)
class MonthPaid:
    """A month of one person: what its statement computed, without corrections, and what the scheme would have paid."""

    first: date
    paid: Decimal
    would: Decimal

    @property
    def difference(self) -> Decimal:
        return self.would - self.paid


@dataclass(frozen=True)
class PersonPaid:
    person: int
    name: str
    months: tuple[MonthPaid, ...]

    @property
    def paid(self) -> Decimal:
        return sum((one.paid for one in self.months), ZERO)

    @property
    def would(self) -> Decimal:
        return sum((one.would for one in self.months), ZERO)

    @property
    def difference(self) -> Decimal:
        return self.would - self.paid


@dataclass(frozen=True)
class Rehearsal:
    """``months``: those shown, ascending. ``people``: by how much each would gain or lose, the largest loss first;
    ``left_out``: how many more there are, who are in no sum."""

    months: tuple[date, ...]
    people: tuple[PersonPaid, ...]
    left_out: int = 0

    @property
    def paid(self) -> Decimal:
        return sum((one.paid for one in self.people), ZERO)

    @property
    def would(self) -> Decimal:
        return sum((one.would for one in self.people), ZERO)

    @property
    def difference(self) -> Decimal:
        return self.would - self.paid

    @property
    def losers(self) -> int:
        return sum(one.difference < 0 for one in self.people)

    @property
    def winners(self) -> int:
        return sum(one.difference > 0 for one in self.people)


@dataclass(frozen=True)
class History:
    """Of each person the months that are over, ascending, with their statements; ``months``: those to be shown;
    ``left_out``: people beyond the `MOST`."""

    months: tuple[date, ...]
    rows: Mapping[int, Sequence[Statement]]
    facts: Mapping[int, Facts]  # by key of the statement, with everything that the schemes ask for
    left_out: int = 0

    def past_of(self, person: int, quotas: Mapping[tuple[int, str, date], Decimal]) -> list[Past]:
        return [
            Past(
                row.period,
                self.facts[row.pk],
                {
                    length: quotas[person, length, row.period]
                    for length in LENGTHS
                    if (person, length, row.period) in quotas
                },
            )
            for row in self.rows[person]
        ]


def rehearse(scheme: PayScheme, months: int = SHOWN) -> Rehearsal:
    """By the last months that are over and have statements. The number of queries does not grow with people."""
    history = read_history([scheme], months)
    quotas = read_own_quotas(scheme, history)
    people = []
    for person, rows in history.rows.items():
        would = [sum_lines(lines) for lines in replay(scheme, history.past_of(person, quotas))]
        shown = tuple(
            MonthPaid(row.period, computed(row), total)
            for row, total in zip(rows, would, strict=True)
            if row.period in history.months
        )
        people.append(PersonPaid(person, rows[-1].facts.name or str(rows[-1].manager), shown))
    people.sort(key=lambda one: (one.difference, one.name))
    return Rehearsal(history.months, tuple(people), history.left_out)


def computed(row: Statement) -> Decimal:
    """What the statement came to by its scheme, without corrections. Reads prefetched lines."""
    return sum((line.amount for line in row.lines.all() if not line.reason), ZERO)


def read_history(schemes: Sequence[PayScheme], months: int) -> History:
    """Statements of the last ``months`` months that are over, of everybody whom any of the schemes covers.

    Where a scheme counts by quarters or years, their earlier months are read, too, so that they are not left out.
    """
    present = month_of(moment.now(), portal_zone()).first
    over = Statement.objects.filter(period__lt=present).exclude(inputs={})
    shown = sorted(over.order_by("-period").values_list("period", flat=True).distinct()[:months])
    if not shown:
        return History((), {}, {})
    lengths = {length for scheme in schemes for length in scheme.longer_periods}
    since = min([shown[0], *(begin_period(shown[0], length) for length in lengths)])
    found = over.filter(period__gte=since).select_related("scheme", "manager").prefetch_related("lines")
    rows: dict[int, list[Statement]] = defaultdict(list)
    for row in found.order_by("period"):
        if any(covers(scheme, row) for scheme in schemes):
            rows[row.manager_id].append(row)
    paid = [person for person in rows if rows[person][-1].period in shown]
    best = sorted(paid, key=lambda person: -sum(row.total for row in rows[person]))[:MOST]
    kept = {person: rows[person] for person in best}
    facts = _complete(schemes, [row for rows in kept.values() for row in rows])
    return History(tuple(shown), kept, facts, len(paid) - len(best))


def covers(scheme: PayScheme, row: Statement) -> bool:
    """Whether the scheme would pay this person: one for everybody takes nobody from a scheme that names him."""
    if scheme.people is not None:
        return row.manager_id in scheme.people
    own = read_scheme(row.scheme)
    return own.code == scheme.code or own.people is None


def read_own_quotas(scheme: PayScheme, history: History) -> dict[tuple[int, str, date], Decimal]:
    """Own plans of quarters and years, by person, length and month; nothing is asked where none counts."""
    if not scheme.longer_periods:
        return {}
    people = dict.fromkeys(history.rows, scheme)
    return {
        (person, length, month): amount
        for month in sorted({row.period for rows in history.rows.values() for row in rows})
        for (person, length), amount in read_quotas(people, month).items()
    }


def _complete(schemes: Iterable[PayScheme], rows: Collection[Statement]) -> dict[int, Facts]:
    """The facts of these statements, with what the schemes ask for and the statements did not: measured now."""
    facts = {row.pk: row.facts for row in rows}
    for scheme in schemes:
        lacking: dict[date, dict[int, Statement]] = defaultdict(dict)
        for row in rows:
            if _lacks(scheme, facts[row.pk]):
                lacking[row.period][row.manager_id] = row
        for month, people in lacking.items():
            period = month_of(month, portal_zone())
            measured = collect_facts(dict.fromkeys(people, scheme), period, moment.now(), True, True)
            for person, row in people.items():
                facts[row.pk] = _add(facts[row.pk], measured[person])
    return facts


def _lacks(scheme: PayScheme, facts: Facts) -> bool:
    return any(name not in facts.measures and not _derived(name, facts) for name in scheme.measures)


def _derived(name: str, facts: Facts) -> bool:
    """Whether it follows from scores that are kept."""
    measure = read_measure(name)
    if measure.kept or (measure.is_quality and not measure.by_time):
        return bool(facts.rules)
    return measure.by_time and bool(facts.times)


def _add(kept: Facts, measured: Facts) -> Facts:
    """What was kept stands; the rest is as it is measured now."""
    return replace(
        kept,
        measures={**measured.measures, **kept.measures},
        wins={**(measured.wins or {}), **(kept.wins or {})},
        rules=kept.rules or measured.rules,
        times=kept.times or measured.times,
        person=kept.person or measured.person,
        month=kept.month or measured.month,
    )
