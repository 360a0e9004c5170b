"""Where to step in now: the dearest open deals with something broken, each with its reason."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from pipelines.frozen import SHOWN
from pipelines.models import Deal
from qc.models import Finding
from salesops.desk.scope import Scope

ROWS = 8
LATEST, STORIES = 60, 11  # findings read for the feed, and its lines


@dataclass(frozen=True)
class Case:
    """A deal and the finding that speaks for it: the gravest, and of equals the one that stands longest."""

    deal: Deal
    finding: Finding
    others: int


def cases(scope: Scope, now: datetime) -> list[Case]:
    """At most ``ROWS``, the dearest first; two queries, the first of which stops at the last row it needs."""
    broken = Finding.objects.open(now).filter(mode__in=SHOWN, deal=OuterRef("pk"))
    deals = list(_of(scope).filter(Exists(broken)).select_related("stage", "manager").order_by("-price", "-pk")[:ROWS])
    found: dict[int, list[Finding]] = {}
    open_now = Finding.objects.open(now).filter(mode__in=SHOWN, deal__in=[deal.pk for deal in deals])
    for finding in open_now.select_related("deal", "task", "stage", "manager"):
        found.setdefault(finding.deal_id, []).append(finding)
    told = []
    for deal in deals:
        if reasons := sorted(found.get(deal.pk, ()), key=_gravity):
            told.append(Case(deal, reasons[0], len(reasons) - 1))
    return told


def _of(scope: Scope) -> Any:
    deals = Deal.objects.open()
    if not scope.everybody:
        deals = deals.filter(manager__in=list(scope.people))
    if "pipeline" in scope.chosen:
        deals = deals.filter(stage__in=list(scope.stages))
    return deals


def _gravity(finding: Finding) -> tuple[bool, datetime]:
    return finding.severity != "violation", finding.opens_at


@dataclass
class Story:
    """What was found or fixed about one person by one rule within a local day; the latest finding speaks for all."""

    finding: Finding
    at: datetime
    fixed: bool
    count: int = 1

    @property
    def state(self) -> str:
        return "closed" if self.fixed else "open"


def recent(scope: Scope, now: datetime) -> list[Story]:
    """What was found or fixed last, the latest first; two queries."""
    shown = Finding.objects.standing().filter(mode__in=SHOWN, opens_at__lte=now).select_related("deal", "manager")
    if not scope.everybody:
        shown = shown.filter(manager__in=list(scope.people))
    if "pipeline" in scope.chosen:
        shown = shown.filter(stage__in=list(scope.stages))
    opened = shown.filter(Q(closes_at=None) | Q(closes_at__gt=now)).order_by("-opens_at", "-pk")[:LATEST]
    fixed = shown.filter(closes_at__lte=now).order_by("-closes_at", "-pk")[:LATEST]
    told = [Story(one, one.opens_at, False) for one in opened] + [Story(one, one.closes_at, True) for one in fixed if one.closes_at]
    stories: dict[Any, Story] = {}
    for story in sorted(told, key=lambda one: one.at, reverse=True):
        same = story.finding.manager_id, story.finding.rule, story.fixed, timezone.localdate(story.at)
        if same in stories:
            stories[same].count += 1
        else:
            stories[same] = story
    return list(stories.values())[:STORIES]
