"""A company in the bench's database: emptied, copied in, staffed, regulated, judged and paid."""

import json
from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from django.apps import apps
from django.conf import settings
from django.db import connection

from bench import data
from bench.data import COLUMNS, NOW, START, WORK, Company, person_id, pipeline_id, stage_id
from core import moment, redis
from core.periods import Period, month_of
from kpi import pay_schemes, statements
from kpi.models import Quota
from metrics.analytics import packing
from pipelines.mirror.entities import TABLE
from pipelines.models import (
    Account,
    Contact,
    Cursor,
    CustomField,
    Deal,
    LifeChange,
    LossReason,
    Person,
    Pipeline,
    Stage,
    TaskType,
)
from qc import norms, parallel, subjects
from qc.criteria import field_names
from qc.defaults import ensure_defaults
from qc.models import Regulation, RuleMode
from team.models import Employee, Role, Rota, RotaAssignment

HOURS = timedelta(hours=1)
SECRET = "b" * 43
MONTH: Period = month_of(NOW, ZoneInfo(settings.TIME_ZONE))


def hold(company: Company) -> None:
    """Let the database hold this company and the portal's clock stand at its NOW; done once, it costs nothing."""
    moment.fix(NOW.isoformat())
    if Account.objects.filter(name=str(company)).exists():
        return
    print(f"(inventing {company.deals:,} deals)", flush=True)
    empty()
    forget_figures()
    office(company)
    with without_indexes():
        for lines in data.lives(company):
            for table, rows in lines.items():
                copy(f"pipelines_{table} ({COLUMNS[table]})", rows)
        copy(f"{Contact._meta.db_table} (id, name, updated_at, deleted_at)", data.contacts(company))
    LifeChange.objects.bulk_create(
        LifeChange(deal_id=pk) for pk in Deal.objects.values_list("pk", flat=True).iterator()
    )
    while packing.pack_changed():
        pass
    regulate()
    vacuum()
    parallel.judge(list(Deal.objects.order_by("id").values_list("id", flat=True)), around=False)
    subjects.judge_every_subject()
    pay_schemes.load_scheme(
        json.loads((settings.BASE_DIR / "kpi" / "schemes" / "zolotarev.json").read_text())
    )
    quota = Decimal(1_000_000)
    Quota.objects.bulk_create(
        Quota(manager=person, period=MONTH.first, amount=quota) for person in Person.objects.all()
    )
    statements.refresh_month(MONTH, NOW)
    vacuum()
    Account.objects.create(id=1, name=str(company), base_url="https://bench.invalid", hook_secret=SECRET)


def empty() -> None:
    """An empty portal, as after the first migrate."""
    tables = [
        model._meta.db_table
        for room in ("pipelines", "team", "qc", "kpi")
        for model in apps.get_app_config(room).get_models()
    ]
    with connection.cursor() as cursor:
        cursor.execute(f"TRUNCATE {', '.join(tables)} RESTART IDENTITY CASCADE")
    ensure_defaults()


def office(company: Company) -> None:
    """Everything but deals: dictionaries, people with rotas and logins; the last person has left."""
    for number in range(company.pipelines):
        Pipeline.objects.create(id=pipeline_id(number), name=f"Воронка {number + 1}", sort=number)
        kinds = ["incoming", *["work"] * WORK, "won", "lost"]
        for place, kind in enumerate(kinds):
            key = stage_id(number, place)
            status = int(key.partition(":")[2])
            Stage.objects.create(
                id=key,
                pipeline_id=pipeline_id(number),
                status=status,
                name=f"Этап {place}",
                sort=place,
                kind=kind,
            )
    CustomField.objects.bulk_create(
        CustomField(id=field, name=f"Поле {field}", type="text") for field in data.FIELDS
    )
    LossReason.objects.bulk_create(LossReason(id=number, name=f"Причина {number}") for number in range(1, 6))
    TaskType.objects.create(id=1, name="Связаться")
    Cursor.objects.bulk_create(
        Cursor(entity=entity.name, state=Cursor.State.READY, as_of=NOW) for entity in TABLE
    )
    day = Rota.objects.create(
        name="5/2",
        pattern="1111100",
        anchor=date(2026, 11, 16),
        starts="09:00",
        ends="18:00",
        is_company=True,
    )
    shift = Rota.objects.create(
        name="3/3", pattern="111000", anchor=date(2026, 11, 1), starts="09:00", ends="21:00"
    )
    people = [
        Person(id=person_id(number), name=f"Менеджер {number + 1}", group=f"Отдел {number % 4 + 1}")
        for number in range(company.people)
    ]
    people[-1].is_active, people[-1].deleted_at = False, NOW - timedelta(days=60)
    Person.objects.bulk_create(people)
    employees = Employee.objects.bulk_create(
        Employee(username=f"manager{place}", last_name=person.name, person=person)
        for place, person in enumerate(people)
    )
    RotaAssignment.objects.bulk_create(
        RotaAssignment(employee=one, rota=(day, shift)[place % 2]) for place, one in enumerate(employees)
    )
    Employee.objects.create(username="director", role=Role.DIRECTOR)


