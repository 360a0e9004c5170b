"""Make the invented company of the sandbox ready to be opened: logins, rotas, regulations, a pay scheme and plans."""

import json
import subprocess
import sys
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import stamina
from celery import chain
from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser

from core import moment
from core.periods import month_of
from core.zone import local_day, portal_zone
from devtools.demo.chats import link_chats
from jobs.alerts import compare_weeks
from jobs.effects import measure_effects
from jobs.judgement_queue import judge_waiting
from jobs.mirror import pull_dictionaries
from jobs.pay import refresh_statements
from jobs.reports import issue_reports, refresh_proposals
from jobs.weeks import count_weeks
from kpi import statements
from kpi.models import Quota, Statement
from notices.models import Policy
from pipelines.account import own
from pipelines.models import CustomField, Person, Pipeline, PipelineKind, Stage
from qc import in_due_time, norms, regulations
from qc.models import ControlOff, Regulation, RuleMode
from qc.rules.parameters import DealField, DealFields, Options
from team.models import CompanyHours, Employee, HolidayCalendar, Role, Rota
from web.frame.login import DEMO_PASSWORD

COMPANY = Path(settings.BASE_DIR) / "devtools" / "demo" / "zolotarev.json"
SCHEME = Path(settings.BASE_DIR) / "kpi" / "schemes" / "zolotarev.json"
MONTHS_OF_LIFE = 6
WITHOUT_CONTROL = 28  # days
OFFICE = {
    "director": ("Зинаида", "Золотарёва", Role.DIRECTOR),
    "admin": ("Артём", "Настройкин", Role.ADMIN),
    "controller": ("Вера", "Проверкина", Role.CONTROLLER),
    "finance": ("Фаина", "Счётова", Role.FINANCE),
}


class Command(BaseCommand):
    help = "Sets up the demo company; safe to repeat."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--loaded", action="store_true", help="after the first load: close past months")

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.DEMO:
            raise CommandError("setup_demo is for the demo company only: set DEMO=1.")
        if options["loaded"]:
            return self._months()
        pull_dictionaries()
        company = json.loads(COMPANY.read_text())
        staff = _staff()
        self._office()
        self._company_hours()
        self._employees(staff)
        self._rules(company["rules"])
        self._regulations(company["regulations"])
        self._control(staff)
        call_command("kpi_scheme", "load", str(SCHEME), stdout=self.stdout)
        self._plans(company["quotas"])
        self._kinds()
        link_chats()

    def _kinds(self) -> None:
        """As an administrator would say what the pipelines beside sales are for."""
        kinds = {"Курьеры": PipelineKind.Kind.ROBOT, "Гарантийные случаи": PipelineKind.Kind.SERVICE}
        rows = Pipeline.objects.filter(name__in=kinds).values_list("pk", "name")
        own.set_kinds({key: kinds[name] for key, name in rows})

    def _office(self) -> None:
        for username, (first, last, role) in OFFICE.items():
            _login(
                username,
                first_name=first,
                last_name=last,
                role=role,
                is_staff=role == Role.ADMIN,
                is_superuser=role == Role.ADMIN,
            )

    def _months(self) -> None:
        """All whole months of the demo company's life are paid; the last one waits for its closing."""
        now = moment.now()
        present = month_of(now, portal_zone())
        whole = [month_of(first, portal_zone()) for first in self._first_days(present.first)][2:]
        for period in reversed(whole):
            if not Statement.objects.filter(period=period.first, status=Statement.Status.CLOSED).exists():
                # The company lives on: now and then a deal that has just changed waits to be judged.
                for attempt in stamina.retry_context(on=ValueError, attempts=None, timeout=900, wait_max=1):
                    with attempt:
                        judge_waiting()  # nobody else does: the clock starts when the months are closed
                        statements.close_month(period, None, now)
        refresh_statements()
        Policy.objects.update(started_at=moment.now())  # months that were closed just now are no news
        # What the clock would get to in an hour: weeks are counted fourteen at a time, and compared with those before;
        # Monday's report tells of them.
        chain(count_weeks.si(), count_weeks.si(), compare_weeks.si(), issue_reports.si()).delay()
        for task in (refresh_proposals, measure_effects):
            task.delay()

    @staticmethod
    def _first_days(this_month: date) -> list[date]:
        return [_months_back(this_month, back) for back in range(MONTHS_OF_LIFE)]

    def _company_hours(self) -> None:
        """When clients are answered: the client's clock."""
        hours, _ = Rota.objects.update_or_create(
            name="Часы компании, 10:00–20:00",
            defaults={"pattern": "1", "anchor": date(2024, 1, 1), "time_zone": portal_zone().key}
            | {"starts": time(10), "ends": time(20)},
        )
        CompanyHours.objects.update_or_create(employee=None, since=None, defaults={"rota": hours})

    def _employees(self, staff: list[dict[str, Any]]) -> None:
        heads: list[Employee] = []
        for one in sorted(staff, key=lambda one: one["role"] != "head"):
            first, _, last = one["name"].partition(" ")
            head = one["role"] == "head"
            employee = _login(
                one["email"].partition("@")[0],
                first_name=first,
                last_name=last,
                role=Role.HEAD if head else Role.MANAGER,
                person_id=one["user_id"],
                rota=_rota(one),
                hired_on=date.fromisoformat(one["hired_on"]),
                left_on=one["left_on"] and date.fromisoformat(one["left_on"]),
                is_active=one["left_on"] is None,
                head=heads[0] if heads else None,
            )
            if head:
                heads.append(employee)

    def _rules(self, rules: dict[str, dict[str, Any]]) -> None:
        for code, chosen in rules.items():
            RuleMode.objects.update_or_create(rule=code, defaults=chosen | {"since": _begun()})

    def _regulations(self, documents: list[dict[str, Any]]) -> None:
        stages = {
            (stage.pipeline.name, stage.name): stage.pk for stage in Stage.objects.select_related("pipeline")
        }
        fields = {field.name: str(field.pk) for field in CustomField.objects.all()}
        known = set(Regulation.objects.values_list("stage_id", flat=True))
        author = Employee.objects.get(username="admin")
        for document in documents:
            stage = stages[document.pop("pipeline"), document.pop("stage")]
            if stage in known:
                continue
            for rule, parameter, value in list(norms.named(document["norms"])):
                if isinstance(parameter.kind, DealFields):  # amoCRM gives them ids of its own
                    ids = [fields.get(name, name) for name in value]
                    document["norms"][rule.code][parameter.name] = ids
                elif isinstance(parameter.kind, Options):
                    lists = {fields.get(name, name): options for name, options in value.items()}
                    document["norms"][rule.code][parameter.name] = lists
                elif isinstance(parameter.kind, DealField):
                    document["norms"][rule.code][parameter.name] = fields.get(value, value)
            published = regulations.publish(stage, author, **document)
            Regulation.objects.filter(pk=published.pk).update(published_at=_begun())

    def _control(self, staff: list[dict[str, Any]]) -> None:
        """Four weeks without control, while the processes were rebuilt: the newest manager came on their first day."""
        if ControlOff.objects.exists():
            return
        came = max(date.fromisoformat(one["hired_on"]) for one in staff)
        since, until = (
            datetime.combine(came + timedelta(days=days), time(), portal_zone())
            for days in (0, WITHOUT_CONTROL)
        )
        if until < moment.now():
            author = Employee.objects.get(username="admin")
            in_due_time.switch_control_off(since, until, "перестраивали этапы", author)

    def _plans(self, quotas: dict[str, int]) -> None:
        people = dict(Person.objects.values_list("name", "pk"))
        this_month = local_day(moment.now()).replace(day=1)
        months = self._first_days(this_month)
        rows = [
            Quota(manager_id=people[name], period=month, amount=Decimal(amount))
            for name, amount in quotas.items()
            for month in months
        ]
        Quota.objects.bulk_create(rows, ignore_conflicts=True)


