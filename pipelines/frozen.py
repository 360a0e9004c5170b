"""Which open deals stand still: stuck ones and those without a next task.

Findings are reached through the deal's own relation, since judgement builds on the mirror and not the other way.
"""

from datetime import datetime

from django.db.models import Exists, OuterRef, Q, QuerySet

from pipelines.models import Deal, Task

SHOWN = ("warn", "money")  # modes of a rule that everybody sees


def open_findings(now: datetime, prefix: str = "findings__") -> Q:
    """Findings that stand at ``now`` and that everybody sees, as a condition on the relation ``prefix``."""
    opened = Q(**{f"{prefix}withdrawn_at": None, f"{prefix}opens_at__lte": now, f"{prefix}mode__in": SHOWN})
    return opened & (Q(**{f"{prefix}closes_at": None}) | Q(**{f"{prefix}closes_at__gt": now}))


def stuck(now: datetime) -> Q:
    """Open deals longer on their stage than its norm allows."""
    found = Deal.objects.filter(open_findings(now), findings__rule="deal.stuck", closed_at=None, deleted_at=None)
    return Q(pk__in=found.values("pk"))


def without_task() -> Q:
    """Open deals that nobody has planned to touch."""
    return Q(closed_at=None, deleted_at=None) & ~Exists(Task.objects.open().filter(deal=OuterRef("pk")))


def overdue(now: datetime) -> Q:
    """Tasks that should have been done by ``now``."""
    return Q(is_completed=False, deleted_at=None, due_at__lt=now)


def faulty(now: datetime) -> QuerySet[Deal]:
    """Deals with at least one open finding."""
    return Deal.objects.filter(open_findings(now))
