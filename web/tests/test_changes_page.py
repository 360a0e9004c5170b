"""«Изменения» and its API: what is told of a change, to whom, at which cost."""

import pytest
from django.test import Client
from django.utils import translation
from django_otp.oath import totp

from access.second_factor import begin_factor, confirm_factor
from audit.models import Change
from audit.registry import KEPT
from devtools.tests import factory
from kpi.models import Quota
from qc.models import RuleMode
from team.models import DayOff, Employee, Role, Rota
from web.tests.clients import signed_in

pytestmark = pytest.mark.django_db


def enter(role: str, **values: object) -> Client:
    return signed_in(factory.make_employee(role, language="en", **values))


def text_of(client: Client, query: str = "") -> str:
    page = client.get(f"/audit/{query}")
    assert page.status_code == 200
    return " ".join(page.content.decode().replace("\xa0", " ").split())


def test_a_switched_rule_says_who_when_before_after_and_from_where() -> None:
    RuleMode.objects.update_or_create(
        rule="deal.stuck", defaults={"mode": "warn", "weight": 1, "since": factory.NOW}
    )
    admin = enter(Role.ADMIN, first_name="Ада", last_name="Минина", is_staff=True)
    client_ip = {"REMOTE_ADDR": "203.0.113.7"}
    admin.post("/rules/", {"rule": "deal.stuck", "mode": "money", "weight": "3"}, **client_ip)
    text = text_of(admin, "?table=qc_rulemode&row=deal.stuck&act=changed")
    for said in ("Ада Минина", "203.0.113.7", "POST /rules/", "<del>warns</del>", "counts in money</ins>"):
        assert said in text, said
    assert "Stuck" in text or "stuck" in text


def test_a_change_over_a_token_names_it() -> None:
    quota = Quota.objects.create(manager=factory.make_person("Анна Кузнецова"), period="2026-11-01", amount=5)
    Quota.objects.filter(pk=quota.pk).update(amount=7)
    text = text_of(enter(Role.DIRECTOR), "?table=kpi_quota")
    assert "Анна Кузнецова" in text
    assert "by a command" in text


@pytest.mark.parametrize("role", [Role.MANAGER, Role.HEAD, Role.CONTROLLER, Role.FINANCE])
def test_it_is_not_for_everybody(role: str) -> None:
    client = enter(role)
    assert client.get("/audit/").status_code == 404
    assert client.get("/api/v1/audit/").status_code == 403
    assert "/audit/" not in client.get("/deals/").content.decode()


def test_the_api_tells_the_columns_that_differ() -> None:
    RuleMode.objects.update_or_create(
        rule="deal.stuck", defaults={"mode": "warn", "weight": 1, "since": factory.NOW}
    )
    RuleMode.objects.filter(rule="deal.stuck").update(weight=8)
    row = (
        enter(Role.DIRECTOR)
        .get("/api/v1/audit/?table=qc_rulemode&act=changed&row=deal.stuck")
        .json()["results"][0]
    )
    assert row["changed"] == ["weight"]
    assert (row["before"]["weight"], row["after"]["weight"]) == (1, 8)
    assert enter(Role.DIRECTOR).get("/api/v1/audit/?user=nonsense").status_code == 400
    assert enter(Role.DIRECTOR).get("/api/v1/audit/?who=me").status_code == 400


def test_a_page_full_of_all_kinds_costs_no_more(django_assert_max_num_queries) -> None:
    for number in range(20):
        person = factory.make_person()
        Quota.objects.create(manager=person, period="2026-11-01", amount=number)
        employee = factory.make_employee(Role.MANAGER, person)
        DayOff.objects.create(employee=employee, first="2026-11-01", last="2026-11-02", kind="sick")
        Rota.objects.create(
            name=f"r{number}",
            pattern="10",
            anchor="2026-01-01",
            starts="09:00",
            ends="18:00",
            time_zone="Europe/Moscow",
        )
    client = enter(Role.ADMIN, is_staff=True)
    client.get("/audit/")
    with django_assert_max_num_queries(12):
        text_of(client)


@pytest.mark.parametrize(
    "query", ["?user=none", "?via=command", "?act=added", "?since=2026-01-01", "?sort=user", "?page=2"]
)
def test_each_filter_answers(query: str) -> None:
    factory.make_employee()
    text_of(enter(Role.ADMIN, is_staff=True), query)


def test_what_an_employee_became_is_told_and_the_password_is_not() -> None:
    employee = factory.make_employee(Role.MANAGER, password="a secret that nobody sees")
    Employee.objects.filter(pk=employee.pk).update(role=Role.ADMIN)
    text = text_of(enter(Role.ADMIN, is_staff=True), f"?table=team_employee&row={employee.pk}&act=changed")
    assert "<del>Manager</del>" in text
    assert "Administrator</ins>" in text
    assert not Change.objects.filter(after__password__startswith="md5").exists()


def test_every_column_has_a_name_in_the_readers_language() -> None:
    with translation.override("ru"):
        english = {
            f"{kept.table}.{field.column}": str(field.verbose_name)
            for kept in KEPT.values()
            if kept.model._meta.app_label != "otp_totp"  # which names its own columns
            for field in kept.model._meta.concrete_fields
            if field.name not in kept.ignored and not field.primary_key
            if not set(str(field.verbose_name).lower()) & set("абвгдеёжзийклмнопрстуфхцчшщъыьэюя")
        }
    assert english == {}


def test_a_second_factor_is_told_by_what_means_anything() -> None:
    """Its model is not ours: «T0», «Digits» and «Tolerance» are in English whoever reads."""
    device = begin_factor(user := factory.make_employee(Role.MANAGER))
    assert confirm_factor(user, f"{totp(device.bin_key):06}") is not None
    client = Client(headers={"Accept-Language": "ru"})
    client.force_login(factory.make_employee(Role.ADMIN, is_staff=True, language="ru"))
    text = text_of(client, "?table=otp_totp_totpdevice")
    assert "Секретный ключ" in text and "••• (новое)" in text
    for foreign in ("T0", "Digits", "Tolerance", "Created at", "(new)"):
        assert foreign not in text, foreign
