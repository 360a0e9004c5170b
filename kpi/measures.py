"""Names by which schemes ask for facts: «won_sum», «won_sum?field=123», «team:won_sum», «kept:RULE».

A metric's code with its options; ``team:`` and a sum of sales: of those whose head the person is, without his own; or
``kept:`` and a rule's code: the share of the rule's opportunities that were kept.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import lru_cache
from urllib.parse import parse_qsl

from django.utils.functional import Promise
from django.utils.translation import gettext as _

import metrics
from kpi.calculation.rounding import ZERO
from kpi.payees import Payees
from qc import queries as judgement

KEPT, TEAM = "kept:", "team:"
By = dict[int, Decimal | None]  # person → value


@dataclass(frozen=True)
class Measure:
    """One name, read. ``code`` is a metric's code, or a rule's when ``kept``; ``team``: of the person's reports."""

    name: str
    code: str
    options: Mapping[str, str]
    kept: bool
    team: bool = False

    @property
    def is_quality(self) -> bool:
        """Whether it follows from the scores of the rules, by count or by time."""
        return not self.kept and self.code in ("quality", "quality_time")

    @property
    def by_time(self) -> bool:
        return self.code == "quality_time"

    @property
    def is_sales(self) -> bool:
        """Whether it is a sum of won deals, which are paid once (`kpi.sales`)."""
        return not self.kept and self.code == "won_sum"

    @property
    def unit(self) -> str:
        return "share" if self.kept else metrics.METRICS[self.code].unit

    @property
    def title(self) -> str | Promise:
        if self.kept:
            return _("Free of “%(rule)s”") % {"rule": judgement.title(self.code)}
        if self.team:
            return _("%(metric)s of the team") % {"metric": metrics.METRICS[self.code].title}
        return metrics.METRICS[self.code].title


@lru_cache(maxsize=512)
def read_measure(name: str) -> Measure:
    """ValueError with a sentence when there is no such metric, rule or option."""
    if name.startswith(KEPT):
        rule = name.removeprefix(KEPT)
        if rule not in judgement.titles():
            raise ValueError(f"there is no rule {rule!r}")
        return Measure(name, rule, {}, True)
    team = name.startswith(TEAM)
    code, _mark, query = name.removeprefix(TEAM).partition("?")
    options = dict(parse_qsl(query, keep_blank_values=True))
    metrics.check_metric(code, by="manager", options=options)
    measure = Measure(name, code, options, False, team)
    if team and not measure.is_sales:
        raise ValueError(f"{name}: of a team only a sum of sales can be paid, such as team:won_sum")
    return measure


def collect_measures(
    names: Iterable[str], people: frozenset[int], payees: Payees, now: datetime, known: datetime
) -> dict[str, By]:
    """Every measure of all the people at once: {name: {person: value}}. Those of judgement (quality, ``kept``) and
    sums of sales are left to the caller, who has what they follow from anyway. A measure of a field that amoCRM no
    longer has is None for all, and no other measure suffers. ``known``: up to when it is known what people did.
    """
    found: dict[str, By] = {}
    for measure in map(read_measure, names):
        if not (measure.kept or measure.is_quality or measure.is_sales):
            at = known if metrics.METRICS[measure.code].waiting else now  # stale data must cost nobody money
            try:
                found[measure.name] = _by_person(measure, people, payees, at)
            except metrics.UnknownField:
                found[measure.name] = dict.fromkeys(people)
    return found


def _by_person(measure: Measure, people: frozenset[int], payees: Payees, at: datetime) -> By:
    """Who has several amoCRM users in the same days is asked for all of them together, so that a median is one.

    Where they are his in different days, sums are added and everything else weighs by the rows that it rests on.
    """
    empty = metrics.METRICS[measure.code].empty
    rows: dict[int, list[tuple[Decimal | None, int]]] = {person: [] for person in people}
    for span, users in payees.windows(people):
        several = {person: count for person, count in Counter(users.values()).items() if count > 1}
        single = frozenset(user for user, person in users.items() if person not in several)
        if single:
            for value in metrics.measure(measure.code, span, "manager", single, measure.options, at):
                if value.key in single:
                    rows[users[int(value.key)]].append((value.value, value.n))
        for person in several:
            own = frozenset(user for user, one in users.items() if one == person)
            [value] = metrics.measure(measure.code, span, None, own, measure.options, at)
            rows[person].append((value.value, value.n))
    return {person: _pool(found, empty) for person, found in rows.items()}


def _pool(rows: list[tuple[Decimal | None, int]], empty: Decimal | None) -> Decimal | None:
    known = [(value, n) for value, n in rows if value is not None]
    if len(known) < 2 or empty is not None:
        return sum((value for value, _n in known), ZERO) if known else empty
    weights = sum(n for _value, n in known)
    return sum((value * n for value, n in known), ZERO) / weights if weights else empty
