"""The earning conditions of one person's month, as a text to read and to sign."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from kpi.conditions import write_conditions
from kpi.models import Statement
from kpi.pay_schemes import assign_schemes, find_schemes, read_scheme
from kpi.sentences import choose_title
from team.models import Employee
from web.frame.scope import refusing
from web.pay.selection import read_choice


@require_safe
@refusing(_("My month"), "my-month", _("Show the present month"))
def conditions(request: HttpRequest) -> HttpResponse:
    """Of the statement's scheme, or of the one by which it will be computed."""
    user: Employee = request.user  # type: ignore[assignment]  # the login stands before every page
    choice = read_choice(request)
    if not user.sees_money or choice.person is None:
        raise Http404
    rows = Statement.objects.visible_to(user).filter(manager=choice.person, period=choice.period.first)
    statement = rows.exclude(inputs={}).select_related("scheme").first()
    row = statement.scheme if statement else None
    if row is None:
        row = assign_schemes(find_schemes(choice.period.first), [choice.person.pk]).get(choice.person.pk)
    scheme = None if row is None else read_scheme(row)
    context = {
        "choice": choice,
        "person": choice.person,
        "version": None if row is None else row.version,
        "title": scheme and choose_title(scheme.title),
        "chapters": write_conditions(scheme) if scheme else (),
    }
    return render(request, "pay/conditions.html", context)
