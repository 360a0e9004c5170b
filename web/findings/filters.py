"""Filters of the list of findings, the same on the page and in the API. Nonsense is refused with a sentence."""

from collections.abc import Mapping
from datetime import datetime, time, timedelta
from typing import Any

import django_filters as filters
from django.db.models import F, Q, QuerySet
from django.db.models.lookups import GreaterThan
from django.utils import timezone
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _

from core import moment
from core.periods import month_of
from core.zone import portal_zone
from kpi.own_cases import find_users, own_cases
from pipelines.models import Person, Pipeline
from qc import first_times
from qc.first_times import EARLIEST
from qc.models import ENDS, SHOWN, Finding, FindingQuerySet, RuleMode, Severity
from qc.rules import RULES
from web.frame.filters import (
    A_MOMENT,
    NO_SUCH,
    Cascading,
    Flag,
    MomentField,
    Number,
    One,
    OneStage,
    Since,
    Sort,
    department,
    describe,
    owner,
    people,
    stages,
)


def rules() -> list[tuple[str, str]]:
    return [(code, _t(rule.title)) for code, rule in RULES.items()]


def open_to(user: Any, query: Mapping[str, Any]) -> FindingQuerySet:
    """The findings that a list begins with: what he sees, or with ``?counted=1`` all that the weeks count, for whoever
    directs."""
    standing: FindingQuerySet = Finding.objects.standing()
    if query.get("counted") == "1" and user.directs:
        return standing.counted_for(user)
    return standing.visible_to(user)


class EndField(MomentField):
    """A date (the end of it) or an ISO moment."""

    def to_python(self, value: Any) -> datetime | None:
        found = super().to_python(value)
        if found is None or len(value) != len("2026-11-20"):
            return found
        return timezone.make_aware(datetime.combine(found.date() + timedelta(days=1), time.min))


class Until(filters.Filter):
    """The last day of a period, both ends inclusive."""

    field_class = EndField

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        describe(self, A_MOMENT)


