"""Switches of the whole: quality control off and on, graces, planned switches called off."""

from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from core import moment
from core.zone import first_of_day
from qc import first_times, in_due_time, newcomers
from qc.models import ControlOff
from team.models.employees import today
from web.frame.day_fields import DayField
from web.frame.permissions import for_admins


class ControlForm(forms.Form):
    """From which day until the end of which day quality control is off, and why."""

    since_on = DayField(
        label=gettext_lazy("Off from"),
        widget=forms.DateInput({"type": "date"}, format="%Y-%m-%d"),
        required=False,
    )
    until_on = DayField(
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


class FirstTimesForm(forms.Form):
    """How many first cases of a person by a rule in a month cost no money."""

    cases = forms.IntegerField(
        label=gettext_lazy("First cases of a month"), min_value=0, max_value=first_times.MOST
    )


@require_POST
@for_admins
def set_first_times(request: HttpRequest) -> HttpResponse:
    """Another grace of the first time from now on; sent twice, it is done once."""
    author: Any = request.user
    form = FirstTimesForm(request.POST)
    if not form.is_valid():
        messages.error(request, str(next(iter(form.errors.values()))[0]))
    elif first_times.set_cases(form.cleaned_data["cases"], author):
        messages.success(request, _("Saved. It holds for what opens from now on."))
    else:
        messages.info(request, _("Nothing has changed."))
    return redirect("rules")


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
