"""Rows for tests of pages: plain creates with sensible defaults, all around one fixed moment."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import cache
from itertools import count
from typing import Any

from django.db import connection
from django.db.models import OuterRef, Subquery
from django.db.models.lookups import GreaterThan
from django.db.models.sql import UpdateQuery

from core.db import run_statements
from pipelines.mirror.rows import LOST, WON
from pipelines.models import Contact, Cursor, Deal, Person, Pipeline, Stage, Stay, Task
from qc import kept_checks, norms
from qc.criteria import Reads, bench
from qc.deal_states import SHOWN
from qc.lives import load_lives
from qc.models import ENDS, Finding, Regulation, RuleMode, Severity
from qc.rules import RULES, behind
from qc.verdicts import judge_timelines
from team.models import Employee, Role

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)  # a Friday, 15:00 in Moscow
DAY = timedelta(days=1)

_numbers = count(1)


def make_pipeline(name: str = "Продажи", **values: Any) -> Pipeline:
    number = next(_numbers)
    return Pipeline.objects.create(**{"id": number, "name": name, "sort": number} | values)


def make_stage(
    pipeline: Pipeline, name: str = "Контакт установлен", kind: str = Stage.Kind.WORK, **values: Any
) -> Stage:
    number = {Stage.Kind.WON: WON, Stage.Kind.LOST: LOST}.get(Stage.Kind(kind), 0) or 1000 + next(_numbers)
    defaults = {
        "id": f"{pipeline.pk}:{number}",
        "pipeline": pipeline,
        "status": number,
        "name": name,
        "sort": number,
        "color": "#99ccff",
        "kind": kind,
    }
    return Stage.objects.create(**defaults | values)


def make_person(name: str = "Анна Кузнецова", **values: Any) -> Person:
    return Person.objects.create(**{"id": next(_numbers), "name": name, "group": "Отдел продаж"} | values)


def make_employee(role: str = Role.MANAGER, person: Person | None = None, **values: Any) -> Employee:
    username = values.pop("username", f"{role}{next(_numbers)}")
    return Employee.objects.create_user(**{"username": username, "role": role, "person": person} | values)


def make_deal(
    stage: Stage, manager: Person | None = None, since: datetime | None = None, **values: Any
) -> Deal:
    """A deal with its open stay; ``since`` is the moment it entered the stage (default: three days ago)."""
    entered = since or NOW - 3 * DAY
    number = next(_numbers)
    defaults = {
        "id": 48_000 + number,
        "name": f"Пневмостойка № {number}",
        "price": Decimal(100_000),
        "pipeline": stage.pipeline,
        "stage": stage,
        "manager": manager,
        "created_at": entered,
        "updated_at": entered,
        "closed_at": entered if stage.kind in {Stage.Kind.WON, Stage.Kind.LOST} else None,
        "stage_since": entered,
    }
    deal = Deal.objects.create(**defaults | values)
    Stay.objects.create(
        deal=deal, stage=stage, manager=manager, visit=1, visit_since=entered, entered_at=entered
    )
    return deal


def make_contact(name: str = "Пётр Клиентов", **values: Any) -> Contact:
    return Contact.objects.create(**{"id": next(_numbers), "name": name, "updated_at": NOW} | values)


def make_task(deal: Deal, due_at: datetime = NOW + DAY, **values: Any) -> Task:
    defaults = {
        "id": next(_numbers),
        "deal": deal,
        "manager_id": deal.manager_id,
        "created_at": NOW - 5 * DAY,
        "updated_at": NOW - 5 * DAY,
        "due_at": due_at,
    }
    task = Task.objects.create(**defaults | values)
    if not task.is_completed:
        settle_state(deal)
    return task


def make_finding(deal: Deal, rule: str = "deal.stuck", **values: Any) -> Finding:
    """A finding that opened a day ago and stands, owned by the deal's manager."""
    defaults = {
        "rule": rule,
        "severity": Severity.VIOLATION,
        "mode": RuleMode.Mode.WARN,
        "deal": deal,
        "stage_id": deal.stage_id,
        "manager_id": deal.manager_id,
        "since": NOW - 3 * DAY,
        "opens_at": NOW - DAY,
        "values": {},
    }
    finding = Finding.objects.create(**defaults | values)
    if finding.rule in behind("stuck_deals"):
        settle_state(deal)
    return finding


def make_regulation(stage: Stage, **values: Any) -> Regulation:
    """``values``: columns, and parameters of norms by their flat names."""
    return Regulation.objects.create(
        **{"stage": stage, "version": 1, "published_at": NOW - 30 * DAY} | with_norms(values)
    )


def with_norms(values: dict[str, Any]) -> dict[str, Any]:
    """Columns of a regulation, from values in which parameters of norms stand beside them by their flat names."""
    flat = {name: value for name, value in values.items() if name in norms.flat_parameters()}
    names = {str(field): "" for field in flat.get("required_fields", ())}
    rest = {name: value for name, value in values.items() if name not in flat}
    return rest | {"norms": norms.document(names, **flat)}


def keep_checks() -> None:
    """Let quality know what could be broken on the deals that there are; their findings stay as they were made."""
    deals = list(Deal.objects.values_list("pk", flat=True))
    said = judge_timelines(load_lives(deals, Reads(None, True, True, reviews=True)), list(RULES), bench())
    [known] = run_statements((kept_checks.KNOWN, {"deals": deals}))
    if difference := kept_checks.compare(known, said.checks):
        run_statements((kept_checks.WRITE, difference.parameters()))


def settle_state(deal: Deal) -> None:
    """Give this deal the state that its stays, tasks and findings tell, as its judgement would."""
    statement, values = _settling()
    with connection.cursor() as cursor:
        cursor.execute(statement, [*values, deal.pk])


@cache
def _settling() -> tuple[str, tuple[Any, ...]]:
    """The statement, but for the deal: Django takes 2 ms to write it, and thousands of rows ask for it."""
    ahead = Finding.objects.standing().filter(
        GreaterThan(ENDS, NOW), rule__in=behind("stuck_deals"), mode__in=SHOWN, deal=OuterRef("pk")
    )
    stay = Stay.objects.filter(deal=OuterRef("pk"), left_at=None).order_by("-entered_at")
    task = Task.objects.open().filter(deal=OuterRef("pk")).order_by("due_at")
    stuck = ahead.order_by("opens_at")
    query = Deal.objects.all().query.chain(UpdateQuery)
    query.add_update_values(
        {
            "stage_since": Subquery(stay.values("visit_since")[:1]),
            "next_due_at": Subquery(task.values("due_at")[:1]),
            "stuck_at": Subquery(stuck.values("opens_at")[:1]),
            "stuck_until": Subquery(stuck.values("closes_at")[:1]),
        }
    )
    statement, values = query.get_compiler("default").as_sql()
    return f"{statement} WHERE id = %s", values


def make_cursor(entity: str = "deals", **values: Any) -> Cursor:
    return Cursor.objects.create(
        **{"entity": entity, "state": Cursor.State.READY, "as_of": NOW, "rows": 10} | values
    )
