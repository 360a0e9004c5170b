"""Saved views: whose they are, what may be saved, and the one with which the desk opens."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from audit.models import Change
from core import moment
from core.zone import local_day
from devtools.tests import factory
from team.models import Employee, HeadAssignment, Role, SavedView
from team.models.saved_views import LONGEST_ADDRESS, MOST, roles_to_share_with
from web.frame.view_pages import PAGES, read_address
from web.tests.clients import signed_in

pytestmark = pytest.mark.django_db
STUCK = "/deals/?stuck=1&sort=-price"


def save(user: Employee, title: str = "Моё", address: str = STUCK, role: str = "") -> int:
    values = {"title": title, "address": address, "role": role}
    return signed_in(user).post("/views/save/", values).status_code


def shown(user: Employee) -> dict[str, str]:
    """Title → address of what somebody's page of views offers to open."""
    context = signed_in(user).get("/views/").context
    return {
        row["view"].title: row["page"].address for row in (*context["own"], *context["given"]) if row["opens"]
    }


@pytest.fixture
def director() -> Employee:
    return factory.make_employee(Role.DIRECTOR)


@pytest.mark.parametrize(
    ("text", "address"),
    [
        (STUCK, STUCK),
        ("/desk/?group=Отдел 1", "/desk/?group=%D0%9E%D1%82%D0%B4%D0%B5%D0%BB+1"),
        ("/deals/?page=7&stuck=1&export=csv", "/deals/?stuck=1"),
        ("/analytics/flow/?from=2026-01&to=2026-06", "/analytics/flow/?from=2026-01&to=2026-06"),
        ("/analytics/", "/analytics/"),
        ("/analytics/nonsense/", None),
        ("/analytics/flow/rows/?c-what=won", None),
        ("/desk/stuck/", None),
        ("/admin/", None),
        ("/api/v1/deals/", None),
        ("/logout/", None),
        ("https://example.org/deals/", None),
        ("//example.org/deals/", None),
        ("/\\example.org/deals/", None),
        ("javascript:alert(1)", None),
        ("/deals/\n", None),
        ("deals/", None),
        ("", None),
        ("/deals/?q=" + "x" * LONGEST_ADDRESS, None),
        ("/deals/?q=" + "ы" * 1_000, None),  # three times as long with percent signs
        ("/deals/?" + "&".join(f"a{n}=1" for n in range(200)), None),
    ],
)
def test_only_pages_of_the_list_can_be_saved(text: str, address: str | None) -> None:
    found = read_address(text)
    assert (found and found.address) == address


def test_what_is_saved_is_opened_as_it_was(director: Employee) -> None:
    client = signed_in(director)
    answer = client.post("/views/save/", {"title": " Стоят ", "address": STUCK}, follow=True)
    assert answer.redirect_chain == [(STUCK, 302)]
    assert answer.status_code == 200
    assert shown(director) == {"Стоят": STUCK}
    assert client.get("/views/menu/", headers={"HX-Current-URL": "http://["}).status_code == 200
    menu = client.get("/views/menu/", headers={"HX-Current-URL": "http://testserver/deals/?open=1"})
    assert [row["view"].title for row in menu.context["rows"]] == ["Стоят"]
    assert 'value="/deals/?open=1"' in menu.content.decode()
    assert client.get("/views/menu/?at=/tasks/").context["rows"] == []


def test_a_form_that_is_sent_twice_works_once_and_a_name_is_not_taken_over(director: Employee) -> None:
    assert [save(director), save(director)] == [302, 302]
    assert SavedView.objects.count() == 1
    assert save(director, address="/deals/?open=1") == 422
    assert shown(director) == {"Моё": STUCK}
    one, client = SavedView.objects.get(), signed_in(director)
    for _again in range(2):
        assert client.post(f"/views/{one.pk}/delete/").status_code == 302
    assert shown(director) == {}


@pytest.mark.parametrize(
    "values",
    [
        {},
        {"title": "", "address": STUCK},
        {"title": "x" * 61, "address": STUCK},
        {"title": "x\0", "address": STUCK},
        {"title": "Моё", "address": "https://example.org/deals/"},
        {"title": "Моё", "address": STUCK, "role": "king"},
        {"title": "Моё", "address": "/desk/?group=x", "role": "manager"},
    ],
)
def test_nonsense_is_refused_with_one_sentence(director: Employee, values: dict[str, str]) -> None:
    answer = signed_in(director).post("/views/save/", values)
    assert answer.status_code == 422
    assert answer.context["problem"]
    assert not SavedView.objects.exists()


def test_nobody_has_more_than_so_many(director: Employee) -> None:
    SavedView.objects.bulk_create(
        SavedView(owner=director, title=str(number), address=STUCK, created_at=moment.now())
        for number in range(MOST)
    )
    assert save(director) == 422
    assert SavedView.objects.count() == MOST


def test_a_view_is_its_owners_until_he_hands_it_to_a_role(director: Employee) -> None:
    manager, admin = factory.make_employee(Role.MANAGER), factory.make_employee(Role.ADMIN)
    save(director)
    one = SavedView.objects.get()
    assert shown(manager) == shown(admin) == {}
    owner = signed_in(director)
    assert owner.post(f"/views/{one.pk}/rename/", {"title": "Всем", "role": "manager"}).status_code == 302
    assert shown(manager) == {"Всем": STUCK}
    assert shown(admin) == {}
    for stranger in (manager, admin):
        client = signed_in(stranger)
        assert client.post(f"/views/{one.pk}/rename/", {"title": "Чужое"}).status_code == 404
        assert client.post(f"/views/{one.pk}/delete/").status_code == 302
    one.refresh_from_db()
    assert (one.title, one.role) == ("Всем", "manager")
    told = Change.objects.filter(table="team_savedview").values_list("act", flat=True)
    assert list(told) == ["changed"]  # of what was his own alone nothing is told


