"""Judgement: what was found, what was kept, and what people asked of it. What rules are told: `qc.rule_models`."""

from datetime import UTC, datetime
from typing import Any

from django.db import models
from django.db.models import Case, Exists, F, OuterRef, Q, Subquery, Value, When
from django.db.models.functions import Cast, Coalesce
from django.db.models.lookups import GreaterThan, LessThan
from django.utils.translation import gettext_lazy as _

from qc.rule_models import Regulation as Regulation
from qc.rule_models import RuleMode as RuleMode
from qc.rule_models import RuleStep as RuleStep
from qc.rule_models import Severity as Severity

NEVER = datetime(9999, 12, 31, tzinfo=UTC)
# One range of the index finding_open, which «null or later» is not.
ENDS = Coalesce("closes_at", Value(NEVER))

SHOWN = (RuleMode.Mode.WARN, RuleMode.Mode.MONEY)  # whose findings everybody sees


class FindingQuerySet(models.QuerySet[Any]):
    """Open, upcoming and closed follow from the moments alone: nothing sweeps.

    The edge of every limit: a finding is open after ``opens_at``. At that very moment the norm has just been kept.
    """

    def visible_to(self, user: Any) -> "FindingQuerySet":
        if not user.administers:
            return self.shown_to(user)
        return self if user.sees is None else self.filter(manager_id__in=user.sees)

    def shown_to(self, user: Any) -> "FindingQuerySet":
        """Those of `visible_to` that everybody sees: none of a rule in shadow."""
        rows = self if user.sees is None else self.filter(manager_id__in=user.sees)
        return rows.filter(mode__in=SHOWN)

    def counted_for(self, user: Any) -> "FindingQuerySet":
        """What the weeks count of the people whom ``user`` sees (`metrics.weeks`): a rule that is shown now counts for
        the time before, too, when it was in shadow or control was off.

        For whoever directs; others have `visible_to`."""
        rows = self if user.sees is None else self.filter(manager_id__in=user.sees)
        now_shown = RuleMode.objects.filter(mode__in=SHOWN).values_list("rule", flat=True)
        return rows.filter(Q(mode__in=SHOWN) | Q(rule__in=list(now_shown)))

    def standing(self) -> "FindingQuerySet":
        return self.filter(withdrawn_at=None)

    def open(self, now: Any) -> "FindingQuerySet":
        return self.standing().filter(GreaterThan(ENDS, now), opens_at__lt=now)

    def upcoming(self, now: Any) -> "FindingQuerySet":
        return self.standing().filter(GreaterThan(ENDS, now), opens_at__gte=now)

    def closed(self, now: Any) -> "FindingQuerySet":
        return self.standing().filter(closes_at__lte=now)

    def count_open(self) -> int:
        """How many of these there are, which are `open`: those without an end, which an index of theirs alone holds,
        and those with one. In one range twice as many would be read, all that are to come."""
        rows = self.order_by().values("pk")
        return rows.filter(closes_at=None).union(rows.filter(LessThan(ENDS, NEVER)), all=True).count()

    def opened_by_version(self, wanted: bool = True) -> "FindingQuerySet":
        """Those that no doing opened, but a version of the stage's regulation when it was published; or the rest."""
        opening = Exists(
            Regulation.objects.filter(stage=OuterRef("stage"), published_at=OuterRef("opens_at"))
        )
        return self.filter(opening if wanted else ~opening)

    def with_opening_version(self) -> "FindingQuerySet":
        """Adds ``opening_version``: the number of that version, or None."""
        opening = Regulation.objects.filter(stage=OuterRef("stage"), published_at=OuterRef("opens_at"))
        found: FindingQuerySet = self.annotate(opening_version=Subquery(opening.values("version")[:1]))
        return found


