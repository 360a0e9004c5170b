"""Quality from checks: by count against the statement that judged once more, by time against worked numbers."""

import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from decimal import Decimal

import pytest

from core import moment
from core.periods import Period
from pipelines.models import Person, Task
from qc import engine, kept_checks, queries
from qc.models import NEVER, DealChecks, Finding, RuleMode, RuleStep
from qc.quality import Change, Held, OfDeal, RuleScore, count, measure_time
from qc.rules import RULES
from qc.tests import quality_by_sql, world
from qc.tests.lives import PEOPLE, at, hours
from team.models import Employee, Rota
from team.schedules import load_clocks

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def company(db: None) -> Iterator[None]:
    world.company(RuleMode.Mode.MONEY)
    moment.fix(at(500).isoformat())
    yield
    moment.fix(None)


def invent(draw: random.Random) -> None:
    """Some weeks of a company in which everything happens that quality minds."""
    stages, people = ("new", "lead", "offer", "deal"), ("anna", "boris", "vera", "-")
    for stage in (*stages, "won", "lost"):
        begun = draw.sample(range(0, 400), draw.randrange(0, 4))
        for version, published in enumerate(sorted(begun), 1):
            norms = {"required_fields": draw.choice([[], ["price"], ["71"], ["price", "71"]])}
            norms["fields_grace"] = draw.choice([None, hours(5), hours(20)])
            if stage not in ("won", "lost"):
                norms |= {
                    "max_stay": draw.choice([None, hours(9), hours(30)]),
                    "needs_task": draw.random() < 0.6,
                }
                norms |= {"stay_clock": draw.choice(["calendar", "owner", "client"]), "task_grace": hours(3)}
            world.regulation(stage, version, published, **norms)
    for pk in range(1, 31):
        begins = sorted(draw.sample(range(0, 480), draw.randrange(1, 7)))
        steps = [f"{begin} {draw.choice(stages)} {draw.choice(people)}" for begin in begins]
        if draw.random() < 0.4:
            steps.append(
                f"{begins[-1] + draw.randrange(1, 40)} {draw.choice(['won', 'lost'])} {draw.choice(people)}"
            )
            if draw.random() < 0.5:
                stage = steps[-1].split()[1]
                steps.append(f"{begins[-1] + draw.randrange(40, 60)} {stage} {draw.choice(people)}")
        gone = {"deleted_at": at(draw.randrange(begins[-1], 500))} if draw.random() < 0.15 else {}
        world.deal(pk, "; ".join(steps), price=draw.choice([0, 5]), **gone)
        if draw.random() < 0.5:
            world.event("price", draw.randrange(0, 490), "deal", pk, 0, 5)
        for number in range(draw.randrange(0, 4)):
            task, created = 10 * pk + number, draw.randrange(0, 400)
            due = created + draw.randrange(1, 90)
            done = draw.choice([None, due - 1, due, due + 7, due + 60])
            holder = draw.choice(people[:3])
            world.task(task, pk, created, due, done, by=holder)
            if draw.random() < 0.3:
                given, giver = draw.randrange(created, 490), draw.choice([1, 2, 3])
                world.event("owner", given, "task", task, giver, PEOPLE[holder])
            if draw.random() < 0.3:
                moved = draw.randrange(created, 490)
                world.event(
                    "deadline",
                    moved,
                    "task",
                    task,
                    at(draw.randrange(0, 490)).isoformat(),
                    at(due).isoformat(),
                )
            if draw.random() < 0.15:
                Task.objects.filter(pk=task).update(deleted_at=at(draw.randrange(created, 490)))
    if draw.random() < 0.6:
        Employee.objects.filter(person_id=1).update(hired_on=date(2026, 11, draw.randrange(1, 15)))
        Employee.objects.filter(person_id=2).update(left_on=date(2026, 11, draw.randrange(5, 22)))
    if draw.random() < 0.4:
        Person.objects.filter(id=3).update(deleted_at=at(draw.randrange(50, 480)))
    for rule in RULES:
        if draw.random() < 0.4:
            row, last = RuleMode.objects.get_or_create(rule=rule, defaults={"since": at(0)})[0], 0
            for _ in range(draw.randrange(1, 4)):
                RuleStep.objects.create(rule=rule, mode=row.mode, weight=row.weight, since=row.since)
                last += draw.randrange(20, 150)
                row.mode, row.weight, row.since = (
                    draw.choice(["off", "warn", "money"]),
                    draw.randrange(0, 5),
                    at(last),
                )
            row.save()
    # the statement knows no closed deals: there it is asked for what counts all of their tasks
    for rows in (RuleMode.objects, RuleStep.objects):
        rows.filter(rule="task.overdue").update(norm={"counted": True})


def told_by_sql(scores: list[RuleScore]) -> list[RuleScore]:
    """Of the rules that the statement knows."""
    return [one for one in scores if one.rule in quality_by_sql.OPPORTUNITIES]


