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
from kpi.calculation.component import Inputs
from kpi.calculation.evaluation import evaluate
from kpi.lines import read_line, write_line
from kpi.models import Scheme, Statement, StatementLine
from kpi.month_facts import VERSION, Behind, Facts, Score, read_facts, write_facts
from kpi.pay_schemes import read_document
from kpi.promises import list_promises
from kpi.sentences import say
from team.models import Role

FROZEN = Path(__file__).parent / "frozen"


def read(name: str) -> Any:
    return json.loads((FROZEN / name).read_text("utf-8"))


@pytest.fixture
def closed_month() -> Statement:
    """The rows of a database in which the month was closed before facts had a version."""
    document = read("closed_month.json")
    scheme = Scheme.objects.create(**document["scheme"])
    moments = {
        name: datetime.fromisoformat(document["statement"].pop(name)) for name in ("computed_at", "closed_at")
    }
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
        frozen, _mark, since = answer.content.decode().partition(',"since_closed":')
        assert frozen + "}]\n" == (FROZEN / f"closed_month.api.{language}.json").read_text("utf-8")
        assert "deleted" in since, "its deals are in no mirror any more"
        page = client.get("/my/?period=2026-11&manager=7001")
        assert page.status_code == 200
    finally:
        moment.fix(None)


WORDS = read("words.json")


@pytest.mark.parametrize("case", list(WORDS["cases"]))
@pytest.mark.parametrize("language", ["ru", "en"])
def test_every_component_counts_and_says_what_it_did(case: str, language: str) -> None:
    """The line of today, the line of version 1, and today's line read again: one amount and one sentence."""
    given = WORDS["cases"][case]
    inputs = Inputs(
        {name: None if value is None else Decimal(value) for name, value in given["measures"].items()},
        None if given["quota"] is None else Decimal(given["quota"]),
        given["planned"],
        given["worked"],
    )
    scheme = read_document(WORDS["document"])
    lines = evaluate(scheme.components, inputs)
    with translation.override(language):
        for line, then in zip(lines, given["lines"], strict=True):
            kept = json.loads(json.dumps(write_line(line, scheme.titles[line.code])))
            assert (line.code, line.kind, str(line.amount)) == (then["code"], then["kind"], then["amount"])
            first = {"kind": then["kind"]} | then["values"]
            for reason in (line.reason, read_line(first).reason, read_line(kept).reason):
                assert reason is not None
                assert say(reason.because(line.amount)) == then[language], line.code
            both = kept.keys() & first.keys()
            assert {name: kept[name] for name in both} == {name: first[name] for name in both}, "exact text"


@pytest.mark.parametrize("language", ["ru", "en"])
def test_every_component_promises_what_it_did(language: str) -> None:
    with translation.override(language):
        promises = [
            [one.code, one.kind, one.title, one.text]
            for one in list_promises(read_document(WORDS["document"]))
        ]
    assert promises == WORDS["terms"][language]


def test_facts_are_kept_with_a_version_and_read_as_they_were() -> None:
    first = read("closed_month.json")["statement"]["inputs"]
    facts = read_facts(first)
    assert facts.rules == {"task.overdue": Score(2, 3, 25), "deal.stuck": Score(3, 1, 8)}
    assert facts.findings["task.overdue"] == Behind(3, 1)
    kept = json.loads(json.dumps(write_facts(facts)))
    assert kept["version"] == VERSION
    assert read_facts(kept) == facts
    named = ("measures", "quota", "quota_of", "shifts", "rota", "weights", "days", "wins", "paid")
    assert {name: kept[name] for name in named} == {name: first[name] for name in named}, "exact text"


def test_of_facts_that_were_not_kept_nothing_is_known() -> None:
    assert read_facts({}) == Facts()


@pytest.mark.parametrize("document", [{"version": 3}, {"version": 0}, {"version": "2"}, {"version": None}])
def test_a_version_of_another_house_is_refused(document: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="cannot be read"):
        read_facts(document)
    with pytest.raises(ValueError, match="cannot be read"):
        read_line({"kind": "salary"} | document)
