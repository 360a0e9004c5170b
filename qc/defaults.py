"""What a new portal starts with: each rule's own first mode, which costs nothing until somebody decides otherwise."""

from typing import Any

from core import moment
from qc.models import RuleMode
from qc.rules import RULES


def ensure_defaults(**_signal: Any) -> None:
    """Give rules that have no mode yet their first one. Runs after every migrate; touches no decision."""
    RuleMode.objects.bulk_create(
        [
            RuleMode(rule=rule.code, mode=rule.mode, weight=rule.weight, since=moment.now())
            for rule in RULES.values()
        ],
        ignore_conflicts=True,
    )
