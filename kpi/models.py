"""Money: schemes as documents, quotas, and the statements of closed months."""

from functools import cached_property
from typing import Any

from django.conf import settings
from django.db import models
from django.utils.translation import get_language, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from audit.registry import keep_changes
from core import formats
from kpi.month_facts import Facts, read_facts
from team.links import by_whom


@keep_changes(names=["title", "version"])
class Scheme(models.Model):
    """A pay scheme: a sound document, in versions, in force from ``effective_from`` (the first day of a month)."""

    code = models.SlugField(_("code"), max_length=40)
    version = models.PositiveIntegerField(_("version"))
    title = models.TextField(_("title"))
    document = models.JSONField(_("document"))
    effective_from = models.DateField(_("in force from"))
    published_at = models.DateTimeField(_("published"), auto_now_add=True)

    class Meta:
        verbose_name = _("pay scheme")
        verbose_name_plural = _("pay schemes")
        ordering = ["code", "-version"]
        constraints = [models.UniqueConstraint(fields=["code", "version"], name="scheme_version")]

    def __str__(self) -> str:
        return f"{self.title} v{self.version}"


@keep_changes(names=["manager", "period"])
class Quota(models.Model):
    """A manager's plan of a month, quarter or year, in the account's currency. ``period`` is its first day."""

    class Span(models.TextChoices):
        MONTH = "month", _("month")
        QUARTER = "quarter", _("quarter")
        YEAR = "year", _("year")

    manager = models.ForeignKey(
        "pipelines.Person",
        models.DO_NOTHING,
        db_constraint=False,
        related_name="quotas",
        verbose_name=_("manager"),
    )
    span = models.CharField(_("plan of"), max_length=7, choices=Span, default=Span.MONTH)
    period = models.DateField(_("first day"))
    amount = models.DecimalField(_("plan"), max_digits=15, decimal_places=2)

    class Meta:
        verbose_name = _("plan")
        verbose_name_plural = _("plans")
        constraints = [
            models.UniqueConstraint(fields=["manager", "span", "period"], name="quota_of_period"),
        ]

    def __str__(self) -> str:
        return f"{self.manager}, {formats.month(self.period, get_language() or 'en')}"


class SchemeDraft(models.Model):
    """What one editor has written of a scheme and not published: a document, however unfinished. ``basis``: the version
    that it was begun from (0: none)."""

    code = models.SlugField(_("code"), max_length=40)
    editor = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    basis = models.PositiveIntegerField(default=0)
    document = models.JSONField(default=dict)
    saved_at = models.DateTimeField(auto_now=True)

    class Meta:
        verbose_name = _("draft of a pay scheme")
        verbose_name_plural = _("drafts of pay schemes")
        constraints = [models.UniqueConstraint(fields=["code", "editor"], name="scheme_draft_of_editor")]

    def __str__(self) -> str:
        return self.code


class StatementQuerySet(models.QuerySet[Any]):
    def visible_to(self, user: Any) -> "StatementQuerySet":
        if not user.sees_money:
            return self.none()
        return self if user.sees is None else self.filter(manager_id__in=user.sees)


@keep_changes(
    names=["manager", "period"], ignored=["inputs", "computed_at"], only="{row}.status = 'closed'"
)  # live ones are computed anew every few minutes
class Statement(models.Model):
    """A manager's money of a month. While ``live`` it is computed again every few minutes and is preliminary;
    once ``closed`` its lines and inputs are frozen and a later change is a new line with author and reason.

    ``takes_back``: it notes sales of closed months that came back (`kpi.returns`).
    """

    class Status(models.TextChoices):
        LIVE = "live", _("preliminary")
        CLOSED = "closed", _("closed")

    manager = models.ForeignKey(
        "pipelines.Person",
        models.DO_NOTHING,
        db_constraint=False,
        related_name="statements",
        verbose_name=_("manager"),
    )
    period = models.DateField(_("month"))
    status = models.CharField(_("state"), max_length=6, choices=Status, default=Status.LIVE)
    total = models.DecimalField(_("total"), max_digits=15, decimal_places=2, default=0)
    scheme = models.ForeignKey(Scheme, models.PROTECT, related_name="+", verbose_name=_("pay scheme"))
    inputs = models.JSONField(default=dict)
    takes_back = models.BooleanField(_("takes returns back"), default=False, db_default=False)
    computed_at = models.DateTimeField()
    closed_at = models.DateTimeField(_("closed at"), null=True, blank=True)
    closed_by = by_whom(_("closed by"))

    objects = StatementQuerySet.as_manager()

    class Meta:
        verbose_name = _("statement")
        verbose_name_plural = _("statements")
        ordering = ["-period", "manager_id"]
        constraints = [models.UniqueConstraint(fields=["manager", "period"], name="statement_of_month")]
        indexes = [
            models.Index(
                fields=["manager", "period"], name="statement_takes_back", condition=models.Q(takes_back=True)
            )
        ]

    @cached_property
    def facts(self) -> Facts:
        """``inputs``, read; where none were kept, nothing is known."""
        return read_facts(self.inputs)


