"""What another norm would do to the money of a month that lasts; writes nothing."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal

from kpi import inputs, plans
from kpi.formulas.pay import evaluate, total
from kpi.models import Statement


def shift(period: date, more: Mapping[int, Mapping[str, int]]) -> dict[int, Decimal]:
    """By manager: the total with so many more violations of each rule, minus the present total. One query.

    Only live statements, and only rules with opportunities in them: without a chance to break a rule nothing is known.
    """
    live = Statement.objects.filter(period=period, manager__in=list(more), status=Statement.Status.LIVE)
    found = {}
    for statement in live.select_related("scheme"):
        plan, facts = plans.parse(statement.scheme.document), statement.inputs
        extra = more[statement.manager_id]
        rules = {
            rule: [weight, min(max(violations + extra.get(rule, 0), 0), chances), chances]
            for rule, (weight, violations, chances) in facts["rules"].items()
        }
        changed = inputs.judged(facts | {"rules": rules}, plan)
        before, after = (total(evaluate(plan.components, inputs.read(case))) for case in (facts, changed))
        found[statement.manager_id] = after - before
    return found