@pytest.mark.parametrize("seed", range(10))
def test_quality_by_count_is_what_the_statement_said(seed: int) -> None:
    draw = random.Random(seed)
    invent(draw)
    engine.judge()
    seen = 0
    for _ in range(12):
        start = draw.randrange(0, 480)
        part = Period(at(start), at(start + draw.randrange(1, 300)), "test")
        people = draw.choice([None, [1], [1, 2, 3]])
        for modes in (["money"], ["warn", "money"]):
            found, expected = (
                {person: sorted(told) for person, scores in answer.items() if (told := told_by_sql(scores))}
                for answer in (
                    queries.quality(part, people, modes),
                    quality_by_sql.quality(part, people, modes),
                )
            )
            assert found == expected, (seed, start)
            seen += len(found)
    assert seen > 10


@pytest.mark.parametrize("seed", [1, 4, 5])
def test_what_would_be_is_what_changed_rows_say_one_after_another(seed: int) -> None:
    """Beside the one reading for all: each question asked by itself, of all rows, changed beforehand."""
    draw = random.Random(seed)
    invent(draw)
    engine.judge()
    now, people = at(300), [1, 2, 3]
    part = Period(at(draw.randrange(0, 200)), at(480), "test")
    horizons = [at(330), at(400)]
    ahead = queries.quality_ahead(part, people, now, horizons)
    asked, read = queries.read_checks(part, people, queries.MONEY, until=part.end)
    rows, timed = list(read), replace(asked, clocks=load_clocks(people))

    def changed(change: Change) -> list[OfDeal]:
        return [
            row._replace(
                held={
                    code: [other for one in held if (other := change(one)) is not None]
                    for code, held in row.held.items()
                }
            )
            for row in rows
        ]

    def mend(one: Held) -> Held:
        return one._replace(closes_at=now) if one.opens_at <= now < (one.closes_at or NEVER) else one

    def without(end: datetime, then: Change) -> Change:
        return lambda one: None if now < one.opens_at < end else then(one)

    def stay(one: Held) -> Held:
        return one

    assert ahead.as_is == measure_time(rows, timed)
    assert ahead.mended == measure_time(changed(mend), timed)
    for place, end in enumerate(horizons):
        assert ahead.kept_as_is[place] == measure_time(changed(without(end, stay)), timed)
        assert ahead.kept_mended[place] == measure_time(changed(without(end, mend)), timed)
    assert ahead.as_is != ahead.mended != ahead.kept_mended[1]

    asked, read = queries.read_checks(part, people, queries.MONEY)
    ended = [
        row._replace(
            held={
                code: [one for one in held if one.closes_at is not None and one.closes_at <= now]
                for code, held in row.held.items()
            }
        )
        for row in read
    ]
    expected: Counter[str] = Counter()
    for scores in count(ended, asked).values():
        expected.update({one.rule: one.violations for one in scores})
    assert +queries.past_violations(part, people, now) == +expected


def test_a_period_that_begins_as_a_late_task_is_done_asks_for_it() -> None:
    """Due at hour 10, then at 50 by a later word, and done right then: an occasion of what begins at 50, and kept."""
    world.deal(1, "0 offer anna")
    world.task(1, 1, 0, 50, 50)
    world.event("deadline", 60, "task", 1, at(10).isoformat(), at(50).isoformat())
    engine.judge()
    part = Period(at(50), at(100), "test")
    for answer in (queries.quality(part, [1]), quality_by_sql.quality(part, [1])):
        assert [one for one in answer[1] if one.rule == "task.overdue"] == [
            RuleScore("task.overdue", 2, 0, 1)
        ]


@pytest.mark.parametrize("seed", range(3))
def test_checks_are_the_same_judged_one_by_one_or_rule_by_rule(seed: int) -> None:
    invent(random.Random(seed))
    engine.judge()

    def kept() -> dict[tuple[int, int], tuple[object, ...]]:
        return {
            (row.deal_id, row.person_id): (row.first, row.until, row.digest)
            for row in DealChecks.objects.all()
        }

    whole = kept()
    assert whole
    engine.judge()
    assert kept() == whole
    DealChecks.objects.all().delete()
    for code in RULES:
        engine.judge(None, [code])
    assert kept() == whole
    DealChecks.objects.all().delete()
    for pk in range(1, 31):
        engine.judge([pk])
    assert kept() == whole


def test_what_a_failing_rule_had_asked_before_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    world.regulation("offer", max_stay=hours(24), needs_task=True)
    world.deal(5, "10 offer anna")
    engine.judge()
    before = DealChecks.objects.get().digest

    def broken(deal: object, terms: object) -> Iterator[object]:
        raise ZeroDivisionError
        yield

    rule = RULES["deal.stuck"]
    monkeypatch.setitem(RULES, "deal.stuck", type(rule)(**{**vars(rule), "checks": broken}))
    engine.judge([5])
    assert DealChecks.objects.get().digest == before
    Finding.objects.all().delete()
    world.deal(5, "0 offer anna")  # a day earlier than it was known: the other rules say so
    engine.judge([5])
    asked = kept_checks.unpacked(DealChecks.objects.get().checks)
    assert {code: [list(check.pairs()) for check in checks] for code, checks in asked.items()} == {
        "deal.stuck": [[(10 * 3600, None)]],
        "task.none": [[(0, None)]],
        "task.overdue": [[(0, None)]],
    }


