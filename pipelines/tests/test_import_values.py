"""Amounts, dates, formulas and errors of an imported file, as people and spreadsheets write them."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.imports import cells
from pipelines.imports.amounts import Notation
from pipelines.imports.cells import Rejected
from pipelines.imports.doubts import list_doubts
from pipelines.tests.export_files import (
    NEW_DEALS,
    OLD_DEALS,
    new_deal,
    old_deal,
    table,
    workbook,
)
from pipelines.tests.parsed_files import BORN, KOMMO, MOSCOW, NOW, kommo, read, reasons
from pipelines.tests.parsed_files import english as english


@pytest.mark.parametrize(
    "cell, expected",
    [
        ("не закрыта", None),
        ("", None),
        ("01.10.2026 10:00", BORN),  # the seconds are cut off, so it is the creation itself
        ("01.10.2026 10:01", datetime(2026, 10, 1, 7, 1, tzinfo=UTC)),
    ],
)
def test_a_closing_date_is_read_with_a_minutes_tolerance(cell: str, expected: datetime | None) -> None:
    assert cells.closing(cell, BORN, MOSCOW, NOW) == expected


@pytest.mark.parametrize(
    "cell, expected",
    [("0", "0"), ("350 000", "350000"), ("350\xa0000,5 ₽", "350000.50"), ("1234.565", "1234.57"),
     ("99 руб.", "99"), ("1,234,567", "1234567"), ("1.234.567,89", "1234567.89"), ("$1,234.5", "1234.50"),
     ("1'234'567.00", "1234567"), ("0,350", "0.35"), ("350000.000", "350000"), ("12 500 тенге", "12500"),
     ("350.123000", "350.12"), ("1 234 567,899", "1234567.90"), ("12.5", "12.50"), ("12,", None), ("1,2,3", None),
     ("1,234,56", None), ("1.234,567.8", None), ("35 00", None), ("1,234.567,8", None), ("-5", None), ("1e5", None),
     ("12345678901234", None)],
)  # fmt: skip
def test_amounts_are_read_as_people_write_them(cell: str, expected: str | None) -> None:
    try:
        assert cells.amount(cell, Notation()) == Decimal(expected or "-1")
    except Rejected as error:
        assert expected is None and "is not an amount" in str(error)


AMOUNTS = {
    "a comma, and nothing tells": (["350,000"], [None]),
    "a point, and nothing tells": (["350.000", "12", ""], [None, "12", "unknown"]),
    "a column of thousands, says one of millions": (["350,000", "1,250,000"], ["350000", "1250000"]),
    "a column of decimals, says one of two digits": (["350,000", "99,50"], ["350", "99.50"]),
    "the other sign parts the decimals": (["350,000", "99.50"], ["350000", "99.50"]),
    "the other sign parts the thousands": (["350,000", "1.250.000"], ["350", "1250000"]),
    "both signs in one cell": (["1.234", "1.234,50"], ["1234", "1234.50"]),
    "spaces between thousands": (["350,125", "1 250,125"], ["350.13", "1250.13"]),
    "a column that contradicts itself": (["350,000", "1,250,000", "99,50"], [None, "1250000", "99.50"]),
    "several, and nothing tells": (["1,250", "350,000"], [None, None]),
}


@pytest.mark.parametrize(("written", "read_as"), AMOUNTS.values(), ids=AMOUNTS.keys())
def test_thousands_and_decimals_are_told_apart_by_the_whole_column_or_refused_with_the_line(
    written: list[str], read_as: list[str | None]
) -> None:
    rows = [old_deal(place, **{"Бюджет ": cell}) for place, cell in enumerate(written, 1)]
    parsed = read(table(OLD_DEALS, rows, separator=";"))
    found = {deal.id: deal.price for deal in parsed.deals}
    for place, expected in enumerate(read_as, 1):
        if expected is None:
            assert place not in found
        else:
            assert found[place] == (None if expected == "unknown" else Decimal(expected))
    refused = [place + 1 for place, expected in enumerate(read_as, 1) if expected is None]
    assert [line for line, _ in reasons(parsed)] == refused
    assert all(
        "may be" in reason and "no other cell of its column tells" in reason for _, reason in reasons(parsed)
    )


@given(
    st.integers(0, 10**12),
    st.sampled_from([" ", "\xa0", "\u202f", "'"]),
    st.sampled_from(["", " ₽", " руб."]),
)
def test_an_amount_with_spaces_is_what_it_is_without(number: int, space: str, currency: str) -> None:
    assert cells.amount(f"{number:,}".replace(",", space) + currency, Notation()) == number


@given(st.lists(st.integers(1000, 10**9), min_size=1), st.sampled_from(",."))
def test_no_number_of_thousands_is_ever_read_as_another(numbers: list[int], sign: str) -> None:
    """Whatever the column proves: an amount is right or refused."""
    rows = [
        old_deal(key, **{"Бюджет ": f"{number:,}".replace(",", sign)})
        for key, number in enumerate(numbers, 1)
    ]
    parsed = read(table(OLD_DEALS, rows, separator=";"))
    assert all(deal.price == numbers[deal.id - 1] for deal in parsed.deals)
    assert parsed.rejected_count + len(parsed.deals) == len(numbers)


ERRORS = ["#N/A", "#Н/Д", "#REF!", "#ДЕЛ/0!", "#VALUE!", "#ИМЯ?"]


@pytest.mark.parametrize("error", ERRORS)
@pytest.mark.parametrize(
    "column", ["Бюджет ", "Название сделки", "Ответственный", "Этап сделки", "Дата закрытия"]
)
def test_an_error_of_a_spreadsheet_is_no_value_of_any_column(column: str, error: str) -> None:
    parsed = read(table(OLD_DEALS, [old_deal(1), old_deal(2, **{column: error}), old_deal(3)]))
    assert [deal.id for deal in parsed.deals] == [1, 3]
    assert [line for line, reason in reasons(parsed) if f"holds the error {error}" in reason] == [3]


def test_a_name_that_begins_with_a_number_sign_is_a_name() -> None:
    parsed = read(table(OLD_DEALS, [old_deal(1, **{"Название сделки": "#VIP"}), old_deal(2, Теги="#ТЕГ")]))
    assert [deal.name for deal in parsed.deals] == ["#VIP", "Окна для школы"] and not parsed.rejected


def test_a_workbooks_error_and_a_formula_without_its_result_are_refused_with_the_line() -> None:
    place = NEW_DEALS.index("Бюджет, ₽")
    rows: list[list[object]] = [list(NEW_DEALS)]
    cells_ = [
        '<c t="e"><v>#N/A</v></c>',
        "<c><f>A1*2</f></c>",
        "<c><f>A1</f><v></v></c>",
        "<c><f>5*2</f><v>350</v></c>",
        350.0,
    ]
    for key, cell in enumerate(cells_, 1):
        rows.append([*new_deal(key)[:place], cell, *new_deal(key)[place + 1 :]])
    parsed = read(workbook(rows))
    assert [(deal.id, deal.price) for deal in parsed.deals] == [(4, 350), (5, 350)]
    assert [line for line, _ in reasons(parsed)] == [2, 3, 4]
    told = [reason for _, reason in reasons(parsed)]
    assert "holds the error #N/A" in told[0] and all(
        "formula whose result the file does not hold" in one for one in told[1:]
    )


DATES = {
    "nothing tells, points": (["01.10.2026 10:00"], [(1, 10)], False),
    "one is over twelve at the second place": (["10.01.2026", "10.15.2026"], [(1, 10), (15, 10)], True),
    "one is over twelve at the first place": (["01.10.2026", "15.10.2026"], [(1, 10), (15, 10)], False),
    "slashes, and one tells": (["10/01/2026", "10/15/2026"], [(1, 10), (15, 10)], True),
    "slashes, and nothing tells": (["10/01/2026"], [None], False),
}


@pytest.mark.parametrize(("written", "days", "american"), DATES.values(), ids=DATES.keys())
def test_which_number_of_an_american_date_is_the_month_the_whole_file_proves(
    written: list[str], days: list[tuple[int, int] | None], american: bool
) -> None:
    parsed = read(table(KOMMO, [kommo(key, born=cell) for key, cell in enumerate(written, 1)]))
    found = {deal.id: deal.created_at.astimezone(MOSCOW) for deal in parsed.deals}
    assert [key in found and (found[key].day, found[key].month) for key in range(1, len(days) + 1)] == [
        day or False for day in days
    ]
    assert parsed.month_first is american
    assert all("may begin with the day or with the month" in reason for _, reason in reasons(parsed))
    assert any("Dates begin with the month" in one for one in list_doubts(parsed)) is american


@given(st.datetimes(datetime(1990, 1, 2), datetime(2026, 11, 1)).map(lambda at: at.replace(microsecond=0)))
def test_every_way_to_write_a_moment_gives_the_same(at: datetime) -> None:
    read = [
        cells.moment_of(at.strftime(form), UTC, NOW) for form in ("%d.%m.%Y %H:%M:%S", "%Y-%m-%d %H:%M:%S")
    ]
    assert read == [at.replace(tzinfo=UTC)] * 2


@given(st.text())
def test_no_cell_breaks_the_reading(cell: str) -> None:
    for take in (
        cells.identity,
        lambda text: cells.amount(text, Notation()),
        lambda text: cells.closing(text, BORN, MOSCOW, NOW),
    ):
        try:
            take(cell)
        except Rejected as error:
            assert str(error)
