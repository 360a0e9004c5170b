"""The judgement queue: whatever demands a judgement inserts a row, in the transaction of what it demands it for."""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db import connection, models
from django.db.models import Q


class JudgementRequestQuerySet(models.QuerySet[Any]):
    def demand_deals(self, deals: Collection[int]) -> None:
        """The story of these deals has changed."""
        self.bulk_create([self.model(deal_id=deal, history=True) for deal in deals])

    def demand_stage(self, stage_id: str, since: datetime) -> None:
        """What deals of a stage are judged by has changed, for all that stand on it at ``since`` or later."""
        self.create(stage_id=stage_id, since=since)

    def demand_all(self, rules: Collection[str] | None = None, *, history: bool = False) -> None:
        """What all deals are judged by has changed, for these rules (None = all)."""
        self.create(rules=None if rules is None else list(rules), history=history)

    def count_deals(self, asked_before: datetime | None = None) -> int:
        """How many deals wait, at least: those of a request that is not cut into parts yet are counted as one.

        So is a person or a contact, unless it was demanded at ``asked_before`` or later: those gather on purpose.
        """
        with connection.cursor() as cursor:
            cursor.execute(COUNT, {"before": asked_before})
            return int(cursor.fetchone()[0])


COUNT = """
    SELECT count(DISTINCT deal) + count(*) FILTER (WHERE deal IS NULL AND subject_id IS NULL)
        + count(DISTINCT (unit, subject_id)) FILTER (WHERE subject_id IS NOT NULL)
    FROM (
        SELECT unit, subject_id, coalesce(deals, ARRAY[deal_id]) AS several FROM pipelines_judgementrequest
        WHERE subject_id IS NULL OR %(before)s::timestamptz IS NULL OR asked_at < %(before)s
    ) request
    CROSS JOIN LATERAL unnest(several) AS deal
"""


MOST_SEEN = 2_000
# How many deals wait, of how many requests, and how many of these are not cut into parts yet (all deals, or a stage's).
# Every page asks: of a long queue its beginning is read, and those that rest are left out.
BACKLOG = f"""
    SELECT ARRAY[coalesce(sum(CASE WHEN deal_id IS NULL THEN cardinality(deals) ELSE 1 END), 0),
                 count(*), count(*) FILTER (WHERE deal_id IS NULL AND deals IS NULL)]::int[]
    FROM (SELECT deal_id, deals FROM pipelines_judgementrequest
          WHERE subject_id IS NULL AND retry_at IS NULL LIMIT {MOST_SEEN}) beginning"""


class JudgementRequest(models.Model):
    """A demand to judge deals. It goes in the very transaction that judges them (`jobs.judgement_queue`).

    One deal (``deal_id``), some (``deals``: a part of a wide request), those that stood on a stage at ``since`` or
    later (``stage_id``), or, where none of these is named, all. ``rules``: null = by all of them. ``history``: their
    story has changed and is folded anew. ``retry_at``: judging them broke down; not before then again.

    Or one person or contact (``unit``, ``subject_id``), of whose deals some that began at ``since`` have changed:
    demanded in the transaction that judges those, and left to gather for some seconds since ``asked_at``.
    """

    deal_id = models.BigIntegerField(null=True)
    deals = ArrayField(models.BigIntegerField(), null=True)
    stage_id = models.CharField(max_length=40, null=True)
    since = models.DateTimeField(null=True)
    rules = ArrayField(models.CharField(max_length=40), null=True)
    unit = models.CharField(max_length=7, null=True)
    subject_id = models.BigIntegerField(null=True)
    asked_at = models.DateTimeField(null=True)
    history = models.BooleanField(default=False, db_default=False)
    retry_at = models.DateTimeField(null=True)

    objects = JudgementRequestQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["deal_id"], name="request_by_deal", condition=Q(deal_id__isnull=False)),
            # all requests of one person or contact are claimed together
            models.Index(
                fields=["unit", "subject_id"],
                name="request_by_subject",
                condition=Q(subject_id__isnull=False),
            ),
        ]
