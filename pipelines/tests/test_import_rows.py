import io
from datetime import UTC, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import msgspec
import pytest
from django.utils.translation import override
from hypothesis import given
from hypothesis import strategies as st

from pipelines.imports import cells, names
from pipelines.imports.amounts import Notation
from pipelines.imports.cells import Rejected
from pipelines.imports.columns import plain, recognise_columns
from pipelines.imports.dictionaries import dictionaries
from pipelines.imports.doubts import list_doubts
from pipelines.imports.parsing import Deal, Parsed, parse_export
from pipelines.imports.tables import BadFile
from pipelines.tests.export_files import (
    EMAIL,
    NEW_DEALS,
    NOTE,
    OLD_CONTACTS,
    OLD_DEALS,
    PHONE,
    book,
    new_deal,
    old_contact,
    old_deal,
    rows_of,
    table,
    workbook,
)

MOSCOW = ZoneInfo("Europe/Moscow")
NOW = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)
BORN = datetime(2026, 10, 1, 7, 0, 30, tzinfo=UTC)


@pytest.fixture(autouse=True)
def english() -> None:
    with override("en"):
        yield


def read(data: bytes) -> Parsed:
    return parse_export(io.BytesIO(data), MOSCOW, NOW)


def reasons(parsed: Parsed) -> list[tuple[int, str]]:
    return [(one.line, one.reason) for one in parsed.rejected]


def test_the_export_of_2022_gives_what_a_mirror_needs_and_no_more() -> None:
    parsed = read(table(OLD_DEALS, [old_deal(Теги="школа, опт")]))
    assert parsed.deals == [
        Deal(1001, "Окна для школы", Decimal("350000.00"), "Продажи", "Переговоры", "Анна Кузнецова", BORN, None,
             ["школа", "опт"])
    ]  # fmt: skip
    assert parsed.newest == datetime(2026, 10, 5, 9, 0, tzinfo=UTC)
    assert parsed.unread == 9 and not parsed.rejected
    packed = msgspec.msgpack.encode(parsed).decode("utf-8", "replace")
    assert not any(private in packed for private in (PHONE, EMAIL, NOTE))


@pytest.mark.parametrize("encoding, separator", [("utf-8-sig", ";"), ("cp1251", ","), ("utf-8", "\t")])
def test_newer_exports_say_the_same_in_other_columns(encoding: str, separator: str) -> None:
    header = [title.replace(", ₽", "") for title in NEW_DEALS]
    parsed = read(table(header, [new_deal()], encoding, separator))
    assert parsed.deals[0].created_at == datetime(2026, 10, 1, 7, 0, tzinfo=UTC)
    assert parsed.deals[0].price == 350_000 and parsed.deals[0].tags == ["школа", "опт"]


def test_a_workbook_says_the_same_as_a_text_file() -> None:
    rows = [NEW_DEALS, [1001.0, *new_deal()[1:2], 350000.0, *new_deal()[3:]]]
    assert read(workbook(rows)).deals == read(table(NEW_DEALS, [new_deal()])).deals


def test_contacts_are_known_by_id_and_name_though_other_columns_are_shifted() -> None:
    rows = [old_contact(5, "Пётр Клиентов"), old_contact(6, "ООО «Стройка»", "Компания")]
    parsed = read(table(OLD_CONTACTS, rows))
    assert [(one.id, one.name) for one in parsed.contacts] == [(5, "Пётр Клиентов")]
    assert reasons(parsed) == [(3, "it is a company, not a contact")]


@pytest.mark.parametrize(
    "titles",
    [
        ["Название сделки", "ID", "Этап сделки", "Дата создания сделки"],
        [" id ", "ЭТАП СДЕЛКИ", "дата  создания", "Бюджет ₽"],
        ["ID", "Статус сделки", "Дата создания (сделка)", "Бюджет, руб."],
    ],
)
def test_columns_are_found_under_any_of_their_names(titles: list[str]) -> None:
    found = recognise_columns(titles)
    assert found.kind == "deals" and {"id", "stage", "created_at"} <= set(found.places)


