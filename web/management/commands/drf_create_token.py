"""`manage.py drf_create_token USERNAME`: a new API token, shown once."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from access.models import ApiToken
from access.tokens import LONGEST, make_token, revoke_tokens
from team.models import Employee

TITLE = "drf_create_token"


class Command(BaseCommand):
    help = "Prints a new API token of somebody; earlier ones go on living unless --reset is given."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("username")
        parser.add_argument(
            "-r", "--reset", action="store_true", help="revoke earlier tokens of this command"
        )
        parser.add_argument("--days", type=int, default=365, help=f"1 to {LONGEST}, default: 365")
        parser.add_argument("--read-only", action="store_true")
        parser.add_argument("--own", action="store_true", help="sees own rows only, whatever the role")

    def handle(
        self, *args: Any, username: str, reset: bool, days: int, read_only: bool, own: bool, **options: Any
    ) -> None:
        user = Employee.objects.filter(username=username).first()
        if user is None:
            raise CommandError(f"Cannot create the Token: user {username} does not exist")
        if reset:
            revoke_tokens(user, title=TITLE)
        reach = ApiToken.Reach.OWN if own else ApiToken.Reach.ALL
        try:
            _row, key = make_token(user, TITLE, may_write=not read_only, reach=reach, days=days)
        except ValueError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"Generated token {key} for user {username}")
