"""What a new portal starts with: every rule warns and costs nothing until somebody decides otherwise."""

from typing import Any

from core import moment
from qc.models import RuleMode

WEIGHTS = {"deal.stuck": 3, "task.none": 2, "task.overdue": 2, "field.missing": 1, "owner.gone": 1}


def ensure_defaults(**_signal: Any) -> None:
    """Switch rules that have no mode yet to «warns». Runs after every migrate; touches no decision."""
    RuleMode.objects.bulk_create(
        [
            RuleMode(rule=rule, mode=RuleMode.Mode.WARN, weight=weight, since=moment.now())
            for rule, weight in WEIGHTS.items()
        ],
        ignore_conflicts=True,
    )
