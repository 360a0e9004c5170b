"""Who works here, when, and what each of them may see."""

from django.contrib.auth.models import AbstractUser
from django.db import models
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _

from core import moment


class Role(models.TextChoices):
    MANAGER = "manager", _("Manager")
    HEAD = "head", _("Head of sales")
    CONTROLLER = "controller", _("QC controller")
    FINANCE = "finance", _("Finance")
    DIRECTOR = "director", _("Director")
    ADMIN = "admin", _("Administrator")


class Rota(models.Model):
    """A pattern of working days: ``pattern`` is a string of 1 (shift) and 0 (day off) that repeats from an anchor date.

    Shifts run from ``starts`` to ``ends`` local time; ``ends`` not after ``starts`` means that the shift ends next day.
    """

    name = models.CharField(_("name"), max_length=60)
    pattern = models.CharField(
        _("pattern"), max_length=60, help_text=_("1 is a shift, 0 a day off: 111000 is three on, three off")
    )
    anchor = models.DateField(_("first day of the pattern"))
    starts = models.TimeField(_("starts"))
    ends = models.TimeField(_("ends"))
    time_zone = models.CharField(_("time zone"), max_length=64, default="Europe/Moscow")
    observes_holidays = models.BooleanField(_("rests on state holidays"), default=False)
    is_company = models.BooleanField(
        _("company hours"),
        default=False,
        help_text=_("the client's clock, and that of people without a rota of their own"),
    )

    class Meta:
        verbose_name = _("rota")
        verbose_name_plural = _("rotas")
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(
                fields=["is_company"], name="one_company_rota", condition=models.Q(is_company=True)
            ),
            models.CheckConstraint(
                condition=models.Q(pattern__regex="^[01]+$"), name="rota_pattern_of_0_and_1"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Employee(AbstractUser):
    """Somebody who opens the portal, and the amoCRM user that is the same person.

    One without a login has an unusable password. ``head`` names who answers for the person.
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
    head = models.ForeignKey(
        "self", models.SET_NULL, null=True, blank=True, related_name="reports", verbose_name=_("head")
    )
    rota = models.ForeignKey(Rota, models.SET_NULL, null=True, blank=True, verbose_name=_("rota"))
    hired_on = models.DateField(_("hired on"), null=True, blank=True)
    left_on = models.DateField(_("left on"), null=True, blank=True)
    language = models.CharField(
        _("language"), max_length=2, choices=[("ru", "Русский"), ("en", "English")], default="ru"
    )

    class Meta:
        verbose_name = _("employee")
        verbose_name_plural = _("employees")
        ordering = ["last_name", "first_name", "username"]

    def __str__(self) -> str:
        return self.get_full_name() or self.username

    @cached_property
    def sees(self) -> frozenset[int] | None:
        """Ids of the amoCRM users whose deals, findings and money this employee may see; None = everybody's."""
        if self.role in {Role.DIRECTOR, Role.ADMIN, Role.CONTROLLER, Role.FINANCE}:
            return None
        own = [self.person_id]
        if self.role == Role.HEAD:
            own += self.reports.values_list("person_id", flat=True)
        return frozenset(person for person in own if person is not None)

    @property
    def has_left(self) -> bool:
        """The last day is over, by the portal's time zone: nothing opens for this person any more."""
        return self.left_on is not None and self.left_on < timezone.localdate(moment.now())

    @property
    def directs(self) -> bool:
        """May open the director's desk: everybody but a plain manager."""
        return self.role != Role.MANAGER

    @property
    def administers(self) -> bool:
        """May change regulations, rules and the team."""
        return self.role == Role.ADMIN

    @property
    def sees_money(self) -> bool:
        """May see statements of the people in ``sees`` (a controller judges quality, not pay)."""
        return self.role != Role.CONTROLLER


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
