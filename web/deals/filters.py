"""Filters of deal and task lists, the same on pages and in the API."""

from typing import Any

import django_filters as filters
from django import forms
from django.db.models import F, Q, QuerySet
from django.utils.translation import gettext_lazy as _

from core import moment
from metrics.losses import find_source, source_of
from metrics.sources import stage_before
from pipelines.models import Deal, Person, Pipeline, Stage, Task
from qc import stalled, waiting_base
from timeline.attribution import owner_at_closing, results
from web.frame.filters import (
    NO_SUCH,
    Cascading,
    Flag,
    Number,
    One,
    OneStage,
    Since,
    Sort,
    department,
    owner,
    stages,
)


def closed_by(deals: QuerySet[Deal], people: Any) -> QuerySet[Deal]:
    """Deals that were closed as these people's (ids; None = nobody's)."""
    closed: Any = deals.alias(**results())  # columns that no model has
    closed = closed.filter(closing__isnull=False).annotate(closer=owner_at_closing("closing"))
    found: QuerySet[Deal] = closed.filter(closer=None) if people is None else closed.filter(closer__in=people)
    return found


class DealFilter(Cascading):
    """``closed_by`` and ``closed_group`` ask whose a deal was when it was closed."""

    RARE = ("group", "result", "closed_by", "closed_group", "since", "until")
    pipeline = One(
        queryset=Pipeline.objects.filter(deleted_at=None), label=_("Pipeline"), empty_label=_("All pipelines")
    )
    stage = OneStage(queryset=stages, label=_("Stage"), empty_label=_("All stages"))
    group = department()
    manager = owner()
    open = Flag("by_open", label=_("State"), yes=_("open deals"), no=_("closed deals"))
    result = filters.ChoiceFilter(
        field_name="result",
        choices=[(one.value, one.label) for one in (Stage.Kind.WON, Stage.Kind.LOST)],
        label=_("Result"),
        empty_label=_("all"),
        error_messages=NO_SUCH,
    )
    closed_by = owner(label=_("Closed by"), method="by_closer")
    closed_group = department(label=_("Closed by the department"), method="by_closing_group")
    since = Since("closing", label=_("Closed since"))
    until = Since("closing", "lt", label=_("Closed before"))
    stuck = Flag("by_stuck", label=_("Stuck"), widget=forms.HiddenInput)
    no_task = Flag("by_no_task", label=_("Without a task"), widget=forms.HiddenInput)
    waiting = Flag("by_waiting", label=_("Waiting"), widget=forms.HiddenInput)
    reason = filters.CharFilter(
        method="by_reason", label=_("Reason to wait"), widget=forms.HiddenInput, max_length=200
    )
    unexplained = Flag("by_unexplained", label=_("Without a reason or a day"), widget=forms.HiddenInput)
    too_long = Flag("by_too_long", label=_("Longer than any deal may wait"), widget=forms.HiddenInput)
    promise = Flag("by_promise", label=_("Promised day has passed"), widget=forms.HiddenInput)
    loss_reason = filters.CharFilter(
        method="by_loss_reason", label=_("Loss reason"), widget=forms.HiddenInput, max_length=18
    )
    lost_from = filters.CharFilter(
        method="by_lost_from", label=_("Lost from"), widget=forms.HiddenInput, max_length=40
    )
    source = filters.CharFilter(
        method="by_source", label=_("Source"), widget=forms.HiddenInput, max_length=200
    )
    sort = Sort(
        {
            "name": F("name"),
            "price": F("price"),
            "created": F("created_at"),
            "stage": F("stage__sort"),
            "since": F("stage_since"),
            "task": F("next_due_at"),
        }
    )

    class Meta:
        model = Deal
        fields: list[str] = []

    def filter_queryset(self, queryset: QuerySet[Deal]) -> QuerySet[Deal]:
        return super().filter_queryset(queryset.alias(**results()))

    def by_open(self, deals: QuerySet[Deal], name: str, wanted: bool) -> QuerySet[Deal]:
        return deals.filter(closed_at__isnull=wanted)

    def by_closer(self, deals: QuerySet[Deal], name: str, person: Any) -> QuerySet[Deal]:
        return closed_by(deals, None if person == "none" else [person.pk])

    def by_closing_group(self, deals: QuerySet[Deal], name: str, group: str) -> QuerySet[Deal]:
        return closed_by(deals, Person.objects.filter(group=group).values("pk"))

    def by_stuck(self, deals: QuerySet[Deal], name: str, wanted: bool) -> QuerySet[Deal]:
        condition = stalled.stuck(moment.now())
        return deals.filter(condition if wanted else ~condition)

    def by_no_task(self, deals: QuerySet[Deal], name: str, wanted: bool) -> QuerySet[Deal]:
        condition = stalled.without_task()
        return deals.filter(condition if wanted else ~condition)

    def by_waiting(self, deals: QuerySet[Deal], name: str, wanted: bool) -> QuerySet[Deal]:
        condition = waiting_base.waiting_for(None)
        return deals.filter(condition if wanted else ~condition)

    def by_reason(self, deals: QuerySet[Deal], name: str, reason: str) -> QuerySet[Deal]:
        return deals.filter(waiting_base.waiting_for(reason))

    def by_loss_reason(self, deals: QuerySet[Deal], name: str, reason: str) -> QuerySet[Deal]:
        """A number, or ``none``; a word that is neither has no deals."""
        if reason == "none":
            return deals.filter(loss_reason__isnull=True)
        return deals.filter(loss_reason=int(reason)) if reason.isdecimal() else deals.none()

    def by_lost_from(self, deals: QuerySet[Deal], name: str, stage: str) -> QuerySet[Deal]:
        found = deals.annotate(lost_from=stage_before("closed_at"))
        return found.filter(lost_from__isnull=True) if stage == "none" else found.filter(lost_from=stage)

    def by_source(self, deals: QuerySet[Deal], name: str, value: str) -> QuerySet[Deal]:
        field = find_source()
        if field is None:
            return deals.none()
        found = deals.annotate(source=source_of(field.pk))
        empty = Q(source__isnull=True) | Q(source="")
        return found.filter(empty) if value == "none" else found.filter(source=value)

    def by_unexplained(self, deals: QuerySet[Deal], name: str, wanted: bool) -> QuerySet[Deal]:
        condition = waiting_base.unexplained()
        return deals.filter(condition if wanted else ~condition)

    def by_too_long(self, deals: QuerySet[Deal], name: str, wanted: bool) -> QuerySet[Deal]:
        condition = waiting_base.too_long(moment.now())
        return deals.filter(condition if wanted else ~condition)

    def by_promise(self, deals: QuerySet[Deal], name: str, wanted: bool) -> QuerySet[Deal]:
        condition = waiting_base.promise_passed(moment.now())
        return deals.filter(condition if wanted else ~condition)


