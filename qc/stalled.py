"""Which open deals stand still: stuck ones and those without a next task. By the deals' states, without a join.

In a robot's pipeline nobody works, so nothing stands still there.
"""

from datetime import datetime

from django.db.models import Q

from core import account

OPEN = Q(closed_at=None, deleted_at=None)


def stuck(now: datetime) -> Q:
    """Open deals longer on their stage than its norm allows, as the judgement has found."""
    return OPEN & by_people() & Q(stuck_at__lt=now) & (Q(stuck_until=None) | Q(stuck_until__gt=now))


def without_task() -> Q:
    """Open deals that nobody has planned to touch. One that was never judged is not known to be one."""
    return OPEN & by_people() & Q(stage_since__isnull=False, next_due_at=None)


def overdue(now: datetime) -> Q:
    """Tasks that should have been done by ``now``."""
    return Q(is_completed=False, deleted_at=None, due_at__lt=now) & by_people("deal__pipeline")


def by_people(pipeline: str = "pipeline") -> Q:
    """Where people work, by the pipeline in this column; none is as good as any."""
    robots = account.own().robots
    return ~Q(**{f"{pipeline}__in": robots}) if robots else Q()


def on_closed_deal() -> Q:
    """Tasks of deals that are closed or deleted: nobody has to do them, somebody has to tidy up."""
    return Q(deal__closed_at__isnull=False) | Q(deal__deleted_at__isnull=False)
