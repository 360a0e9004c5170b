"""`manage.py logins`: who may sign in; for a real account it also makes the first logins."""

import secrets
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db.models import Q

from jobs.mirror import pull_dictionaries
from pipelines.account import connection
from pipelines.account.connection import CannotConnect
from pipelines.models import Person
from team.models import Employee, Role
from web.frame.login import demo_logins

OFFICE = {"director": Role.DIRECTOR, "admin": Role.ADMIN, "controller": Role.CONTROLLER}


class Command(BaseCommand):
    help = "Prints the demo's logins, or makes those of a real account; passwords are shown this once."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--without-account", action="store_true", help="of a portal that knows no amoCRM yet, only files"
        )

    def handle(self, *args: Any, without_account: bool = False, **options: Any) -> None:
        if settings.DEMO:
            for one in demo_logins():
                self._tell(one["username"], one["password"], f"{one['role']}, {one['name']}")
            return
        if not without_account:
            try:
                connection.find_account()
            except CannotConnect as error:
                raise CommandError(str(error)) from error
        for username, role in OFFICE.items():
            if not Employee.objects.filter(Q(role=role) | Q(username=username)).exists():
                password = secrets.token_urlsafe(9)
                admin = role == Role.ADMIN
                Employee.objects.create_user(
                    username, password=password, role=role, is_staff=admin, is_superuser=admin
                )
                self._tell(username, password, str(role.label))
        if not without_account:
            pull_dictionaries()
            _managers()

    def _tell(self, username: str, password: str, who: str) -> None:
        self.stdout.write(f"  {username:<14} {password:<14} {who}")


def _managers() -> None:
    """One employee for each amoCRM user; an admin lets them in by giving a password."""
    for person in Person.objects.filter(is_active=True, employee=None, holders=None):
        Employee.objects.create_user(
            f"manager-{person.pk}", first_name=person.name[:150], role=Role.MANAGER, person_id=person.pk
        )