def regulate() -> None:
    """A norm of every kind on every stage in work, on two kinds of clocks; all rules count in money."""
    RuleMode.objects.update(mode=RuleMode.Mode.MONEY, since=START)
    names = field_names()
    fields = sorted(name for name in names if name.isdecimal())[:3]  # of this company, or of the sandbox's
    stages = Stage.objects.filter(kind__in=(Stage.Kind.INCOMING, Stage.Kind.WORK)).order_by(
        "pipeline", "sort"
    )
    Regulation.objects.bulk_create(
        Regulation(
            stage=stage,
            published_at=START,
            norms=norms.document(names, **_norms(stage.sort, stage.kind, fields)),
        )
        for stage in stages
    )


def _norms(place: int, kind: str, fields: Sequence[str]) -> dict[str, Any]:
    """Those of the stage at this place of a pipeline. On one of them deals wait; no deal may skip the fourth."""
    first_contact = {"contact_first_late_within": HOURS / 2}
    if kind == Stage.Kind.INCOMING:
        return first_contact
    waits = {
        "wait_unexplained_reason": fields[0],
        "wait_unexplained_longest": 60 * 24 * HOURS,
        "wait_unexplained_grace": 9 * HOURS,
    }
    return {
        "max_stay": (120 * HOURS, 40 * HOURS)[place % 2],
        "stay_clock": ("calendar", "owner")[place % 2],
        "needs_task": True,
        "task_grace": 4 * HOURS,
        "required_fields": [fields[place % len(fields)]],
        "fields_grace": 9 * HOURS,
        "deal_lifetime_max_life": 40 * 24 * HOURS,
        "deal_untouched_idle": 7 * 24 * HOURS,
        "field_amount_demanded": place >= WORK // 2,
        "stage_skipped_demanded": place == WORK // 2,
        "task_far_furthest": 14 * 24 * HOURS,
        "task_no_next_grace": 9 * HOURS,
        **(first_contact if place == 1 else {}),
        **(waits if place == WORK - 2 else {}),
    }


def copy(target: str, rows: list[str]) -> None:
    with connection.cursor() as cursor, cursor.copy(f"COPY {target} FROM STDIN") as stream:
        stream.write("".join(rows))


class without_indexes:  # noqa: N801 - reads as a statement
    """Indexes of the mirror's big tables are dropped, and built again at the end: half the time of a big company."""

    FIND = """
        SELECT indexname, indexdef FROM pg_indexes
        WHERE tablename = ANY(%s) AND indexname NOT IN (SELECT conname FROM pg_constraint)
    """

    def __enter__(self) -> None:
        with connection.cursor() as cursor:
            cursor.execute(self.FIND, [[f"pipelines_{table}" for table in COLUMNS]])
            found = cursor.fetchall()
            self._again = [definition for _, definition in found]
            for name, _ in found:
                cursor.execute(f'DROP INDEX "{name}"')

    def __exit__(self, *error: object) -> None:
        with connection.cursor() as cursor:
            for definition in self._again:
                cursor.execute(definition)


def forget_figures() -> None:
    """The desk's figures that Redis keeps; where time stands still, they would never grow old."""
    forget("desk:*")


def forget_counts() -> None:
    """Those of long lists."""
    forget("list:*")


def forget(pattern: str) -> None:
    for key in redis.client().scan_iter(pattern):
        redis.client().delete(key)


def outdate_figures() -> None:
    """As if something had changed since they were counted."""
    for key in redis.client().scan_iter("desk:*", _type="hash"):
        redis.client().hset(key, "stamp", "of another time")


def vacuum() -> None:
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")
