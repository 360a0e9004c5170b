from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core import formats
from core.formats import DASH, NBSP

NOW = datetime(2026, 11, 21, 18, 5, tzinfo=UTC)


def plain(text: str) -> str:
    """Non-breaking spaces are checked on their own; tables read better without them."""
    return text.replace("\xa0", " ")


@pytest.mark.parametrize(
    ("value", "ru", "en"),
    [
        (6918700, "6 918 700 ₽", "6,918,700 ₽"),
        (Decimal("0.5"), "1 ₽", "1 ₽"),
        (Decimal("2.5"), "3 ₽", "3 ₽"),
        (Decimal("-1.5"), "−2 ₽", "−2 ₽"),
        (0, "0 ₽", "0 ₽"),
        (None, DASH, DASH),
    ],
)
def test_money_is_whole_roubles_rounded_half_up(value: Decimal | None, ru: str, en: str) -> None:
    assert (plain(formats.money(value, "ru")), plain(formats.money(value, "en"))) == (ru, en)


def test_kopecks_are_shown_when_asked_for() -> None:
    assert plain(formats.money(Decimal("1234.505"), "ru", kopecks=True)) == "1 234,51 ₽"


def test_a_figure_never_parts_from_its_unit() -> None:
    texts = [
        formats.money(6918700, "ru"),
        formats.money_short(6918700, "ru"),
        formats.percent(0.5, "ru"),
        formats.duration(200_000, "ru"),
        formats.hours(timedelta(minutes=90), "ru"),
        formats.ago(NOW, NOW + timedelta(minutes=2), "ru"),
        formats.day(NOW, "ru", year=True),
        formats.month(NOW, "ru"),
    ]
    assert [text for text in texts if " " in text] == []


@pytest.mark.parametrize(
    ("value", "ru", "en"),
    [
        (950, "950 ₽", "950 ₽"),
        (Decimal("999.4"), "999 ₽", "999 ₽"),
        (Decimal("999.5"), "1 тыс. ₽", "1K ₽"),
        (9_940, "9,9 тыс. ₽", "9.9K ₽"),
        (9_950, "10 тыс. ₽", "10K ₽"),
        (48_200, "48 тыс. ₽", "48K ₽"),
        (999_499, "999 тыс. ₽", "999K ₽"),
        (999_500, "1 млн ₽", "1M ₽"),
        (6_918_700, "6,9 млн ₽", "6.9M ₽"),
        (10_762_900, "10,8 млн ₽", "10.8M ₽"),
        (125_000_000, "125 млн ₽", "125M ₽"),
        (1_230_000_000, "1,2 млрд ₽", "1.2B ₽"),
        (-3_240_000, "−3,2 млн ₽", "−3.2M ₽"),
        (None, DASH, DASH),
    ],
)
def test_short_money_takes_the_name_of_its_size(value: Decimal | None, ru: str, en: str) -> None:
    assert (plain(formats.money_short(value, "ru")), plain(formats.money_short(value, "en"))) == (ru, en)


@given(st.integers(-(10**12), 10**12))
def test_short_money_has_at_most_four_digits_below_the_largest_size(value: int) -> None:
    text = formats.money_short(value, "ru")
    digits = [character for character in text if character.isdigit()]
    assert len(digits) <= 4 or abs(value) >= 999.5 * 10**9
    assert len(text.partition(",")[2].split(NBSP)[0]) <= 1


@pytest.mark.parametrize(
    ("ratio", "places", "ru", "en"),
    [
        (0.91, 0, "91 %", "91%"),
        (Decimal("0.1245"), 1, "12,5 %", "12.5%"),
        (0.145, 0, "15 %", "15%"),
        (-0.5, 0, "−50 %", "−50%"),
        (None, 0, DASH, DASH),
    ],
)
def test_percent_takes_a_ratio(ratio: float | None, places: int, ru: str, en: str) -> None:
    shown = (plain(formats.percent(ratio, "ru", places)), plain(formats.percent(ratio, "en", places)))
    assert shown == (ru, en)


