"""Three sums side by side: by the scheme, by amoCRM as it is now, and as it was paid according to a file."""

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_http_methods

from kpi.models import Statement
from kpi.payouts import compare_sums, import_payouts, read_payouts
from kpi.statements import closes_months
from pipelines.imports.tables import BadFile
from team.models import Employee
from web.frame.scope import read_month, refusing

LARGEST = 5 * 2**20  # bytes


@require_http_methods(["GET", "HEAD", "POST"])
@refusing(gettext_lazy("Three sums"), "my-month", gettext_lazy("Show the present month"))
def payouts(request: HttpRequest) -> HttpResponse:
    """Of a closed month; a file that is sent replaces what earlier ones said of those whom it names."""
    user: Employee = request.user  # type: ignore[assignment]  # the login stands before every page
    if not closes_months(user):
        raise Http404
    period, problem = read_month(request.GET), ""
    if request.method == "POST":
        file = request.FILES.get("file")
        try:
            if file is None or file.file is None:
                raise BadFile(_("Choose a file first."))
            if (file.size or 0) > LARGEST:
                raise BadFile(_("The file is larger than 5 MB."))
            number = import_payouts(period, read_payouts(file.file), user, file.name or "")
            done = ngettext("The file names %(number)s person.", "The file names %(number)s people.", number)
            messages.success(request, done % {"number": number})
            return redirect(f"{reverse('payouts')}?period={period.label}")
        except (BadFile, ValueError) as error:
            problem = str(error)
    rows = Statement.objects.visible_to(user).filter(period=period.first, status=Statement.Status.CLOSED)
    sums = compare_sums(list(rows.select_related("manager", "scheme", "payout").prefetch_related("lines")))
    context = {
        "period": period,
        "problem": problem,
        "sums": sums,
        "differing": sum(one.differs for one in sums),
        "plan": sum(one.plan for one in sums),
        "amo": sum(one.amo for one in sums),
        "paid": sum(one.paid or 0 for one in sums),
    }
    return render(request, "pay/payouts.html", context, status=422 if problem else 200)
