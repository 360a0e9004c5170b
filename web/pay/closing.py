"""What finance does with a month: closes it, and corrects it afterwards."""

from collections.abc import Iterable
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_POST

from core.periods import parse_month
from core.zone import portal_zone
from kpi.corrections import correct_statement
from kpi.models import Statement
from kpi.sales import NotPaid, find_unpaid
from kpi.sentences import money
from kpi.statements import close_month
from team.models import Employee, Role


def closes_months(user: Employee) -> bool:
    """Whether this person closes and corrects months."""
    return user.role in {Role.FINANCE, Role.ADMIN}


class CorrectionForm(forms.Form):
    """``deal`` is one of the wins that the month has not paid."""

    amount = forms.DecimalField(
        label=gettext_lazy("Amount"),
        max_digits=12,
        decimal_places=2,
        help_text=gettext_lazy("Below zero takes away."),
    )
    reason = forms.CharField(label=gettext_lazy("Reason"), max_length=500)

    def __init__(self, unpaid: Iterable[NotPaid], *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        choices = [(str(row.deal), f"{row.deal}, {money(row.amount)}") for row in unpaid]
        if choices:
            self.fields["deal"] = forms.ChoiceField(
                label=_("Pays for the deal"), choices=[("", _("none of them")), *choices], required=False
            )


@require_POST
def close(request: HttpRequest) -> HttpResponse:
    """Freeze the month named by ``period``; what refuses it is said in one sentence."""
    user = _finance(request)
    label = request.POST.get("period", "")
    try:
        number = close_month(parse_month(label, portal_zone()), user)
    except ValueError as error:
        messages.error(request, str(error))
        return redirect("my-month")
    done = ngettext(
        "The month is closed: %(number)s statement.", "The month is closed: %(number)s statements.", number
    )
    messages.success(request, done % {"number": number})
    return redirect(f"{reverse('my-month')}?{urlencode({'period': label})}")


@require_POST
def correct(request: HttpRequest, pk: int) -> HttpResponse:
    """Add a line to a closed statement."""
    user = _finance(request)
    statement = get_object_or_404(Statement.objects.visible_to(user).select_related("scheme"), pk=pk)
    form = CorrectionForm(find_unpaid(statement), request.POST)
    try:
        if not form.is_valid():
            raise ValueError(next(f"{form[name].label}: {errors[0]}" for name, errors in form.errors.items()))
        given = form.cleaned_data
        amount: Decimal = given["amount"]
        deal = int(given["deal"]) if given.get("deal") else None
        correct_statement(statement, user, amount, given["reason"], deal)
        messages.success(request, _("The correction is added."))
    except ValueError as error:
        messages.error(request, str(error))
    query = {"manager": statement.manager_id, "period": f"{statement.period:%Y-%m}"}
    return redirect(f"{reverse('my-month')}?{urlencode(query)}#statement")


def _finance(request: HttpRequest) -> Employee:
    user: Employee = request.user  # type: ignore[assignment]  # the login stands before every page
    if not closes_months(user):
        raise Http404
    return user
