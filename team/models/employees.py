"""People: what each of them is here, sees and may do, and the days on which they are away."""

from collections.abc import Iterable
from datetime import date, datetime
from typing import Any, ClassVar, TypeVar

from django.contrib.auth.models import AbstractUser, UserManager
from django.contrib.postgres.fields import ArrayField
from django.db import models, transaction
from django.db.models import QuerySet
from django.db.models.expressions import RawSQL
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _

from audit.registry import keep_changes
from core import moment
from core.zone import local_day
from team.holders import LEAVERS, find_leavers, visible, visible_people
from team.models.dated import Dated
from team.models.rotas import Rota

Row = TypeVar("Row", bound=Dated)


class Role(models.TextChoices):
    MANAGER = "manager", _("Manager")
    HEAD = "head", _("Head of sales")
    CONTROLLER = "controller", _("QC controller")
    FINANCE = "finance", _("Finance")
    DIRECTOR = "director", _("Director")
    ADMIN = "admin", _("Administrator")


class EmployeeManager(UserManager["Employee"]):
    use_in_migrations = False

    def with_sight(self, now: datetime | str, day: date | str) -> QuerySet["Employee"]:
        """With what each of them sees on the day and who has left, read along.

        Texts are names of parameters (`core.db.PreparedQuery`).
        """
        sight = visible("team_employee.id", f"team_employee.role = '{Role.HEAD.value}'", "%s")
        users = RawSQL(f"array({sight})", (day, day, day), output_field=ArrayField(models.BigIntegerField()))
        gone = RawSQL(f"array({LEAVERS})", (now, day), output_field=users.output_field)
        return self.annotate(sight=users, gone=gone)


