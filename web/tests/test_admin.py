"""The admin: who gets in, what may be changed there, and that nonsense is refused with a sentence."""

from datetime import date
from decimal import Decimal

import pytest
from django.contrib import admin
from django.test import Client
from django.urls import reverse

import salesops.urls  # noqa: F401 - the pages of the admin are registered there
from core import moment
from devtools.tests import factory
from devtools.tests.factory import NOW
from kpi.models import Quota, Scheme
from pipelines import models as mirror
from pipelines.models import JudgementRequest
from qc.models import Regulation, RuleMode
from team.models import DayOff, Employee, Role, Rota
from web.tests.clients import signed_in

pytestmark = pytest.mark.django_db

OURS = [
    model for model in admin.site._registry if model._meta.app_label in {"pipelines", "team", "qc", "kpi"}
]
LOOKED_AT = [model for model in OURS if model.__module__ == mirror.__name__] + [Regulation, Scheme]


@pytest.fixture(autouse=True)
def friday() -> None:
    moment.fix(NOW.isoformat())
    yield
    moment.fix(None)


@pytest.fixture
def client() -> Client:
    return signed_in(factory.make_employee(Role.ADMIN, is_staff=True, is_superuser=True, language="en"))


def address(model: type, page: str, *args: object) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{page}", args=args)


ROTA = {
    "name": "2/2",
    "pattern": "1100",
    "anchor": "2026-11-20",
    "starts": "10:00",
    "ends": "20:00",
    "time_zone": "Europe/Moscow",
}
# an employee's page with no row changed of what holds from a day
DATED = {
    f"{rows}-{count}": "0"
    for rows in ("rota_assignments", "head_assignments", "amo_users")
    for count in ("TOTAL_FORMS", "INITIAL_FORMS")
}


@pytest.mark.parametrize("role", [role for role in Role.values if role != Role.ADMIN])
def test_nobody_but_an_administrator_gets_in(role: str) -> None:
    client = signed_in(factory.make_employee(role))
    for path in ("/admin/", address(Employee, "changelist"), address(mirror.Deal, "changelist")):
        assert client.get(path).status_code == 302


@pytest.mark.parametrize("model", OURS, ids=lambda model: model.__name__)
def test_every_list_opens(client: Client, model: type) -> None:
    person = factory.make_person()
    stage = factory.make_stage(factory.make_pipeline())
    factory.make_task(factory.make_deal(stage, person))
    factory.make_regulation(stage)
    Quota.objects.create(manager=person, period=date(2026, 11, 1), amount=Decimal(1))
    assert client.get(address(model, "changelist")).status_code == 200


@pytest.mark.parametrize("model", LOOKED_AT, ids=lambda model: model.__name__)
def test_what_code_writes_is_only_looked_at(client: Client, model: type) -> None:
    assert client.get(address(model, "add")).status_code == 403


def test_a_mirrored_deal_opens_and_takes_no_change(client: Client) -> None:
    deal = factory.make_deal(factory.make_stage(factory.make_pipeline()), factory.make_person())
    page = address(mirror.Deal, "change", deal.pk)
    assert client.get(page).status_code == 200
    assert client.post(page, {"name": "Иначе"}).status_code == 403
    assert client.post(address(mirror.Deal, "delete", deal.pk), {"post": "yes"}).status_code == 403
    deal.refresh_from_db()
    assert deal.name != "Иначе"


def test_a_scheme_is_shown_as_a_document(client: Client) -> None:
    scheme = Scheme.objects.create(
        code="x", version=1, title="Т", document={"code": "x<y"}, effective_from="2026-01-01"
    )
    page = client.get(address(Scheme, "change", scheme.pk)).content.decode()
    assert "x&lt;y" in page


def test_the_role_decides_who_gets_in(client: Client) -> None:
    person = factory.make_person()
    values = {
        "username": "anna",
        "usable_password": "false",
        "first_name": "Анна",
        "role": Role.ADMIN,
        "person": person.pk,
    }
    assert client.post(address(Employee, "add"), values | DATED).status_code == 302
    anna = Employee.objects.get(username="anna")
    assert (anna.is_staff, anna.is_superuser, anna.person) == (True, True, person)
    assert not anna.has_usable_password()
    changed = {
        "username": "anna",
        "role": Role.MANAGER,
        "person": person.pk,
        "language": "ru",
        "is_active": "on",
    }
    assert client.post(address(Employee, "change", anna.pk), changed | DATED).status_code == 302
    anna.refresh_from_db()
    assert (anna.is_staff, anna.is_superuser) == (False, False)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"pattern": "11x0"}, "A pattern is written with 1 and 0 only"),
        ({"pattern": "0000"}, "has no shift at all"),
        ({"time_zone": "Mars/Base"}, "There is no time zone “Mars/Base”"),
        ({"starts": "25:00"}, "Enter a valid time"),
    ],
)
def test_a_nonsense_rota_is_refused(client: Client, changes: dict[str, str], says: str) -> None:
    response = client.post(address(Rota, "add"), ROTA | changes)
    assert response.status_code == 200
    assert says in response.content.decode()
    assert not Rota.objects.exists()


