"""Exports of amoCRM and what people make of them: columns, headers, sheets, rows that are refused, stages and keys."""

from datetime import UTC, datetime
from decimal import Decimal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.imports import names
from pipelines.imports.columns import plain, recognise_columns
from pipelines.imports.dictionaries import dictionaries
from pipelines.imports.doubts import list_doubts
from pipelines.imports.parsing import Deal
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
from pipelines.tests.parsed_files import BORN, KOMMO, kommo, read, reasons
from pipelines.tests.parsed_files import english as english


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