@pytest.mark.parametrize(
    ("text", "shown"),
    [("12 %", "+12 %"), ("−12 %", "−12 %"), ("0 %", "0 %"), ("0,0 %", "0,0 %"), (DASH, DASH)],
)
def test_a_gain_gets_a_plus_and_zero_gets_no_sign(text: str, shown: str) -> None:
    assert formats.signed(text) == shown


@pytest.mark.parametrize(
    ("length", "parts", "ru", "en"),
    [
        (timedelta(days=2, hours=4, minutes=59), 2, "2 д 4 ч", "2 d 4 h"),
        (timedelta(days=2, hours=4), 1, "2 д", "2 d"),
        (timedelta(days=2, minutes=5), 2, "2 д", "2 d"),
        (timedelta(hours=1, minutes=5), 2, "1 ч 5 мин", "1 h 5 min"),
        (420, 2, "7 мин", "7 min"),
        (Decimal("59.9"), 2, "59 с", "59 s"),
        (0, 2, "0 мин", "0 min"),
        (timedelta(hours=-3), 2, "−3 ч", "−3 h"),
        (None, 2, DASH, DASH),
    ],
)
def test_a_duration_shows_its_largest_units(length: timedelta | None, parts: int, ru: str, en: str) -> None:
    shown = (plain(formats.duration(length, "ru", parts)), plain(formats.duration(length, "en", parts)))
    assert shown == (ru, en)


@pytest.mark.parametrize(
    ("length", "ru"),
    [
        (timedelta(hours=26, minutes=30), "26 ч 30 мин"),
        (timedelta(hours=2), "2 ч"),
        (timedelta(0), "0 мин"),
        (timedelta(minutes=-90), "−1 ч 30 мин"),
        (None, DASH),
    ],
)
def test_working_time_never_becomes_days(length: timedelta | None, ru: str) -> None:
    assert plain(formats.hours(length, "ru")) == ru


@pytest.mark.parametrize(
    ("moment", "ru", "en"),
    [
        (NOW - timedelta(seconds=59), "только что", "just now"),
        (NOW + timedelta(seconds=59), "сейчас", "now"),
        (NOW - timedelta(minutes=2), "2 минуты назад", "2 minutes ago"),
        (NOW - timedelta(hours=5), "5 часов назад", "5 hours ago"),
        (NOW + timedelta(days=3), "через 3 дня", "in 3 days"),
        (None, DASH, DASH),
    ],
)
def test_ago_says_how_far_a_moment_is(moment: datetime | None, ru: str, en: str) -> None:
    assert (plain(formats.ago(moment, NOW, "ru")), plain(formats.ago(moment, NOW, "en"))) == (ru, en)


@pytest.mark.parametrize(
    ("moment", "ru"),
    [
        (datetime(2026, 11, 21, 9, 7, tzinfo=UTC), "09:07"),
        (datetime(2026, 5, 9, 9, 7, tzinfo=UTC), "9 мая 09:07"),
        (datetime(2025, 11, 21, 9, 7, tzinfo=UTC), "21 нояб. 2025 г. 09:07"),
        (None, DASH),
    ],
)
def test_a_stamp_is_as_long_as_it_must_be(moment: datetime | None, ru: str) -> None:
    assert plain(formats.stamp(moment, NOW, "ru")) == ru


def test_days_and_months_follow_the_language() -> None:
    day = date(2026, 5, 9)
    assert plain(formats.day(day, "ru")) == "9 мая"
    assert plain(formats.day(day, "en", year=True)) == "May 9, 2026"
    assert plain(formats.month(day, "ru")) == "май 2026"
    assert plain(formats.month(day, "en")) == "May 2026"


@pytest.mark.parametrize(
    ("name", "letters"), [("Анна Кузнецова", "АК"), ("Ольга", "О"), ("", "?"), ("ООО «Окна» Юг", "ОЮ")]
)
def test_initials_come_from_the_first_two_words(name: str, letters: str) -> None:
    assert formats.initials(name) == letters
