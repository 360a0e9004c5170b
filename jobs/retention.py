"""What is no longer needed goes: old notices, and findings that were withdrawn long ago and that nothing stands on."""

from datetime import datetime, timedelta

from celery import shared_task
from django.db import connection, transaction
from django.db.models import ForeignObjectRel

from core import moment
from core.db import run_statements
from core.zone import local_day
from notices.models import AlertMute, LinkCode
from qc.models import Finding

WITHDRAWN = timedelta(days=180)  # until then one that is found again keeps its id
TOLD = timedelta(days=180)  # what was said is kept for so long; nothing so old is told again
BATCH = 2_000

# Two notices may stand in one message: the one that led it may go first.
PURGE_NOTICES = """
    with old as (
        select id from notices_notice where at < %(before)s order by id limit %(batch)s for update skip locked
    ), leads as (
        update notices_delivery d set lead_id = null
        from notices_delivery l join old on old.id = l.notice_id
        where d.lead_id = l.id and d.notice_id not in (select id from old)
    ), deliveries as (
        delete from notices_delivery where notice_id in (select id from old)
    ), steps as (
        delete from notices_step where notice_id in (select id from old)
    )
    delete from notices_notice where id in (select id from old) returning id
"""

# Money stands on what counted in a month that was closed before the withdrawal; whoever asks about it may look.
PURGE = """
    delete from qc_finding where id in (
        select f.id from qc_finding f
        where f.withdrawn_at < %(before)s
          and not (f.mode = 'money' and f.opens_at < f.withdrawn_at and exists (
              select from kpi_statement s
              where s.closed_at < f.withdrawn_at and s.period <= coalesce(f.closes_at, f.withdrawn_at)
                and s.period + interval '1 month 1 day' > f.opens_at))
          {unused}
        order by f.withdrawn_at limit %(batch)s for update skip locked)
    returning id
"""


@shared_task
def purge_findings() -> None:
    """Once a night."""
    purge_withdrawn(moment.now() - WITHDRAWN)


@shared_task
def purge_notices() -> None:
    """Once a night, before the findings that they point at."""
    purge_told(moment.now() - TOLD)
    LinkCode.objects.filter(expires_at__lt=moment.now() - timedelta(days=1)).delete()
    AlertMute.objects.filter(until__lt=local_day(moment.now())).delete()


def purge_told(before: datetime) -> int:
    """Delete notices of facts before a moment with all that was sent for them; how many notices."""
    purged = 0
    while True:
        with transaction.atomic():
            [rows] = run_statements((PURGE_NOTICES, {"before": before, "batch": BATCH}))
        purged += len(rows)
        if len(rows) < BATCH:
            return purged


def purge_withdrawn(before: datetime) -> int:
    """Delete findings withdrawn before a moment that no row points at and no closed month counted; how many."""
    statement, purged = PURGE.format(unused=unused()), 0
    while True:
        with transaction.atomic():
            [rows] = run_statements((statement, {"before": before, "batch": BATCH}))
        purged += len(rows)
        if len(rows) < BATCH:
            return purged


def unused() -> str:
    """No row points at the finding: tables found through Django, so that one to come is not forgotten."""
    quote = connection.ops.quote_name
    relations = [
        one for one in Finding._meta.get_fields(include_hidden=True) if isinstance(one, ForeignObjectRel)
    ]
    return " ".join(
        f"and not exists (select from {quote(one.related_model._meta.db_table)} r "
        f"where r.{quote(str(one.field.column))} = f.id)"
        for one in relations
    )
