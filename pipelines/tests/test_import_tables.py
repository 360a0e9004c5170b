import io
from functools import partial

import pytest
from django.utils.translation import override

from pipelines.imports import tables
from pipelines.imports.tables import BadFile, Line, separator_of, text_of
from pipelines.tests.export_files import book, packed, rows_of, table, workbook


def read(data: bytes) -> list[Line]:
    return list(next(tables.read_table(io.BytesIO(data))).lines)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1251"])
@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_either_alphabet_and_any_separator_are_read(encoding: str, separator: str) -> None:
    data = table(["ID", "Бюджет, руб"], [["1", "Окна, двери; «люкс»"]], encoding, separator)
    assert read(data) == [Line(1, ["ID", "Бюджет, руб"]), Line(2, ["1", "Окна, двери; «люкс»"])]


@pytest.mark.parametrize(
    "header, separator",
    [
        ("ID;Название;Бюджет, ₽", ";"),
        ('"ID";"Бюджет, ₽, с НДС, руб"', ";"),
        ("ID,Название сделки,Бюджет ", ","),
        ("ID\tБюджет, ₽\tЭтап", "\t"),
        ("ID;Бюджет, ₽", ";"),
    ],
)
def test_commas_inside_a_title_do_not_deceive(header: str, separator: str) -> None:
    assert separator_of(header) == separator


def test_lines_are_numbered_as_an_editor_shows_them() -> None:
    data = b'ID,Note\n1,"two\nlines"\n\n,,\n2,x\n'
    assert [(line.number, line.cells[0]) for line in read(data)] == [(1, "ID"), (2, "1"), (6, "2")]


def test_a_workbook_gives_ids_without_a_point_and_its_own_row_numbers() -> None:
    assert read(workbook([["ID", "Бюджет"], [], [48211.0, 350000.5], ["7", None]])) == [
        Line(1, ["ID", "Бюджет"]),
        Line(3, ["48211", "350000.500000"]),
        Line(4, ["7", ""]),
    ]


def test_an_empty_workbook_is_an_empty_table() -> None:
    assert read(packed("")) == []


FIRST_CELL = '<row r="1"><c r="A1" t="inlineStr"><is><t>{}</t></is></c></row>'
FAR_AWAY = '<row r="1"><c r="A1"><v>1</v></c></row><row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'


@pytest.mark.parametrize(
    "data, why",
    [
        pytest.param(b"\x89PNG\0\0", "neither a text table", id="picture"),
        pytest.param(b"ID,\x98\n", "neither UTF-8 nor Windows-1251", id="no alphabet"),
        pytest.param(
            b'ID,Stage\n1,a\n2,"b\n3,c\n4,d\n', "on line 3 is never closed", id="open quotation mark"
        ),
        pytest.param(b"ID,Stage\n1," + b"x" * 200_000, "Line 2", id="endless cell"),
        pytest.param(b"PK\x03\x04 and nothing", "workbook is damaged", id="damaged workbook"),
        pytest.param(
            partial(packed, FAR_AWAY), "unfolds into too much", id="a cell far away asks for 500 GB"
        ),
        pytest.param(partial(packed, FIRST_CELL, times=600), "unfolds into too much", id="600 MB in 3 MB"),
    ],
)
def test_what_is_no_table_is_told_in_one_sentence(data: bytes | partial[bytes], why: str) -> None:
    """``data``: bytes, or how they are made: those that take long are made for their test alone."""
    file = data() if isinstance(data, partial) else data
    with override("en"), pytest.raises(BadFile, match=why) as caught:
        read(file)
    assert "\n" not in str(caught.value)


def test_a_file_over_the_limit_is_refused_before_it_is_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tables, "LARGEST", 10)
    with override("en"), pytest.raises(BadFile, match="larger than 50 MB"):
        read(b"ID,Stage\n12")
    assert len(read(b"ID,Stage\n1")) == 2


def test_a_header_in_latin_letters_leaves_both_alphabets_open() -> None:
    assert text_of("ID,Stage\n1,Окна".encode("cp1251")) == "ID,Stage\n1,Окна"
    assert text_of("ID,Stage\n1,Окна".encode()) == "ID,Stage\n1,Окна"


WIDE = ["utf-16", "utf-16-le", "utf-16-be"]


@pytest.mark.parametrize("encoding", WIDE)
@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_unicode_text_of_a_spreadsheet_is_read_with_its_mark_or_without(
    encoding: str, separator: str
) -> None:
    data = table(["ID", "Бюджет, ₽"], [["1", "Окна № 5 — «люкс»"]], encoding, separator)
    assert read(data) == [Line(1, ["ID", "Бюджет, ₽"]), Line(2, ["1", "Окна № 5 — «люкс»"])]


def test_a_first_line_that_names_the_separator_is_no_header() -> None:
    for first in ("sep=;", '"sep=;"', "SEP=;\r"):
        found = read(f"{first}\nID;Этап, сделки\n1;x\n".encode("utf-8-sig"))
        assert found == [Line(2, ["ID", "Этап, сделки"]), Line(3, ["1", "x"])]


def test_a_workbook_gives_one_table_a_sheet_and_what_is_no_value_as_such() -> None:
    error, formula = '<c t="e"><v>#N/A</v></c>', "<c><f>A1*2</f></c>"
    found = list(tables.read_table(io.BytesIO(book({
        "Сводка": "", "Данные": rows_of([["ID", "x"], [1.0, error], [2.0, formula],
                                        [3.0, "<c><f>1</f><v></v></c>"], [4.0, "<c><f>350</f><v>350</v></c>"],
                                        [5.0, '<c t="str"><f>""</f><v></v></c>']], 3),
    }))))  # fmt: skip
    assert [one.name for one in found] == ["Сводка", "Данные"]
    assert [(line.number, line.cells) for line in found[1].lines] == [
        (3, ["ID", "x"]), (4, ["1", "#N/A"]), (5, ["2", "#FORMULA!"]), (6, ["3", "#FORMULA!"]), (7, ["4", "350"]),
        (8, ["5", ""]),
    ]  # fmt: skip


def test_a_zero_that_a_program_wrote_for_a_formula_is_no_result() -> None:
    """What writes workbooks without calculating puts 0 and asks the spreadsheet to calculate when it opens the file."""
    rows = rows_of([["ID", "<c><f>350</f><v>0</v></c>"], ["<c><f>1</f><v>7</v></c>", "x"]])
    assert [line.cells for line in read(book({"S": rows}, uncounted=True))] == [
        ["ID", "#FORMULA!"],
        ["7", "x"],
    ]
    assert [line.cells for line in read(book({"S": rows}))] == [["ID", "0"], ["7", "x"]]


def test_faults_are_found_where_columns_begin_further_right() -> None:
    rows = '<row r="2"><c r="B2" t="inlineStr"><is><t>ID</t></is></c><c r="C2" t="e"><v>#REF!</v></c></row>'
    assert [line.cells for line in read(book({"S": rows}))] == [["ID", "#REF!"]]
