"""Splits by department, week and field; conditions; and who is credited with what part of a sale."""

from datetime import timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from core.periods import parse_month
from devtools.tests.factory import DAY, NOW, make_person
from metrics import UnknownField, check_fields, measure
from metrics.tests.house import NOVEMBER, House
from pipelines.models import CustomField, Person, Stay, Touch

pytestmark = pytest.mark.django_db

D = Decimal
SOURCE, MARGIN, OPENER = 501, 502, 503


@pytest.fixture
def house() -> House:
    """Anna (retail) won 100 from Avito and 300 without a source; Boris (wholesale) 600 from the site."""
    made = House()
    for pk, kind in ((SOURCE, "select"), (MARGIN, "numeric"), (OPENER, "text")):
        CustomField.objects.create(id=pk, name=str(pk), type=kind)
    Person.objects.filter(pk=made.anna.pk).update(group="Розница")
    Person.objects.filter(pk=made.boris.pk).update(group="Опт")
    first = NOVEMBER.start + 4 * DAY  # Thursday the 5th
    made.closed(made.won, made.anna, first, 100, fields={str(SOURCE): "Авито", str(MARGIN): "10"})
    made.closed(made.won, made.anna, first + 7 * DAY, 300, fields={str(SOURCE): "", str(OPENER): "Борис"})
    made.closed(made.won, made.boris, first, 600, fields={str(SOURCE): "Сайт", str(MARGIN): "40"})
    return made


def ask(code: str, by: str | None = None, **more: Any) -> dict[Any, tuple[Decimal | None, int]]:
    return {value.key: (value.value, value.n) for value in measure(code, NOVEMBER, by, now=NOW, **more)}


def test_by_department(house: House) -> None:
    assert ask("won_sum", "group") == {"Опт": (600, 1), "Розница": (400, 2)}
    assert ask("win_rate", "group") == {"Опт": (1, 1), "Розница": (1, 2)}


def test_by_week_named_by_its_monday(house: House) -> None:
    found = ask("won_sum", "week")
    assert found == {
        "2026-10-26": (0, 0), "2026-11-02": (700, 2), "2026-11-09": (300, 1), "2026-11-16": (0, 0),
        "2026-11-23": (0, 0), "2026-11-30": (0, 0),
    }  # fmt: skip


def test_weeks_are_cut_off_at_the_ends_of_the_period() -> None:
    weeks = list(parse_month("2026-11", ZoneInfo("Europe/Moscow")).weeks())
    assert weeks[0].start == NOVEMBER.start
    assert weeks[-1].end == NOVEMBER.end
    assert all(one.end == other.start for one, other in zip(weeks, weeks[1:], strict=False))


def test_by_a_field(house: House) -> None:
    by = f"field:{SOURCE}"
    assert ask("won_sum", by) == {"Авито": (100, 1), "Сайт": (600, 1), None: (300, 1)}
    assert ask("deals_created", by, people=[house.boris.pk]) == {}


@pytest.mark.parametrize(
    ("options", "sum_"),
    [
        ({"when": f"field:{SOURCE}"}, 700),
        ({"when": f"field:{MARGIN}"}, 700),
        ({"where": f"field:{SOURCE}:Авито"}, 100),
        ({"where": f"field:{SOURCE}:Нет такого"}, 0),
        ({"share": "0.3"}, 300),
        ({"credit": "first"}, 1000),
        ({"credit": f"field:{OPENER}"}, 1000),
    ],
)
def test_conditions_and_shares(house: House, options: dict[str, str], sum_: int) -> None:
    assert ask("won_sum", options=options)[None][0] == sum_


def test_a_field_names_the_person_by_name_or_id(house: House) -> None:
    credit = {"credit": f"field:{OPENER}"}
    assert ask("won_sum", "manager", options=credit) == {house.boris.pk: (300, 1), None: (700, 2)}
    make_person("Борис")  # two of the name: nobody is guessed
    assert ask("won_sum", "manager", options=credit) == {None: (1000, 3)}


def test_an_earlier_owner_is_credited_by_the_stage_he_had(house: House) -> None:
    deal = house.closed(house.won, house.anna, NOVEMBER.start + 20 * DAY, 50)
    Stay.objects.filter(deal=deal, stage=house.first).update(manager=house.boris)
    for credit in ("first", f"stage:{house.first.pk}"):
        found = ask("won_sum", "manager", options={"credit": credit})
        assert found == {house.anna.pk: (400, 2), house.boris.pk: (650, 2)}


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ({"credit": "closer"}, "credit: 'closer' must be closing, first, stage:… or field:…"),
        ({"credit": "stage:1:2"}, "credit: '1:2' is no stage of the account"),
        ({"credit": "field:9"}, "credit: '9' is no deal field of the account"),
        ({"share": "0"}, "share: '0' must be above 0, and 1 at most"),
        ({"share": "1.5"}, "share: '1.5' must be above 0, and 1 at most"),
        ({"when": "501"}, "when: '501' must be of the form field:501"),
        ({"when": "field:9"}, "when: '9' is no deal field of the account"),
        ({"where": "field:501"}, "where: 'field:501' must be of the form field:501:Avito"),
    ],
)
def test_nonsense_is_refused(house: House, options: dict[str, str], complaint: str) -> None:
    with pytest.raises(UnknownField) as caught:
        check_fields(options)
    assert str(caught.value) == complaint


def test_a_field_that_is_none_cannot_split(house: House) -> None:
    with pytest.raises(UnknownField, match="no deal field"):
        ask("won_sum", "field:77")
    with pytest.raises(ValueError, match="cannot be split"):
        ask("calls_out", f"field:{SOURCE}")


def test_mean_and_median_of_a_field_stand_on_what_is_filled(house: House) -> None:
    house.closed(house.won, house.anna, NOVEMBER.start + 9 * DAY, 1, fields={str(MARGIN): "100"})
    options = {"field": str(MARGIN)}
    assert ask("field_mean", options=options) == {None: (50, 3)}
    assert ask("field_median", options=options) == {None: (40, 3)}
    assert ask("field_mean", options={**options, "when": f"field:{OPENER}"}) == {None: (None, 0)}


def test_what_was_lost_and_who_was_called(house: House) -> None:
    house.closed(house.lost, house.anna, NOVEMBER.start + 3 * DAY, 70)
    deal = house.closed(house.lost, house.boris, NOVEMBER.start + 3 * DAY, 30)
    assert ask("lost_sum", "manager") == {house.anna.pk: (70, 1), house.boris.pk: (30, 1)}
    for pk, kind in ((1, Touch.Kind.CALL_IN), (2, Touch.Kind.CALL_OUT)):
        Touch.objects.create(
            id=pk,
            deal=deal,
            manager=house.anna,
            kind=kind,
            at=NOVEMBER.start + timedelta(hours=30),
            updated_at=NOW,
        )
    assert ask("calls_in") == {None: (1, 1)}