def test_what_a_reader_may_not_open_is_not_offered_to_him(director: Employee) -> None:
    """Views that were handed on when the page was another's, or with an address that no longer leads anywhere."""
    manager = factory.make_employee(Role.MANAGER)
    rows = (("Пульт", "/desk/?group=x"), ("Нет", "/gone/"), ("Вон", "//example.org/"), ("Сделки", STUCK))
    for title, address in rows:
        SavedView.objects.create(
            owner=director, title=title, address=address, role="manager", created_at=moment.now()
        )
    assert shown(manager) == {"Сделки": STUCK}
    page = signed_in(manager).get("/views/").content.decode()
    assert "example.org" not in page
    assert set(shown(director)) == {"Пульт", "Сделки"}


@pytest.mark.parametrize("role", Role.values)
def test_to_whom_each_role_may_hand_a_view(role: str) -> None:
    user = factory.make_employee(role)
    reached = set()
    for other in Role.values:
        if save(user, title=other, role=other) == 302:
            reached |= set(
                SavedView.objects.filter(title=other).exclude(role="").values_list("role", flat=True)
            )
    assert reached == set(roles_to_share_with(user))
    everybody = {Role.DIRECTOR: len(Role), Role.ADMIN: len(Role), Role.HEAD: 1}
    assert len(reached) == everybody.get(Role(role), 0)


def test_a_heads_view_reaches_the_managers_whom_he_leads() -> None:
    head, other = factory.make_employee(Role.HEAD), factory.make_employee(Role.HEAD)
    own = factory.make_employee(Role.MANAGER, factory.make_person("Анна"), head=head)
    stranger = factory.make_employee(Role.MANAGER, factory.make_person("Борис"), head=other)
    assert save(head, role="manager") == 302
    assert (shown(own), shown(stranger), shown(other)) == ({"Моё": STUCK}, {}, {})
    HeadAssignment.objects.filter(employee=own).update(head=other)
    assert shown(own) == {}


@pytest.mark.parametrize("change", [{"role": Role.MANAGER}, {"is_active": False}, {"left_on": "gone"}])
def test_what_was_handed_on_goes_with_whoever_did(director: Employee, change: dict[str, object]) -> None:
    manager = factory.make_employee(Role.MANAGER)
    save(director, role="manager")
    assert shown(manager) == {"Моё": STUCK}
    if "left_on" in change:
        change = {"left_on": local_day(moment.now()) - timedelta(days=3)}
    Employee.objects.filter(pk=director.pk).update(**change)
    assert shown(manager) == {}


def test_the_desk_opens_with_the_view_that_was_chosen_for_it(director: Employee) -> None:
    pipeline = factory.make_pipeline()
    factory.make_stage(pipeline)
    address, client = f"/desk/?pipeline={pipeline.pk}", signed_in(director)
    save(director, address=address)
    one = SavedView.objects.get()
    assert client.get("/desk/").status_code == 200
    for _again in range(2):
        client.post(f"/views/{one.pk}/desk/", {"on": "1"})
        assert client.get("/desk/").headers["Location"] == address
    assert "/desk/?view=none" in client.get(address).content.decode()
    assert client.get("/desk/?view=none").status_code == 200
    other = signed_in(factory.make_employee(Role.HEAD))
    assert other.post(f"/views/{one.pk}/desk/", {"on": "1"}).status_code == 404
    client.post(f"/views/{one.pk}/desk/")
    assert client.get("/desk/").status_code == 200


def test_a_desk_that_is_no_more_shuts_nobody_out(director: Employee) -> None:
    """The person of the view has gone: the refusal leads back to a desk without it. A deleted view is none."""
    client = signed_in(director)
    save(director, address="/desk/?manager=1")
    save(director, title="Сделки")
    desk, deals = SavedView.objects.order_by("title")
    assert client.post(f"/views/{deals.pk}/desk/", {"on": "1"}).status_code == 422
    client.post(f"/views/{desk.pk}/desk/", {"on": "1"})
    refused = client.get("/desk/", follow=True)
    assert (refused.status_code, refused.context["href"]) == (422, "/desk/?view=none")
    assert client.get("/desk/?view=none").status_code == 200
    client.post(f"/views/{desk.pk}/delete/")
    assert client.get("/desk/").status_code == 200


def test_every_page_of_the_list_has_the_button_and_others_have_none(director: Employee) -> None:
    client = signed_in(director)
    for route in PAGES:
        address = "/analytics/flow/" if route == "analytics-report" else f"/{route}/"
        assert "/views/menu/" in client.get(address).content.decode(), route
    assert "/views/menu/" not in client.get("/rules/").content.decode()


def test_many_views_cost_no_more_queries_than_one(director: Employee) -> None:
    manager = factory.make_employee(Role.MANAGER)
    client = signed_in(manager)

    def count() -> list[int]:
        found = []
        for address in ("/views/", "/views/menu/?at=/deals/"):
            with CaptureQueriesContext(connection) as captured:
                client.get(address)
            found.append(len(captured))
        return found

    save(director, role="manager")
    save(manager)
    client.get("/views/")
    few = count()
    for number in range(12):
        save(manager, title=f"v{number}")
        save(factory.make_employee(Role.DIRECTOR), title=f"d{number}", role="manager")
    assert count() == few
    assert max(few) <= 12
