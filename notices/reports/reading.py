"""A report is read: figures of the desk as of one moment, findings of the period, and what became of decisions."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, NamedTuple

from django.db import connection
from django.db.models import Count, Q, Sum

from core.periods import Period, month_of
from core.zone import local_day, portal_zone
from kpi.models import Statement
from metrics import measure
from metrics.losses import lost_deals
from metrics.proposals import Proposal, due_on
from metrics.snapshot import Snapshot, count_snapshot, decode_snapshot
from notices import decisions as life
from notices.decision_results import measure_results
from notices.models import Decision
from notices.proposed import Proposed as Found
from notices.proposed import find_proposals
from notices.reports import document as doc
from notices.reports.spans import Span
from pipelines.mirror import freshness
from pipelines.models import Account, Deal, Person, Stage
from qc.models import NEVER, SHOWN, Finding
from qc.rules import behind
from team.holders import find_leavers, visible_people
from team.models import Employee

DECISIONS = 3
STAGES, PEOPLE, REASONS, PRAISED = 6, 12, 4, 3
WEEKS = 13
KNOWN = 10  # findings of the period before: a rate of fewer is no fact to praise
DENSITY = "findings_per_100_deal_days"
# The index finding_open. Of each moment: what stood longer than the norm then.
FROZEN = """
select at, coalesce(sum(price), 0), count(*) from (
    select distinct m.at, d.id, d.price
    from unnest(%(moments)s::timestamptz[]) m(at)
    join qc_finding f on f.withdrawn_at is null and f.mode = any(%(shown)s) and f.rule = any(%(stuck)s)
         and f.opens_at < m.at and coalesce(f.closes_at, %(never)s) > m.at
    join pipelines_deal d on d.id = f.deal_id and d.deleted_at is null
    where %(people)s::bigint[] is null or d.manager_id = any(%(people)s)
) stood group by at
"""
BY_RULE = """
select f.rule, count(*) filter (where f.opens_at < %(now)s and coalesce(f.closes_at, %(never)s) > %(now)s),
       count(*) filter (where f.opens_at < %(before)s and coalesce(f.closes_at, %(never)s) > %(before)s)
from qc_finding f
where f.withdrawn_at is null and f.mode = any(%(shown)s) and coalesce(f.closes_at, %(never)s) > %(before)s
  and (%(people)s::bigint[] is null or f.manager_id = any(%(people)s))
group by f.rule order by f.rule
"""
OFF_TIMES = (
    "select since, until from qc_controloff where since < %(now)s and coalesce(until, %(now)s) > %(first)s"
)


class Read(NamedTuple):
    """``proposals`` with the lists that the report freezes, in its order."""

    document: doc.Document
    proposals: Sequence[tuple[str, Proposal]]
    rows: Mapping[int, Any]


def read_report(span: Span, now: datetime, head: Employee | None = None) -> Read:
    """The report of the span as of ``now``, of a head's people or of everybody."""
    people = None if head is None else sorted(visible_people(head.pk, local_day(now), reports=True))
    snapshot = decode_snapshot(count_snapshot(now, month_of(now, portal_zone())))
    found = find_proposals(now, people, head)
    proposals = [
        (life.key_of("report", span.label, head.pk if head else "all", one.key), one)
        for one in found.proposals[:DECISIONS]
    ]
    persons, stages = _parts(span, now, people, "manager"), _parts(span, now, people, "stage")
    opened = _opened(span, now, people)
    before = now - (span.period.end - span.period.start)
    worse, better = _changes(now, before, people)
    past = _past(now, head, people)
    facts = [life.facts_of(one) for _key, one in proposals] + [one.facts for one in past]
    names, stage_names = _names(facts)
    freshest = freshness.overall_freshness(now).as_of if freshness.is_connected() else None
    document = doc.Document(
        kind=span.kind,
        label=span.label,
        start=span.period.start,
        end=span.period.end,
        as_of=now,
        known_until=freshest,
        company=Account.objects.values_list("name", flat=True).first() or "",
        head="" if head is None else str(head),
        standing=_standing(snapshot, now, before, people),
        plan=_plan(snapshot, now, people),
        opened=opened[0],
        opened_before=opened[1],
        by_version=opened[2],
        fixed=sum(one.fixed for one in persons),
        worse=worse,
        better=better,
        stages=stages,
        persons=[one for one in persons if one.rate is not None or one.n],
        losses=_losses(span, people),
        decisions=[_proposed(key, one, found) for key, one in proposals],
        past=past,
        praise=_praise(persons),
        people=names,
        stage_names=stage_names,
        marks=_marks(now),
    )
    return Read(document, proposals, found.rows)


