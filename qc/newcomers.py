"""Grace for newcomers: in his first days a person is warned of what costs others money. Dated, as modes are: each
finding goes by what held when it opened."""

from datetime import timedelta

from django.db import transaction
from django.utils.translation import gettext as _

from core import locks, moment
from core.locks import Lock
from pipelines.models import JudgementRequest
from qc.models import NewcomerGrace
from qc.rules.terms import Graces
from team.models import Employee

LONGEST = 365  # days


def read_graces() -> Graces:
    """Since when which grace holds, the oldest first; before that there is none. One query."""
    rows = NewcomerGrace.objects.order_by("since").values_list("since", "days")
    return tuple((since, timedelta(days=days)) for since, days in rows)


def present_days() -> int:
    """The grace that holds now, in days; 0: none."""
    row = NewcomerGrace.objects.order_by("-since").first()
    return 0 if row is None else int(row.days)


def set_grace(days: int, author: Employee | None) -> bool:
    """Give newcomers so many days (0: none) from now on, and have everything judged by it; False where nothing differs.

    Raises ValueError with one sentence.
    """
    if not 0 <= days <= LONGEST:
        raise ValueError(
            _("The grace of newcomers is a number of days from 0 to %(most)s.") % {"most": LONGEST}
        )
    with transaction.atomic():
        locks.hold(Lock.TABLE, NewcomerGrace._meta.db_table)
        if present_days() == days:
            return False
        NewcomerGrace.objects.update_or_create(since=moment.now(), defaults={"days": days, "author": author})
        JudgementRequest.objects.demand_all()
    return True
