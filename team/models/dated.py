"""What holds from a date on: by which rota somebody works, who is his head, whose an amoCRM user is.

Each row holds from its day until the next row of the same subject; no day = from the beginning. So no two can overlap,
and a change leaves what was before it.
"""

from datetime import date
from typing import Any, ClassVar, Self

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from audit.registry import keep_changes
from team.models.rotas import Rota

HELD_ALREADY = _("Something else holds from this day already.")


class DatedQuerySet(models.QuerySet[Any]):
    def on(self, day: date) -> Self:
        """Of each subject the row that is in force on the day."""
        subject = f"{self.model.SUBJECT}_id"
        begun = self.model._base_manager.filter(Q(since=None) | Q(since__lte=day))
        newest = begun.order_by(subject, F("since").desc(nulls_last=True)).distinct(subject)
        return self.filter(pk__in=newest.values("pk"))

    def ascending(self) -> Self:
        return self.order_by(F("since").asc(nulls_first=True))


class Dated(models.Model):
    SUBJECT: ClassVar[str] = "employee"

    since = models.DateField(_("from"), null=True, blank=True, help_text=_("empty: from the beginning"))

    objects = DatedQuerySet.as_manager()

    class Meta:
        abstract = True


@keep_changes(names=["employee", "since"])
class RotaAssignment(Dated):
    """By which rota an employee works from a day on (none: by company hours), or the company (no employee)."""

    employee = models.ForeignKey(
        "team.Employee",
        models.CASCADE,
        null=True,
        blank=True,
        related_name="rota_assignments",
        verbose_name=_("employee"),
    )
    rota = models.ForeignKey(
        Rota,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="assignments",
        verbose_name=_("rota"),
        help_text=_("empty: company hours"),
    )

    class Meta:
        verbose_name = _("rota from a day")
        verbose_name_plural = _("rotas from a day")
        constraints = [
            models.UniqueConstraint(
                fields=["employee", "since"],
                name="one_rota_from_a_day",
                nulls_distinct=False,
                violation_error_message=HELD_ALREADY,
            ),
            models.CheckConstraint(
                condition=Q(employee__isnull=False) | Q(rota__isnull=False), name="company_hours_are_a_rota"
            ),
        ]

    def __str__(self) -> str:
        return str(self.rota or "—")


class _OfCompany(models.Manager.from_queryset(DatedQuerySet)):  # type: ignore[misc]  # a base made at run time
    def get_queryset(self) -> DatedQuerySet:
        rows: DatedQuerySet = super().get_queryset()
        return rows.filter(employee=None)


class CompanyHours(RotaAssignment):
    """The client's clock, and that of people without a rota of their own."""

    objects: ClassVar[Any] = _OfCompany()

    class Meta:
        proxy = True
        verbose_name = _("company hours")
        verbose_name_plural = _("company hours")


@keep_changes(names=["employee", "since"])
class HeadAssignment(Dated):
    """Who answers for an employee from a day on; none: nobody."""

    employee = models.ForeignKey(
        "team.Employee", models.CASCADE, related_name="head_assignments", verbose_name=_("employee")
    )
    head = models.ForeignKey(
        "team.Employee",
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="report_assignments",
        verbose_name=_("head"),
    )

    class Meta:
        verbose_name = _("head from a day")
        verbose_name_plural = _("heads from a day")
        constraints = [
            models.UniqueConstraint(
                fields=["employee", "since"],
                name="one_head_from_a_day",
                nulls_distinct=False,
                violation_error_message=HELD_ALREADY,
            ),
            models.CheckConstraint(
                condition=Q(head=None) | ~Q(head=F("employee")),
                name="nobody_heads_himself",
                violation_error_message=_("Nobody is the head of himself."),
            ),
        ]

    def __str__(self) -> str:
        return str(self.head or "—")


@keep_changes(names=["person", "since"])
class AmoUser(Dated):
    """Whose an amoCRM user is from a day on; none: nobody's.

    Without such a row it is of the employee who names it as his main one (``Employee.person``), always.
    """

    SUBJECT = "person"

    employee = models.ForeignKey(
        "team.Employee",
        models.CASCADE,
        null=True,
        blank=True,
        related_name="amo_users",
        verbose_name=_("employee"),
    )
    person = models.ForeignKey(
        "pipelines.Person",
        models.DO_NOTHING,
        db_constraint=False,
        related_name="holders",
        verbose_name=_("amoCRM user"),
    )

    class Meta:
        verbose_name = _("another amoCRM user from a day")
        verbose_name_plural = _("other amoCRM users from a day")
        constraints = [
            models.UniqueConstraint(
                fields=["person", "since"],
                name="one_holder_from_a_day",
                nulls_distinct=False,
                violation_error_message=HELD_ALREADY,
            )
        ]

    def __str__(self) -> str:
        return str(self.person)
