"""Judgement: one deal after a hook, all open deals, and a norm tried on history."""

import time
from collections.abc import Iterator
from datetime import timedelta
from resource import RUSAGE_CHILDREN, RUSAGE_SELF, getrusage
from typing import Any

import msgspec
from django.db import connection
from django.db.models import Count, Q

from bench import company, loop
from bench.data import DAY, NOW, WORK, stage_id
from bench.measure import Cost, cost, share, typical
from bench.report import Line, against, below, compared, milliseconds
from bench.setting import Setting
from core.periods import month_of
from core.zone import portal_zone
from jobs import judgement_queue
from pipelines.mirror.entities import ENTITIES
from pipelines.mirror.upsert import store_rows
from pipelines.models import Deal, Event, JudgementRequest, Stay
from qc import engine, parallel, regulations, subjects
from qc.backtest import judge_by_norms
from qc.models import RuleMode
from qc.rules import DEAL, RULES, behind, codes_of
from qc.rules.registry import OFF
from qc.switch_backtest import MONTHS, SwitchTrial, sample_deals, try_switch

UPSERT = """
    INSERT INTO pipelines_deal SELECT * FROM jsonb_populate_record(NULL::pipelines_deal, %s)
    ON CONFLICT (id) DO UPDATE
    SET price = excluded.price, stage_id = excluded.stage_id, updated_at = excluded.updated_at
"""
MANY = 25  # rules
SAMPLE = 400  # deals that the loop over objects judges


def one(setting: Setting) -> Iterator[Line]:
    """Each deal has just moved to another stage, and that is stored; measured is what follows: folding and judging."""
    company.hold(setting.big)
    rounds = 40 if setting.quick else 300
    chosen = Deal.objects.open().filter(stage__kind="work", pipeline=101).order_by("id")[: 2 * rounds + 2]
    deals = list(
        chosen.values(
            "id", "stage_id", "pipeline_id", "name", "price", "created_at", "created_by", "tags", "fields"
        )
    )
    ours: list[Cost] = []
    base: list[Cost] = []
    for place in range(0, len(deals) - 1, 2):
        key = move(deals[place], place)
        ours.append(cost(lambda key=key: engine.judge_together([key], history=True, requests=None)))
        row = msgspec.json.encode(deals[place + 1] | {"updated_at": NOW, "closed_inferred": False}).decode()
        base.append(cost(lambda row=row: upsert(row)))
    mine, bare = typical(ours[2:]), typical(base[2:])
    yield against("judge one deal after a hook, p50", mine, bare, 5, " upsert + commit")
    slow, bare_slow = (1000 * share([one.wall for one in some[2:]], 0.99) for some in (ours, base))
    yield below("judge one deal after a hook, p99", slow, 10, "ms", f"{bare_slow:.3g} ms upsert + commit")


def move(deal: dict[str, Any], number: int) -> int:
    """Store what a hook brings: the deal on its next stage, and the event of it."""
    key, at = deal["id"], NOW - timedelta(minutes=1)
    place = (int(deal["stage_id"].partition(":")[2]) - 10) % WORK + 1
    event = {
        "id": f"b{number}.{Event.objects.filter(entity='deal', entity_id=key).count()}",
        "at": at,
        "kind": "stage",
    }
    event |= {
        "entity": "deal",
        "entity_id": key,
        "author_id": None,
        "before": deal["stage_id"],
        "after": stage_id(0, place),
    }
    store_rows(ENTITIES["events"], [event])
    Deal.objects.filter(pk=key).update(stage_id=stage_id(0, place), updated_at=at)
    return key