@keep_changes(names=["username"], secret=["password"], ignored=["last_login", "desk_view_id"])
class Employee(AbstractUser):
    """Somebody who opens the portal, and the amoCRM users that are the same person.

    One without a login has an unusable password. ``person`` is the main amoCRM user, under whose id his months are
    kept; others, and handing one over, are rows of AmoUser. Rota and head have dates: given to a new employee, they
    hold from the beginning.
    """

    role = models.CharField(_("role"), max_length=12, choices=Role, default=Role.MANAGER)
    person = models.OneToOneField(
        "pipelines.Person",
        models.DO_NOTHING,
        db_constraint=False,
        null=True,
        blank=True,
        related_name="employee",
        verbose_name=_("amoCRM user"),
    )
    hired_on = models.DateField(_("hired on"), null=True, blank=True)
    left_on = models.DateField(_("left on"), null=True, blank=True)
    language = models.CharField(
        _("language"), max_length=2, choices=[("ru", "Русский"), ("en", "English")], default="ru"
    )

    # the saved view with which the desk opens
    desk_view = models.ForeignKey(
        "SavedView",
        models.SET_NULL,
        null=True,
        blank=True,
        editable=False,
        related_name="+",
        verbose_name=_("view of the desk"),
    )

    objects: ClassVar[EmployeeManager] = EmployeeManager()

    class Meta:
        verbose_name = _("employee")
        verbose_name_plural = _("employees")
        ordering = ["last_name", "first_name", "username"]

    def __str__(self) -> str:
        return self.get_full_name() or self.username

    @property
    def rota(self) -> Rota | None:
        """His own rota of today; None: company hours. Prefetch ``rota_assignments__rota`` for many."""
        if "rota" in self._said:
            said: Rota | None = self._said["rota"]
            return said
        row = in_force(self.rota_assignments.all(), today()) if self.pk else None
        return None if row is None else row.rota

    @rota.setter
    def rota(self, rota: Rota | None) -> None:
        self._said["rota"] = rota

    @property
    def head(self) -> "Employee | None":
        """Who answers for him today. Prefetch ``head_assignments__head`` for many."""
        if "head" in self._said:
            said: Employee | None = self._said["head"]
            return said
        row = in_force(self.head_assignments.all(), today()) if self.pk else None
        return None if row is None else row.head

    @head.setter
    def head(self, head: "Employee | None") -> None:
        self._said["head"] = head

    @property
    def _said(self) -> dict[str, Any]:
        """What was given for the time from the beginning on and is not saved yet."""
        said: dict[str, Any] = self.__dict__.setdefault("_said_of_all_time", {})
        return said

    def narrow(self) -> None:
        """See from now on what a manager would: of a token for own rows. Such a value cannot be saved."""
        self.role, self.is_staff, self.is_superuser = Role.MANAGER, False, False
        self.__dict__.pop("sight", None)
        self.__dict__.pop("sees", None)
        self.__dict__["narrowed"] = True

    def save(self, *args: Any, **options: Any) -> None:
        if "narrowed" in self.__dict__:
            raise RuntimeError("An employee who sees less than his role does is not saved.")
        said = dict(self._said)
        with transaction.atomic():
            super().save(*args, **options)
            for name, rows in (("rota", self.rota_assignments), ("head", self.head_assignments)):
                if said.get(name) is not None:
                    rows.update_or_create(since=None, defaults={name: said[name]})
                elif name in said:
                    rows.filter(since=None).update(**{name: None})
        self._said.clear()

    @cached_property
    def sees(self) -> frozenset[int] | None:
        """Ids of the amoCRM users whose deals, findings and money this employee may see; None = everybody's."""
        if self.role in {Role.DIRECTOR, Role.ADMIN, Role.CONTROLLER, Role.FINANCE}:
            return None
        if "sight" in self.__dict__:
            return frozenset(self.__dict__["sight"])
        return visible_people(self.pk, today(), reports=self.role == Role.HEAD)

    @cached_property
    def leavers(self) -> frozenset[int]:
        """The amoCRM users who no longer work here, for the badge beside their names."""
        if "gone" in self.__dict__:
            return frozenset(self.__dict__["gone"])
        return find_leavers(moment.now(), today())

    @property
    def has_left(self) -> bool:
        """The last day is over, by the portal's time zone: nothing opens for this person any more."""
        return self.left_on is not None and self.left_on < today()

    @property
    def directs(self) -> bool:
        """May open the director's desk: everybody but a plain manager."""
        return self.role != Role.MANAGER

    @property
    def administers(self) -> bool:
        """May change regulations, rules and the team."""
        return self.role == Role.ADMIN

    @property
    def reads_changes(self) -> bool:
        """May read who changed what of how people are judged, paid and let in."""
        return self.role in {Role.ADMIN, Role.DIRECTOR}

    @property
    def sees_money(self) -> bool:
        """May see statements of the people in ``sees`` (a controller judges quality, not pay)."""
        return self.role != Role.CONTROLLER


@keep_changes(names=["employee"])
class DayOff(models.Model):
    """An exception to the rota: a day not worked, or an extra day worked (``kind`` extra)."""

    class Kind(models.TextChoices):
        VACATION = "vacation", _("vacation")
        SICK = "sick", _("sick leave")
        SWAP = "swap", _("swapped away")
        EXTRA = "extra", _("extra shift")

    employee = models.ForeignKey(
        Employee, models.CASCADE, related_name="days_off", verbose_name=_("employee")
    )
    first = models.DateField(_("from"))
    last = models.DateField(_("to, inclusive"))
    kind = models.CharField(_("kind"), max_length=8, choices=Kind)

    class Meta:
        verbose_name = _("exception to the rota")
        verbose_name_plural = _("exceptions to the rota")
        constraints = [
            models.CheckConstraint(
                condition=models.Q(last__gte=models.F("first")), name="dayoff_ends_after_start"
            )
        ]

    def __str__(self) -> str:
        return f"{self.employee}: {self.get_kind_display()}, {self.first:%d.%m.%Y}–{self.last:%d.%m.%Y}"


def in_force(rows: Iterable[Row], day: date) -> Row | None:
    """Of one subject's rows the one in force on the day."""
    begun = [row for row in rows if row.since is None or row.since <= day]
    return max(begun, key=lambda row: row.since or date.min, default=None)


def today() -> date:
    """By the portal's time zone."""
    return local_day(moment.now())
