"""The life of a decision, its frozen list, and what became of it beside like deals."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from core import moment
from devtools.tests import factory
from devtools.tests.factory import DAY, NOW
from metrics.proposals import Standing, propose
from notices import decisions as life
from notices import proposed
from notices.decision_results import measure_results
from notices.decision_wording import Names, describe, names_of, say_expected, title_of
from notices.models import Decision, Hidden
from pipelines.models import Deal, Stage, Stay
from team.models import Role

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def stands_still() -> Any:
    moment.fix(NOW.isoformat())
    yield
    moment.fix(None)


class Shop:
    def __init__(self) -> None:
        line = factory.make_pipeline()
        self.stage = factory.make_stage(line, "Готов к выдаче")
        self.next = factory.make_stage(line, "Дальше")
        self.won = factory.make_stage(line, kind=Stage.Kind.WON)
        self.lost = factory.make_stage(line, kind=Stage.Kind.LOST)
        self.person = factory.make_person()
        self.head = factory.make_employee(Role.HEAD, username="head")
        self.manager = factory.make_employee(Role.MANAGER, self.person, username="anna", head=self.head)
        self.director = factory.make_employee(Role.DIRECTOR, username="boss")

    def deals(self, n: int, **values: Any) -> list[Deal]:
        return [
            factory.make_deal(self.stage, self.person, since=NOW - 20 * DAY, price=1000, **values)
            for _ in range(n)
        ]

    def decide(self, deals: list[Deal], key: str = "k", **more: Any) -> Decision:
        wish = life.Wish("Прозвонить", self.manager, date(2026, 11, 25))
        rows = Deal.objects.filter(pk__in=[one.pk for one in deals])
        return life.decide_list(self.director, rows, wish, NOW, key=key, **more)


@pytest.fixture
def shop() -> Shop:
    return Shop()


def move(deal: Deal, stage: Stage, at: Any, *, closes: bool = False) -> None:
    Stay.objects.filter(deal=deal, left_at=None).update(left_at=at, next_stage=stage)
    Stay.objects.create(
        deal=deal, stage=stage, manager_id=deal.manager_id, visit=2, visit_since=at, entered_at=at
    )
    Deal.objects.filter(pk=deal.pk).update(stage=stage, closed_at=at if closes else None)


def test_a_list_hopes_for_what_the_proposal_of_the_same_deals_hopes_for() -> None:
    """What is ready is sold, whatever the chance of its stage; on the list of its deals it was worth nothing."""
    ready = [Standing(pk, "1:10", 7, Decimal(1000), NOW - 20 * DAY, 0.01, stuck=True) for pk in (1, 2, 3)]
    rows = [*ready, Standing(4, "1:20", 7, Decimal(1000), NOW - DAY, 0.25)]
    rows.append(Standing(5, "1:20", 7, Decimal(1000), NOW - DAY))
    found = proposed.Proposed(propose(rows, NOW, nearly_sold=["1:10"]), NOW, {row.deal: row for row in rows})
    worths = found.find_worths()
    assert worths == {1: 1000, 2: 1000, 3: 1000, 4: 250, 5: None}
    assert found.proposals[0].expected == sum(worths[pk] for pk in found.proposals[0].deals)


def test_a_list_is_frozen_and_a_form_sent_twice_decides_once(shop: Shop) -> None:
    deals = shop.deals(3)
    one = shop.decide(deals, worths={deals[0].pk: Decimal(250), deals[1].pk: None, -1: Decimal(9)})
    assert (one.state, one.n, one.money, one.expected) == ("taken", 3, Decimal(3000), Decimal("250.00"))
    Deal.objects.filter(pk=deals[0].pk).update(price=9)
    again = shop.decide(deals)
    assert again.pk == one.pk and Decision.objects.count() == 1
    assert sorted(again.deals.values_list("price", flat=True)) == [1000, 1000, 1000]


@pytest.mark.parametrize(
    ("due", "n", "says"),
    [
        (date(2026, 11, 19), 1, "уже прошёл"),
        (date(2028, 1, 1), 1, "больше года"),
        (date(2026, 11, 25), 0, "нет открытых"),
    ],
)
def test_nonsense_is_one_sentence_and_changes_nothing(shop: Shop, due: date, n: int, says: str) -> None:
    rows = Deal.objects.filter(pk__in=[one.pk for one in shop.deals(n)])
    with pytest.raises(life.Impossible, match=says):
        life.decide_list(shop.director, rows, life.Wish("x", shop.manager, due), NOW, key="k")
    assert not Decision.objects.exists()


def test_steps_come_in_order_and_may_come_twice(shop: Shop) -> None:
    one = shop.decide(shop.deals(1))
    one = life.put_off(one, date(2026, 11, 30), NOW)
    one = life.put_off(one, date(2026, 11, 30), NOW)
    assert one.moves == 1
    for _ in range(2):
        one = life.end_decision(one, shop.manager, NOW, done=True, outcome="готово")
    assert (one.state, one.outcome) == ("done", "готово")
    with pytest.raises(life.Impossible):
        life.end_decision(one, shop.manager, NOW, done=False)
    with pytest.raises(life.Impossible):
        life.put_off(one, date(2026, 12, 30), NOW)


def test_what_became_of_the_list_and_of_like_deals(shop: Shop) -> None:
    mine, like = shop.deals(6), shop.deals(20)
    factory.make_deal(shop.stage, shop.person, since=NOW - DAY)  # stands too short to be alike
    factory.make_task(mine[5])
    one = shop.decide(mine)
    later = NOW + 3 * DAY
    move(mine[0], shop.won, later, closes=True)
    Deal.objects.filter(pk=mine[0].pk).update(price=1500)
    move(mine[1], shop.lost, later, closes=True)
    move(mine[2], shop.next, later)
    Deal.objects.filter(pk=mine[3].pk).update(manager=factory.make_person("Борис"))
    for deal in like[:5]:
        move(deal, shop.next, later)
    found = measure_results([one], NOW + 7 * DAY)[one.pk]
    assert (found.n, found.won, found.won_sum, found.lost, found.moved, found.standing) == (
        6, 1, Decimal(1500), 1, 1, 3,
    )  # fmt: skip
    assert (found.handed, found.planned, found.planned_before, found.left_share) == (1, 1, 1, 0.5)
    assert (found.like_n, found.like_share) == (20, 0.25)
    before = measure_results([one], NOW + DAY)[one.pk]
    assert (before.won, before.lost, before.like_share) == (0, 0, 0.0)


def test_proposals_of_what_stands_and_who_answers(shop: Shop) -> None:
    gone = factory.make_person("Кирилл Бережной")
    factory.make_employee(Role.MANAGER, gone, username="kirill", head=shop.head, left_on=date(2026, 9, 1))
    for _ in range(4):
        factory.make_finding(factory.make_deal(shop.stage, gone, since=NOW - 30 * DAY, price=500))
    shop.deals(2)
    found = proposed.find_proposals(NOW)
    [one] = found.proposals
    assert (one.kind, one.person, one.n, one.money) == ("gone", gone.pk, 4, Decimal(2000))
    assert life.Staff(date(2026, 11, 20)).find_owner(one) == shop.head
    title, why, _how = describe(one, Names([life.facts_of(one)]))
    assert "Кирилл Бережной" in title and "4" in title and why
    made = life.freeze_proposal(one, found.rows, NOW, "taken:1")
    assert life.freeze_proposal(one, found.rows, NOW, "taken:1").pk == made.pk
    taken = life.take_decision(made, shop.director, NOW)
    assert (taken.state, taken.owner, taken.due_on) == ("taken", shop.head, date(2026, 11, 23))
    assert title_of(taken, names_of([taken])) == title
    assert life.untake(taken, NOW).state == "proposed"


def test_hidden_until_a_day_with_a_reason(shop: Shop) -> None:
    for _ in range(3):
        factory.make_deal(shop.stage, None)
    assert [one.key for one in proposed.list_proposals(NOW).proposals] == ["ownerless", "unplanned"][:1]
    with pytest.raises(life.Impossible):
        life.hide_until("ownerless", date(2026, 12, 1), " ", shop.director, NOW)
    life.hide_until("ownerless", date(2026, 12, 1), "ищу владельца", shop.head, NOW)
    assert (
        proposed.list_proposals(NOW).proposals
        and not proposed.list_proposals(NOW, reader=shop.head).proposals
    )
    assert (
        proposed.find_proposals(NOW).proposals and not proposed.find_proposals(NOW, None, shop.head).proposals
    )
    life.hide_until("ownerless", date(2026, 12, 1), "ждём приказа", shop.director, NOW)
    assert proposed.list_proposals(NOW).proposals == []
    assert proposed.list_proposals(NOW, with_hidden=True).proposals
    Hidden.objects.update(until=date(2026, 11, 20))
    assert proposed.list_proposals(NOW).proposals


def test_whose_decisions_somebody_sees(shop: Shop) -> None:
    one = shop.decide(shop.deals(1))
    stranger = factory.make_employee(Role.MANAGER, factory.make_person("Чужой"))
    seen = {
        user.username: Decision.objects.visible_to(user).filter(pk=one.pk).exists()
        for user in (shop.manager, shop.head, shop.director, stranger)
    }
    assert seen == {"anna": True, "head": True, "boss": True, stranger.username: False}
    assert one.as_of == NOW and timedelta() == NOW - one.as_of


def test_a_share_below_one_percent_is_not_nothing() -> None:
    money = Decimal(1_500_000)
    told = [say_expected({"sure": 3}, 3, money, one) for one in (Decimal(7200), Decimal(0), Decimal(15_000))]
    assert [text.split("%")[0].strip() for text in told] == ["0,5", "0", "1"]