class TaskFilter(Cascading):
    RARE = ("group", "stage", "since", "until", "closed_deal")
    group = department()
    manager = owner()
    pipeline = One(
        field_name="deal__pipeline",
        queryset=Pipeline.objects.filter(deleted_at=None),
        label=_("Pipeline"),
        empty_label=_("All pipelines"),
    )
    stage = OneStage(field_name="deal__stage", queryset=stages, label=_("Stage"), empty_label=_("All stages"))
    overdue = Flag("by_overdue", label=_("Overdue"), widget=forms.HiddenInput)
    closed_deal = Flag("by_closed_deal", label=_("Deal"), yes=_("closed deals"), no=_("open deals or none"))
    completed = Flag("by_completed", label=_("State"), yes=_("completed tasks"), no=_("open tasks"))
    deal = Number("deal_id", label=_("Deal"), widget=forms.HiddenInput)
    since = Since("due_at", label=_("Due since"))
    until = Since("due_at", "lt", label=_("Due before"))
    sort = Sort(
        {
            "due": F("due_at"),
            "created": F("created_at"),
            "deal": F("deal__name"),
            "manager": F("manager__name"),
        }
    )

    class Meta:
        model = Task
        fields: list[str] = []

    def by_overdue(self, tasks: QuerySet[Task], name: str, wanted: bool) -> QuerySet[Task]:
        condition = stalled.overdue(moment.now())
        return tasks.filter(condition if wanted else ~condition)

    def by_closed_deal(self, tasks: QuerySet[Task], name: str, wanted: bool) -> QuerySet[Task]:
        condition = stalled.on_closed_deal()
        return tasks.filter(condition) if wanted else tasks.exclude(condition)

    def by_completed(self, tasks: QuerySet[Task], name: str, wanted: bool) -> QuerySet[Task]:
        return tasks.filter(is_completed=wanted)
