"""From when on a finding is held against its person: what waivers and upheld appeals have moved, and back again.

Whoever moves it holds the lock under which the deal is judged, so that no judgement writes what it has read before.
"""

from collections.abc import Iterable
from datetime import datetime

from core import locks, moment
from core.db import run_statements
from pipelines.models import JudgementRequest
from qc.models import NEVER, Appeal, Finding, Ruling
from qc.subjects import LOCK_SUBJECTS


def lock_findings(keys: Iterable[int]) -> list[Finding]:
    """The findings with these keys, in order, locked against judgement and each other until the transaction ends."""
    ids = sorted(set(keys))
    rows = list(Finding.objects.filter(pk__in=ids).order_by("pk"))
    deals = sorted({row.deal_id for row in rows if row.deal_id is not None})
    if deals:
        run_statements(locks.of_deals(deals))
    for unit in sorted({row.unit for row in rows if row.deal_id is None}):
        subjects = [str(row.subject) for row in rows if row.unit == unit]
        run_statements((LOCK_SUBJECTS, {"unit": unit, "subjects": subjects}))
    return list(
        Finding.objects.select_for_update(of=("self",))
        .select_related("deal", "stage", "manager", "task", "contact")
        .filter(pk__in=ids)
        .order_by("pk")
    )


def excuse_finding(finding: Finding, until: datetime) -> None:
    """Hold a locked finding against nobody before ``until`` (`NEVER`: at all), and have its deal judged.

    It only ever becomes lighter: an excuse that reaches further stands.
    """
    until = max(until, finding.excused_until or until)
    finding.excused_until = until
    if until >= NEVER or (finding.closes_at is not None and finding.closes_at <= until):
        finding.withdrawn_at = finding.withdrawn_at or moment.now()
    else:
        finding.opens_at = max(finding.opens_at, until)
    finding.save(update_fields=["excused_until", "withdrawn_at", "opens_at"])
    demand_judgement(finding)


def restore_finding(finding: Finding, opened_at: datetime | None) -> None:
    """Hold a locked finding against its person again as far as what is still in force about it allows."""
    ends = [
        ruling.until or NEVER
        for ruling in finding.rulings.in_force().filter(kind__in=[Ruling.Kind.WAIVED, Ruling.Kind.MISTAKEN])
    ]
    appeal = Appeal.objects.filter(finding=finding).first()
    if appeal is not None and appeal.is_upheld:
        ends.append(appeal.counts_from or NEVER)
    finding.excused_until, finding.withdrawn_at = None, None
    if opened_at is not None:
        finding.opens_at = opened_at
    finding.save(update_fields=["excused_until", "withdrawn_at", "opens_at"])
    if ends:
        excuse_finding(finding, max(ends))
    demand_judgement(finding)


def demand_judgement(finding: Finding) -> None:
    """Have whatever rests on it counted anew: the deal is judged, then pages and the month's pay look again."""
    if finding.deal_id is not None:
        JudgementRequest.objects.demand_deals([finding.deal_id])