class FindingFilter(Cascading):
    """``since`` and ``until`` bound the moment of opening, half-open; ``closed_since``, ``closed_until`` of closing.

    ``held_since`` and ``held_until``, both days inclusive, choose what stood against somebody at any time of a period,
    whenever it opened: the same findings that quality counts in it.
    """

    RARE = (
        "severity",
        "unit",
        "mode",
        "group",
        "since",
        "until",
        "held_since",
        "held_until",
        "deal",
        "closed_since",
        "closed_until",
        "by_version",
        "cases",
        "stake",
        "counted",
        "owned",
    )
    rule = filters.ChoiceFilter(
        choices=rules, label=_("Rule"), empty_label=_("All rules"), error_messages=NO_SUCH
    )
    state = filters.ChoiceFilter(
        method="by_state",
        choices=[("open", _("open now")), ("upcoming", _("to come")), ("closed", _("fixed by now"))],
        label=_("State"),
        empty_label=_("all"),
        error_messages=NO_SUCH,
    )
    severity = filters.ChoiceFilter(
        choices=Severity.choices, label=_("Severity"), empty_label=_("all"), error_messages=NO_SUCH
    )
    mode = filters.ChoiceFilter(
        choices=[choice for choice in RuleMode.Mode.choices if choice[0] != RuleMode.Mode.OFF],
        method="by_mode",
        label=_("Mode"),
        empty_label=_("all"),
        error_messages=NO_SUCH,
    )
    pipeline = One(
        field_name="stage__pipeline",
        queryset=Pipeline.objects.filter(deleted_at=None),
        label=_("Pipeline"),
        empty_label=_("All pipelines"),
    )
    stage = OneStage(queryset=stages, label=_("Stage"), empty_label=_("All stages"))
    group = department()
    manager = owner()
    since = Since("opens_at", label=_("Opened since"))
    until = Since("opens_at", "lt", label=_("Opened before"))
    held_since = Since("closes_at", label=_("Stood since"), method="by_held_since")
    held_until = Until(label=_("Stood until"), method="by_held_until")
    deal = Number("deal_id", label=_("Deal"))
    by_version = Flag("by_opening", label=_("Opened by a version"), yes=_("yes"), no=_("no"))
    cases = Flag("by_cases", label=_("Cases"), yes=_("held against somebody"), no=_("questions and nobody's"))
    owned = Flag("by_owned", label=_("Owner"), yes=_("somebody’s"), no=_("nobody’s"))
    counted = Flag("by_counted", label=_("Shown or not"), yes=_("all that the weeks count"))
    stake = One(queryset=people, method="by_stake", label=_("Counts against"), empty_label=_("all"))
    describe(stake, {"type": "integer"})
    unit = filters.ChoiceFilter(
        choices=Finding.Unit.choices, label=_("About"), empty_label=_("all"), error_messages=NO_SUCH
    )
    closed_since = Since("closes_at", label=_("Fixed since"))
    closed_until = Since("closes_at", "lt", label=_("Fixed before"))
    sort = Sort(
        {
            "opened": F("opens_at"),
            "deal": F("deal__name"),
            "amount": F("deal__price"),
            "manager": F("manager__name"),
        }
    )

    class Meta:
        model = Finding
        fields: list[str] = []

    def by_state(self, findings: FindingQuerySet, name: str, state: str) -> QuerySet[Finding]:
        now = moment.now()
        return {"open": findings.open, "upcoming": findings.upcoming, "closed": findings.closed}[state](now)

    def by_mode(self, findings: FindingQuerySet, name: str, mode: str) -> QuerySet[Finding]:
        """As they cost: the first of a month, which is free, only warns, up to ``held_until`` or now."""
        if mode not in SHOWN:
            return findings.filter(mode=mode)
        asked, now = self.form.cleaned_data, moment.now()
        until = asked.get("held_until")
        # What opened in earlier months than these is not in the list, or is no longer free.
        since = next(
            (asked[name] for name in ("held_since", "since", "closed_since") if asked.get(name)), EARLIEST
        )
        if asked.get("stake") or asked.get("state") in ("open", "upcoming"):
            since = month_of(now, portal_zone()).start
        person = asked.get("manager")
        people = [person.pk] if isinstance(person, Person) else None
        free = first_times.is_free(min(until, now) if until else now, since, people)
        if mode == RuleMode.Mode.WARN:
            return findings.filter(Q(mode=mode) | free)
        return findings.filter(mode=mode).exclude(free)

    def by_opening(self, findings: FindingQuerySet, name: str, wanted: bool) -> QuerySet[Finding]:
        return findings.opened_by_version(wanted)

    def by_cases(self, findings: FindingQuerySet, name: str, wanted: bool) -> QuerySet[Finding]:
        """As the weeks of discipline count: opened by now, against somebody, and no question."""
        held = Q(manager__isnull=False, opens_at__lt=moment.now()) & ~Q(severity=Severity.QUESTION)
        return findings.filter(held if wanted else ~held)

    def by_owned(self, findings: FindingQuerySet, name: str, wanted: bool) -> QuerySet[Finding]:
        return findings.filter(manager__isnull=not wanted)

    def by_counted(self, findings: FindingQuerySet, name: str, wanted: bool) -> QuerySet[Finding]:
        """The list begins with more rows (`open_to`)."""
        return findings

    def by_stake(self, findings: FindingQuerySet, name: str, person: Person) -> QuerySet[Finding]:
        """What the quality of the present month counts against this person, by all his users of amoCRM."""
        now = moment.now()
        period = month_of(now, portal_zone())
        users = find_users(person.pk, period, now) or [person.pk]
        rows = findings.filter(manager__in=users, disputed_at=None)
        return rows.filter(pk__in=own_cases(rows, users, period).filter(mine=True).values("pk"))

    def by_held_since(self, findings: FindingQuerySet, name: str, start: datetime) -> QuerySet[Finding]:
        return findings.standing().filter(GreaterThan(ENDS, start), opens_at__lt=moment.now())

    def by_held_until(self, findings: FindingQuerySet, name: str, end: datetime) -> QuerySet[Finding]:
        return findings.standing().filter(opens_at__lt=min(end, moment.now()))
