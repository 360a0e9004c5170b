"""Numbers against rows made by hand, around one fixed moment: Friday 2026-11-20, 15:00 in Moscow."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import translation

from core.periods import Period
from devtools.tests.factory import (
    DAY,
    NOW,
    make_deal,
    make_finding,
    make_person,
    make_task,
)
from metrics import METRICS, UnknownField, check_fields, measure, rows
from metrics.tests.house import HOUR, NOVEMBER, D, House, ask, touch
from metrics.tests.house import house as house
from pipelines.models import CustomField, Deal, LossReason, Person, Stay, Touch

pytestmark = pytest.mark.django_db


def test_every_code_of_the_design_is_registered() -> None:
    assert set(METRICS) == {
        "deals_created", "deals_won", "won_sum", "deals_lost", "win_rate", "cycle_days", "avg_deal", "calls_out",
        "lost_sum", "calls_in", "field_mean", "field_median",
        "talk_minutes", "first_contact_minutes", "tasks_on_time", "tasks_overdue", "no_task_hours", "quality",
        "quality_time", "findings_per_100_deal_days", "stuck_deals", "stuck_sum", "velocity", "conversion",
    }  # fmt: skip


def test_a_win_is_credited_to_the_owner_at_closing(house: House) -> None:
    deal = house.closed(house.won, house.anna, NOW - DAY, 500)
    # handed over after it was won
    Stay.objects.filter(deal=deal, stage=house.won).update(left_at=NOW - HOUR)
    Stay.objects.create(
        deal=deal, stage=house.won, manager=house.boris, visit=2, visit_since=NOW - DAY, entered_at=NOW - HOUR
    )
    Deal.objects.filter(pk=deal.pk).update(manager=house.boris)
    assert ask("won_sum", "manager") == {house.anna.pk: (D(500), 1)}
    assert ask("won_sum", people=[house.boris.pk]) == {None: (D(0), 0)}
    assert list(rows("won_sum", NOVEMBER, house.anna.pk, "manager")) == [deal]


def test_a_win_handed_over_in_the_same_second_is_the_givers(house: House) -> None:
    """Automation gives a won deal to another department: amoCRM's log has both at one second, in either order."""
    at = NOW - DAY
    deal = house.closed(house.won, house.anna, at, 500)
    Stay.objects.filter(deal=deal, stage=house.won).update(manager=house.boris)
    Deal.objects.filter(pk=deal.pk).update(manager=house.boris)
    assert ask("won_sum", "manager") == {house.anna.pk: (D(500), 1)}
    earlier = Stay.objects.filter(deal=deal, stage=house.first)
    earlier.update(left_at=at - timedelta(seconds=1), next_stage=None)
    Stay.objects.create(
        deal=deal, stage=house.first, manager=house.boris, visit=1, visit_since=at - 10 * DAY,
        entered_at=at - timedelta(seconds=1), left_at=at, next_stage=house.won,
    )  # fmt: skip
    assert ask("won_sum", "manager") == {house.boris.pk: (D(500), 1)}, "a second before it is a hand-over"


def test_results_of_a_month_lie_between_local_midnights(house: House) -> None:
    for at, price in [
        (NOVEMBER.start, 1),
        (NOVEMBER.start - HOUR, 2),
        (NOVEMBER.end - HOUR, 4),
        (NOVEMBER.end, 8),
    ]:
        house.closed(house.won, house.anna, at, price)
    assert ask("won_sum") == {None: (D(5), 2)}
    october_on = Period.parse("2026-10", "2026-12", ZoneInfo("Europe/Moscow"))
    assert ask("won_sum", "month", october_on) == {"2026-10": (D(2), 1), "2026-11": (D(5), 2)}


def test_wins_losses_and_what_follows_from_them(house: House) -> None:
    reason = LossReason.objects.create(pk=7, name="Дорого")
    house.closed(house.won, house.anna, NOW - DAY, 300, age=4 * DAY)
    house.closed(house.won, house.anna, NOW - DAY, 100, age=6 * DAY)
    house.closed(house.lost, house.anna, NOW - DAY, loss_reason=reason)
    house.closed(house.lost, house.boris, NOW - DAY)
    house.closed(house.won, house.anna, NOW - DAY, 9_000, deleted_at=NOW)  # in amoCRM's bin
    assert ask("deals_won", "manager") == {house.anna.pk: (D(2), 2)}
    assert ask("deals_lost", "loss_reason") == {7: (D(1), 1), None: (D(1), 1)}
    assert ask("deals_lost", "stage") == {house.first.pk: (D(2), 2)}
    assert ask("win_rate", "manager") == {house.anna.pk: (D(2) / 3, 3), house.boris.pk: (D(0), 1)}
    assert ask("cycle_days") == {None: (D(5), 2)}
    assert ask("avg_deal") == {None: (D(200), 2)}


