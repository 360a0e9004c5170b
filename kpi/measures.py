"""Names by which schemes ask for facts: «won_sum», «won_sum?field=123», «kept:task.none».

A metric's code with its options, or ``kept:`` and a rule's code: the share of the rule's opportunities that were kept.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import lru_cache
from urllib.parse import parse_qsl

from django.utils.functional import Promise
from django.utils.translation import gettext as _

import metrics
from core.periods import Period
from qc import queries as judgement

KEPT = "kept:"
By = dict[int, Decimal | None]  # person → value


@dataclass(frozen=True)
class Measure:
    """One name, read. ``code`` is a metric's code, or a rule's when ``kept``."""

    name: str
    code: str
    options: Mapping[str, str]
    kept: bool

    @property
    def is_quality(self) -> bool:
        return not self.kept and self.code == "quality"

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
        return metrics.METRICS[self.code].title


@lru_cache(maxsize=512)
def read_measure(name: str) -> Measure:
    """ValueError with a sentence when there is no such metric, rule or option."""
    if name.startswith(KEPT):
        rule = name.removeprefix(KEPT)
        if rule not in judgement.titles():
            raise ValueError(f"there is no rule {rule!r}")
        return Measure(name, rule, {}, True)
    code, _mark, query = name.partition("?")
    options = dict(parse_qsl(query, keep_blank_values=True))
    metrics.check_metric(code, by="manager", options=options)
    return Measure(name, code, options, False)


def collect_measures(
    names: Iterable[str], period: Period, people: frozenset[int], now: datetime, known: datetime
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
                values = metrics.measure(measure.code, period, "manager", people, measure.options, at)
            except metrics.UnknownField:
                found[measure.name] = dict.fromkeys(people)
                continue
            empty = metrics.METRICS[measure.code].empty
            by = {value.key: value.value for value in values}
            found[measure.name] = {person: by.get(person, empty) for person in people}
    return found