def test_of_two_columns_with_one_name_the_first_is_read() -> None:
    assert recognise_columns(["ID", "Этап сделки", "Дата создания", "Теги", "Теги"]).places["tags"] == 3


@pytest.mark.parametrize(
    "title", ["Бюджет", "Бюджет ", "Бюджет, ₽", "Бюджет ₽", "БЮДЖЕТ, руб.", "Бюджет (₽)"]
)
def test_a_currency_in_a_title_does_not_matter(title: str) -> None:
    assert plain(title) == "бюджет"


@pytest.mark.parametrize(
    "header, why",
    [
        (["Название сделки", "Бюджет сделки", "Статус сделки"], "lacks the columns «ID», «Дата создания»"),
        (["ID", "Название сделки", "Дата создания"], "lacks the columns «Этап сделки»"),
        (["Тип", "Полное имя контакта"], "export of contacts lacks the columns «ID»"),
        (["Date", "Open", "Close"], "is not amoCRM's export"),
    ],
)
def test_a_table_without_what_a_row_needs_is_refused_whole(header: list[str], why: str) -> None:
    with pytest.raises(BadFile, match=why):
        read(table(header, [["1"] * len(header)]))


@pytest.mark.parametrize("data", [b"", b"\n\n", "\ufeff".encode(), b",,,\n"])
def test_an_empty_file_is_refused(data: bytes) -> None:
    with pytest.raises(BadFile, match="empty"):
        read(data)


def test_a_header_alone_is_refused() -> None:
    with pytest.raises(BadFile, match="no rows"):
        read(table(OLD_DEALS, []))


@pytest.mark.parametrize(
    "row, reason",
    [
        (old_deal(""), "there is no ID"),
        (old_deal("итого"), "“итого” is not an ID"),
        (old_deal("0"), "“0” is not an ID"),
        (old_deal(2**52), "“4503599627370496” is not an ID"),
        (old_deal(**{"Этап сделки": " "}), "there is no stage"),
        (old_deal(**{"Дата создания сделки": ""}), "“” is not a date"),
        (old_deal(**{"Дата создания сделки": "31.02.2026"}), "“31.02.2026” is not a date"),
        (old_deal(**{"Дата создания сделки": "01.01.0001"}), "“01.01.0001” is not a date"),
        (old_deal(**{"Дата создания сделки": "05.11.2026"}), "the date 05.11.2026 is in the future"),
        (old_deal(**{"Дата закрытия": "30.09.2026 10:00"}), "it is closed before it was created"),
        (old_deal(**{"Дата закрытия": "скоро"}), "“скоро” is not a date"),
        (old_deal(**{"Бюджет ": "много"}), "“много” is not an amount"),
        (old_deal(**{"Бюджет ": "-5"}), "“-5” is not an amount"),
        ([*old_deal(), "ещё"], "it has more cells than the header"),
    ],
)
def test_a_bad_row_is_named_by_line_and_reason_and_the_others_are_taken(row: list[str], reason: str) -> None:
    parsed = read(table(OLD_DEALS, [old_deal(1), row, old_deal(3)]))
    assert [deal.id for deal in parsed.deals] == [1, 3]
    assert reasons(parsed) == [(3, reason)] and parsed.rejected_count == 1


def test_a_second_row_of_the_same_id_is_rejected_with_the_place_of_the_first() -> None:
    assert reasons(read(table(OLD_DEALS, [old_deal(1), old_deal(1)]))) == [
        (3, "the ID stands on line 2 already")
    ]


def test_a_row_that_ends_early_has_empty_cells() -> None:
    assert read(table(NEW_DEALS, [new_deal()[:8]])).deals[0].tags == []


def test_an_edit_date_that_is_none_does_not_cost_the_row() -> None:
    assert len(read(table(OLD_DEALS, [old_deal(**{"Дата редактирования": "Анна"})])).deals) == 1


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


BROKEN = {
    "bytes that are no UTF-8": b"\xff\xfe",
    "half a letter": b"\xd0",
    "a lone surrogate": b"\xed\xa0\xbd",
    "NUL": b"\0",
    "a word of the other alphabet": "Окна".encode("cp1251"),
}


