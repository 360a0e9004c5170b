"""A file read as an import reads it."""

import io
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from django.utils.translation import override

from pipelines.imports.parsing import Parsed, parse_export

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
