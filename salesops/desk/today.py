"""Where to step in now: the dearest open deals with something broken, each with its reason."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Exists, OuterRef, Q

from pipelines.frozen import SHOWN
from pipelines.models import Deal
from qc.models import Finding
from salesops.desk.scope import Scope

ROWS = 8


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


def recent(scope: Scope, now: datetime, rows: int = 8) -> list[Finding]:
    """What was found or fixed last, the latest first; ``fixed`` tells which. Two queries."""
    shown = Finding.objects.standing().filter(mode__in=SHOWN).select_related("deal", "task", "stage", "manager")
    if not scope.everybody:
        shown = shown.filter(manager__in=list(scope.people))
    if "pipeline" in scope.chosen:
        shown = shown.filter(stage__in=list(scope.stages))
    opened = list(shown.filter(Q(closes_at=None) | Q(closes_at__gt=now), opens_at__lte=now).order_by("-opens_at", "-pk")[:rows])
    fixed = list(shown.filter(opens_at__lte=now, closes_at__lte=now).order_by("-closes_at", "-pk")[:rows])
    for finding in fixed:
        finding.fixed = True
    return sorted(opened + fixed, key=lambda one: one.closes_at if one in fixed else one.opens_at, reverse=True)[:rows]
