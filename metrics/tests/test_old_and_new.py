"""Statements and sums that were made faster, beside the plain ones that they stand for: equal to the last bit."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from django.db import connection

from core.periods import Period
from devtools.tests import factory
from metrics.analytics import first_contacts, forecast, past, weekly
from metrics.analytics.calendar import Cut
from metrics.analytics.columns import group_places, order_by, read_columns, write_array
from metrics.analytics.log import FAR, read_log
from metrics.analytics.terms import EPOCH, Terms, moment_number
from metrics.analytics.week_work import WeekWork, measure_touch
from metrics.analytics.win_rates import find_places
from metrics.question import Question
from metrics.registry import METRICS
from metrics.weeks import list_last_weeks
from pipelines.models import Deal, Event, Person, Stage, Stay, Touch
from qc.models import SHOWN, Severity

ZONE = ZoneInfo("Europe/Moscow")
NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
START = NOW - timedelta(days=70)
YEAR = Period(START.astimezone(ZONE), (NOW + timedelta(days=1)).astimezone(ZONE), "")
KINDS = ("call_out", "call_in", "message_out", "note")


class Company:
    """Deals that wander through two pipelines and change hands within visits; many things share a second."""

    def __init__(self, seed: int) -> None:
        self.chance = Random(seed)
        self.pipelines = [factory.make_pipeline(f"P{number}") for number in range(2)]
        self.stages = [
            factory.make_stage(pipeline, f"{pipeline} {kind} {sort}", kind, sort=sort)
            for pipeline in self.pipelines
            for sort, kind in enumerate((Stage.Kind.WORK, Stage.Kind.WORK, Stage.Kind.WON, Stage.Kind.LOST))
        ]
        self.people = [factory.make_person(f"M{number}") for number in range(4)]
        for _ in range(60):
            self.live()

    def at(self, first: datetime, days: int = 6) -> datetime:
        """Whole quarters of an hour: many things fall together."""
        return first + timedelta(minutes=15 * self.chance.randrange(days * 96))

    def anybody(self) -> Person | None:
        return self.chance.choice([*self.people, None])

    def live(self) -> None:
        chance, since = self.chance, self.at(START - timedelta(days=10), 60)
        client = 900 + chance.randrange(20)  # some have several deals
        deal = factory.make_deal(chance.choice(self.stages), self.anybody(), since=since, contact_id=client)
        Deal.objects.filter(pk=deal.pk).update(
            created_at=since, deleted_at=NOW if chance.random() < 0.1 else None, closed_at=None
        )
        Stay.objects.filter(deal=deal).delete()
        stage, at = chance.choice(self.stages), since
        visits = chance.randrange(1, 5)
        for visit in range(1, visits + 1):
            following = chance.choice(self.stages)
            edges = sorted({at, *(self.at(at) for _ in range(chance.choice((1, 1, 2, 3))))})
            ends = visit == visits
            if len(edges) == 1:
                edges.append(edges[0] + timedelta(hours=1))
            for place, (begin, end) in enumerate(zip(edges, edges[1:], strict=False)):
                last = place == len(edges) - 2
                Stay.objects.create(
                    deal=deal,
                    stage=stage,
                    manager=self.anybody(),
                    visit=visit,
                    visit_since=at,
                    entered_at=begin,
                    left_at=None if last and ends else end,
                    next_stage=following if last and not ends else None,
                )
            stage, at = following, edges[-1]
        self.touch(deal, client, since)

    def touch(self, deal: Deal, client: int, since: datetime) -> None:
        chance = self.chance
        for number in range(chance.randrange(7)):
            Touch.objects.create(
                id=f"{deal.pk}.{number}",
                at=self.at(since - timedelta(hours=6), 12),
                kind=chance.choice(KINDS),
                manager=self.anybody(),
                seconds=chance.randrange(90),
                updated_at=NOW,
                **({"deal": deal} if chance.random() < 0.7 else {"contact_id": client}),
            )
            Event.objects.create(
                id=f"e{deal.pk}.{number}",
                at=self.at(since, 12),
                kind="field",
                entity="deal",
                entity_id=deal.pk,
                author=self.anybody(),
            )
            done = self.at(since, 20) if chance.random() < 0.6 else None
            task = factory.make_task(deal, self.at(since, 20), created_at=self.at(since))
            type(task).objects.filter(pk=task.pk).update(completed_at=done, is_completed=done is not None)
            opens = self.at(since, 40)
            factory.make_finding(
                deal,
                chance.choice(("deal.stuck", "task.none")),
                since=opens,
                opens_at=opens,
                closes_at=self.at(opens + timedelta(minutes=1), 20) if chance.random() < 0.7 else None,
                mode=chance.choice(("shadow", "warn", "money")),
                manager=self.anybody(),
                withdrawn_at=NOW if chance.random() < 0.1 else None,
                severity=chance.choice(Severity.values),
            )


pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module", params=[1, 2, 3])
def company(request: Any, rows_of_module: None) -> Iterator[Company]:
    yield Company(request.param)


def run(sql: str, values: dict[str, Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return cursor.fetchall()


@pytest.mark.parametrize("pipeline", [None, 0])
def test_first_contacts_are_those_of_a_look_at_each_deal(company: Company, pipeline: int | None) -> None:
    only = None if pipeline is None else company.pipelines[pipeline].pk
    terms = Terms(NOW, ZONE, YEAR, None, only)
    log = read_log(terms, "created")
    values = {"odd": write_array(log.ids), "now": NOW, "epoch": EPOCH}
    none = dict.fromkeys(("ids", "people", "given", "met"), "{}")
    rows = read_columns(first_contacts.COLUMNS, first_contacts.LOOKED_UP, values | none)
    named = zip(*(rows[name].tolist() for name in ("id", "met", "given", "traced")), strict=True)
    plain = {key: tuple(moments) for key, *moments in named}
    columns = first_contacts.read_contacts(log, terms, first_contacts.read_touches(terms))
    found = {
        int(key): tuple(int(column[place]) for column in columns)
        for place, key in enumerate(log.ids)
        if columns[0][place] != FAR
    }
    assert len(plain) > 10
    assert found == plain
    met = METRICS["first_contact_minutes"].source(Question(YEAR, NOW)).filter(pk__in=log.ids.tolist())
    told = {key: moment_number(at) for key, at in met.values_list("pk", "contact_at") if at}
    assert told == {key: moments[0] for key, moments in found.items()}, "as the metric says"
    moved = "from pipelines_stay s where s.entered_at > s.visit_since"
    place, known = find_places(log.ids, read_columns({"deal": ("s.deal_id", "int8")}, moved, {})["deal"])
    odd = first_contacts.find_odd(log, place[known])
    assert 0 < odd.sum() < len(odd)  # both ways are gone


WEEK_BY_WEEK = """
    select width_bucket({moment}, %(edges)s::timestamptz[]), rule, count(*) from qc_finding f
    where withdrawn_at is null and mode = any(%(shown)s) and {moment} >= %(start)s and {moment} < %(end)s
      and (%(people)s::bigint[] is null or manager_id = any(%(people)s))
      and (%(pipeline)s::text is null or stage_id like %(pipeline)s)
    group by 1, 2"""


@pytest.mark.parametrize("narrow", [False, True])
def test_findings_of_weeks_are_counted_as_by_two_statements(company: Company, narrow: bool) -> None:
    weeks = list_last_weeks(NOW, 8, ZONE)
    edges = [week.start for week in weeks] + [weeks[-1].end]
    cut = Cut([str(week.first) for week in weeks], np.array([moment_number(edge) for edge in edges]))
    people = {company.people[0].pk, company.people[1].pk} if narrow else None
    pipeline = company.pipelines[0].pk if narrow else None
    values = {"edges": edges, "shown": list(SHOWN), "start": edges[0], "end": edges[-1]}
    values |= {"people": people and sorted(people), "pipeline": f"{pipeline}:%" if pipeline else None}
    plain: list[dict[str, dict[str, int]]] = [{"opened": {}, "closed": {}} for _ in weeks]
    for name, moment in (("opened", "opens_at"), ("closed", "closes_at")):
        for week, rule, n in run(WEEK_BY_WEEK.format(moment=moment), values):
            plain[week - 1][name][rule] = n
    assert weekly.count_findings(cut, people, pipeline) == plain
    assert sum(sum(one["opened"].values()) for one in plain) > 5


DEAL_DAYS = """
    select week.number, s.manager_id, s.stage_id,
           sum(extract(epoch from least(coalesce(s.left_at, %(now)s), week.ends, %(now)s)
                                  - greatest(s.entered_at, week.starts)))::float8 / 86400
    from unnest(%(starts)s::timestamptz[], %(ends)s::timestamptz[]) with ordinality as week (starts, ends, number)
    join pipelines_stay s on s.entered_at < least(week.ends, %(now)s) and coalesce(s.left_at, 'infinity') > week.starts
    join pipelines_stage g on g.id = s.stage_id and g.kind in ('incoming', 'work')
    join pipelines_deal d on d.id = s.deal_id and d.deleted_at is null
    where s.manager_id is not null and (%(people)s::bigint[] is null or s.manager_id = any(%(people)s::bigint[]))
    group by 1, 2, 3"""
TOUCHES = """
    select s.stage_id, count(*),
           (select sum(extract(epoch from least(coalesce(p.left_at, %(now)s), %(now)s)
                                          - greatest(p.entered_at, %(start)s)))::float8 / 86400
            from pipelines_stay p
            where p.stage_id = s.stage_id and p.entered_at < %(now)s and coalesce(p.left_at, 'infinity') > %(start)s)
    from pipelines_touch t
    join pipelines_stay s on s.deal_id = t.deal_id and t.at >= s.entered_at and (s.left_at is null or t.at < s.left_at)
    join pipelines_stage g on g.id = s.stage_id and g.kind in ('incoming', 'work')
    where t.at >= %(start)s and t.at < %(now)s and t.manager_id is not null
    group by s.stage_id"""


MINUTES = """
    select percentile_cont(0.5) within group (order by gap), count(*)
    from (
        select extract(epoch from at - lag(at) over (partition by person order by at)) / 60 as gap
        from (select manager_id as person, at from pipelines_touch where at >= %(recent)s and at < %(now)s
              union all
              select author_id, at from pipelines_event where at >= %(recent)s and at < %(now)s and author_id <> 0) act
        where person is not null
    ) gaps where gap between 0.5 and 30"""


@pytest.mark.parametrize("narrow", [False, True])
def test_the_work_of_weeks_is_that_of_statements_of_its_own(company: Company, narrow: bool) -> None:
    weeks = list_last_weeks(NOW, 6, ZONE)[:-1]
    people = [company.people[2].pk] if narrow else None
    values: dict[str, Any] = {"starts": [week.start for week in weeks], "ends": [week.end for week in weeks]}
    values |= {"now": NOW, "people": people, "start": weeks[0].start, "recent": weeks[0].start}
    work = WeekWork(weeks, NOW)
    days = {row[:3]: row[3] for row in run(DEAL_DAYS, values)}
    often = {row[0]: row[1] / row[2] for row in run(TOUCHES, values) if row[2]}
    assert {row[:3]: row[3] for row in work.list_days(people)} == pytest.approx(days, rel=1e-12)
    assert work.rate_touches() == pytest.approx(often, rel=1e-12)
    assert len(days) > 4
    assert often
    [(minutes, acts)] = run(MINUTES, values)
    assert measure_touch(NOW, weeks[0].start) == (pytest.approx(float(minutes), rel=1e-12), acts)
    assert acts


@pytest.mark.parametrize("came_first", [True, False])
def test_a_touch_in_the_second_of_a_passage_is_of_the_stage_that_was_come_to(came_first: bool) -> None:
    """Whatever the order in which the pieces are read: one of no length begins in the same second."""
    weeks, pipeline = list_last_weeks(NOW, 3, ZONE), factory.make_pipeline("Way")
    stages = [factory.make_stage(pipeline, f"W{number}", Stage.Kind.WORK) for number in range(2)]
    come_to, through = stages if came_first else stages[::-1]
    deal, at = factory.make_deal(come_to, factory.make_person("M")), weeks[1].start
    Stay.objects.filter(deal=deal).delete()
    rows = [(come_to, 2, at + timedelta(days=2)), (through, 1, at)]
    for stage, visit, left in rows if came_first else rows[::-1]:
        Stay.objects.create(
            deal=deal, stage=stage, manager_id=deal.manager_id, visit=visit, visit_since=at, entered_at=at, left_at=left
        )  # fmt: skip
    Touch.objects.create(id="T", at=at, kind="call_out", deal=deal, manager_id=deal.manager_id, updated_at=at)
    rates = WeekWork(weeks, NOW).rate_touches()
    assert (rates.get(come_to.pk), rates.get(through.pk)) == (0.5, None)


HAPPENED = """
    from (
        select deal_id, at, 0 as kind, seconds as much from pipelines_touch where kind in ('call_out', 'call_in')
        union all select deal_id, entered_at, 1, 1 from pipelines_stay where entered_at > visit_since
        union all
        select t.deal_id, step.at, step.kind, 1
        from pipelines_task t
        cross join lateral (values (2, t.created_at), (3, t.completed_at), (4, t.due_at)) step (kind, at)
        where step.at is not null
    ) happened join unnest(%(ids)s::bigint[]) chosen (id) on chosen.id = happened.deal_id"""


@pytest.mark.parametrize("whole", [False, True])
def test_what_happened_is_read_as_one_row_an_event_would_tell(company: Company, whole: bool) -> None:
    terms = Terms(NOW, ZONE, YEAR)
    log, _ = forecast.read_all(terms)
    columns = {"deal": ("happened.deal_id", "int8"), "at": ("happened.at", "timestamptz")}
    columns |= {"kind": ("happened.kind", "int2"), "much": ("happened.much", "int4")}
    rows = read_columns(columns, HAPPENED, {"ids": log.ids.tolist()})
    read = past.read_past(log, terms, whole=whole)
    for kind, one in enumerate((read.calls, read.given, read.set, read.done, read.due)):
        mine = rows["kind"] == kind
        plain = sorted(zip(rows["deal"][mine].tolist(), rows["at"][mine].tolist(), strict=True))
        assert list(zip(log.ids[one.deal].tolist(), one.at.tolist(), strict=True)) == plain
        assert one.sums[-1] == rows["much"][mine].sum()
        assert plain


@pytest.mark.parametrize("most", [3, 2**15 - 1, 2**15, 2**40])
def test_small_keys_are_put_in_the_same_order_as_large_ones(most: int) -> None:
    keys = np.random.default_rng(most).integers(0, most, 5_000, endpoint=True)
    assert (order_by(keys) == np.argsort(keys, kind="stable")).all()
    assert (order_by(-keys) == np.argsort(-keys, kind="stable")).all()
    places = np.flatnonzero(keys % 3)
    groups = group_places(keys, places)
    assert np.array_equal(np.sort(np.concatenate(groups)), places)
    assert all(len(set(keys[one].tolist())) == 1 for one in groups)