@keep_changes(names=["statement", "position"], only="{row}.reason <> ''")  # corrections
class StatementLine(models.Model):
    """One line of a statement: an amount and the values its sentence is filled with.

    Of a correction, ``key`` is that of the form that it was posted with. One of a deal settles one ``measure``: from
    then on the deal counts as ``counted`` there (None: not at all); ``turn`` numbers them from 1. Older ones name no
    measure and settle every one.
    """

    statement = models.ForeignKey(
        Statement, models.CASCADE, related_name="lines", verbose_name=_("statement")
    )
    position = models.PositiveSmallIntegerField(_("place"))
    code = models.CharField(_("code"), max_length=40)
    amount = models.DecimalField(_("amount"), max_digits=15, decimal_places=2)
    values = models.JSONField(_("values"), default=dict)
    author = by_whom(_("author"))
    reason = models.TextField(_("reason"), blank=True)
    key = models.UUIDField(_("key of the form"), null=True, blank=True)
    deal = models.BigIntegerField(_("deal"), null=True, blank=True)
    measure = models.CharField(_("measure"), max_length=200, blank=True)
    counted = models.DecimalField(_("counted"), max_digits=24, decimal_places=6, null=True, blank=True)
    turn = models.PositiveSmallIntegerField(_("turn"), null=True, blank=True)

    class Meta:
        verbose_name = _("statement line")
        verbose_name_plural = _("statement lines")
        ordering = ["position", "id"]
        constraints = [
            models.UniqueConstraint(fields=["statement", "key"], name="correction_of_form_once"),
            models.UniqueConstraint(
                fields=["statement", "deal", "measure", "turn"], name="correction_of_deal_once"
            ),
        ]


@keep_changes(names=["period", "deal"])
class WaivedSale(models.Model):
    """A sale of a closed month that nobody is paid for, by somebody's word. ``period`` is the month's first day."""

    period = models.DateField(_("month"))
    measure = models.CharField(_("measure"), max_length=200)
    deal = models.BigIntegerField(_("deal"))
    amount = models.DecimalField(_("amount"), max_digits=24, decimal_places=6)
    author = by_whom(_("author"))
    reason = models.TextField(_("reason"))
    at = models.DateTimeField(_("at"), auto_now_add=True)

    class Meta:
        verbose_name = _("sale that is paid to nobody")
        verbose_name_plural = _("sales that are paid to nobody")
        constraints = [
            models.UniqueConstraint(fields=["period", "measure", "deal"], name="sale_is_waived_once")
        ]

    def __str__(self) -> str:
        return f"{self.deal}: {self.reason}"


class AppealSettlement(models.Model):
    """What an upheld appeal brings a month: so many violations and broken seconds of a rule fewer.

    Of a closed month ``line`` is the correction, None where the pay does not change; a live one is computed without the
    finding, and ``amount`` is what that was worth when it was decided.
    """

    statement = models.ForeignKey(Statement, models.CASCADE, related_name="appeals")
    appeal = models.ForeignKey("qc.Appeal", models.PROTECT, related_name="settlements")
    rule = models.CharField(max_length=40)
    violations = models.PositiveIntegerField(default=0)
    broken = models.PositiveIntegerField(default=0)  # seconds of the rule's clock
    amount = models.DecimalField(max_digits=15, decimal_places=2)
    # the database refuses to lose such a line; DO_NOTHING lets lines of an open month go in one statement
    line = models.ForeignKey(StatementLine, models.DO_NOTHING, null=True, related_name="+")

    class Meta:
        verbose_name = _("appeal in a statement")
        verbose_name_plural = _("appeals in statements")
        constraints = [models.UniqueConstraint(fields=["statement", "appeal"], name="appeal_is_settled_once")]


class Payout(models.Model):
    """What a person was paid for a closed month according to the latest file of the accounts that names him."""

    statement = models.OneToOneField(Statement, models.CASCADE, related_name="payout")
    amount = models.DecimalField(max_digits=15, decimal_places=2)
    file = models.CharField(max_length=200)
    author = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = _("payout by a file")
        verbose_name_plural = _("payouts by files")


class Signature(models.Model):
    """The manager's word that he has read a closed statement; it takes no right away."""

    statement = models.OneToOneField(Statement, models.CASCADE, related_name="signature")
    author = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = _("signature under a statement")
        verbose_name_plural = _("signatures under statements")


@keep_changes(names=["line"])
class LineObjection(models.Model):
    """The manager disagrees with a line of a closed statement. It waits until ``decided_at``; an upheld one has a
    correction of ``amount``, the line ``correction``. To be answered by the end of the day ``due_on``."""

    class Reason(models.TextChoices):
        AMOUNT = "amount", _("the amount is wrong")
        MISSING = "missing", _("a deal is missing")
        SHARE = "share", _("it is not mine, or not all of it")
        RULE = "rule", _("the scheme is applied wrongly")
        OTHER = "other", _("something else")

    class Decision(models.TextChoices):
        WAITS = "waits", _("waits for an answer")
        UPHELD = "upheld", pgettext_lazy("objection", "upheld")
        REFUSED = "refused", _("refused")

    line = models.ForeignKey(
        StatementLine, models.DO_NOTHING, related_name="objections", verbose_name=_("statement line")
    )
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("author")
    )
    reason = models.CharField(_("reason"), max_length=7, choices=Reason)
    text = models.CharField(_("in words"), max_length=1000)
    filed_at = models.DateTimeField(_("filed at"))
    due_on = models.DateField(_("answer by"))
    decision = models.CharField(_("decision"), max_length=7, choices=Decision, default=Decision.WAITS)
    answer = models.CharField(_("answer"), max_length=1000, blank=True)
    decided_by = by_whom(_("decided by"), models.PROTECT)
    decided_at = models.DateTimeField(_("decided at"), null=True, blank=True)
    correction = models.ForeignKey(
        StatementLine,
        models.DO_NOTHING,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("correction"),
    )

    class Meta:
        verbose_name = _("objection to a line")
        verbose_name_plural = _("objections to lines")
        ordering = ["filed_at", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["line"], condition=models.Q(decided_at=None), name="one_objection_waits_on_a_line"
            )
        ]

    @property
    def waits(self) -> bool:
        return self.decided_at is None
