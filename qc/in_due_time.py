"""Switches and their day: a rule's next mode, quality control off and on again, and versions that wait.

A plan is put into force since the very moment that it names, however late the worker comes, so verdicts are exact.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import F, Q
from django.utils.translation import gettext as _

from core import locks, moment
from core.locks import Lock
from pipelines.models import JudgementRequest
from qc import norms, regulations
from qc.models import ControlOff, PlannedSwitch, RuleMode
from qc.regulations import FARTHEST
from qc.rules import RULES
from team.models import Employee


def put_in_force(now: datetime) -> int:
    """Let everything be in force whose moment has come; returns how many changes that were. Three queries when none."""
    return regulations.put_in_force(now) + _switch_rules(now) + _switch_control(now)


def plan_mode(
    rule: str,
    mode: str,
    weight: int | None,
    norm: Mapping[str, Any] | None,
    at: datetime,
    author: Employee | None,
) -> PlannedSwitch | RuleMode:
    """Switch a rule at a moment: at once where that is not ahead. One plan for each rule: a later one replaces it.

    Raises ValueError with one sentence.
    """
    now = moment.now()
    if at <= now:
        return regulations.set_mode(rule, mode, weight, norm)
    if at > now + FARTHEST:
        raise ValueError(_("A switch may wait for a year at most."))
    regulations.check_switch(rule, mode, weight)
    present = RuleMode.objects.filter(rule=rule).first()
    document = None
    if norm is not None:
        document = norms.portal_document(RULES[rule], present.norm if present else {}, norm)
    standing = present.weight if present else RULES[rule].weight
    row, _created = PlannedSwitch.objects.update_or_create(
        rule=rule,
        defaults={
            "mode": mode,
            "weight": standing if weight is None else weight,
            "norm": document,
            "since": at,
            "author": author,
            "decided_at": now,
        },
    )
    return row


def call_off(rule: str) -> bool:
    """Take back a rule's planned switch; False when there is none."""
    return bool(PlannedSwitch.objects.filter(rule=rule).delete()[0])


def switch_control_off(
    since: datetime, until: datetime | None, reason: str, author: Employee | None
) -> ControlOff:
    """Quality control as a whole is off in ``[since, until)``; the past may be told, too, as a fact.

    Raises ValueError with one sentence for a time that makes no sense or touches another one.
    """
    now, reason = moment.now(), " ".join(reason.split())
    if not reason:
        raise ValueError(_("Say why quality control is off: people will ask."))
    if len(reason) > 200:
        raise ValueError(_("The reason is 200 characters at most."))
    if until is not None and until <= since:
        raise ValueError(_("The end must be later than the beginning."))
    if (
        since > now + FARTHEST
        or since < now - 3 * FARTHEST
        or (until is not None and until > now + 2 * FARTHEST)
    ):
        raise ValueError(_("A time without control begins at most a year ahead and three years ago."))
    with transaction.atomic():
        locks.hold(Lock.TABLE, ControlOff._meta.db_table)
        others = ControlOff.objects.filter(Q(until=None) | Q(until__gt=since))
        others = others if until is None else others.filter(since__lt=until)
        if others.exists():
            raise ValueError(_("Quality control is off already in a part of that time."))
        row = ControlOff.objects.create(
            since=since, until=until, reason=reason, author=author, decided_at=now
        )
        _switch_control(now)
    row.refresh_from_db()
    return row


def switch_control_on(pk: int, at: datetime | None = None) -> bool:
    """End a time without control now or at a moment ahead; one that has not begun is taken back. False: it is over."""
    now = moment.now()
    with transaction.atomic():
        row = ControlOff.objects.select_for_update().filter(pk=pk, ended=False).first()
        if row is None:
            return False
        if not row.begun and (at is None or at <= row.since):
            row.delete()
            return True
        if at is not None and not now <= at <= now + FARTHEST:
            raise ValueError(_("Control comes back today or later, within a year."))
        row.until = at or now
        row.save(update_fields=["until"])
        _switch_control(now)
    return True


def _switch_rules(now: datetime) -> int:
    done = 0
    for key in list(
        PlannedSwitch.objects.filter(since__lte=now).order_by("since").values_list("pk", flat=True)
    ):
        with transaction.atomic():
            plan = PlannedSwitch.objects.select_for_update().filter(pk=key, since__lte=now).first()
            if plan is None:
                continue
            present = RuleMode.objects.filter(rule=plan.rule).first()
            # somebody has switched it by hand since then: what comes later in time stands
            if plan.rule in RULES and (present is None or present.since <= plan.since):
                regulations.set_mode(plan.rule, plan.mode, plan.weight, plan.norm, at=plan.since)
            plan.delete()
            done += 1
    return done


def _switch_control(now: datetime) -> int:
    due = Q(begun=False, since__lte=now) | Q(begun=True, ended=False, until__lte=now)
    with transaction.atomic():
        keys = list(ControlOff.objects.select_for_update().filter(due).values_list("pk", flat=True))
        if keys:
            ControlOff.objects.filter(pk__in=keys).update(begun=True)
            ControlOff.objects.filter(pk__in=keys, until__lte=now).update(ended=True)
            ControlOff.objects.filter(pk__in=keys, until=F("since")).delete()
            JudgementRequest.objects.demand_all()
        return len(keys)
