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
from pipelines.imports.cells import Rejected
from pipelines.imports.columns import plain, recognise
from pipelines.imports.dictionaries import dictionaries
from pipelines.imports.doubts import doubts
from pipelines.imports.parsing import Deal, Parsed, parse
from pipelines.imports.tables import BadFile
from pipelines.tests.export_files import (
    EMAIL,
    NEW_DEALS,
    NOTE,
    OLD_CONTACTS,
    OLD_DEALS,
    PHONE,
    new_deal,
    old_contact,
    old_deal,
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
    return parse(io.BytesIO(data), MOSCOW, NOW)


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
    found = recognise(titles)
    assert found.kind == "deals" and {"id", "stage", "created_at"} <= set(found.places)


def test_of_two_columns_with_one_name_the_first_is_read() -> None:
    assert recognise(["ID", "Этап сделки", "Дата создания", "Теги", "Теги"]).places["tags"] == 3


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
    [("", "0"), ("0", "0"), ("350 000", "350000"), ("350\xa0000,5 ₽", "350000.50"), ("1234.565", "1234.57"),
     ("99 руб.", "99")],
)  # fmt: skip
def test_amounts_are_read_as_people_write_them(cell: str, expected: str) -> None:
    assert cells.amount(cell) == Decimal(expected)


@given(st.datetimes(datetime(1990, 1, 2), datetime(2026, 11, 1)).map(lambda at: at.replace(microsecond=0)))
def test_every_way_to_write_a_moment_gives_the_same(at: datetime) -> None:
    read = [
        cells.moment_of(at.strftime(form), UTC, NOW) for form in ("%d.%m.%Y %H:%M:%S", "%Y-%m-%d %H:%M:%S")
    ]
    assert read == [at.replace(tzinfo=UTC)] * 2


@given(st.text())
def test_no_cell_breaks_the_reading(cell: str) -> None:
    for take in (cells.identity, cells.amount, lambda text: cells.closing(text, BORN, MOSCOW, NOW)):
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
    for key in (names.pipeline_key(pipeline), names.key("stage", pipeline, stage)):
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
    told = doubts(
        read(table(OLD_DEALS, [old_deal(**{"Этап сделки": "Архив", "Дата закрытия": "02.10.2026"})]))
    )
    assert any("two of one name" in sentence for sentence in told)
    assert "1 deal is closed on the stage «Архив», which is neither won nor lost by its name." in told
    bare = [["ID", "Этап сделки", "Дата создания"], ["1", "Новая", "01.10.2026"]]
    told = doubts(read(table(bare[0], bare[1:])))
    assert any("belong to nobody" in one for one in told) and any("«Воронка»" in one for one in told)
