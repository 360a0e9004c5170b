"""What a manager does with a closed statement of his, and what is answered: signatures and objections to lines."""

from typing import Any
from urllib.parse import urlencode

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from kpi.models import LineObjection, Statement, StatementLine
from kpi.objections import answer_objection, object_to_line, sign_statement
from kpi.statements import closes_months
from team.models import Employee


class ObjectionForm(forms.Form):
    reason = forms.ChoiceField(label=gettext_lazy("What is wrong"), choices=LineObjection.Reason)
    text = forms.CharField(label=gettext_lazy("In words"), max_length=1000)


class AnswerForm(forms.Form):
    """An amount upholds the objection by a correction of so much."""

    uphold = forms.BooleanField(label=gettext_lazy("It is right: correct it"), required=False)
    amount = forms.DecimalField(
        label=gettext_lazy("Correction"), max_digits=12, decimal_places=2, required=False
    )
    answer = forms.CharField(label=gettext_lazy("Answer"), max_length=1000)

    def clean(self) -> dict[str, Any]:
        given: dict[str, Any] = super().clean() or {}
        if given.get("uphold") and given.get("amount") is None and "amount" not in self.errors:
            raise forms.ValidationError(_("Write the amount of the correction."))
        return given


@require_POST
def sign(request: HttpRequest, pk: int) -> HttpResponse:
    user = _reader(request)
    row = get_object_or_404(Statement.objects.visible_to(user), pk=pk)
    try:
        _signature, is_new = sign_statement(row, user)
        if is_new:
            messages.success(request, _("The statement is signed."))
    except ValueError as error:
        messages.error(request, str(error))
    return _back(row)


@require_POST
def object_to(request: HttpRequest, pk: int) -> HttpResponse:
    user = _reader(request)
    line = get_object_or_404(
        StatementLine.objects.filter(statement__in=Statement.objects.visible_to(user)).select_related(
            "statement"
        ),
        pk=pk,
    )
    form = ObjectionForm(request.POST)
    try:
        given = _checked(form)
        _made, is_new = object_to_line(line, user, given["reason"], given["text"])
        if is_new:
            messages.success(request, _("The objection is filed; the line shows what becomes of it."))
        else:
            messages.info(request, _("An objection to this line waits already."))
    except ValueError as error:
        messages.error(request, str(error))
    return _back(line.statement)


@require_POST
def answer(request: HttpRequest, pk: int) -> HttpResponse:
    user = _reader(request)
    if not closes_months(user):
        raise Http404
    row = get_object_or_404(
        LineObjection.objects.filter(line__statement__in=Statement.objects.visible_to(user)).select_related(
            "line__statement"
        ),
        pk=pk,
    )
    form = AnswerForm(request.POST)
    try:
        given = _checked(form)
        _row, is_new = answer_objection(
            row, user, given["amount"] if given["uphold"] else None, given["answer"]
        )
        if is_new:
            messages.success(request, _("The objection is answered."))
        else:
            messages.info(request, _("This objection was answered already."))
    except ValueError as error:
        messages.error(request, str(error))
    return _back(row.line.statement)


def _reader(request: HttpRequest) -> Employee:
    user: Employee = request.user  # type: ignore[assignment]  # the login stands before every page
    if not user.sees_money:
        raise Http404
    return user


def _checked(form: forms.Form) -> dict[str, Any]:
    """What was given. ValueError with the first fault in a sentence."""
    if not form.is_valid():
        name, errors = next(iter(form.errors.items()))
        raise ValueError(errors[0] if name == "__all__" else f"{form[name].label}: {errors[0]}")
    return form.cleaned_data


def _back(row: Statement) -> HttpResponse:
    query = {"manager": row.manager_id, "period": f"{row.period:%Y-%m}"}
    return redirect(f"{reverse('my-month')}?{urlencode(query)}#statement")
