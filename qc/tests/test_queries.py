"""Quality by opportunities, and findings as sentences."""

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from django.utils import translation

from core import moment
from core.periods import Period
from pipelines.mirror.entities import TABLE
from pipelines.models import Cursor, Person, Task
from qc import engine, queries, regulations
from qc.models import Finding, RuleMode
from qc.queries import RuleScore
from qc.rules import RULES
from qc.tests import world
from qc.tests.lives import at, hours
from team.models import DayOff, Employee

MOSCOW = ZoneInfo("Europe/Moscow")


@pytest.fixture
def company(db: None) -> Iterator[None]:
    world.company(RuleMode.Mode.MONEY)
    moment.fix(at(500).isoformat())
    yield
    moment.fix(None)


def period(start: float, end: float) -> Period:
    return Period(at(start), at(end), "test")


def kept(found: dict[int, list[RuleScore]], person: int) -> dict[str, tuple[int, int]]:
    return {score.rule: (score.violations, score.opportunities) for score in found.get(person, [])}


@pytest.mark.parametrize(
    ("scores", "expected"),
    [
        ([], None),
        ([RuleScore("a", 1, 0, 0)], None),
        ([RuleScore("a", 1, 0, 10)], "100.0000"),
        ([RuleScore("a", 3, 1, 4), RuleScore("b", 1, 1, 1)], "56.2500"),  # (3 × 0.75 + 1 × 0) ÷ 4
        (
            [RuleScore("a", 3, 1, 4), RuleScore("b", 1, 0, 0)],
            "75.0000",
        ),  # nothing to break in b: it says nothing
        ([RuleScore("a", 1, 1, 3)], "66.6667"),
        ([RuleScore("a", 0, 1, 3)], None),
    ],
)
def test_the_score_is_the_weighted_share_of_opportunities_kept(
    scores: list[RuleScore], expected: str | None
) -> None:
    assert queries.score(scores) == (None if expected is None else Decimal(expected))