def _standing(
    snapshot: Snapshot, now: datetime, before: datetime, people: Sequence[int] | None
) -> doc.Standing:
    cells = [cell for cell in snapshot.cells if people is None or cell.manager in people]
    moments = [now - timedelta(weeks=number) for number in range(WEEKS - 1, 0, -1)]
    stood = _frozen([*moments, before], people)
    money, deals = sum((cell.frozen for cell in cells), Decimal(0)), sum(cell.stuck for cell in cells)
    weeks = [doc.Week(at, *stood.get(at, (Decimal(0), 0))) for at in moments]
    was = stood.get(before, (Decimal(0), 0))
    return doc.Standing(
        money=money,
        deals=deals,
        money_before=was[0],
        deals_before=was[1],
        open=sum(cell.open for cell in cells),
        open_money=sum((cell.money for cell in cells), Decimal(0)),
        unplanned=sum(cell.untasked for cell in cells),
        weeks=[*weeks, doc.Week(now, money, deals)],
    )


def _values(people: Sequence[int] | None, **more: Any) -> dict[str, Any]:
    return {
        "people": people if people is None else list(people),
        "shown": list(SHOWN),
        "stuck": behind("stuck_deals"),
        "never": NEVER,
        **more,
    }


def _frozen(moments: Sequence[datetime], people: Sequence[int] | None) -> dict[datetime, tuple[Decimal, int]]:
    with connection.cursor() as cursor:
        cursor.execute(FROZEN, _values(people, moments=sorted(set(moments))))
        return {at: (money, deals) for at, money, deals in cursor.fetchall()}


def _changes(
    now: datetime, before: datetime, people: Sequence[int] | None
) -> tuple[doc.RuleChange | None, doc.RuleChange | None]:
    """The rule whose open findings grew most, and the one where they fell most."""
    with connection.cursor() as cursor:
        cursor.execute(BY_RULE, _values(people, now=now, before=before))
        changes = [doc.RuleChange(*row) for row in cursor.fetchall()]
    order = sorted(changes, key=lambda one: (one.before - one.now, one.rule))
    worse = order[0] if order and order[0].now > order[0].before else None
    better = order[-1] if order and order[-1].now < order[-1].before else None
    return worse, better


def _opened(span: Span, now: datetime, people: Sequence[int] | None) -> tuple[int, int, int]:
    """Opened in the period, in the one before, and by a new version of a regulation in the period."""
    rows = Finding.objects.filter(withdrawn_at=None, mode__in=SHOWN)
    if people is not None:
        rows = rows.filter(manager__in=people)
    mine = rows.filter(opens_at__gte=span.period.start, opens_at__lt=span.period.until(now))
    before = rows.filter(opens_at__gte=span.before.start, opens_at__lt=span.before.end)
    return mine.count(), before.count(), mine.opened_by_version().count()


def _parts(span: Span, now: datetime, people: Sequence[int] | None, by: str) -> list[doc.Part]:
    """Of stages or people, the most findings first; those of the metric over the API."""
    present = {one.key: one for one in measure(DENSITY, span.period, by=by, people=people, now=now)}
    past = {one.key: one for one in measure(DENSITY, span.before, by=by, people=people, now=now)}
    gone = find_leavers(now, local_day(now)) if by == "manager" else frozenset()
    fixed = _fixed(span, now, people) if by == "manager" else {}
    rows = []
    for key, one in present.items():
        was = past.get(key)
        rows.append(
            doc.Part(
                key="" if key is None else str(key),
                name=one.label,
                n=one.n,
                before=was.n if was else 0,
                rate=_rounded(one.value),
                rate_before=_rounded(was.value) if was else None,
                gone=key in gone,
                fixed=fixed.get(key, 0),
            )
        )
    return sorted(rows, key=lambda one: (-one.n, -(one.rate or 0), one.name, one.key))


def _fixed(span: Span, now: datetime, people: Sequence[int] | None) -> dict[Any, int]:
    rows = Finding.objects.filter(
        withdrawn_at=None,
        mode__in=SHOWN,
        closes_at__gte=span.period.start,
        closes_at__lt=span.period.until(now),
    )
    if people is not None:
        rows = rows.filter(manager__in=people)
    return dict(rows.order_by().values_list("manager").annotate(n=Count("pk")))


def _rounded(value: Any) -> Decimal | None:
    return None if value is None else Decimal(str(value)).quantize(Decimal("0.0001"))


def _losses(span: Span, people: Sequence[int] | None) -> doc.Losses:
    def lost(period: Period) -> Any:
        rows = lost_deals(period)
        rows = rows if people is None else rows.filter(closer__in=people)
        return Deal.objects.filter(pk__in=rows.order_by().values("pk"))

    sums = {"n": Count("pk"), "money": Sum("price")}
    now, before = (lost(period).order_by().aggregate(**sums) for period in (span.period, span.before))
    reasons = lost(span.period).order_by().values_list("loss_reason", "loss_reason__name").annotate(**sums)
    ranked = sorted(reasons, key=lambda row: (-row[2], row[1] or ""))[:REASONS]
    nothing = Decimal(0)
    return doc.Losses(
        now["n"],
        now["money"] or nothing,
        before["n"],
        before["money"] or nothing,
        [doc.Reason(name or "", n, money or nothing, key) for key, name, n, money in ranked],
    )


