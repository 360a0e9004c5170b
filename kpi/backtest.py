"""What another norm would do to the money of a month that lasts; writes nothing."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal

from kpi import month_facts, pay_schemes
from kpi.models import Statement


def shift(period: date, more: Mapping[int, Mapping[str, int]]) -> dict[int, Decimal]:
    """By manager: the total with so many more violations of each rule, minus the present total. One query.

    Only live statements, and only where the violations are of opportunities that are there already. With more of them
    than that, or without any opportunity yet, the norm brings opportunities of its own: nobody knows how many, so the
    person is left out.
    """
    live = Statement.objects.filter(period=period, manager__in=list(more), status=Statement.Status.LIVE)
    found = {}
    for statement in live.select_related("scheme"):
        plan, facts, extra = pay_schemes.of(statement.scheme), statement.inputs, more[statement.manager_id]
        counted = {rule: count for rule, count in extra.items() if rule in facts["weights"]}
        if all(_fits(facts["rules"].get(rule), count) for rule, count in counted.items()):
            changed = month_facts.broken(facts, plan, {rule: (count, 0) for rule, count in counted.items()})
            if changed is not None:
                found[statement.manager_id] = month_facts.pay(changed, plan) - month_facts.pay(facts, plan)
    return found


def _fits(score: list[int] | None, more: int) -> bool:
    if score is None:
        return False
    _weight, violations, opportunities = score
    return 0 <= violations + more <= opportunities
