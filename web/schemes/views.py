"""Pay schemes: the list, the editor over a draft, what it would have paid, its conditions, and the way into force."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from core import formats, moment
from core.periods import month_of, parse_month
from core.zone import portal_zone
from kpi.calculation.document import Fault
from kpi.components import list_kinds
from kpi.measures import KEPT
from kpi.models import Scheme, SchemeDraft
from kpi.pay_schemes import find_faults, find_schemes, read_document
from kpi.scheme_drafts import (
    begin_draft,
    drop_draft,
    find_draft,
    find_newest,
    keep_draft,
    months_to_begin,
    publish_draft,
)
from kpi.sentences import choose_title, say
from kpi.statements import closes_months
from metrics import METRICS
from qc import queries as judgement
from team.models import Employee
from web.frame.proof import asks_password
from web.schemes.acts import change_document
from web.schemes.nodes import show_document
from web.schemes.sent import read_sent

WRITTEN = "title.ru"  # a field that the editor sends whatever else it holds


class NewForm(forms.Form):
    code = forms.SlugField(
        label=gettext_lazy("Short name"),
        max_length=40,
        help_text=gettext_lazy("Latin letters, digits, - and _"),
    )


@require_safe
def schemes(request: HttpRequest) -> HttpResponse:
    """Every scheme with its versions, and the reader's drafts."""
    user = read_closer(request)
    month = month_of(moment.now(), portal_zone()).first
    in_force = {row.pk for row in find_schemes(month)}
    versions: dict[str, list[Scheme]] = {}
    for row in Scheme.objects.order_by("code", "-version"):
        versions.setdefault(row.code, []).append(row)
    drafts = {row.code: row for row in SchemeDraft.objects.filter(editor=user)}
    codes = [*versions, *(code for code in drafts if code not in versions)]
    rows = [
        {
            "code": code,
            "title": _title(versions.get(code, []), drafts.get(code)),
            "versions": [
                (row, row.pk in in_force, row.effective_from > month) for row in versions.get(code, [])
            ],
            "draft": drafts.get(code),
        }
        for code in codes
    ]
    return render(request, "schemes/schemes.html", {"rows": rows, "form": NewForm(auto_id="new_%s")})


@require_POST
def begin(request: HttpRequest) -> HttpResponse:
    """A draft of a scheme that there is not yet."""
    user = read_closer(request)
    form = NewForm(request.POST)
    if not form.is_valid():
        messages.error(request, str(next(iter(form.errors.values()))[0]))
        return redirect("schemes")
    code = form.cleaned_data["code"]
    if find_newest(code) is None and find_draft(code, user) is None:
        empty = {"code": code, "title": {"ru": "", "en": ""}, "components": []}
        try:
            keep_draft(SchemeDraft(code=code, editor=user), empty)
        except ValueError as error:
            messages.error(request, str(error))
            return redirect("schemes")
    return redirect("scheme", code)


@require_http_methods(["GET", "HEAD", "POST"])
def scheme(request: HttpRequest, code: str) -> HttpResponse:
    """The editor: every button keeps the draft and comes back here."""
    user = read_closer(request)
    draft = _draft(code, user)
    if request.method == "POST":
        act = request.POST.get("do", "")[:120]
        if act == "drop":
            drop_draft(code, user)
            messages.success(request, _("The draft is thrown away."))
            return redirect("schemes")
        document = read_sent(request.POST)
        anchor = change_document(document, act)
        try:
            keep_draft(draft, document)
        except ValueError as error:
            messages.error(request, str(error))
        else:
            if act == "save":
                messages.success(request, _("The draft is kept."))
        return redirect(reverse("scheme", args=[code]) + (f"#{anchor}" if anchor else ""))
    faults = _faults(draft)
    months = months_to_begin()
    asked = request.GET.get("month", "")
    context = {
        "code": code,
        "draft": draft,
        "title": _title([], draft),
        "shown": show_document(draft.document, faults, *_people()),
        "faults": len(faults),
        "kinds": [(kind.kind, _(kind.title)) for kind in list_kinds()],
        "measures": list(measure_names()),
        "months": [(one.label, one.first) for one in months],
        "chosen": asked if any(one.label == asked for one in months) else months[1].label,
        "newest": find_newest(code),
    }
    return render(request, "schemes/scheme.html", context)


@require_POST
@asks_password
def publish(request: HttpRequest, code: str) -> HttpResponse:
    """The draft, with what stands in the editor, into force through the door by which documents are loaded.

    What is refused stays in the draft and in the editor.
    """
    user = read_closer(request)
    draft = find_draft(code, user)
    if draft is None:
        messages.error(request, _("There is no draft of yours to publish."))
        return redirect("scheme", code) if find_newest(code) else redirect("schemes")
    wanted = request.POST.get("month", "")
    try:
        if WRITTEN in request.POST:
            draft = keep_draft(draft, read_sent(request.POST))
        month = parse_month(wanted, portal_zone())
        made, is_new = publish_draft(draft, user, month.first)
    except Fault as fault:
        messages.error(request, f"{fault.path}: {say(fault.text)}")
        return redirect(address("scheme", code, month=wanted))
    except ValueError as error:
        messages.error(request, str(error))
        return redirect(address("scheme", code, month=wanted))
    told = {"version": made.version, "day": formats.day(month.first, get_language() or "en", True)}
    if is_new:
        messages.success(request, _("Version %(version)s is published and in force from %(day)s.") % told)
    else:
        messages.info(request, _("Nothing has changed: version %(version)s says the same.") % told)
    return redirect("schemes")


def read_closer(request: HttpRequest) -> Employee:
    """Whoever closes months; for others these pages do not exist."""
    user: Employee = request.user  # type: ignore[assignment]  # the login stands before every page
    if not closes_months(user):
        raise Http404
    return user


def payable() -> dict[int, str]:
    """Names of those who can be paid, by main amoCRM user."""
    return _people()[0]


def _people() -> tuple[dict[int, str], dict[int, str]]:
    """Those who can be paid, and those who cannot any more."""
    here, gone = dict[int, str](), dict[int, str]()
    for one in sorted(Employee.objects.filter(person__isnull=False).select_related("person"), key=str):
        if one.person_id:
            (here if one.is_active else gone)[one.person_id] = str(one)
    return here, gone


def measure_names() -> list[tuple[str, str]]:
    """What can be typed for a measure, with titles."""
    kept = [(f"{KEPT}{code}", str(title)) for code, title in judgement.titles().items()]
    return [*((code, str(metric.title)) for code, metric in METRICS.items()), *kept]


def _draft(code: str, user: Employee) -> SchemeDraft:
    found = begin_draft(code, user)
    if found is None:
        raise Http404
    return found


def dated(document: Mapping[str, Any]) -> dict[str, Any]:
    """With a day where a draft has none yet: that of the present month."""
    first = month_of(moment.now(), portal_zone()).first
    return {"effective_from": first.isoformat(), **document}


def _faults(draft: SchemeDraft) -> list[Fault]:
    return find_faults(dated(draft.document))


def _title(versions: list[Scheme], draft: SchemeDraft | None) -> str:
    document = versions[0].document if versions else draft.document if draft else {}
    try:
        return choose_title(read_document(dated(document)).title)
    except Fault:
        titles = document.get("title")
        given = titles.get("ru") if isinstance(titles, dict) else ""
        return str(given or (versions[0].title if versions else draft.code if draft else ""))


def address(name: str, code: str, **query: str) -> str:
    return reverse(name, args=[code]) + (f"?{urlencode(query)}" if query else "")
