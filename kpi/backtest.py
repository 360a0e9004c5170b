"""What another norm would do to the money of a month that lasts; writes nothing."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from core import moment
from core.periods import month_of
from core.zone import portal_zone
from kpi.models import Statement
from kpi.month_facts import Score
from kpi.pay_schemes import read_scheme
from kpi.what_if import break_rules, compute_pay
from qc import backtest


def try_norms(stage: str, norms: Mapping[str, Any]) -> dict[int, Decimal]:
    """By manager: what the norms of a stage would have done to the pay of the present month."""
    month = month_of(moment.now(), portal_zone())
    return try_violations(month.first, backtest.count_more_violations(stage, norms, month.start))


def try_violations(period: date, more: Mapping[int, Mapping[str, int]]) -> dict[int, Decimal]:
    """By manager: the total with so many more violations of each rule, minus the present total. One query.

    Only live statements, and only where the violations are of opportunities that are there already. With more of them
    than that, or without any opportunity yet, the norm brings opportunities of its own: nobody knows how many, so the
    person is left out.
    """
    live = Statement.objects.filter(period=period, manager__in=list(more), status=Statement.Status.LIVE)
    found = {}
    for statement in live.select_related("scheme"):
        scheme, facts, extra = read_scheme(statement.scheme), statement.facts, more[statement.manager_id]
        counted = {rule: count for rule, count in extra.items() if rule in facts.weights}
        if all(_fits(facts.rules.get(rule), count) for rule, count in counted.items()):
            changed = break_rules(facts, scheme, {rule: (count, 0) for rule, count in counted.items()})
            if changed is not None:
                found[statement.manager_id] = compute_pay(changed, scheme) - compute_pay(facts, scheme)
    return found


def _fits(score: Score | None, more: int) -> bool:
    return score is not None and 0 <= score.violations + more <= score.opportunities