@pytest.mark.usefixtures("company")
class TestQuality:
    def test_stuck_counts_visits_that_touch_the_period(self) -> None:
        world.regulation("offer", max_stay=hours(24))
        world.deal(1, "0 offer anna; 10 won anna")  # before the period
        world.deal(2, "90 offer anna; 110 won anna")  # kept
        world.deal(3, "90 offer anna; 150 won anna")  # broken in the period
        world.deal(4, "0 offer anna")  # broken before, still open
        world.deal(5, "150 lead anna")  # no norm there
        world.deal(6, "150 offer boris; 160 won boris")
        world.deal(7, "110 offer anna; 120 lead anna; 130 offer anna; 140 won anna")  # two visits
        engine.judge()
        found = queries.quality(period(100, 200))
        assert kept(found, 1) == {"deal.stuck": (2, 5)}
        assert kept(found, 2) == {"deal.stuck": (0, 1)}
        assert queries.quality(period(100, 200), [2]).keys() == {2}
        assert kept(queries.quality(period(0, 50)), 1)["deal.stuck"] == (1, 2)

    def test_a_finding_stays_with_the_owner_it_was_opened_against(self) -> None:
        world.regulation("offer", max_stay=hours(24))
        world.deal(1, "0 offer anna; 50 offer boris")
        engine.judge()
        found = queries.quality(period(0, 100))
        assert (kept(found, 1), kept(found, 2)) == ({"deal.stuck": (1, 1)}, {"deal.stuck": (0, 1)})
        later = queries.quality(period(100, 200))
        assert (kept(later, 1), kept(later, 2)) == ({}, {"deal.stuck": (0, 1)})

    def test_what_lies_ahead_does_not_count(self) -> None:
        world.regulation("offer", max_stay=hours(24))
        world.deal(1, "490 offer anna")
        engine.judge()
        assert kept(queries.quality(period(400, 900)), 1) == {"deal.stuck": (0, 1)}
        assert queries.quality(period(600, 900)) == {}

    def test_what_happened_after_the_data_grew_old_costs_nothing(self) -> None:
        world.regulation("offer", max_stay=hours(24))
        world.deal(1, "440 offer anna")
        world.deal(2, "470 offer anna")
        engine.judge()
        for entity in TABLE:
            Cursor.objects.create(entity=entity.name, state="ready", as_of=at(499.9))
        assert kept(queries.quality(period(400, 600)), 1) == {"deal.stuck": (2, 2)}
        Cursor.objects.update(as_of=at(475))
        assert kept(queries.quality(period(400, 600)), 1) == {"deal.stuck": (1, 2)}

    def test_no_task_counts_deals(self) -> None:
        world.regulation("offer", needs_task=True)
        world.deal(1, "0 offer anna")
        world.deal(2, "0 offer anna; 50 lead anna; 60 offer anna")
        world.task(1, 2, 0, 900)
        world.deal(3, "0 lead anna")
        engine.judge()
        assert kept(queries.quality(period(0, 100)), 1)["task.none"] == (1, 2)

    def test_overdue_counts_tasks_due_in_the_period_or_undone_before(self) -> None:
        world.deal(1, "0 lead anna")
        world.task(1, 1, 0, 50, done=60)  # before
        world.task(2, 1, 0, 50)  # still undone
        world.task(3, 1, 0, 106, done=105)
        world.task(4, 1, 0, 106, done=107)
        world.task(5, 1, 0, 300)  # after
        world.task(6, 1, 0, 900)  # was due in the period, moved away when it was late
        world.event("deadline", 150, "task", 6, at(106).isoformat(), at(900).isoformat())
        world.task(7, 1, 0, 106)
        world.task(8, 1, 0, 106)
        Task.objects.filter(id=7).update(deleted_at=at(104))  # long before it was due: nothing was to be done
        Task.objects.filter(id=8).update(deleted_at=at(108))
        engine.judge()
        assert kept(queries.quality(period(100, 200)), 1) == {"task.overdue": (4, 5)}

    def test_a_task_that_was_passed_on_is_asked_of_whoever_had_it_when_it_was_due(self) -> None:
        world.deal(1, "0 lead anna")
        world.task(1, 1, 0, 50, by="vera")
        world.event("owner", 150, "task", 1, 1, 3)
        world.task(2, 1, 0, 50, by="vera")
        world.event("owner", 40, "task", 2, 1, 3)
        engine.judge()
        for part in (period(0, 100), period(100, 200)):
            found = queries.quality(part)
            assert kept(found, 1) == kept(found, 3) == {"task.overdue": (1, 1)}

    def test_who_has_left_or_not_yet_come_is_not_judged(self) -> None:
        world.regulation("offer", max_stay=hours(24), needs_task=True, required_fields=["price"])
        world.deal(1, "0 offer anna")
        world.deal(2, "60 offer anna")
        for number in range(1, 6):
            world.task(number, 2, 0, 300)
        engine.judge()
        assert kept(queries.quality(period(0, 400)), 1)["task.overdue"] == (5, 5)
        Employee.objects.filter(person_id=1).update(left_on="2026-11-03")  # hour 48 is the next midnight
        engine.judge()
        whole = kept(queries.quality(period(0, 400)), 1)
        assert whole == {"deal.stuck": (1, 1), "task.none": (1, 1), "field.missing": (1, 1)}
        assert queries.quality(period(48, 400)).get(1) is None
        Employee.objects.filter(person_id=1).update(left_on=None, hired_on="2026-11-04")
        world.deal(1, "0 offer anna; 40 won anna")
        engine.judge()
        assert kept(queries.quality(period(0, 60)), 1) == {}
        assert kept(queries.quality(period(0, 400)), 1)["deal.stuck"] == (1, 1)
        Employee.objects.update(hired_on=None)
        Person.objects.filter(id=1).update(deleted_at=at(20))  # a user removed from amoCRM has left as well
        engine.judge()
        assert kept(queries.quality(period(0, 400)), 1)["deal.stuck"] == (0, 1)

    def test_who_is_ill_is_late_from_the_next_shift_on(self) -> None:
        sick = {"first": "2026-11-02", "last": "2026-11-13", "kind": DayOff.Kind.SICK}
        DayOff.objects.create(employee=Employee.objects.get(person_id=1), **sick)
        world.deal(1, "0 lead anna")
        for number in range(1, 6):
            world.task(number, 1, 0, 58, done=348 if number == 5 else 344)  # Monday the 16th begins at 336
        engine.judge()
        assert kept(queries.quality(period(0, 400)), 1) == {"task.overdue": (1, 5)}

    def test_a_rule_counts_from_the_step_to_money_with_the_weight_it_began_with(self) -> None:
        world.regulation("offer", max_stay=hours(24))
        RuleMode.objects.filter(rule="deal.stuck").update(mode="warn")
        world.deal(1, "0 offer anna; 90 won anna")
        world.deal(2, "0 offer anna; 110 won anna")
        world.deal(3, "130 offer anna; 140 won anna")
        world.deal(4, "150 offer anna; 190 won anna")
        world.deal(5, "310 offer anna; 340 won anna")
        for moment_of_step, mode, weight in ((100, "money", 2), (120, "money", 9), (200, "off", 9)):
            moment.fix(at(moment_of_step).isoformat())
            regulations.set_mode("deal.stuck", mode, weight)
        moment.fix(at(500).isoformat())
        engine.judge()

        def counted(start: float, end: float) -> list[tuple[int, int, int]]:
            return [tuple(score[1:]) for score in queries.quality(period(start, end)).get(1, [])]

        assert counted(0, 400) == [(2, 2, 3)]  # weight, violations, opportunities: deals 2, 3 and 4
        assert counted(0, 100) == [] == counted(200, 400)
        assert counted(120, 400) == [(9, 1, 2)]  # a new weight counts from the next period on
        moment.fix(at(300).isoformat())
        regulations.set_mode("deal.stuck", "money", 5)
        moment.fix(at(500).isoformat())
        engine.judge()
        assert counted(0, 400) == [(2, 3, 4)] and counted(300, 400) == [(5, 1, 1)]
        assert [finding.mode for finding in Finding.objects.standing().order_by("deal_id")] == [
            "warn",
            "money",
            "money",
            "money",
        ]

    def test_a_visit_is_an_opportunity_of_the_version_of_its_time(self) -> None:
        world.regulation("offer", max_stay=hours(24))
        world.regulation("offer", 2, 300, max_stay=None)
        world.deal(1, "0 offer anna; 90 won anna")
        world.deal(2, "310 offer anna; 320 won anna")
        engine.judge()
        assert kept(queries.quality(period(0, 200)), 1) == {"deal.stuck": (1, 1)}
        assert kept(queries.quality(period(300, 400)), 1) == {}
        world.regulation(
            "offer", 3, 400, max_stay=hours(9)
        )  # and what is demanded today was not demanded then
        assert kept(queries.quality(period(300, 400)), 1) == {}

    def test_on_a_closing_stage_the_opportunity_is_to_enter_it(self) -> None:
        world.regulation("won", required_fields=["price"], fields_grace=hours(2))
        for pk in range(1, 41):
            world.deal(pk, "0 offer anna; 10 won anna", price=5)
        world.deal(41, "0 offer anna; 106 won anna", price=0)  # late on the same day
        world.deal(42, "0 offer anna; 197 won anna", price=0)  # entered in one period, late in the next
        engine.judge()
        assert kept(queries.quality(period(100, 198)), 1) == {"field.missing": (1, 2)}
        assert kept(queries.quality(period(198, 300)), 1) == {"field.missing": (1, 1)}
        assert kept(queries.quality(period(300, 400)), 1) == {}

    def test_missing_fields_count_visits(self) -> None:
        world.regulation("offer", required_fields=["price"])
        world.deal(1, "0 offer anna; 50 lead anna; 60 offer anna", price=5)
        world.event("price", 20, "deal", 1, 0, 5)
        world.deal(2, "0 offer anna", price=5)
        engine.judge()
        assert kept(queries.quality(period(0, 100)), 1) == {"field.missing": (1, 3)}

    def test_only_rules_that_count_in_money_unless_asked_and_never_the_heads_matter(self) -> None:
        world.regulation("offer", max_stay=hours(24), needs_task=True)
        RuleMode.objects.filter(rule="task.none").update(mode="warn")
        world.deal(1, "0 offer -; 10 offer anna")
        engine.judge()
        assert set(kept(queries.quality(period(0, 100)), 1)) == {"deal.stuck"}
        shown = queries.quality(period(0, 100), modes=["warn", "money"])
        assert set(kept(shown, 1)) == {"deal.stuck", "task.none"}

    def test_withdrawn_findings_and_deleted_deals_do_not_count(self) -> None:
        world.regulation("offer", max_stay=hours(24))
        world.deal(1, "0 offer anna")
        engine.judge()
        Finding.objects.update(withdrawn_at=at(90))
        assert kept(queries.quality(period(0, 100)), 1) == {"deal.stuck": (0, 1)}
        world.deal(1, "0 offer anna", deleted_at=at(0))
        engine.judge()
        assert queries.quality(period(10, 100)) == {}

    def test_violations_never_outnumber_opportunities(self) -> None:
        world.regulation("offer", max_stay=hours(5), needs_task=True, required_fields=["price"])
        for pk in range(1, 20):
            world.deal(pk, f"{pk} offer anna; {pk * 3} offer boris; {pk * 7} lead vera; {pk * 9} offer anna")
            world.task(pk, pk, pk * 4, pk * 5, done=pk * 8)
        engine.judge()
        for start in range(0, 200, 20):
            for scores in queries.quality(period(start, start + 20)).values():
                assert all(0 <= score.violations <= score.opportunities for score in scores)