class Finding(models.Model):
    """One occurrence of a broken rule: broken since ``since``, counted from after ``opens_at`` to before ``closes_at``.

    ``opens_at`` may lie in the future: a warning. Found again by (rule, subject, task, since) when judged again, and
    so it keeps its id; one that a newer judgement no longer finds is withdrawn until it is found again.
    ``manager`` is the deal's (or the task's) owner at ``opens_at``. ``mode`` is the rule's at ``closes_at``, or now.

    A finding is about a ``unit``: a deal, or a person (``manager``), a contact, a stage; of those, ``values`` name the
    deals behind it. ``subject`` is the unit's id as text.

    By a waiver or an upheld appeal it is held against nobody before ``excused_until`` (`qc.models.NEVER`: at all): it
    opens then, or is withdrawn. While an appeal against it waits (``disputed_at``) it stands and costs nothing.
    """

    class Unit(models.TextChoices):
        DEAL = "deal", _("deal")
        PERSON = "person", _("person")
        CONTACT = "contact", _("contact")
        STAGE = "stage", _("stage")

    rule = models.CharField(max_length=40)
    severity = models.CharField(max_length=9, choices=Severity)
    mode = models.CharField(max_length=6, choices=RuleMode.Mode)
    unit = models.CharField(max_length=7, choices=Unit, default=Unit.DEAL, db_default=Unit.DEAL)
    deal = models.ForeignKey(
        "pipelines.Deal",
        models.DO_NOTHING,
        db_constraint=False,
        db_index=False,
        null=True,
        related_name="findings",
    )
    contact = models.ForeignKey(
        "pipelines.Contact",
        models.DO_NOTHING,
        db_constraint=False,
        db_index=False,
        null=True,
        related_name="findings",
    )
    task = models.ForeignKey(
        "pipelines.Task",
        models.DO_NOTHING,
        db_constraint=False,
        db_index=False,
        null=True,
        related_name="findings",
    )
    stage = models.ForeignKey(
        "pipelines.Stage", models.DO_NOTHING, db_constraint=False, db_index=False, null=True, related_name="+"
    )
    manager = models.ForeignKey(
        "pipelines.Person",
        models.DO_NOTHING,
        db_constraint=False,
        db_index=False,
        null=True,
        related_name="findings",
    )
    since = models.DateTimeField()
    opens_at = models.DateTimeField()
    closes_at = models.DateTimeField(null=True)
    values = models.JSONField(default=dict)  # what the sentence is filled with
    regulation = models.ForeignKey(
        Regulation, models.DO_NOTHING, db_constraint=False, db_index=False, null=True, related_name="+"
    )
    withdrawn_at = models.DateTimeField(null=True)
    excused_until = models.DateTimeField(null=True)
    disputed_at = models.DateTimeField(null=True)
    noticed_at = models.DateTimeField(null=True)  # when it was first judged; not known of the oldest
    subject = models.GeneratedField(
        expression=Case(
            When(unit="person", then=Cast("manager_id", models.CharField(max_length=40))),
            When(unit="contact", then=Cast("contact_id", models.CharField(max_length=40))),
            When(unit="stage", then=F("stage_id")),
            default=Cast("deal_id", models.CharField(max_length=40)),
        ),
        output_field=models.CharField(max_length=40),
        db_persist=True,
    )

    free_until: datetime | None  # where `qc.first_times.note_free` has put it

    objects = FindingQuerySet.as_manager()

    class Meta:
        verbose_name = _("finding")
        verbose_name_plural = _("findings")
        ordering = ["opens_at", "id"]
        indexes = [
            models.Index(fields=["deal"], name="finding_by_deal"),  # diff of a judged deal, deal card
            models.Index(
                fields=["opens_at", "id"],
                include=["closes_at", "mode", "manager", "deal", "rule", "stage"],
                name="finding_newest",
                condition=Q(withdrawn_at=None),
            ),  # the newest findings: list and feed
            # open and upcoming findings: the number in the menu, lists, the desk
            models.Index(
                ENDS,
                "opens_at",
                include=["id", "closes_at", "rule", "mode", "manager", "deal", "stage"],
                name="finding_open",
                condition=Q(withdrawn_at=None),
            ),
            models.Index(
                fields=["opens_at"],
                include=["closes_at"],
                name="finding_without_end",
                condition=Q(withdrawn_at=None, closes_at=None, mode__in=SHOWN),
            ),  # the number at the head of the list of open findings
            models.Index(
                fields=["opens_at"],
                include=["mode", "manager", "stage"],
                name="finding_of_questions",
                condition=Q(withdrawn_at=None, severity=Severity.QUESTION),
            ),  # what is taken off the findings of a week: questions are no cases (metrics.discipline)
            models.Index(
                fields=["manager", "opens_at"],
                include=["rule", "closes_at", "mode"],
                name="finding_by_manager",
                condition=Q(withdrawn_at=None),
            ),  # quality of a person in a period
            models.Index(
                F("manager"),
                ENDS,
                include=["closes_at", "opens_at", "mode"],
                name="finding_of_manager_ends",
                condition=Q(withdrawn_at=None),
            ),  # my month: what stands against a person, or was mended in the month; the number in every page's menu
            models.Index(
                fields=["withdrawn_at"], name="finding_withdrawn", condition=~Q(withdrawn_at=None)
            ),  # what the nightly purge looks through
            models.Index(
                fields=["unit", "subject"], name="finding_by_subject", condition=~Q(unit="deal")
            ),  # diff of a judged person, contact or stage
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["rule", "subject", "task", "since"],
                nulls_distinct=False,
                name="finding_natural_key",
            )
        ]

    @property
    def deals(self) -> list[int]:
        """Ids of the deals behind it."""
        return list(self.values.get("deals", ())) if self.deal_id is None else [self.deal_id]


class DealChecks(models.Model):
    """What one person could keep or break on one deal, from ``first`` until ``until``: see `qc.kept_checks`.

    Written by the judgement of the deal, and only when ``digest`` says that it differs.
    """

    pk = models.CompositePrimaryKey("deal_id", "person_id")
    deal_id = models.BigIntegerField()
    person_id = models.BigIntegerField()
    first = models.DateTimeField()
    until = models.DateTimeField()
    digest = models.BigIntegerField()
    checks = models.BinaryField()

    class Meta:
        verbose_name = _("checks of a deal")
        verbose_name_plural = _("checks of deals")
        indexes = [models.Index(fields=["person_id", "until"], name="checks_by_person")]


class FullRun(models.Model):
    """The terms (norms, modes, rotas, people…) by which everything was last judged as a whole; one row."""

    id = models.SmallIntegerField(primary_key=True, default=1)
    stamp = models.TextField()
    finished_at = models.DateTimeField()


# Models that stand in files of their own.
from qc.regulation_rows import RegulationDraft as RegulationDraft
from qc.regulation_rows import Signature as Signature
from qc.regulation_rows import StepTick as StepTick
from qc.review_models import Appeal as Appeal
from qc.review_models import AppealStep as AppealStep
from qc.review_models import OverturnLimit as OverturnLimit
from qc.review_models import RuleHalt as RuleHalt
from qc.review_models import Ruling as Ruling
from qc.sample_models import ManualReview as ManualReview
from qc.sample_models import Sample as Sample
from qc.sample_models import SampledDeal as SampledDeal
from qc.switches import ControlOff as ControlOff
from qc.switches import FirstTimeGrace as FirstTimeGrace
from qc.switches import MeasuredEffect as MeasuredEffect
from qc.switches import NewcomerGrace as NewcomerGrace
from qc.switches import PlannedSwitch as PlannedSwitch
