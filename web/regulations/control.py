"""Switches of the whole: quality control off and on, planned switches called off, a switch tried on history."""

from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from core import moment
from core.periods import month_of
from core.zone import first_of_day, portal_zone
from kpi.backtest import try_violations
from qc import backtest, in_due_time, newcomers, queries
from qc.models import ControlOff
from qc.rules import RULES
from team.models.employees import today
from web.frame.permissions import for_admins
from web.regulations.trying import people_rows


class ControlForm(forms.Form):
    """From which day until the end of which day quality control is off, and why."""

    since_on = forms.DateField(
        label=gettext_lazy("Off from"),
        widget=forms.DateInput({"type": "date"}, format="%Y-%m-%d"),
        required=False,
    )
    until_on = forms.DateField(
        label=gettext_lazy("until the end of"),
        widget=forms.DateInput({"type": "date"}, format="%Y-%m-%d"),
        required=False,
    )
    reason = forms.CharField(label=gettext_lazy("Why"), max_length=200)

    @property
    def since(self) -> datetime:
        """Today and no day is now."""
        day = self.cleaned_data["since_on"]
        return moment.now() if day is None or day == today() else first_of_day(day)

    @property
    def until(self) -> datetime | None:
        day = self.cleaned_data["until_on"]
        return None if day is None else first_of_day(day + timedelta(days=1))


class GraceForm(forms.Form):
    """For how many days newcomers are only warned."""

    days = forms.IntegerField(
        label=gettext_lazy("Days from the first day of work"), min_value=0, max_value=newcomers.LONGEST
    )


@require_POST
@for_admins
def set_grace(request: HttpRequest) -> HttpResponse:
    """Another grace of newcomers from now on; sent twice, it is done once."""
    author: Any = request.user
    form = GraceForm(request.POST)
    if not form.is_valid():
        messages.error(request, str(next(iter(form.errors.values()))[0]))
    elif newcomers.set_grace(form.cleaned_data["days"], author):
        messages.success(request, _("Saved. Everything is being judged by it."))
    else:
        messages.info(request, _("Nothing has changed."))
    return redirect("rules")


@require_POST
@for_admins
def switch_control(request: HttpRequest) -> HttpResponse:
    """Off by ``action=off`` with a reason, on again by ``action=on`` with the row; sent twice, it is done once."""
    author: Any = request.user
    if request.POST.get("action") == "on":
        row = request.POST.get("row", "")
        if row.isdecimal() and len(row) < 16 and in_due_time.switch_control_on(int(row)):
            messages.success(request, _("Quality control is on. Everything is being judged."))
        else:
            messages.info(request, _("Quality control is on already."))
        return redirect("rules")
    form = ControlForm(request.POST)
    if not form.is_valid():
        problem = next(iter(form.errors.values()))[0]
        messages.error(request, str(problem))
        return redirect("rules")
    try:
        in_due_time.switch_control_off(form.since, form.until, form.cleaned_data["reason"], author)
    except ValueError as error:
        messages.error(request, str(error))
    else:
        messages.success(
            request, _("Noted. While control is off, findings stand in shadow and cost nothing.")
        )
    return redirect("rules")


def off_times() -> list[dict[str, Any]]:
    """Those that are told: the present one, those ahead and the last ones."""
    now = moment.now()
    rows = ControlOff.objects.select_related("author").order_by("-since", "-pk")[:10]
    return [
        {
            "row": row,
            "lasts": row.since <= now and (row.until is None or row.until > now),
            "ahead": row.since > now,
            "ends": row.until is None or row.until > now,
        }
        for row in rows
    ]


@require_POST
@for_admins
def call_off(request: HttpRequest) -> HttpResponse:
    if in_due_time.call_off(request.POST.get("rule", "")):
        messages.success(request, _("The planned switch was called off."))
    else:
        messages.info(request, _("There is no planned switch any more."))
    return redirect("rules")


@require_safe
@for_admins
def try_rule(request: HttpRequest, code: str) -> HttpResponse:
    """What a rule that is off would find on history, by stage and person; nothing is written."""
    if code not in RULES:
        raise Http404
    month = month_of(moment.now(), portal_zone())
    context: dict[str, Any] = {
        "title": queries.title(code),
        "code": code,
        "month": month,
        "days": backtest.DAYS,
    }
    days = request.GET.get("days", "")
    try:
        asked = (
            backtest.check_days(int(days) if days.isdecimal() and len(days) < 5 else 0)
            if days
            else backtest.DAYS
        )
        trial = backtest.tell_trial(backtest.try_portal_norm(code, None, asked, month.start))
    except ValueError as error:
        return render(request, "regulations/try_rule.html", context | {"problems": [str(error)]}, status=422)
    money = try_violations(month.first, trial.backtest.more) if trial.whole.changed else {}
    context |= {"trial": trial, "days": asked, "people": people_rows(trial, money)}
    context["money"] = sum(money.values()) if money else None
    return render(request, "regulations/try_rule.html", context)
