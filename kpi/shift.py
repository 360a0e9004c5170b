"""What another norm would do to the money of a month that lasts; writes nothing."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal

from kpi import inputs, plans
from kpi.models import Statement


def shift(period: date, more: Mapping[int, Mapping[str, int]]) -> dict[int, Decimal]:
    """By manager: the total with so many more violations of each rule, minus the present total. One query.

    Only live statements, and only rules with opportunities in them: without a chance to break a rule nothing is known.
    """
    live = Statement.objects.filter(period=period, manager__in=list(more), status=Statement.Status.LIVE)
    found = {}
    for statement in live.select_related("scheme"):
        plan, facts = plans.of(statement.scheme), statement.inputs
        extra = {
            rule: (count, 0) for rule, count in more[statement.manager_id].items() if rule in facts["rules"]
        }
        changed = inputs.broken(facts, plan, extra)
        if changed is not None:
            found[statement.manager_id] = inputs.pay(changed, plan) - inputs.pay(facts, plan)
    return found