@pytest.mark.parametrize("broken", BROKEN.values(), ids=BROKEN.keys())
def test_of_six_rows_five_come_and_the_broken_one_is_named_by_its_line(broken: bytes) -> None:
    data = table(OLD_DEALS, [old_deal(key, **{"Название сделки": f"Дом {key}!"}) for key in range(1, 7)])
    parsed = read(data.replace("Дом 3!".encode(), broken + b" 2"))
    assert [deal.id for deal in parsed.deals] == [1, 2, 4, 5, 6]
    assert reasons(parsed) == [(4, "“Deal” holds signs that are no text: the file is damaged there")]


def test_broken_signs_in_a_column_that_is_not_read_cost_nothing() -> None:
    data = table(OLD_DEALS, [old_deal(1), old_deal(2, Примечание="Дом 3!")])
    assert len(read(data.replace("Дом 3!".encode(), b"\xff")).deals) == 2


ABOVE = {
    "a title": [["Сделки за октябрь 2026"]],
    "a title, a date and a blank line": [["Отчёт, по, сделкам"], ["Выгружено", "01.11.2026"], []],
    "a title that sounds like a column": [["Сделка"]],
    "nineteen lines": [[f"строка {number}"] for number in range(19)],
}


@pytest.mark.parametrize("above", ABOVE.values(), ids=ABOVE.keys())
@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("as_workbook", [False, True])
def test_titles_above_the_header_are_passed_over_and_lines_keep_their_numbers(
    above: list[list[str]], separator: str, as_workbook: bool
) -> None:
    rows = [*above, list(OLD_DEALS), old_deal(1), old_deal("x")]
    data = workbook(rows) if as_workbook else table(rows[0], rows[1:], separator=separator)
    parsed = read(data)
    assert [deal.id for deal in parsed.deals] == [1]
    assert [line for line, _ in reasons(parsed)] == [len(above) + 3] and parsed.header_line == len(above) + 1
    assert any(f"header was found on line {len(above) + 1};" in one for one in list_doubts(parsed))


def test_a_header_too_far_below_is_not_sought() -> None:
    with pytest.raises(BadFile, match="not amoCRM"):
        read(table(["строка"], [["строка"]] * 30 + [list(OLD_DEALS), old_deal(1)]))


def test_data_on_the_second_sheet_are_found_and_told() -> None:
    sheets = {"Сводка": rows_of([["Итого", 5.0]]), "Сделки": rows_of([OLD_DEALS, old_deal(1), old_deal("x")])}
    parsed = read(book(sheets))
    assert [deal.id for deal in parsed.deals] == [1] and reasons(parsed) == [(3, "“x” is not an ID")]
    assert any("on the sheet «Сделки»" in one for one in list_doubts(parsed))


def test_of_several_sheets_none_of_which_fits_the_nearest_is_spoken_of() -> None:
    sheets = {"Сводка": rows_of([["Итого", 5.0]]), "Сделки": rows_of([["ID", "Этап сделки"], [1.0, "x"]])}
    with pytest.raises(BadFile, match="lacks the columns «Дата создания»"):
        read(book(sheets))


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be"])
def test_unicode_text_gives_the_same_deals(encoding: str) -> None:
    assert (
        read(table(OLD_DEALS, [old_deal()], encoding, "\t")).deals
        == read(table(OLD_DEALS, [old_deal()])).deals
    )


def test_a_first_line_of_excel_is_no_header_and_counts_as_a_line() -> None:
    parsed = read(b"sep=;\r\n" + table(OLD_DEALS, [old_deal(1), old_deal("x")], separator=";"))
    assert [deal.id for deal in parsed.deals] == [1] and [line for line, _ in reasons(parsed)] == [4]


KOMMO = [
    "ID",
    "Lead title",
    "Sale, $",
    "Responsible user",
    "Created at",
    "Closed at",
    "Lead stage",
    "Pipeline",
    "Lead tags",
]