def test_undefined_is_null_and_none_is_zero(house: House) -> None:
    undefined = {
        "win_rate", "cycle_days", "avg_deal", "first_contact_minutes", "tasks_on_time", "no_task_hours", "quality",
        "quality_time", "findings_per_100_deal_days", "velocity", "conversion", "field_mean", "field_median",
    }  # fmt: skip
    for code in METRICS:
        assert ask(code) == {None: (None if code in undefined else D(0), 0)}, code


def test_money_may_be_another_field_dated_by_another(house: House) -> None:
    CustomField.objects.create(pk=11, name="Маржа", type="numeric")
    CustomField.objects.create(pk=12, name="Оплачено", type="date")
    CustomField.objects.create(pk=13, name="Город", type="text")
    paid = int(datetime(2026, 11, 5, tzinfo=UTC).timestamp())
    house.closed(house.won, house.anna, NOW - 60 * DAY, fields={"11": "250.50", "12": paid})
    house.closed(house.won, house.anna, NOW - DAY, fields={"11": 1000})
    house.closed(house.won, house.anna, NOW - DAY, fields={"11": "много"})
    assert ask("won_sum", options={"field": "11"}) == {None: (D(1000), 2)}
    assert ask("avg_deal", options={"field": "11"}) == {None: (D(1000), 1)}
    assert ask("won_sum", options={"field": "11", "date": "12"}) == {None: (D("250.50"), 1)}
    for options, sentence in [
        ({"field": "13"}, "field: '13' must be price or the id of a deal field that holds a number"),
        ({"field": "999"}, "field: '999' must be price or the id of a deal field that holds a number"),
        (
            {"date": "price"},
            "date: 'price' must be closed_at, created_at or the id of a deal field that holds a date",
        ),
        (
            {"colour": "red"},
            "won_sum has no option colour; its options are field, date, at_least, since, until, when, where, "
            "credit, share",
        ),
    ]:
        with pytest.raises(ValueError) as error:
            ask("won_sum", options=options)
        assert str(error.value) == sentence


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"at_least": "380000"}, (D(1_080_000), 2)),
        ({"at_least": "380000.01"}, (D(700_000), 1)),
        ({"since": "2026-11-03"}, (D(1_090_000), 3)),
        ({"since": "2026-11-04"}, (D(390_000), 2)),
        ({"until": "2026-11-15"}, (D(700_000), 1)),
        ({"since": "2026-11-10", "until": "2026-11-21", "at_least": "300000"}, (D(380_000), 1)),
    ],
)
def test_sales_may_be_narrowed_to_days_and_large_deals(
    house: House, options: dict[str, str], expected: tuple[Decimal, int]
) -> None:
    """Days are local and half-open: midnight of the 3rd in Moscow is the 3rd, midnight of the 15th is not the 14th."""
    for day, price in ((2, 700_000), (14, 380_000), (19, 10_000)):
        house.closed(house.won, house.anna, NOVEMBER.start + day * DAY, price)
    assert ask("won_sum", options=options) == {None: expected}


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"since": "soon"}, "since: 'soon' must be a day such as 2026-11-05"),
        ({"until": "2026-02-30"}, "until: '2026-02-30' must be a day such as 2026-11-05"),
        ({"at_least": "many"}, "at_least: 'many' must be a number"),
        ({"at_least": "NaN"}, "at_least: 'NaN' must be a number"),
    ],
)
def test_an_option_without_sense_is_answered_with_a_sentence(options: dict[str, str], sentence: str) -> None:
    for asked in (check_fields, lambda options: ask("won_sum", options=options)):
        with pytest.raises(UnknownField) as error:
            asked(options)
        assert str(error.value) == sentence


@pytest.mark.parametrize(
    ("code", "by", "sentence"),
    [
        ("profit", None, "there is no metric 'profit'; there are "),
        (
            "won_sum",
            "loss_reason",
            "won_sum cannot be split by loss_reason; it can be split by manager, pipeline, month",
        ),
        (
            "win_rate",
            "weather",
            "win_rate cannot be split by weather; it can be split by manager, pipeline, month",
        ),
    ],
)
def test_a_question_without_sense_is_answered_with_a_sentence(
    code: str, by: str | None, sentence: str
) -> None:
    with pytest.raises(ValueError, match=sentence):
        ask(code, by)