def upsert(row: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(UPSERT, [row])


def everything(setting: Setting) -> Iterator[Line]:
    """All open deals when nothing differs: by the five rules that the loop over objects knows, beside that loop on a
    sample; by twenty-five, the weightiest, and by all, whose findings are first to be written."""
    company.hold(setting.big)
    deals = list(Deal.objects.open().order_by("id").values_list("id", flat=True))
    every = codes_of(DEAL)
    five = [code for code in every if RULES[code].mode != OFF and not RULES[code].reads_reviews]
    judge_by(five, deals)
    costs = typical([spread(deals) for _ in range(setting.rounds(3))])
    yield told(f"judge 200,000 open deals by {len(five)} rules, nothing new", len(deals), costs, 20)
    sample = deals[:: max(1, len(deals) // SAMPLE)][:SAMPLE]
    slow = typical([cost(lambda: loop.judge(sample)) for _ in range(3)]).wall / len(sample)
    yield compared(
        "… beside a loop over ORM objects, a deal",
        milliseconds(costs.wall / len(deals)),
        f"{milliseconds(slow)} (by {len(sample)})",
        costs.wall / len(deals) / slow,
        most=0.1,
    )
    judge_by(every[:MANY], deals)
    costs = typical([spread(deals) for _ in range(setting.rounds(3))])
    yield told(f"… by {MANY} rules", len(deals), costs, 40)
    first = judge_by(every, deals)
    parallel.judge(list(Deal.objects.exclude(closed_at=None).values_list("id", flat=True)), around=False)
    subjects.judge_every_subject()
    company.vacuum()
    costs = typical([spread(deals) for _ in range(setting.rounds(3))])
    yield told(f"… by all {len(every)} rules", len(deals), costs)
    yield Line("… all findings new", f"{first.wall * 200_000 / len(deals):.3g} s")


def judge_by(codes: list[str], deals: list[int]) -> Cost:
    """With these rules of deals alone, and no others on, what they find of the deals is written anew."""
    of_deals = RuleMode.objects.filter(rule__in=codes_of(DEAL))
    of_deals.exclude(rule__in=codes).update(mode=RuleMode.Mode.OFF)
    of_deals.filter(rule__in=codes).update(mode=RuleMode.Mode.MONEY)
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM qc_finding WHERE deal_id = ANY(%s)", [deals])
    spent = spread(deals)
    company.vacuum()  # as PostgreSQL does by itself, a minute later
    return spent


def told(what: str, deals: int, costs: Cost, most: float | None = None) -> Line:
    whole = 200_000 / deals
    scale = "" if whole == 1 else f"; by {deals:,}"
    busy = f" (processor, without PostgreSQL: {costs.cpu * whole:.3g} s{scale})"
    if most is None:
        return Line(what, f"{costs.wall * whole:.3g} s{busy}")
    return below(what, costs.wall * whole, most, "s", also=busy)


def spread(deals: list[int]) -> Cost:
    """Judging in one process or several; the processor time of all of them."""
    before, began = processor(), time.perf_counter()
    parallel.judge(deals, around=False)
    return Cost(time.perf_counter() - began, processor() - before)


def load(setting: Setting) -> Iterator[Line]:
    """What follows a full load: all is folded and judged, people and contacts too; nothing of it was there before."""
    company.hold(setting.big)
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE pipelines_stay, qc_finding CASCADE")
        cursor.execute("ANALYZE")
    before, began = processor(), time.perf_counter()
    judgement_queue.judge_load()
    wall, busy = time.perf_counter() - began, processor() - before
    yield Line(
        f"fold and judge {Deal.objects.count():,} deals after a load", f"{wall:.3g} s (processor {busy:.3g})"
    )


def processor() -> float:
    return sum(used.ru_utime + used.ru_stime for used in map(getrusage, (RUSAGE_SELF, RUSAGE_CHILDREN)))


def backtest(setting: Setting) -> Iterator[Line]:
    """The stage with the most visits, and as many days of it as hold 10,000."""
    company.hold(setting.big)
    stage, days, visits = busiest()
    norms = {"max_stay": timedelta(minutes=3 * DAY)}
    spent = typical([cost(lambda: judge_by_norms(stage, norms, days)) for _ in range(3)])
    note = f" (by {visits:,} visits of {days} days)"
    yield below("backtest a norm on 10,000 visits", spent.wall * 10_000 / visits, 2, "s", also=note)
    [stuck] = behind("stuck_deals")
    for mode, weight in (("money", 9), ("warn", 1)):
        spent = typical(
            [cost(lambda mode=mode, weight=weight: try_switch(stuck, mode, weight)) for _ in range(3)]
        )
        trial = try_switch(stuck, mode, weight)
        visits = visits_of(trial)
        note = f" ({trial.deals:,} deals, {visits:,} visits of {MONTHS} months: {spent.wall:.3g} s)"
        yield below(f"try a rule as {mode} on 10,000 visits", spent.wall * 10_000 / visits, 2, "s", also=note)


def visits_of(trial: SwitchTrial) -> int:
    """How many visits of the deals that were looked at touch the period."""
    deals, _among = sample_deals(min(trial.period.start, month_of(NOW, portal_zone()).previous.start))
    stays = Stay.objects.filter(Q(left_at=None) | Q(left_at__gt=trial.period.start), deal__in=deals)
    return stays.values("deal", "visit").distinct().count()


def busiest() -> tuple[str, int, int]:
    """The stage with the most visits, of how many days 10,000 of them are, and how many those days have."""
    stage = (
        Stay.objects.filter(stage__kind="work")
        .values("stage")
        .annotate(n=Count("id"))
        .order_by("-n")[0]["stage"]
    )
    left = Stay.objects.filter(stage=stage).order_by("-left_at").values_list("left_at", flat=True)
    oldest = left[min(10_000, left.count()) - 1]
    days = (NOW - oldest).days + 1 if oldest else 1
    visits = Stay.objects.filter(stage=stage).exclude(left_at__lte=NOW - timedelta(days=days)).count()
    return stage, days, visits


def publish(setting: Setting) -> Iterator[Line]:
    """Another norm on that stage: from publishing until whatever it changes is judged."""
    company.hold(setting.big)
    stage, _days, _visits = busiest()
    judgement_queue.judge_on_all_cores()  # nothing else waits
    costs, deals = [], 0
    for hours in (90, 100, 110)[: setting.rounds(3)]:
        began = time.perf_counter()
        regulations.publish(stage, None, max_stay=timedelta(hours=hours))
        judgement_queue.cut_wide()
        deals = JudgementRequest.objects.count_deals()
        judgement_queue.judge_on_all_cores()
        costs.append(time.perf_counter() - began)
    note = f" ({deals:,} deals judged again)"
    yield below("publish a norm and judge its stage", sorted(costs)[len(costs) // 2], 10, "s", also=note)