def _staff() -> list[dict[str, Any]]:
    """The company's rotas, told by the sandbox itself: nothing here imports it."""
    now = moment.now().isoformat()  # its story begins weeks before this moment, which may be a fixed one
    command = [sys.executable, "-m", "sandbox.scenarios", "staff", "zolotarev", "--now", now]
    answer = subprocess.run(command, cwd=settings.BASE_DIR, capture_output=True, text=True, check=False)
    if answer.returncode:
        raise CommandError(f"The sandbox did not tell its staff: {answer.stderr.strip()}")
    staff: list[dict[str, Any]] = json.loads(answer.stdout)
    return staff


def _login(username: str, **facts: Any) -> Employee:
    employee, created = Employee.objects.update_or_create(username=username, defaults=facts)
    if created:
        employee.set_password(DEMO_PASSWORD)
        employee.save(update_fields=["password"])
    return employee


def _rota(one: dict[str, Any]) -> Rota:
    hours = f"{one['starts']}–{one['ends']}"
    on, off = one["pattern"].count("1"), one["pattern"].count("0")
    anchor = date.fromisoformat(one["anchor"])
    rota, _ = Rota.objects.get_or_create(
        pattern=one["pattern"],
        anchor=anchor,
        starts=time.fromisoformat(one["starts"]),
        ends=time.fromisoformat(one["ends"]),
        defaults={
            "name": f"{on}/{off}, {hours}"
            + (f", смена\N{NO-BREAK SPACE}{one['group'][-1]}" if one["group"].startswith("Смена") else ""),
            "time_zone": one["time_zone"],
            "calendar": _russia() if len(one["pattern"]) == 7 else None,
        },
    )
    return rota


def _russia() -> HolidayCalendar:
    return HolidayCalendar.objects.get_or_create(name="Россия", defaults={"country": "RU"})[0]


def _begun() -> datetime:
    """Before anything happened in the company: its regulations and rules have always been in force."""
    zone = portal_zone()
    return month_of(_months_back(local_day(moment.now()).replace(day=1), MONTHS_OF_LIFE), zone).start


def _months_back(first: date, count: int) -> date:
    year, month = divmod(first.year * 12 + first.month - 1 - count, 12)
    return date(year, month + 1, 1)