def test_created_deals_belong_to_whose_they_were_first(house: House) -> None:
    deal = make_deal(house.second, house.boris, NOW - DAY, created_at=NOW - 2 * DAY)
    Stay.objects.create(
        deal=deal, stage=house.first, manager=house.anna, visit=1, visit_since=NOW - 2 * DAY, entered_at=NOW - 2 * DAY,
        left_at=NOW - DAY, next_stage=house.second,
    )  # fmt: skip
    assert ask("deals_created", "manager") == {house.anna.pk: (D(1), 1)}
    assert ask("deals_created", "stage") == {house.first.pk: (D(1), 1)}


def test_velocity_multiplies_what_belongs_together(house: House) -> None:
    house.closed(house.won, house.anna, NOW - DAY, 300, age=5 * DAY)
    house.closed(house.lost, house.anna, NOW - DAY)
    for _ in range(4):
        make_deal(house.first, house.anna)
    other = House()
    make_deal(other.first, house.anna)
    assert ask("velocity", "pipeline") == {
        house.pipeline.pk: (D(4) * D("0.5") * 300 / 5, 4),
        other.pipeline.pk: (None, 1),
    }
    other.closed(other.won, house.anna, NOW - DAY, 1_000, age=10 * DAY)
    make_deal(other.first, other.boris)
    # 120 a day and 2 × 1 × 1 000 ÷ 10 = 200: pipelines add up, a mixture of them would be neither
    assert ask("velocity") == {None: (D(320), 6)}
    assert ask("velocity", "manager") == {house.anna.pk: (D(220), 5), other.boris.pk: (None, 1)}


def test_conversion_follows_the_deals_of_the_period(house: House) -> None:
    house.closed(house.won, house.anna, NOW - DAY)
    house.closed(house.lost, house.anna, NOW - DAY)
    house.closed(house.won, house.anna, NOW - DAY, age=30 * DAY)  # created in October
    make_deal(house.second, house.anna)
    assert ask("conversion", "manager") == {house.anna.pk: (D(1) / 3, 3)}
    assert ask("conversion", "stage") == {house.first.pk: (D("0.5"), 2), house.second.pk: (D(0), 1)}
    assert rows("conversion", NOVEMBER, house.first.pk, "stage").count() == 2


def test_a_return_to_a_stage_is_no_second_entry(house: House) -> None:
    deal = make_deal(house.first, house.anna, NOW - DAY)
    Stay.objects.create(
        deal=deal, stage=house.first, manager=house.anna, visit=1, visit_since=NOW - 40 * DAY,
        entered_at=NOW - 40 * DAY, left_at=NOW - 2 * DAY, next_stage=house.second,
    )  # fmt: skip
    assert ask("conversion", "stage") == {}


def everything(house: House, people: list[Person]) -> None:
    for person in people:
        deal = make_deal(house.first, person)
        house.closed(house.won, person, NOW - DAY)
        house.closed(house.lost, person, NOW - DAY)
        make_task(deal, NOW - DAY)
        make_finding(deal)
        touch(deal, Touch.Kind.CALL_OUT, NOW - DAY, 60)


@pytest.mark.parametrize("code", list(METRICS))
def test_the_number_of_queries_does_not_grow_with_people(code: str, house: House) -> None:
    def cost() -> int:
        with CaptureQueriesContext(connection) as queries:
            measure(code, NOVEMBER, "manager", now=NOW)
        return len(queries)

    everything(house, [house.anna])
    few = cost()
    everything(house, [make_person(f"Менеджер {number}") for number in range(5)])
    assert cost() == few <= 8


@pytest.mark.parametrize("code", list(METRICS))
def test_every_split_adds_up_with_its_rows(code: str, house: House) -> None:
    everything(house, [house.anna, house.boris])
    for by in METRICS[code].by:
        for value in measure(code, NOVEMBER, by, now=NOW):
            assert value.label
            behind = rows(code, NOVEMBER, value.key, by, now=NOW)
            if code != "quality":
                assert behind.count() == value.n, (by, value)


def test_people_see_only_what_is_credited_to_them(house: House) -> None:
    everything(house, [house.anna, house.boris])
    for code in METRICS:
        everybody = ask(code, "manager")
        own = ask(code, "manager", people=[house.anna.pk])
        assert own == {key: value for key, value in everybody.items() if key == house.anna.pk}, code
        assert ask(code, "manager", people=[]) == {}, code


def test_unknown_owners_have_a_name_too(house: House) -> None:
    house.closed(house.won, Person(pk=987, name="Удалённый"), NOW - DAY, 5)
    with translation.override("en"):
        values = measure("won_sum", NOVEMBER, "manager", now=NOW)
    assert [(value.key, value.label) for value in values] == [(987, "No. 987")]
