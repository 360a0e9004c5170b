"""Where to step in now: the dearest open deals with something broken, each with its reason; and what happened last."""

from collections import Counter
from dataclasses import dataclass
from datetime import date, datetime

from django.utils import timezone
from msgspec.structs import replace

from metrics.snapshot import CASES, STORIES, Snapshot, Story
from pipelines.models import Deal
from qc.models import SHOWN, Finding, Regulation
from web.frame.scope import Scope


@dataclass(frozen=True)
class Case:
    """A deal and the finding that speaks for it: the gravest, and of equals the one that stands longest."""

    deal: Deal
    finding: Finding
    others: int


def list_cases(snapshot: Snapshot, scope: Scope, now: datetime) -> list[Case]:
    """The dearest first; two queries. A deal that has been put right since the snapshot is left out."""
    chosen = sorted(scope.cut_pipelines(snapshot.cases), key=lambda one: (-one.price, -one.deal))[:CASES]
    deals = Deal.objects.open().select_related("stage", "manager").in_bulk([one.deal for one in chosen])
    found: dict[int, list[Finding]] = {}
    broken = Finding.objects.open(now).filter(mode__in=SHOWN, deal__in=list(deals))
    for finding in broken.select_related("deal", "task", "stage", "manager"):
        found.setdefault(finding.deal_id, []).append(finding)
    told = []
    for one in chosen:
        if reasons := sorted(found.get(one.deal, ()), key=_gravity):
            told.append(Case(deals[one.deal], reasons[0], len(reasons) - 1))
    return told


def _gravity(finding: Finding) -> tuple[bool, datetime]:
    return finding.severity != "violation", finding.opens_at


def list_recent(snapshot: Snapshot, scope: Scope) -> list[tuple[Story, Finding]]:
    """What was found or fixed in the last week, the latest first; one query.

    Stories of several pipelines about the same person, rule and day become one line. What a version of a regulation
    opened is no news: see `list_by_version`.
    """
    told = [one for one in scope.cut_pipelines(snapshot.stories) if one.regulation is None]
    stories = sorted(told, key=lambda one: one.at, reverse=True)[: 4 * STORIES]
    findings = Finding.objects.select_related("deal", "manager").in_bulk([story.finding for story in stories])
    lines: dict[tuple[int | None, str, bool, date], tuple[Story, Finding]] = {}
    for story in stories:
        if finding := findings.get(story.finding):
            same = story.manager, finding.rule, story.fixed, timezone.localdate(story.at)
            first, latest = lines.get(same, (replace(story, count=0), finding))
            lines[same] = replace(first, count=first.count + story.count), latest
    return list(lines.values())[:STORIES]


@dataclass(frozen=True)
class Opening:
    """A version of a regulation, and how many findings it opened when it was published."""

    regulation: Regulation
    count: int


def list_by_version(snapshot: Snapshot, scope: Scope) -> list[Opening]:
    """The versions of the last week that opened something, the latest first; at most one query."""
    counts: Counter[int] = Counter()
    for story in scope.cut_pipelines(snapshot.stories):
        if story.regulation is not None:
            counts[story.regulation] += story.count
    if not counts:
        return []
    versions = Regulation.objects.select_related("stage__pipeline").filter(pk__in=counts)
    return [Opening(one, counts[one.pk]) for one in versions.order_by("-published_at", "-pk")]