def test_a_changed_rota_demands_judgement_of_all(client: Client) -> None:
    assert client.post(address(Rota, "add"), ROTA).status_code == 302
    assert Rota.objects.get().pattern == "1100"
    assert [(one.deal_id, one.stage_id, one.rules) for one in JudgementRequest.objects.all()] == [
        (None, None, None)
    ]


def test_an_absence_is_called_by_its_person_kind_and_days(client: Client) -> None:
    anna = factory.make_employee(Role.MANAGER, first_name="Анна", last_name="Кузнецова")
    day = DayOff.objects.create(employee=anna, first=date(2026, 11, 20), last=date(2026, 11, 22), kind="sick")
    page = client.get(address(DayOff, "change", day.pk)).content.decode()
    assert "Анна Кузнецова: sick leave, 20.11.2026–22.11.2026" in page


def test_an_absence_ends_after_it_begins(client: Client) -> None:
    anna = factory.make_employee(Role.MANAGER)
    values = {"employee": anna.pk, "first": "2026-11-20", "last": "2026-11-19", "kind": "sick"}
    response = client.post(address(DayOff, "add"), values)
    assert "The last day is before the first one." in response.content.decode()
    assert not DayOff.objects.exists()


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        (
            {"head_assignments-TOTAL_FORMS": "1", "head_assignments-0-head": "self"},
            "Nobody is the head of himself.",
        ),
        ({"hired_on": "2026-11-20", "left_on": "2026-11-01"}, "Nobody leaves before being hired."),
    ],
)
def test_a_nonsense_employee_is_refused(client: Client, changes: dict[str, str], says: str) -> None:
    anna = factory.make_employee(Role.MANAGER)
    values = {"username": anna.username, "role": Role.MANAGER, "language": "ru", "is_active": "on"}
    values |= DATED | changes
    values = {name: str(anna.pk) if value == "self" else value for name, value in values.items()}
    assert says in client.post(address(Employee, "change", anna.pk), values).content.decode()


def test_a_rule_switched_here_is_dated_and_judged_again(client: Client) -> None:
    RuleMode.objects.filter(rule="task.none").update(since=NOW.replace(year=2025), mode="warn")
    response = client.post(address(RuleMode, "change", "task.none"), {"mode": "money", "weight": "4"})
    assert response.status_code == 302
    row = RuleMode.objects.get(rule="task.none")
    assert (row.mode, row.weight, row.since) == ("money", 4, NOW)
    assert [one.rules for one in JudgementRequest.objects.all()] == [["task.none"]]


def test_any_day_names_the_month_of_a_plan(client: Client) -> None:
    person = factory.make_person()
    values = {"manager": person.pk, "span": "month", "period": "2026-11-17", "amount": "900000"}
    assert client.post(address(Quota, "add"), values).status_code == 302
    assert Quota.objects.get().period == date(2026, 11, 1)
    refused = client.post(address(Quota, "add"), values | {"amount": "0", "period": "2026-12-01"})
    assert "A plan is above zero." in refused.content.decode()


@pytest.mark.parametrize(
    "asked",
    [
        "9999",
        "0",
        "x",
        "9223372036854775808",
        "9999&period__month=12",
        "9999&period__month=12&period__day=31",
    ],
)
def test_a_list_of_plans_is_cut_by_no_nonsense(client: Client, asked: str) -> None:
    answer = client.get(f"{address(Quota, 'changelist')}?period__year={asked}")
    assert (answer.status_code, answer.headers["Location"]) == (302, f"{address(Quota, 'changelist')}?e=1")


@pytest.mark.parametrize(
    "path", ["kpi/quota/add/?manager=", "team/dayoff/add/?employee=", "team/employee/add/?person="]
)
@pytest.mark.parametrize("value", ["99999999999 d", "x", "9" * 40, "", "1"])
def test_an_address_fills_a_form_with_no_nonsense(client: Client, path: str, value: str) -> None:
    assert client.get(f"/admin/{path}{value}").status_code == 200


@pytest.mark.parametrize(
    "path, name",
    [("kpi/quota/add/", "manager"), ("team/dayoff/add/", "employee"), ("team/employee/add/", "person")],
)
def test_a_form_sent_with_nonsense_comes_back(client: Client, path: str, name: str) -> None:
    for value in ("8100002:70100200", "9" * 40):
        assert client.post(f"/admin/{path}", {name: value}).status_code == 200
