"""The list of tasks: its filters, and whose it shows."""

import pytest

from devtools.tests import factory
from devtools.tests.factory import DAY, NOW
from team.models import Role
from web.tests.deal_office import Office, login
from web.tests.deal_office import friday as friday
from web.tests.deal_office import office as office

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("query", "count"),
    [("", 3), ("overdue=1", 1), ("overdue=0&completed=", 3), ("completed=1", 1), ("since=2026-11-21", 2)],
)
def test_task_filters(office: Office, query: str, count: int) -> None:
    factory.make_task(office.fresh, NOW + DAY)
    factory.make_task(office.fresh, NOW + DAY)
    factory.make_task(office.fresh, NOW - DAY, is_completed=True, completed_at=NOW)
    page = login().get(f"/tasks/?{query}")
    assert page.context["count"] == count
    assert len(page.context["page"].object_list) == count


@pytest.mark.parametrize("query", ["manager=x", "overdue=maybe", "deal=abc", "completed=3", "sort=x"])
def test_nonsense_in_the_address_of_tasks_is_refused(office: Office, query: str) -> None:
    page = login().get(f"/tasks/?{query}")
    assert page.status_code == 422
    assert len(page.context["problems"]) == 1


def test_a_manager_sees_own_tasks_only(office: Office) -> None:
    factory.make_task(office.fresh, NOW + DAY)
    page = login(Role.MANAGER, office.anna).get("/tasks/")
    assert [task.manager for task in page.context["page"]] == [office.anna]


@pytest.mark.parametrize(
    ("value", "kind", "shown"),
    [
        ("2026-11-20", "date", "2026-11-20"),
        ("2026-11-20T12:00:05.123456+00:00", "datetime-local", "2026-11-20T15:00:05"),
        ("2026-11-20T12:00", "datetime-local", "2026-11-20T12:00:00"),
        ("nonsense at noon", "text", "nonsense at noon"),
    ],
)
def test_a_moment_of_a_link_is_shown_in_local_time(value: str, kind: str, shown: str) -> None:
    field = login().get("/tasks/", {"since": value}).context["form"]["since"]
    assert f'type="{kind}"' in str(field)
    assert f'value="{shown}"' in str(field)
