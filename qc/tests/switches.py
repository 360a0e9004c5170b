"""A rule really switched, and the quality that comes of it: what a tried switch is held against."""

from datetime import datetime
from typing import Any

from qc import engine, queries
from qc.models import Finding, RuleMode, RuleStep
from qc.switch_backtest import SwitchTrial


def set_rule(rule: str, mode: str, weight: int, since: datetime) -> None:
    """As if it had stood so all along."""
    RuleStep.objects.filter(rule=rule).delete()
    RuleMode.objects.filter(rule=rule).delete()
    if mode != "off":
        RuleMode.objects.create(rule=rule, mode=mode, weight=weight, since=since)
    Finding.objects.filter(rule=rule).delete()
    engine.judge()


def measure_quality(trial: SwitchTrial) -> dict[int, Any]:
    """By person of the trial: the score as it stands, and the opportunities that weigh in it."""
    found = queries.quality(trial.period)
    return {
        person: (queries.score(told), sum(one.opportunities for one in told if one.weight))
        for person, told in ((person, found.get(person, [])) for person in trial.marks)
    }
