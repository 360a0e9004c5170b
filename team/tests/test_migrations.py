"""What the columns said before they had dates is what holds from the beginning, to the day."""

from collections.abc import Iterator
from datetime import date, time
from typing import Any

import pytest
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from devtools import migrated_database
from team.models import CompanyHours, Employee
from team.schedules import count_shifts, load_clocks, rota_grid

NOVEMBER = date(2026, 11, 1), date(2026, 11, 30)
HOURS = {"anchor": date(2026, 11, 2), "starts": time(9), "ends": time(18)}


def migrate(name: str | None = None) -> Any:
    """To this step of team; without a name to the last one, and of the rooms below: what today's models read."""
    executor = MigrationExecutor(connection)
    leaves = executor.loader.graph.leaf_nodes
    target = leaves("team") + leaves("pipelines") if name is None else [("team", name)]
    executor.migrate(target)
    return executor.loader.project_state(target).apps


@pytest.fixture
def before(django_db_blocker: Any) -> Iterator[Any]:
    """In a database of its own, which has only what this step stands on: going back takes no other room along."""
    with (
        django_db_blocker.unblock(),
        migrated_database.borrow_empty(f"{connection.settings_dict['NAME']}_steps"),
    ):
        yield migrate("0001_initial")


def test_undated_rows_mean_the_same_in_three_steps_and_back(before: Any) -> None:
    rotas, people = before.get_model("team", "Rota"), before.get_model("team", "Employee")
    person = before.get_model("pipelines", "Person")
    for number in (1, 2):
        person.objects.create(id=number, name=f"Person {number}")
    rotas.objects.create(name="Company", pattern="1", is_company=True, **HOURS)
    week = rotas.objects.create(name="5/2", pattern="1111100", observes_holidays=True, **HOURS)
    head = people.objects.create(username="head", role="head")
    anna = people.objects.create(username="anna", person_id=1, rota=week, head=head)
    people.objects.create(username="boris", person_id=2)

    migrate()
    assert [one.planned for _, one in sorted(count_shifts([1, 2], *NOVEMBER, today=NOVEMBER[1]).items())] == [
        20,
        30,
    ]
    assert CompanyHours.objects.get().rota.name == "Company"
    kinds = {row.employee.username: [cell.kind for cell in row.cells] for row in rota_grid(*NOVEMBER)}
    assert kinds["anna"][3] == "holiday" and set(kinds["boris"]) == {"shift"}
    assert (
        load_clocks().owner(2) is load_clocks().client
        or load_clocks().owner(2).schedule == load_clocks().client.schedule
    )
    found = Employee.objects.get(pk=anna.pk)
    assert (found.rota.name, found.head.username, Employee.objects.get(username="boris").rota) == (
        "5/2",
        "head",
        None,
    )

    again = migrate("0001_initial")
    row = again.get_model("team", "Employee").objects.get(pk=anna.pk)
    assert (row.rota.name, row.rota.observes_holidays, row.head.username) == ("5/2", True, "head")
    assert again.get_model("team", "Rota").objects.get(is_company=True).name == "Company"
