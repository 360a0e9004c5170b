"""What schemes do before they are in force: the curve, the last months, and two of them side by side."""

from dataclasses import dataclass
from typing import Any

from django.db.models import Max
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from core import charts, formats
from kpi.calculation.document import Fault
from kpi.conditions import write_conditions
from kpi.futures import compare_schemes
from kpi.models import Quota, Scheme, SchemeDraft
from kpi.pay_curve import Curve, draw_curve
from kpi.pay_schemes import PayScheme, read_document
from kpi.rehearsal import rehearse
from kpi.scheme_drafts import begin_draft
from kpi.sentences import choose_title
from team.models import Employee, Role
from web.frame.scope import BadScope, refusing
from web.schemes.views import dated, payable, read_closer

DRAFT = "draft"


@dataclass(frozen=True)
class Option:
    """A version or a draft that can be chosen."""

    key: str
    label: str


@require_safe
def trial(request: HttpRequest, code: str) -> HttpResponse:
    """Of the reader's draft: the curve, and what it would have paid in the last months."""
    user = read_closer(request)
    draft = begin_draft(code, user)
    if draft is None:
        raise Http404
    context: dict[str, Any] = {"code": code}
    try:
        scheme = read_document(dated(draft.document))
    except Fault:
        context["unsound"] = True
    else:
        curve = draw_curve(scheme, usual_plan())
        context |= {
            "curve": curve,
            "chart": curve and _chart(curve),
            "rehearsal": rehearse(scheme),
        }
    bare = bool(request.headers.get("HX-Request"))
    return render(request, "schemes/_trial.html" if bare else "schemes/trial_alone.html", context)


@require_safe
@refusing(gettext_lazy("Pay schemes"), "schemes", gettext_lazy("Back to the schemes"))
def compare(request: HttpRequest) -> HttpResponse:
    """Two schemes on history and on drawn years; nothing is written."""
    user = read_closer(request)
    options = list(_options(user))
    keys = [one.key for one in options]
    first, second = (request.GET.get(name, "")[:80] for name in ("first", "second"))
    offered = (keys * 2)[:2]  # the newest instead of the one before it
    context: dict[str, Any] = {
        "options": options,
        "first": first or (offered[1] if offered else ""),
        "second": second or (offered[0] if offered else ""),
    }
    if first or second:
        sides = [_read(key, keys, user) for key in (first, second)]
        context |= {
            "found": compare_schemes(sides[0], sides[1]),
            "labels": [_label(key, options) for key in (first, second)],
        }
    return render(request, "schemes/compare.html", context)


@require_safe
@refusing(gettext_lazy("Pay schemes"), "schemes", gettext_lazy("Back to the schemes"))
def conditions(request: HttpRequest, code: str) -> HttpResponse:
    """The earning conditions of a version, or of the reader's draft, as a text to be signed."""
    user = read_closer(request)
    asked = request.GET.get("version", "")
    key = f"{code}:{asked or DRAFT}"
    scheme = _read(key, [one.key for one in _options(user)] if asked else [key], user)
    managers = set(
        Employee.objects.filter(role=Role.MANAGER, is_active=True).values_list("person", flat=True)
    )
    covered = managers if scheme.people is None else scheme.people
    names = [name for person, name in payable().items() if person in covered]
    context = {
        "title": choose_title(scheme.title),
        "code": code,
        "version": asked,
        "chapters": write_conditions(scheme),
        "names": names,
        "scheme": scheme,
    }
    return render(request, "schemes/conditions.html", context)


def _options(user: Employee) -> list[Option]:
    drafts = [
        Option(f"{row.code}:{DRAFT}", _("%(code)s, my draft") % {"code": row.code})
        for row in SchemeDraft.objects.filter(editor=user).order_by("code")
    ]
    rows = Scheme.objects.order_by("code", "-version")[:500]
    return [
        *drafts,
        *(
            Option(
                f"{row.code}:{row.version}",
                _("%(title)s, version %(version)s") % {"title": row.title, "version": row.version},
            )
            for row in rows
        ),
    ]


def _label(key: str, options: list[Option]) -> str:
    return next((one.label for one in options if one.key == key), key)


def _read(key: str, known: list[str], user: Employee) -> PayScheme:
    """Raises BadScope with a sentence for one that there is not, and for a draft that is not sound."""
    code, _colon, version = key.partition(":")
    if key not in known:
        raise BadScope(_("Choose two schemes from the list."))
    if version == DRAFT:
        draft = begin_draft(code, user)
        if draft is None:
            raise Http404
        document = draft.document
    else:
        document = Scheme.objects.get(code=code, version=version).document
    try:
        return read_document(dated(document))
    except Fault:
        raise BadScope(_("This scheme is not finished: the editor says what is wrong.")) from None


def usual_plan() -> Any:
    """The plan that the newest month gives somebody in the middle."""
    rows = Quota.objects.filter(span=Quota.Span.MONTH)
    newest = rows.filter(period=rows.aggregate(last=Max("period"))["last"])
    amounts = sorted(newest.values_list("amount", flat=True))
    return amounts[len(amounts) // 2] if amounts else None


def _chart(curve: Curve) -> charts.Chart:
    locale = get_language() or "en"
    cliffs = charts.Series(
        _("A leap"),
        [one.after for one in curve.cliffs],
        color="chart-bad",
        texts=[
            _("at %(sales)s of sales one rouble more pays %(leap)s more")
            % {"sales": formats.money(one.sales, locale), "leap": formats.money(one.leap, locale)}
            for one in curve.cliffs
        ],
    )
    line = charts.Series(
        _("Pay"),
        [pay for _sales, pay in curve.points],
        texts=[
            _("%(sales)s of sales: %(pay)s")
            % {"sales": formats.money(sales, locale), "pay": formats.money(pay, locale)}
            for sales, pay in curve.points
        ],
    )
    return charts.line_and_marks(
        [sales for sales, _pay in curve.points], line, [one.sales for one in curve.cliffs], cliffs
    )
