"""A short round of what `python -m devtools.fuzz` does at length, on a company of a few rows."""

import random

import pytest

from audit.models import Change
from devtools.fuzz.drawing import Known, draw_shot
from devtools.fuzz.shooting import place_of, shoot
from devtools.tests import factory
from kpi.models import Quota, Statement
from kpi.pay_schemes import load_scheme
from team.models import Employee, Role

REQUESTS = 250
TITLE = {"ru": "Оклад", "en": "Salary"}
SCHEME = {
    "code": "a",
    "title": TITLE,
    "effective_from": "2026-01-01",
    "components": [{"kind": "salary", "code": "salary", "title": TITLE, "amount": "40000"}],
}


@pytest.fixture
def company() -> None:
    stage = factory.make_stage(factory.make_pipeline())
    person = factory.make_person()
    for _ in range(3):
        deal = factory.make_deal(stage, person)
        factory.make_task(deal), factory.make_finding(deal)
    factory.make_regulation(stage)
    Quota.objects.create(manager=person, period="2026-11-01", amount=5)
    scheme, _is_new = load_scheme(SCHEME)
    Statement.objects.create(manager=person, period="2026-11-01", scheme=scheme, computed_at=factory.NOW)
    for role in Role.values:
        staff = {"is_staff": True, "is_superuser": True} if role == Role.ADMIN else {}
        factory.make_employee(role, person if role == Role.MANAGER else None, **staff)


@pytest.mark.django_db
@pytest.mark.filterwarnings("ignore")
def test_no_nonsense_is_answered_by_a_fault(company: None) -> None:
    before = (
        Change.objects.count(),
        list(Employee.objects.order_by("pk").values_list("pk", "password", "role")),
    )
    report = shoot(REQUESTS, seed=20)
    assert report.faults == {}
    assert report.requests == REQUESTS
    assert report.statuses[200] > REQUESTS // 20, "it comes through to the pages"
    assert before == (
        Change.objects.count(),
        list(Employee.objects.order_by("pk").values_list("pk", "password", "role")),
    ), "what was changed is undone"


def test_the_same_seed_draws_the_same() -> None:
    known = Known({"deal": [1, 2], "pk": [1]})
    first, second = (draw_shot(random.Random(7), known, "deals/", "/deals/") for _ in range(2))
    assert first == second
    assert first != draw_shot(random.Random(8), known, "deals/", "/deals/")


def test_faults_are_told_apart_by_the_last_line_of_ours() -> None:
    trace = 'File "/x/web/a.py", line 3\n  a()\nFile "/y/site-packages/django/b.py", line 9\n  b()\nValueError: no'
    assert place_of(trace) == "ValueError: no @ /x/web/a.py:3"