def _plan(snapshot: Snapshot, now: datetime, people: Sequence[int] | None) -> doc.Plan | None:
    """As the desk reckons it: those with a plan, against it, by the share of their shifts that is over."""
    month = month_of(now, portal_zone())
    won: dict[int | None, Decimal] = defaultdict(Decimal)
    for row in snapshot.won:
        if people is None or row.manager in people:
            won[row.manager] += row.money
    rows = Statement.objects.filter(period=month.first)
    if people is not None:
        rows = rows.filter(manager__in=people)
    facts = {row.manager_id: row.facts for row in rows if row.facts.quota}
    planned, worked = (
        sum(getattr(one.shifts, name) for one in facts.values()) for name in ("planned", "worked")
    )
    days = Decimal(str(round((now - month.start) / (month.end - month.start), 4)))
    return doc.Plan(
        month.label,
        sum(won.values(), Decimal(0)),
        sum((won[person] for person in facts), Decimal(0)),
        sum((one.quota for one in facts.values()), Decimal(0)) or None,
        (Decimal(worked) / planned).quantize(Decimal("0.0001")) if planned else days,
    )


def _proposed(key: str, one: Proposal, found: Found) -> doc.Proposed:
    day = local_day(found.as_of)
    owner = life.Staff(day).find_owner(one)
    return doc.Proposed(
        key,
        one.kind,
        life.facts_of(one),
        one.n,
        one.money,
        one.expected if one.sure else None,
        "" if owner is None else str(owner),
        due_on(one, day),
    )


def _past(now: datetime, head: Employee | None, people: Sequence[int] | None) -> list[doc.Past]:
    """Under way, and over since eight weeks; those that are late first."""
    rows = Decision.objects.filter(Q(state="taken") | Q(state="done", ended_at__gt=now - timedelta(weeks=8)))
    if head is not None:
        rows = rows.filter(Q(owner=head) | Q(owner__person__in=people or ()))
    shown = list(rows.filter(taken_at__lt=now).select_related("owner").order_by("due_on", "pk")[:12])
    results, day = measure_results(shown, now), local_day(now)
    told = []
    for row in shown:
        result = results.get(row.pk)
        late = (day - row.due_on).days if row.due_on and row.state == "taken" else 0
        told.append(
            doc.Past(
                id=row.pk,
                kind=row.kind,
                facts=row.facts,
                title=row.title,
                owner=str(row.owner or ""),
                state=row.state,
                due_on=row.due_on,
                late=max(late, 0),
                moves=row.moves,
                n=row.n,
                standing=result.standing if result else 0,
                won=result.won if result else 0,
                won_sum=result.won_sum if result else Decimal(0),
                left_share=result.left_share if result else None,
                like_share=result.like_share if result else None,
            )
        )
    return sorted(told, key=lambda one: (-one.late, one.state != "done", one.due_on or day, one.id))


def _praise(persons: Iterable[doc.Part]) -> list[doc.Praise]:
    """Who has changed most for the better, who has put most right, who had nothing; nobody twice."""
    here = [one for one in persons if one.key and not one.gone]
    found, named = [], set()
    calmer = [
        one for one in here
        if one.before >= KNOWN and one.rate is not None and one.rate_before and one.rate < one.rate_before
    ]  # fmt: skip
    if calmer:
        best = max(calmer, key=lambda one: ((one.rate_before or 0) - (one.rate or 0), one.name))
        found.append(doc.Praise("calmer", best.name, best.rate_before, best.rate))
        named.add(best.key)
    fixers = [one for one in here if one.fixed > one.n and one.key not in named]
    if fixers:
        best = max(fixers, key=lambda one: (one.fixed, one.name))
        found.append(doc.Praise("fixed", best.name, Decimal(best.n), Decimal(best.fixed)))
        named.add(best.key)
    clean = [one for one in here if one.n == 0 and one.rate is not None and one.key not in named]
    if clean:
        best = max(clean, key=lambda one: (one.before, one.name))
        found.append(doc.Praise("clean", best.name, Decimal(best.before), Decimal(0)))
    return found[:PRAISED]


def _names(facts: Iterable[Mapping[str, Any]]) -> tuple[dict[str, str], dict[str, str]]:
    known = list(facts)
    people: set[Any] = {one.get("person") for one in known} | {
        person for one in known for person, _n in one.get("holders", ())
    }
    stages: set[Any] = {one.get("stage") for one in known}
    named = Person.objects.filter(pk__in=people - {None}).values_list("pk", "name")
    return (
        {str(pk): name for pk, name in named},
        dict(Stage.objects.filter(pk__in=stages - {None}).values_list("pk", "name")),
    )


def _marks(now: datetime) -> list[tuple[str, datetime, datetime | None]]:
    """Times without control, for the thirteen weeks' chart."""
    with connection.cursor() as cursor:
        cursor.execute(OFF_TIMES, {"now": now, "first": now - timedelta(weeks=WEEKS)})
        return [("control off", since, until) for since, until in cursor.fetchall()]
