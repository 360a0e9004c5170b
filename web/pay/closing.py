"""What finance does with a month: closes it, and corrects it afterwards."""

from collections.abc import Iterable
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_POST

from core.periods import Period, parse_month
from core.zone import portal_zone
from kpi.corrections import correct_statement
from kpi.differences import Difference
from kpi.measures import read_measure
from kpi.models import Statement
from kpi.sentences import signed
from kpi.statements import add_statement, close_month, closes_months
from kpi.unclaimed import waive_sales
from team.models import Employee
from web.frame.proof import asks_password
from web.frame.scope import LONGEST, no_person

MOST = 1_000  # sales waived at once


class CorrectionForm(forms.Form):
    """``deal`` is a difference of the statement, «deal:measure»; ``key`` makes a second click the same correction."""

    amount = forms.DecimalField(
        label=gettext_lazy("Amount"),
        max_digits=12,
        decimal_places=2,
        help_text=gettext_lazy("Below zero takes away."),
    )
    reason = forms.CharField(label=gettext_lazy("Reason"), max_length=500)
    deal = forms.RegexField(r"^[0-9]{1,18}(:.{1,200})?$", required=False, widget=forms.HiddenInput)
    key = forms.UUIDField(required=False, widget=forms.HiddenInput, initial=uuid4)

    def __init__(
        self, differences: Iterable[Difference] = (), chosen: str = "", *args: Any, **options: Any
    ) -> None:
        rows = list(differences)
        picked = next((one for one in rows if one.key == chosen), None)
        if picked is not None:
            reason = _("Deal %(deal)s: %(why)s") % {"deal": picked.deal, "why": picked.why.label}
            options["initial"] = {"amount": picked.pay, "reason": reason, "deal": picked.key}
        super().__init__(*args, **options)
        if rows:
            choices = [("", _("none of them")), *((one.key, _described(one)) for one in rows)]
            self.fields["deal"].widget = forms.Select(choices=choices)
            self.fields["deal"].label = _("Settles the deal")


class WaiverForm(forms.Form):
    reason = forms.CharField(label=gettext_lazy("Reason"), max_length=500)


def _described(one: Difference) -> str:
    return f"{one.deal}, {read_measure(one.measure).title} {signed(one.sales)}: {one.why.label}"


@require_POST
@asks_password
def close(request: HttpRequest) -> HttpResponse:
    """Freeze the month named by ``period``; what refuses it is said in one sentence."""
    user = _finance(request)
    try:
        period = _period(request)
        number = close_month(period, user)
    except ValueError as error:
        messages.error(request, str(error))
        return redirect("my-month")
    done = ngettext(
        "The month is closed: %(number)s statement.", "The month is closed: %(number)s statements.", number
    )
    messages.success(request, done % {"number": number})
    return _overview(period)


@require_POST
def correct(request: HttpRequest, pk: int) -> HttpResponse:
    """Add a line to a closed statement; the same form posted again shows the line that it has added."""
    user = _finance(request)
    statement = get_object_or_404(Statement.objects.visible_to(user), pk=pk)
    form = CorrectionForm(data=request.POST)
    try:
        given = _checked(form)
        amount: Decimal = given["amount"]
        deal, _mark, measure = given["deal"].partition(":")
        line, is_new = correct_statement(
            statement, user, amount, given["reason"], int(deal) if deal else None, measure, given["key"]
        )
        if is_new:
            messages.success(request, _("The correction is added."))
        else:
            told = {"amount": signed(line.amount), "reason": line.reason}
            messages.info(request, _("This correction was added already: %(amount)s, “%(reason)s”.") % told)
    except ValueError as error:
        messages.error(request, str(error))
    query = {"manager": statement.manager_id, "period": f"{statement.period:%Y-%m}"}
    return redirect(f"{reverse('my-month')}?{urlencode(query)}#statement")


@require_POST
def waive(request: HttpRequest) -> HttpResponse:
    """Say that nobody is paid for sales of a closed month: each a ``deal``, «deal:measure»."""
    user = _finance(request)
    try:
        period = _period(request)
        named = [one.partition(":") for one in request.POST.getlist("deal")[:MOST]]
        if not named or not all(deal.isdecimal() and len(deal) <= LONGEST for deal, _mark, _measure in named):
            raise ValueError(_("Choose the sales that nobody is paid for."))
        sales = [(int(deal), measure) for deal, _mark, measure in named]
        number = len(waive_sales(period, sales, user, _checked(WaiverForm(request.POST))["reason"]))
    except ValueError as error:
        messages.error(request, str(error))
        return redirect("my-month")
    done = ngettext("Nobody is paid for %(number)s sale.", "Nobody is paid for %(number)s sales.", number)
    messages.success(request, done % {"number": number})
    return _overview(period)


@require_POST
def include(request: HttpRequest) -> HttpResponse:
    """Make a statement of a closed month for somebody who had none."""
    user = _finance(request)
    person = request.POST.get("manager", "")
    try:
        period = _period(request)
        if not person.isdecimal() or len(person) > LONGEST:
            raise no_person(person)
        add_statement(int(person), period, user)
    except ValueError as error:
        messages.error(request, str(error))
        return redirect("my-month")
    messages.success(request, _("The statement is made, and closed as the month is."))
    return redirect(f"{reverse('my-month')}?{urlencode({'manager': person, 'period': period.label})}")


def _checked(form: forms.Form) -> dict[str, Any]:
    """What was given. ValueError with the first fault in a sentence."""
    if not form.is_valid():
        raise ValueError(next(f"{form[name].label}: {errors[0]}" for name, errors in form.errors.items()))
    return form.cleaned_data


def _period(request: HttpRequest) -> Period:
    return parse_month(request.POST.get("period", ""), portal_zone())


def _overview(period: Period) -> HttpResponse:
    return redirect(f"{reverse('my-month')}?{urlencode({'period': period.label})}")


def _finance(request: HttpRequest) -> Employee:
    user: Employee = request.user  # type: ignore[assignment]  # the login stands before every page
    if not closes_months(user):
        raise Http404
    return user