class TestByTime:
    """Four deals in work for 15 shifts each are 60 deal-shifts."""

    @pytest.fixture(autouse=True)
    def shifts(self) -> None:
        nine = {
            "anchor": date(2026, 11, 2),
            "starts": time(9),
            "ends": time(18),
            "time_zone": "Europe/Moscow",
        }
        rota = Rota.objects.create(name="Every day", pattern="1", **nine)
        employee = Employee.objects.get(person_id=1)
        employee.rota = rota
        employee.save()
        RuleMode.objects.exclude(rule="task.none").update(mode="warn")
        world.regulation("offer", needs_task=True)

    def score(self, *gaps: tuple[int, int]) -> Decimal | None:
        """By task.none alone; each deal has no task for such shifts: from the first until before the second."""
        fifteen = Period(at(0), at(15 * 24), "test")
        for pk in range(1, 5):
            world.deal(pk, "0 offer anna")
        for pk in range(2, 5):
            world.task(pk, pk, 0, 900)
        begin = 0
        for number, (since, until) in enumerate([*gaps, (15, 15)]):
            if begin < since:
                world.task(100 + number, 1, 24 * begin, 900, done=24 * since if since < 15 else None)
            begin = until
        engine.judge()
        return queries.time_score(queries.quality_by_time(fifteen).get(1, ()))

    @pytest.mark.parametrize(
        ("gaps", "expected"),
        [
            ([(3, 9)], "90.0000"),
            ([(3, 11)], "86.6667"),
            ([(3, 3)], "100.0000"),
            ([(0, 3), (6, 9)], "90.0000"),
        ],
    )
    def test_a_shift_that_something_stands_costs_a_shift(
        self, gaps: list[tuple[int, int]], expected: str
    ) -> None:
        assert self.score(*gaps) == Decimal(expected)

    def test_it_is_asked_in_deals_and_shifts(self) -> None:
        assert self.score((3, 9)) == 90
        [score] = queries.quality_by_time(Period(at(0), at(15 * 24), "test"))[1]
        assert (score.broken, score.demanded, score.deals) == (hours(6 * 9), hours(60 * 9), 4)

    def test_two_late_tasks_are_one_deal_out_of_order_and_far_ones_dilute_nothing(self) -> None:
        RuleMode.objects.filter(rule="task.none").update(mode="warn")
        RuleMode.objects.filter(rule="task.overdue").update(mode="money")
        for pk in range(1, 5):
            world.deal(pk, "0 lead anna")
        for number in range(2):
            world.task(number + 1, 1, 0, 3 * 24, done=9 * 24)
        for number in range(10, 40):
            world.task(number, 2, 0, 9_000)
        engine.judge()
        fifteen = Period(at(0), at(15 * 24), "test")
        [score] = queries.quality_by_time(fifteen)[1]
        assert (score.rule, score.broken, score.demanded) == ("task.overdue", hours(54), hours(540))
        assert [tuple(one[2:]) for one in queries.quality(fifteen)[1]] == [(2, 2)]

    def test_who_takes_over_a_deal_out_of_order_does_not_pay_for_it(self) -> None:
        world.deal(1, "0 offer anna; 120 offer vera")
        engine.judge()
        found = queries.quality_by_time(Period(at(0), at(240), "test"))
        [anna], [vera] = found[1], found[3]
        assert (anna.broken, anna.demanded) == (hours(45), hours(45))
        assert (vera.broken, vera.demanded) == (timedelta(), hours(27))  # a weekend, then three shifts

    def test_the_norms_clock_is_the_rules_clock_where_it_leaves_that_to_the_norm(self) -> None:
        RuleMode.objects.exclude(rule="deal.stuck").update(mode="warn")
        RuleMode.objects.filter(rule="deal.stuck").update(mode="money")
        world.regulation("lead", max_stay=hours(24), stay_clock="calendar")
        world.deal(1, "0 lead anna")
        engine.judge()
        [score] = queries.quality_by_time(Period(at(0), at(96), "test"))[1]
        assert (score.broken, score.demanded) == (hours(72), hours(96))

    def test_a_closing_stage_demands_no_time(self) -> None:
        RuleMode.objects.update(mode="money")
        world.regulation("won", required_fields=["price"])
        world.deal(1, "0 lead anna; 10 won anna", price=0)
        engine.judge()
        rules = {score.rule for score in queries.quality_by_time(Period(at(0), at(240), "test"))[1]}
        assert rules == {"task.overdue"}  # the ten hours in work
        assert {one.rule for one in queries.quality(Period(at(0), at(240), "test"))[1]} == {"field.missing"}
