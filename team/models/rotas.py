"""Rotas and the holiday calendars that they rest by."""

from typing import Any

from django.core.validators import MaxValueValidator
from django.db import models, transaction
from django.utils.translation import gettext_lazy as _

from audit.registry import keep_changes

WHOLE_DAY = 1440  # minutes


@keep_changes(names=["name"])
class HolidayCalendar(models.Model):
    """The state holidays of a country, with a list of days that this company says otherwise of."""

    name = models.CharField(_("name"), max_length=60, unique=True)
    country = models.CharField(
        _("country"), max_length=2, blank=True, help_text=_("empty: no holidays but those listed below")
    )
    eve_minutes = models.PositiveSmallIntegerField(
        _("a day before a holiday is shorter by, minutes"),
        default=0,
        validators=[MaxValueValidator(WHOLE_DAY)],
        help_text=_("Labour Code, art. 95: 60; days off that were moved have no eve"),
    )

    class Meta:
        verbose_name = _("holiday calendar")
        verbose_name_plural = _("holiday calendars")
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


@keep_changes(names=["calendar", "day"])
class CalendarDay(models.Model):
    """A day of which the calendar says otherwise than the country does."""

    class Kind(models.TextChoices):
        REST = "rest", _("a holiday")
        WORK = "work", _("no holiday: worked")
        SHORT = "short", _("shortened")

    calendar = models.ForeignKey(
        HolidayCalendar, models.CASCADE, related_name="days", verbose_name=_("holiday calendar")
    )
    day = models.DateField(_("day"))
    kind = models.CharField(_("kind"), max_length=5, choices=Kind)
    minutes = models.PositiveSmallIntegerField(
        _("shorter by, minutes"),
        default=0,
        validators=[MaxValueValidator(WHOLE_DAY)],
        help_text=_("for a shortened day; 0 takes the shortening of an eve away"),
    )

    class Meta:
        verbose_name = _("day of a calendar")
        verbose_name_plural = _("days of a calendar")
        ordering = ["day"]
        constraints = [
            models.UniqueConstraint(
                fields=["calendar", "day"],
                name="one_word_on_a_day",
                violation_error_message=_("This day stands here already."),
            )
        ]

    def __str__(self) -> str:
        return f"{self.day:%d.%m.%Y}: {self.get_kind_display()}"


@keep_changes(names=["name"])
class Rota(models.Model):
    """A pattern of working days: ``pattern`` is a string of 1 (shift) and 0 (day off) that repeats from an anchor date.

    Shifts run from ``starts`` to ``ends`` local time; ``ends`` not after ``starts`` means that the shift ends next day.
    ``breaks``, ``[[from, to], …]``, are cut out of every shift; ``special``, ``{day of the pattern from 1: [[from, to],
    …]}``, are the hours of days that differ from the others. Who works by a rota, and since when, is an assignment.
    """

    name = models.CharField(_("name"), max_length=60)
    pattern = models.CharField(
        _("pattern"), max_length=60, help_text=_("1 is a shift, 0 a day off: 111000 is three on, three off")
    )
    anchor = models.DateField(_("first day of the pattern"))
    starts = models.TimeField(_("starts"))
    ends = models.TimeField(_("ends"))
    breaks = models.JSONField(_("breaks"), default=list, blank=True)
    special = models.JSONField(_("days with other hours"), default=dict, blank=True)
    time_zone = models.CharField(_("time zone"), max_length=64, default="Europe/Moscow")
    calendar = models.ForeignKey(
        HolidayCalendar,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="rotas",
        verbose_name=_("rests on the holidays of"),
        help_text=_("empty: works on holidays, as shifts often do"),
    )

    class Meta:
        verbose_name = _("rota")
        verbose_name_plural = _("rotas")
        ordering = ["name"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(pattern__regex="^[01]+$"), name="rota_pattern_of_0_and_1"
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_company(self) -> bool:
        """Whether company hours are, were or will be by this rota. Set on a new one, they are so from the beginning."""
        said = self.__dict__.get("_is_company")
        return bool(self.assignments.filter(employee=None).exists() if said is None else said)

    @is_company.setter
    def is_company(self, said: bool) -> None:
        self.__dict__["_is_company"] = said

    def save(self, *args: Any, **options: Any) -> None:
        with transaction.atomic():
            super().save(*args, **options)
            if self.__dict__.pop("_is_company", False):
                self.assignments.create(employee=None)
