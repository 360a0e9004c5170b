"""Export files for tests, in the shapes amoCRM gave them over the years. All people and deals are invented."""

import csv
import io
import zipfile
from collections.abc import Iterable, Sequence
from xml.sax.saxutils import escape

OLD_DEALS = (
    "ID", "Название сделки", "Бюджет ", "Ответственный", "Дата создания сделки", "Кем создана сделка",
    "Дата редактирования", "Кем редактирована", "Дата закрытия", "Теги", "Примечание", "Этап сделки", "Воронка",
    "Полное имя контакта", "Ответственный за контакт", "Рабочий телефон", "Рабочий email", "Источник", "Источник",
)  # fmt: skip
NEW_DEALS = (
    "ID", "Название сделки", "Бюджет, ₽", "Ответственный", "Дата создания", "Дата закрытия", "Этап сделки", "Воронка",
    "Теги сделки", "Основной контакт", "Рабочий телефон (контакт)",
)  # fmt: skip
OLD_CONTACTS = (
    "ID", "Тип", "Полное имя контакта", "Имя", "Фамилия", "Название компании", "Ответственный",
    "Дата создания контакта", "Кем создан контакт", "Сделки", "Дата редактирования", "Кем редактирован",
    "Рабочий телефон", "Рабочий email",
)  # fmt: skip
PHONE, EMAIL, NOTE = "+79990001122", "client@example.com", "Просил не звонить"


def old_deal(key: object = 1001, **more: str) -> list[str]:
    row = {
        "ID": str(key), "Название сделки": "Окна для школы", "Бюджет ": "350000", "Ответственный": "Анна Кузнецова",
        "Дата создания сделки": "01.10.2026 10:00:30", "Дата редактирования": "05.10.2026 12:00:00",
        "Дата закрытия": "не закрыта", "Примечание": NOTE, "Этап сделки": "Переговоры", "Воронка": "Продажи",
        "Рабочий телефон": PHONE, "Рабочий email": EMAIL,
    }  # fmt: skip
    return [(row | more).get(title, "") for title in OLD_DEALS]


def new_deal(key: object = 1001, **more: str) -> list[str]:
    row = {
        "ID": str(key), "Название сделки": "Окна для школы", "Бюджет, ₽": "350 000", "Ответственный": "Анна Кузнецова",
        "Дата создания": "01.10.2026 10:00", "Дата закрытия": "не закрыта", "Этап сделки": "Переговоры",
        "Воронка": "Продажи", "Теги сделки": "школа, опт", "Рабочий телефон (контакт)": PHONE,
    }  # fmt: skip
    return [(row | more).get(title, "") for title in NEW_DEALS]


def old_contact(key: object, name: str, kind: str = "Контакт") -> list[str]:
    """The columns «Сделки» to «Кем редактирован» are shifted, as they were in a real file."""
    return [str(key), kind, name, "", "", "", "Анна Кузнецова", "01.10.2026 10:00:00", "", "05.10.2026 12:00:00",
            "Анна Кузнецова", "Окна для шк", PHONE, EMAIL]  # fmt: skip


def table(
    header: Sequence[str], rows: Iterable[Sequence[str]], encoding: str = "utf-8", separator: str = ","
) -> bytes:
    text = io.StringIO()
    csv.writer(text, delimiter=separator, lineterminator="\n").writerows([header, *rows])
    return text.getvalue().encode(encoding)


CONTENT = "http://schemas.openxmlformats.org"
PARTS = {
    "[Content_Types].xml": f"""<Types xmlns="{CONTENT}/package/2006/content-types">
        <Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>
        <Override PartName="/xl/workbook.xml"
            ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/>
        <Override PartName="/xl/worksheets/sheet1.xml"
            ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/></Types>""",
    "_rels/.rels": f"""<Relationships xmlns="{CONTENT}/package/2006/relationships"><Relationship Id="rId1"
        Type="{CONTENT}/officeDocument/2006/relationships/officeDocument" Target="xl/workbook.xml"/></Relationships>""",
    "xl/workbook.xml": f"""<workbook xmlns="{CONTENT}/spreadsheetml/2006/main"
        xmlns:r="{CONTENT}/officeDocument/2006/relationships">
        <sheets><sheet name="S" sheetId="1" r:id="rId1"/></sheets></workbook>""",
    "xl/_rels/workbook.xml.rels": f"""<Relationships xmlns="{CONTENT}/package/2006/relationships"><Relationship
        Id="rId1" Type="{CONTENT}/officeDocument/2006/relationships/worksheet" Target="worksheets/sheet1.xml"/>
        </Relationships>""",
}


