"""«База ожидания», «Разделить этап» and sets of norms: their numbers, who sees them, and what a set changes."""

import pytest
from django.test import Client

from core import moment
from devtools.tests import factory
from devtools.tests.factory import DAY, NOW
from pipelines.models import CustomField, Deal, Stage
from qc.models import Regulation, RuleMode
from qc.packs import read_packs
from qc.rules import RULES
from team.models import Role
from web.tests.clients import signed_in
from web.tests.crawl import differences

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def friday() -> None:
    moment.fix(NOW.isoformat())
    yield
    moment.fix(None)


class Office:
    """A waiting base with a norm and four deals: one explained, one with a day that has passed, two unexplained."""

    def __init__(self) -> None:
        self.sales = factory.make_pipeline("Продажи")
        self.waiting = factory.make_stage(self.sales, "База ожидания", sort=1)
        self.taken = factory.make_stage(self.sales, "Взяли в работу", sort=2)
        factory.make_stage(self.sales, "Успешно реализовано", Stage.Kind.WON, sort=3)
        self.anna, self.roman = factory.make_person("Анна"), factory.make_person("Роман")
        for key, name, kind in ((71, "Причина ожидания", "select"), (72, "Дата обещанной оплаты", "date")):
            CustomField.objects.create(id=key, name=name, type=kind)
        norm = {"reason": "71", "promised": "72", "longest": "20 d"}
        Regulation.objects.create(
            stage=self.waiting, published_at=NOW - 90 * DAY, norms={"wait.unexplained": norm}
        )
        past, ahead = ((NOW + days * DAY).date().isoformat() for days in (-2, 5))
        self.good = self.deal(self.anna, 3, 100, {"71": "Ждёт деньги", "72": ahead})
        self.late = self.deal(self.anna, 9, 200, {"71": "Ждёт деньги", "72": past})
        self.undated = self.deal(self.roman, 31, 400, {"71": "Ждёт запчасть"})
        self.silent = self.deal(self.roman, 1, 800, {})

    def deal(self, person: object, days: int, price: int, fields: dict[str, str]) -> Deal:
        made = factory.make_deal(self.waiting, person, since=NOW - days * DAY, price=price)
        Deal.objects.filter(pk=made.pk).update(fields=fields)
        return made


def client_of(role: str = Role.DIRECTOR, **facts: object) -> Client:
    return signed_in(factory.make_employee(role, language="en", **facts))


def test_each_number_of_the_base_opens_the_deals_that_it_counts() -> None:
    office = Office()
    client = client_of()
    assert list(differences(client, {"/waiting/": client.get("/waiting/").content.decode()}, "en")) == []
    opened = {name: {deal.pk for deal in client.get(f"/deals/?{name}=1").context["page"]} for name in
              ("waiting", "promise", "unexplained", "too_long")}  # fmt: skip
    assert opened == {
        "waiting": {office.good.pk, office.late.pk, office.undated.pk, office.silent.pk},
        "promise": {office.late.pk},
        "unexplained": {office.undated.pk, office.silent.pk},
        "too_long": {office.undated.pk},
    }


def test_the_base_is_told_by_reason(django_assert_max_num_queries: object) -> None:
    Office()
    client = client_of()
    client.get("/waiting/")
    with django_assert_max_num_queries(12):  # type: ignore[operator]  # a fixture
        page = client.get("/waiting/")
    [stage] = page.context["stages"]
    told = [
        (one.name, one.deals, int(one.money), one.median, one.passed, one.undated) for one in stage.reasons
    ]
    assert told == [
        (None, 1, 800, DAY, 0, 1),
        ("Ждёт запчасть", 1, 400, 31 * DAY, 0, 1),
        ("Ждёт деньги", 2, 300, 6 * DAY, 1, 0),
    ]
    whole = page.context["whole"]
    assert (whole.deals, whole.money, whole.passed, whole.passed_money) == (4, 1500, 1, 200)
    assert (whole.unexplained, whole.too_long) == (2, 1)


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("waiting=1", ["silent", "undated", "late", "good"]),
        ("waiting=0", []),
        ("reason=Ждёт деньги", ["late", "good"]),
        ("reason=none", ["silent"]),
        ("reason=%27; drop", []),
        ("promise=1", ["late"]),
        ("promise=0", ["silent", "undated", "good"]),
    ],
)
def test_deals_are_filtered_by_what_they_wait_for(query: str, names: list[str]) -> None:
    office = Office()
    page = client_of().get(f"/deals/?{query}")
    assert [one.pk for one in page.context["page"].object_list] == [
        getattr(office, name).pk for name in names
    ]