def kommo(
    key: int,
    sale: str = "$1,234.50",
    born: str = "10.01.2026 10:00:00",
    closed: str = "not closed",
    stage: str = "Offer",
) -> list[str]:
    return [str(key), "Windows", sale, "Ann Smith", born, closed, stage, "Sales", "school, vip"]


def test_an_export_of_kommo_is_read() -> None:
    rows = [kommo(1), kommo(2, "1250", closed="10.02.2026 12:00:00", stage="Closed - won")]
    parsed = read(table(KOMMO, rows))
    assert not parsed.rejected and parsed.kind == "deals" and parsed.unread == 0
    first, second = parsed.deals
    assert (first.name, first.price, first.manager, first.stage, first.pipeline, first.tags) == (
        "Windows", Decimal("1234.50"), "Ann Smith", "Offer", "Sales", ["school", "vip"],
    )  # fmt: skip
    assert first.closed_at is None and second.closed_at and names.stage_kind(second.stage) == "won"
    contacts = read(
        table(
            ["ID", "Type", "Full name", "Work phone"],
            [["5", "Contact", "Ann", PHONE], ["6", "Company", "X", ""]],
        )
    )
    assert [one.name for one in contacts.contacts] == ["Ann"] and len(contacts.rejected) == 1


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


def test_keys_of_names_stay_what_they_are() -> None:
    """Regulations and employees point at them: another algorithm would tear that off."""
    assert names.person_key("Анна Кузнецова") == names.person_key(" анна  КУЗНЕЦОВА ")
    assert names.person_key("") is None
    assert names.pipeline_key("") == names.pipeline_key("Воронка")
    assert names.status_key("Продажи", "Успешно реализовано") == 142
    assert names.status_key("Продажи", "Переговоры") != names.status_key("Опт", "Переговоры")
    assert [names.person_key("Анна Кузнецова"), names.pipeline_key("Продажи")] == [PERSON, PIPELINE]


PERSON, PIPELINE = 5090254081251518, 4821670177454066


@given(st.text(min_size=1), st.text(min_size=1))
def test_keys_are_exact_in_javascript_and_beyond_amocrms_own(pipeline: str, stage: str) -> None:
    for key in (names.pipeline_key(pipeline), names.local_key("stage", pipeline, stage)):
        assert names.LOCAL <= key < 2**53
    assert len(f"{names.pipeline_key(pipeline)}:{names.status_key(pipeline, stage)}") <= 40


def test_stages_come_in_the_order_of_their_deals_youth() -> None:
    rows = [
        old_deal(1, **{"Этап сделки": "Договор", "Дата создания сделки": "01.08.2026"}),
        old_deal(2, **{"Этап сделки": "Новая", "Дата создания сделки": "20.10.2026"}),
        old_deal(3, **{"Этап сделки": "Неразобранное", "Дата создания сделки": "01.01.2026"}),
        old_deal(4, **{"Этап сделки": "Новая", "Дата создания сделки": "21.10.2026"}),
    ]
    stages = dictionaries(read(table(OLD_DEALS, rows)).deals).stages
    ordered = sorted(stages, key=lambda row: row["sort"])
    assert [(row["name"], row["kind"]) for row in ordered] == [
        ("Неразобранное", "incoming"),
        ("Новая", "work"),
        ("Договор", "work"),
        ("Успешно реализовано", "won"),
        ("Закрыто и не реализовано", "lost"),
    ]


def test_what_a_file_leaves_open_is_said() -> None:
    told = list_doubts(
        read(table(OLD_DEALS, [old_deal(**{"Этап сделки": "Архив", "Дата закрытия": "02.10.2026"})]))
    )
    assert any("two of one name" in sentence for sentence in told)
    assert "1 deal is closed on the stage «Архив», which is neither won nor lost by its name." in told
    bare = [["ID", "Этап сделки", "Дата создания"], ["1", "Новая", "01.10.2026"]]
    told = list_doubts(read(table(bare[0], bare[1:])))
    assert any("belong to nobody" in one for one in told) and any("«Воронка»" in one for one in told)
