"""Which open deals stand still: stuck ones and those without a next task."""

from datetime import datetime

from django.db.models import Exists, OuterRef, Q

from core import account
from pipelines.models import Task
from qc.models import Finding
from qc.rules import behind

SHOWN = ("warn", "money")  # modes of a rule that everybody sees
OPEN = Q(closed_at=None, deleted_at=None)


def stuck(now: datetime) -> Q:
    """Open deals longer on their stage than its norm allows, as the judgement has found."""
    found = Finding.objects.open(now).filter(rule__in=behind("stuck_deals"), mode__in=SHOWN)
    return OPEN & Q(pk__in=found.values("deal"))


def without_task() -> Q:
    """Open deals that nobody has planned to touch; in a robot's pipeline nobody has to."""
    return (
        OPEN
        & ~Q(pipeline__in=account.own().robots)
        & Q(~Exists(Task.objects.open().filter(deal=OuterRef("pk"))))
    )


def overdue(now: datetime) -> Q:
    """Tasks that should have been done by ``now``."""
    return Q(is_completed=False, deleted_at=None, due_at__lt=now)


def on_closed_deal() -> Q:
    """Tasks of deals that are closed or deleted: nobody has to do them, somebody has to tidy up."""
    return Q(deal__closed_at__isnull=False) | Q(deal__deleted_at__isnull=False)