def workbook(rows: Iterable[Sequence[str | float | None]]) -> bytes:
    """XLSX with texts inline and numbers as numbers; None leaves a cell out."""
    return packed(
        "".join(f'<row r="{number}">{cells(number, row)}</row>' for number, row in enumerate(rows, 1))
    )


def cells(number: int, row: Sequence[str | float | None]) -> str:
    made = []
    for place, value in enumerate(row):
        at = f"{chr(ord('A') + place)}{number}"
        if isinstance(value, str) and value.startswith("<c"):
            made.append(value.replace("<c", f'<c r="{at}"', 1))
        elif isinstance(value, str):
            made.append(f'<c r="{at}" t="inlineStr"><is><t>{escape(value)}</t></is></c>')
        elif value is not None:
            made.append(f'<c r="{at}"><v>{value}</v></c>')
    return "".join(made)


def book(sheets: dict[str, str], *, uncounted: bool = False) -> bytes:
    """XLSX of several sheets, by name the XML of their rows; ``uncounted``: to be calculated when it is opened."""
    file = io.BytesIO()
    numbers = range(1, len(sheets) + 1)
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml"
    parts = PARTS | {
        "[Content_Types].xml": PARTS["[Content_Types].xml"].replace(
            "</Types>",
            "".join(
                f'<Override PartName="/xl/worksheets/sheet{number}.xml" ContentType="{kind}.worksheet+xml"/>'
                for number in numbers[1:]
            )
            + "</Types>",
        ),
        "xl/workbook.xml": f"""<workbook xmlns="{CONTENT}/spreadsheetml/2006/main"
            xmlns:r="{CONTENT}/officeDocument/2006/relationships"><sheets>"""
        + "".join(
            f'<sheet name="{escape(name)}" sheetId="{number}" r:id="rId{number}"/>'
            for number, name in enumerate(sheets, 1)
        )
        + "</sheets>"
        + ('<calcPr calcId="124519" fullCalcOnLoad="1"/>' if uncounted else "")
        + "</workbook>",
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{CONTENT}/package/2006/relationships">'
        + "".join(
            f'<Relationship Id="rId{number}" Type="{CONTENT}/officeDocument/2006/relationships/worksheet" '
            f'Target="worksheets/sheet{number}.xml"/>'
            for number in numbers
        )
        + "</Relationships>",
    }
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as packing:
        for name, content in parts.items():
            packing.writestr(name, '<?xml version="1.0"?>' + content)
        for number, rows in enumerate(sheets.values(), 1):
            packing.writestr(
                f"xl/worksheets/sheet{number}.xml",
                f'<?xml version="1.0"?><worksheet xmlns="{CONTENT}/spreadsheetml/2006/main"><sheetData>{rows}'
                "</sheetData></worksheet>",
            )
    return file.getvalue()


def rows_of(rows: Iterable[Sequence[str | float | None]], first: int = 1) -> str:
    """The XML of rows, the first of which has this number; a text that begins with «<c» is a cell as it is."""
    return "".join(f'<row r="{number}">{cells(number, row)}</row>' for number, row in enumerate(rows, first))


def packed(rows: str, times: int = 0) -> bytes:
    """``{}`` in the rows stands for as many megabytes of one letter."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as parts:
        for name, content in PARTS.items():
            parts.writestr(name, '<?xml version="1.0"?>' + content)
        sheet = (
            f'<worksheet xmlns="{CONTENT}/spreadsheetml/2006/main"><sheetData>{rows}</sheetData></worksheet>'
        )
        before, _place, after = sheet.partition("{}")
        with parts.open("xl/worksheets/sheet1.xml", "w") as part:
            part.write(b'<?xml version="1.0"?>' + before.encode())
            for _megabyte in range(times):
                part.write(b"a" * 2**20)
            part.write(after.encode())
    return file.getvalue()
