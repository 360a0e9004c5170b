"""What is sent: values, queries, bodies and files, sensible ones and others, as chance has it. Pure."""

import io
import json
import random
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from qc.rules import RULES

RULE = next(iter(RULES))
NUMBERS = [
    "0", "1", "-1", "2", "01", "+1", "1.5", "1e3", "1e400", "-1e400", "NaN", "Infinity", "2147483647", "2147483648",
    "9223372036854775807", "9223372036854775808", "-9223372036854775809", "9" * 40, "9" * 400, "0x10", "1_000", "١٢٣",
    "1,5", "½", "100", "366", "3650", "99999",
]  # fmt: skip
MOMENTS = [
    "2026-11", "2026-10", "2025-01", "2026-13", "0000-00", "0001-01", "9999-12", "10000-01", "2026-11-01", "2026-02-30",
    "2026-11-26T12:00:00", "2026-11-26T12:00:00+03:00", "2026-11-26T12:00:00Z", "2026-11-26T25:00:00", "0001-01-01",
    "9999-12-31", "9999-12-31T23:59:59-14:00", "1970-01-01", "2026-W48", "2026-W48-4", "today", "1764158400",
    "2026-11-26 12:00", "2026-11-26T12:00:00+99:99", "26.11.2026", "12:00", "24:00", "P1D", "3 d", "1 05:00:00", "-1 d",
    "99999999999 d",
]  # fmt: skip
TEXTS = [
    "", " ", "\0", "a\0b", "ё", "İ", "ß", "\ud800".encode("utf-8", "surrogatepass").decode("latin-1"), "🙂", "\u202e",
    "e\u0301", "' OR 1=1 --", '"><script>alert(1)</script>', "{{ 7 * 7 }}", "%s %(x)s {0}", "../../etc", "\r\nX: y",
    "null", "None", "true", "false", "[]", "{}", "all", "none", "me", "a" * 300, "я" * 5_000, "\\", "%", "_", "*", "$1",
    "on", "off", "month", "week", "manager", "pipeline", "stage", "group", "field:501", "field:x", "day", "-at", "?",
    "#", "&", "=", ";", "id", "-id", "price", "closed_at", "created_at", "money", "warn", "shadow", RULE,
    "142", "8100001:142", ":", "1:", ":1", "1:2:3", "a:b",
]  # fmt: skip
RAW = [b"%FF", b"%C0%80", b"%ED%A0%80", b"%00", b"%", b"%zz", b"%F4%90%80%80", b"+", b"%E2%82"]
NAMES = [
    "from", "to", "by", "field", "date", "pipeline", "manager", "group", "head", "stage", "since", "until", "sort",
    "page", "page_size", "period", "month", "settle", "deal", "rule", "next", "user", "table", "row", "days", "fields",
    "q", "o", "e", "p", "all", "term", "app_label", "model_name", "field_name", "_popup", "_to_field", "format",
    "amount", "reason", "key", "title", "reach", "code", "language", "username", "password", "file", "mode", "weight",
    "when", "value", "credit", "to_stage", "next_stage", "until", "people", "check", "x",
]  # fmt: skip
METHODS = ["GET"] * 12 + ["POST"] * 7 + ["HEAD", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"]
TYPES = [
    "application/json", "text/plain", "", "application/xml", "multipart/form-data", "multipart/form-data; boundary=x",
    "application/x-www-form-urlencoded; charset=nonsense", "application/json; charset=utf-16", "a" * 300,
]  # fmt: skip
HEADERS: list[tuple[str, list[str]]] = [
    ("HTTP_HX_REQUEST", ["true", "x"]),
    ("HTTP_X_SEEN", ["0", "\x80", "a" * 3_000]),
    ("HTTP_ACCEPT", ["text/html", "application/json", "nonsense", "*/*;q=x", "application/json;" * 200]),
    ("HTTP_ACCEPT_LANGUAGE", ["en", "ru", "xx-YY", ",;q=", "en" * 5_000]),
    ("HTTP_X_FORWARDED_FOR", ["1.1.1.1", "x", "::1, 1", "," * 3_000]),
    ("HTTP_USER_AGENT", ["", "x" * 5_000, "é\x80", "Mozilla/5.0 (iPhone) Safari"]),
    ("HTTP_RANGE", ["bytes=0-", "bytes=9-1", "x"]),
    ("HTTP_IF_NONE_MATCH", ["*", '"x"', "W/"]),
    ("HTTP_IF_MODIFIED_SINCE", ["x", "Thu, 01 Jan 1970 00:00:00 GMT", "Thu, 99 Foo 9999 99:99:99 GMT"]),
    (
        "HTTP_AUTHORIZATION",
        ["Token", "Token x", "Token a b", "Token \xff", "Basic eDp5", "Bearer " + "x" * 3_000],
    ),
    ("HTTP_REFERER", ["x", "http://[", "javascript:alert(1)"]),
    ("HTTP_HX_CURRENT_URL", ["http://[", "x" * 3_000]),
    ("CONTENT_LENGTH", ["0", "5"]),  # nonsense is refused by the server before
]


@dataclass
class Known:
    """What the company holds, by the kind of argument it fits, and what pages have taught."""

    ids: dict[str, list[Any]]
    names: dict[str, set[str]] = field(default_factory=dict)  # of a route
    values: dict[str, set[str]] = field(default_factory=dict)  # of a name


@dataclass(frozen=True)
class Shot:
    method: str
    path: str  # as it stands in an address, quoted
    query: str
    body: bytes
    kind: str  # of the body
    headers: dict[str, str]
    cookies: dict[str, str]


def draw_value(chance: random.Random, known: Known, name: str = "") -> str:
    pools: list[Sequence[Any]] = [NUMBERS, MOMENTS, TEXTS]
    if learnt := known.values.get(name):
        pools += [sorted(learnt)] * 3
    if fitting := known.ids.get(name):
        pools += [fitting] * 3
    pools.append(known.ids.get(chance.choice(sorted(known.ids)), ["x"]) or ["x"])
    return str(chance.choice(chance.choice(pools)))


def draw_names(chance: random.Random, known: Known, route: str) -> list[str]:
    own = sorted(known.names.get(route, ()))
    names = [
        chance.choice(own if own and chance.random() < 0.75 else NAMES) for _ in range(chance.randint(0, 5))
    ]
    if own and chance.random() < 0.3:
        names += own[:60]
    return names


def draw_query(chance: random.Random, known: Known, route: str) -> str:
    parts = []
    for name in draw_names(chance, known, route):
        value = draw_value(chance, known, name)
        if chance.random() < 0.05:
            parts.append(quote(name) + "=" + chance.choice(RAW).decode())
        else:
            parts.append(f"{quote(name)}={quote(value.encode(errors='replace'))}")
    return "&".join(parts)


def draw_document(chance: random.Random, known: Known, depth: int = 0) -> Any:
    kind = chance.random()
    if kind < 0.3 and depth < 5:
        return {
            chance.choice([*NAMES, "", "norms", RULE, "max_stay", "clock"]): draw_document(
                chance, known, depth + 1
            )
            for _ in range(chance.randint(0, 4))
        }
    if kind < 0.45 and depth < 5:
        return [draw_document(chance, known, depth + 1) for _ in range(chance.randint(0, 4))]
    if kind < 0.6:
        return chance.choice(
            [None, True, False, 0, -1, 1.5, 10**30, 1e308, float("nan"), float("inf"), 2**63]
        )
    return draw_value(chance, known)


def draw_body(chance: random.Random, known: Known, route: str) -> tuple[bytes, str]:
    kind = chance.random()
    if "api/" in route or kind < 0.12:
        if chance.random() < 0.1:
            deep = chance.choice([100, 900, 20_000])
            return b"[" * deep + b"]" * deep, "application/json"
        text = json.dumps(draw_document(chance, known)).encode()
        return _broken(chance, text), chance.choice(TYPES) if chance.random() < 0.2 else "application/json"
    fields = [(name, draw_value(chance, known, name)) for name in draw_names(chance, known, route)]
    if kind < 0.4 or "import" in route:
        return draw_multipart(chance, fields, "import" in route)
    pairs = [f"{quote(name)}={quote(value.encode(errors='replace'))}" for name, value in fields]
    text = "&".join(pairs).encode()
    odd = chance.random() < 0.08
    return (
        (_broken(chance, text), chance.choice(TYPES)) if odd else (text, "application/x-www-form-urlencoded")
    )


def draw_multipart(
    chance: random.Random, fields: list[tuple[str, str]], with_file: bool
) -> tuple[bytes, str]:
    parts = [
        f'--fuzz\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode(errors="replace")
        for name, value in fields
    ]
    if with_file or chance.random() < 0.3:
        name, content = draw_file(chance)
        head = f'--fuzz\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n'
        parts.append(head.encode() + b"Content-Type: application/octet-stream\r\n\r\n" + content + b"\r\n")
    body = b"".join(parts) + b"--fuzz--\r\n"
    return (_broken(chance, body) if chance.random() < 0.1 else body), "multipart/form-data; boundary=fuzz"


COLUMNS = [
    "ID", "Название сделки", "Бюджет", "Бюджет, руб.", "Ответственный", "Ответственный за сделку", "Дата создания",
    "Дата создания сделки", "Дата закрытия", "Этап", "Этап сделки", "Воронка", "Lead title", "Sale", "Created at",
    "Pipeline", "Responsible user", "Closed at", "Теги", "Причина отказа", "x",
]  # fmt: skip
CELLS = [
    "", "1", "48001", "999999999999999999999", "350,000", "350 000", "1.5", "-5", "#REF!", "=1+1", "01.02.2026",
    "2026-11-26 12:00", "26.11.2026 12:00:00", "13/13/2026", "00.00.0000", "31.12.9999 23:59", "Продажи", "Новая",
    "Успешно реализовано", "a\0b", '"', '""', "\ud83d", "x" * 40_000, "1e400", "NaN", "№ 7", "−5", "5 ₽",
]  # fmt: skip


def draw_file(chance: random.Random) -> tuple[str, bytes]:
    rows = [chance.sample(COLUMNS, chance.randint(1, len(COLUMNS)))]
    rows += [[chance.choice(CELLS) for _ in rows[0]] for _ in range(chance.randint(0, 12))]
    if chance.random() < 0.3:
        rows.insert(0, ["Сделки", "", "выгрузка"])
    kind = chance.random()
    if kind < 0.45:
        name, content = "export.csv", _csv(chance, rows)
    elif kind < 0.85:
        name, content = "export.xlsx", _xlsx(rows)
    else:
        name, content = (
            "export" + chance.choice([".xls", ".ods", ".zip", "", ".csv", "\0.csv"]),
            chance.randbytes(500),
        )
    return (name, _broken(chance, content)) if chance.random() < 0.4 else (name, content)


def _csv(chance: random.Random, rows: list[list[str]]) -> bytes:
    sign = chance.choice([",", ";", "\t", "|"])
    lines = [sign.join('"' + cell.replace('"', '""') + '"' for cell in row) for row in rows]
    head = chance.choice(["", "sep=;\r\n", "\ufeff"])
    text = head + chance.choice(["\r\n", "\n", "\r"]).join(lines)
    return text.encode(chance.choice(["utf-8", "cp1251", "utf-16", "utf-32"]), errors="replace")


def _xlsx(rows: list[list[str]]) -> bytes:
    """As little of the format as a reader wants to see, so that no package is needed to write nonsense."""

    def cell(text: str) -> str:
        plain = "".join(sign for sign in text if sign >= " " and not 0xD800 <= ord(sign) < 0xE000)
        escaped = plain.replace("&", "&amp;").replace("<", "&lt;").replace('"', "&quot;")
        return f'<c t="inlineStr"><is><t>{escaped}</t></is></c>'

    sheet = "".join(f"<row>{''.join(map(cell, row))}</row>" for row in rows)
    space = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
    linked = 'xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"'
    related = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    packed = "http://schemas.openxmlformats.org/package/2006"
    files = {
        "[Content_Types].xml": f'<Types xmlns="{packed}/content-types"><Default Extension="xml" '
        'ContentType="application/xml"/></Types>',
        "_rels/.rels": f'<Relationships xmlns="{packed}/relationships"><Relationship Id="a" '
        f'Type="{related}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook {space} {linked}><sheets><sheet name="a" sheetId="1" r:id="a"/>'
        "</sheets></workbook>",
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{packed}/relationships"><Relationship Id="a" '
        f'Type="{related}/worksheet" Target="worksheets/sheet1.xml"/></Relationships>',
        "xl/worksheets/sheet1.xml": f"<worksheet {space}><sheetData>{sheet}</sheetData></worksheet>",
    }  # fmt: skip
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return out.getvalue()


def _broken(chance: random.Random, content: bytes) -> bytes:
    """Cut off, with a byte changed, or as it is."""
    kind = chance.random()
    if kind < 0.15 and content:
        return content[: chance.randrange(len(content))]
    if kind < 0.3 and content:
        place = chance.randrange(len(content))
        return content[:place] + chance.randbytes(1) + content[place + 1 :]
    return content


def draw_headers(chance: random.Random) -> dict[str, str]:
    return {name: chance.choice(values) for name, values in HEADERS if chance.random() < 0.06}


def draw_cookies(chance: random.Random) -> dict[str, str]:
    names = ["django_language", "csrftoken", "messages", "device_000000000000", "x"]
    return {
        name: chance.choice(["en", "ru", "xx", "a" * 500, "é", "1:2:3", "\x01"])
        for name in names
        if chance.random() < 0.05
    }


def draw_shot(chance: random.Random, known: Known, route: str, path: str) -> Shot:
    method = chance.choice(METHODS)
    body, kind = (b"", "") if method in ("GET", "HEAD", "TRACE") else draw_body(chance, known, route)
    query = draw_query(chance, known, route) if chance.random() < 0.8 else ""
    return Shot(method, path, query, body, kind, draw_headers(chance), draw_cookies(chance))