def test_nonsense_of_a_filter_gets_a_sentence() -> None:
    assert client_of().get("/deals/?waiting=perhaps").status_code == 422
    assert client_of().get("/deals/?reason=" + "x" * 300).status_code == 422


def test_a_manager_sees_what_is_his(client: Client) -> None:
    office = Office()
    client.force_login(factory.make_employee(Role.MANAGER, person=office.anna, language="en"))
    [stage] = client.get("/waiting/").context["stages"]
    assert [(one.name, one.deals) for one in stage.reasons] == [("Ждёт деньги", 2)]


def test_without_a_norm_it_says_what_to_do() -> None:
    assert "Name the fields of the reason" in client_of().get("/waiting/").content.decode()


def test_stages_to_split_are_told_with_their_figures(django_assert_max_num_queries: object) -> None:
    Office()
    client = client_of()
    client.get("/regulations/splits/")
    with django_assert_max_num_queries(12):  # type: ignore[operator]  # a fixture
        page = client.get("/regulations/splits/")
    assert page.status_code == 200 and not page.context["named"]
    [row] = page.context["others"]
    assert (row.stage.name, row.load.standing) == ("База ожидания", 4)


def test_every_set_is_sound() -> None:
    """Its rules exist, its norms are read, and what it names by some rule rests on a rule of its own list."""
    found = read_packs()
    assert len(found) == 11 and {"sales", "avito", "couriers", "inbound", "return"} <= set(found)
    for pack in found.values():
        assert set(pack.rules) <= set(RULES), pack.key
        assert pack.stages and pack.about and pack.pipelines
        for one in pack.stages:
            assert set(one.norms) <= set(pack.rules), (pack.key, one.stage)
            for code, document in one.norms.items():
                names = {parameter.name for parameter in RULES[code].parameters}
                assert RULES[code].is_of_stages and set(document) <= names, (pack.key, one.stage, code)


def test_a_set_is_tried_and_then_put_in_force_once() -> None:
    office = Office()
    admin = client_of(Role.ADMIN)
    assert admin.get("/regulations/packs/").status_code == 200
    page = admin.get(f"/regulations/packs/sales/?pipeline={office.sales.pk}")
    offers = {one.name: one for one in page.context["offer"].stages}
    assert offers["База ожидания"].kept == ["wait.unexplained"]  # what stands there is left as it is
    assert offers["Целевой клиент"].stage is None
    assert offers["Взяли в работу"].norms["deal.stuck"] == {"max_stay": "1 d", "clock": "calendar"}
    assert Regulation.objects.count() == 1
    assert [numbers for title, *numbers in page.context["tried"] if "longer than the norm" in title] == [
        [1, 1, 0, 0]
    ]
    for _ in range(2):
        assert admin.post("/regulations/packs/sales/", {"pipeline": office.sales.pk}).status_code == 302
    assert Regulation.objects.count() == 3
    assert Regulation.objects.get(stage=office.taken).norms["person.overloaded"] == {"most": 40}
    base = Regulation.objects.filter(stage=office.waiting).order_by("-version").first()
    assert base is not None and base.norms["wait.unexplained"]["longest"] == "20 d"
    assert RuleMode.objects.get(rule="deal.lifetime").mode == "shadow"


@pytest.mark.parametrize("query", ["?pipeline=99", "?pipeline=x", "?pipeline=" + "9" * 30])
def test_a_strange_pipeline_does_not_exist(query: str) -> None:
    Office()
    assert client_of(Role.ADMIN).get(f"/regulations/packs/sales/{query}").status_code == 404
    assert client_of(Role.ADMIN).get("/regulations/packs/strange/").status_code == 404