@pytest.mark.usefixtures("company")
class TestBecause:
    def sentence(self, rule: str, language: str = "en") -> str:
        finding = Finding.objects.select_related("stage").get(rule=rule)
        with translation.override(language):
            return queries.because(finding).replace("\N{NO-BREAK SPACE}", " ")

    def test_a_stuck_deal(self) -> None:
        world.regulation("offer", max_stay=timedelta(days=7))
        world.deal(1, "172.25 offer anna")
        engine.judge()
        assert (
            self.sentence("deal.stuck")
            == "On the stage “Offer” for 13 days with a norm of 7 days: since Nov 9 04:15"
        )
        assert (
            self.sentence("deal.stuck", "ru") == "На этапе «Offer» 13 дней при норме 7 дней: с 9 нояб. 04:15"
        )

    def test_a_closed_finding_stops_counting(self) -> None:
        world.regulation("offer", max_stay=timedelta(days=1))
        world.deal(1, "0 offer anna; 50 won anna")
        engine.judge()
        assert "for 2 days" in self.sentence("deal.stuck")

    def test_a_norm_that_came_later(self) -> None:
        world.regulation("offer", published=300, max_stay=hours(26), stay_clock="owner")
        world.deal(1, "0 offer anna")
        engine.judge()
        assert self.sentence("deal.stuck") == (
            "On the stage “Offer” since Nov 2 00:00, longer than the norm that is in force since Nov 14 12:00"
        )

    def test_shifts_are_told_in_hours(self) -> None:
        world.regulation("offer", max_stay=hours(26), stay_clock="owner")
        world.deal(1, "0 offer anna")
        engine.judge()
        assert self.sentence("deal.stuck") == (
            "On the stage “Offer” since Nov 2 00:00; the norm of 26 hours of the owner's shifts ends on Nov 4 17:00"
        )

    def test_tasks_fields_and_owners(self) -> None:
        world.regulation("offer", needs_task=True, required_fields=["price", "71"], fields_grace=hours(1))
        world.deal(1, "476 offer -", price=0)
        world.task(1, 1, 476, 478, done=490)
        world.deal(2, "400 lead anna")
        world.task(2, 2, 400, 442, done=454)
        engine.judge()
        assert self.sentence("task.none") == "No next task since Nov 22 10:00: 10 h"
        assert self.sentence("task.overdue") == "The task due on Nov 20 10:00 is late by 12 h"
        assert (
            self.sentence("field.missing")
            == "To be filled in on the stage “Offer” by Nov 23 10:00: Amount and Term"
        )
        assert self.sentence("owner.gone") == "Nobody has led the deal since Nov 21 20:00"

    def test_what_lies_ahead_is_not_told_as_broken(self) -> None:
        world.deal(1, "476 offer anna")
        world.task(1, 1, 476, 600)
        engine.judge()
        assert self.sentence("task.overdue") == "The task is due on Nov 27 00:00"


def test_every_text_of_a_rule_is_in_russian() -> None:
    with translation.override("ru"):
        for code, rule in RULES.items():
            texts = [queries.title(code), queries.why(code), queries.fix(code)]
            assert all(any("а" <= letter <= "я" for letter in text) for text in texts), code
            for sentence in rule.sentences.values():
                assert translation.gettext(sentence) != sentence


def test_stuck_deals_are_those_that_everybody_may_see(company: None) -> None:
    world.regulation("offer", max_stay=hours(24))
    world.deal(1, "0 offer anna", price=700)
    world.deal(2, "490 offer anna")
    engine.judge()
    (row,) = queries.stuck_deals(moment.now())
    assert (row["deal_id"], row["manager_id"], row["price"]) == (1, 1, 700)
    RuleMode.objects.update(mode="shadow")
    engine.judge()
    assert not queries.stuck_deals(moment.now())
