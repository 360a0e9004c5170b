"""What was written down when facts and lines had no version yet: a closed month is read for ever, to the byte.

``frozen/closed_month.json`` is a month as version 1 kept it, ``closed_month.*`` what it said; ``frozen/words.json``
holds every kind of component with its promise, and its lines with their amounts and sentences in many situations.
"""

import json
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client
from django.utils import translation

from core import moment
from devtools.tests.factory import make_employee, make_person
from kpi.models import Scheme, Statement, StatementLine
from team.models import Role

FROZEN = Path(__file__).parent / "frozen"


def read(name: str) -> Any:
    return json.loads((FROZEN / name).read_text("utf-8"))


@pytest.fixture
def closed_month() -> Statement:
    """The rows of a database in which the month was closed before facts had a version."""
    document = read("closed_month.json")
    scheme = Scheme.objects.create(**document["scheme"])
    moments = {name: datetime.fromisoformat(document["statement"].pop(name)) for name in ("computed_at", "closed_at")}
    author = make_employee(Role.FINANCE, first_name="Фаина", last_name="Финансова")
    statement = Statement.objects.create(
        **document["statement"] | moments,
        manager=make_person("Анна", id=7001),
        period="2026-11-01",
        status=Statement.Status.CLOSED,
        scheme=scheme,
    )
    for line in document["lines"]:
        StatementLine.objects.create(statement=statement, author=author if line["reason"] else None, **line)
    return statement


@pytest.mark.django_db
@pytest.mark.parametrize("language", ["ru", "en"])
def test_a_month_closed_in_the_first_version_is_exported_to_the_byte(
    closed_month: Statement, language: str, capsys: pytest.CaptureFixture[str]
) -> None:
    moment.fix("2026-12-05T09:00:00+00:00")
    try:
        with translation.override(language):
            call_command("kpi_month", "2026-11", "--json")
        assert capsys.readouterr().out == (FROZEN / f"closed_month.{language}.json").read_text("utf-8")
        client = Client()
        client.force_login(make_employee(Role.FINANCE, language=language))
        answer = client.get("/api/v1/statements/?period=2026-11", headers={"accept-language": language})
        assert answer.content.decode() + "\n" == (FROZEN / f"closed_month.api.{language}.json").read_text("utf-8")
        page = client.get("/my/?period=2026-11&manager=7001")
        assert page.status_code == 200
    finally:
        moment.fix(None)
