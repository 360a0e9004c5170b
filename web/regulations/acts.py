"""What is done with versions: back to an earlier one, called off, copied, tried on one deal, signed."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from core import moment
from pipelines.models import Deal, Stage
from qc import drafts, one_deal, regulations, signatures
from qc.criteria import field_names, read_fields
from qc.models import Regulation
from web.frame.permissions import for_admins
from web.regulations.editing import as_written, find_stage, in_force, make_form
from web.regulations.form import RegulationForm, as_sent
from web.regulations.publishing import say_published


def _number(text: str | None) -> int:
    return int(text) if text and text.isdecimal() and len(text) < 16 else -1


@require_POST
@for_admins
def bring_back(request: HttpRequest, stage: str) -> HttpResponse:
    """An earlier version as a new one, in force at once; sent twice, it is one."""
    one, author = find_stage(stage), request.user
    seen = _number(request.POST.get("seen"))
    try:
        version = regulations.return_to(one.pk, _number(request.POST.get("version")), author, seen)  # type: ignore[arg-type]  # signed in
    except ValueError as error:
        messages.error(request, str(error))
    else:
        say_published(request, version)
    return redirect("regulation", one.pk)


@require_POST
@for_admins
def call_off(request: HttpRequest, stage: str) -> HttpResponse:
    one = find_stage(stage)
    if regulations.call_off(one.pk, _number(request.POST.get("version"))):
        messages.success(request, _("The version was called off: what is in force stays."))
    else:
        messages.error(request, _("This version waits no more."))
    return redirect("regulation", one.pk)


@require_POST
@for_admins
def copy(request: HttpRequest, stage: str) -> HttpResponse:
    """What is in force here becomes a draft there: on one stage, or on the stages of the same name of a pipeline."""
    one, editor = find_stage(stage), request.user
    target = request.POST.get("target", "")
    if target.startswith("pipeline:"):
        return _copy_pipeline(request, one, _number(target.removeprefix("pipeline:")))
    there = Stage.objects.filter(pk=target, deleted_at=None).exclude(pk=one.pk).first()
    present = in_force(one)
    if there is None or present is None:
        messages.error(request, _("Choose a stage to copy to; here a version must be in force."))
        return redirect("regulation", one.pk)
    _copy_to(there, present, editor)
    messages.success(request, _("Copied as your draft: look it through and publish it."))
    return redirect("regulation", there.pk)


def _copy_pipeline(request: HttpRequest, stage: Stage, pipeline: int) -> HttpResponse:
    present = regulations.in_force()
    own = {
        " ".join(row.name.casefold().split()): present[row.pk]
        for row in Stage.objects.filter(pipeline=stage.pipeline_id, deleted_at=None)
        if row.pk in present
    }
    copied = 0
    for there in Stage.objects.filter(pipeline=pipeline, deleted_at=None).exclude(pipeline=stage.pipeline_id):
        source = own.get(" ".join(there.name.casefold().split()))
        if source is not None:
            _copy_to(there, source, request.user)
            copied += 1
    if copied:
        words = {"n": copied}
        says = ngettext(
            "%(n)s stage of the same name has your draft now.",
            "%(n)s stages of the same names have your drafts now.",
            copied,
        )
        messages.success(request, says % words)
        return redirect("regulations")
    messages.error(request, _("That pipeline has no stages of the same names."))
    return redirect("regulation", stage.pk)


def _copy_to(there: Stage, source: Regulation, editor: Any) -> None:
    present = in_force(there)
    form = RegulationForm(there, field_names(), None, present)
    version = present.version if present else 0
    drafts.save(there.pk, editor, as_sent(form, regulations.whole_values(source), version), version)


@require_safe
@for_admins
def try_on_deal(request: HttpRequest, stage: str) -> HttpResponse:
    """«Как сработает на сделке №…»: what the draft and what is in force say of one deal, rule by rule."""
    one = find_stage(stage)
    names, demanded = read_fields(one.pk)
    present = in_force(one)
    draft = drafts.find(one.pk, request.user)  # type: ignore[arg-type]  # signed in
    fresh = as_written(one, make_form(one, names, present, draft, demanded), present) or present
    number = request.GET.get("deal", "").strip().lstrip("№# ")
    deal = Deal.objects.filter(pk=_number(number)).first() if number else None
    context: dict[str, Any] = {
        "stage": one,
        "number": number,
        "deal": deal,
        "draft": draft,
        "regulation": present,
    }
    if number and deal is None:
        context["problems"] = [_("There is no deal № %(number)s.") % {"number": number[:20]}]
    if deal is not None and fresh is not None:
        context["answers"] = one_deal.try_on_deal(deal.pk, one.pk, fresh, moment.now())
    return render(request, "regulations/on_deal.html", context, status=422 if "problems" in context else 200)


@require_POST
def sign(request: HttpRequest) -> HttpResponse:
    """A manager has read these versions; only those in force that he has not signed are taken."""
    employee: Any = request.user
    asked = {_number(text) for text in request.POST.getlist("version")}
    versions = [row for row in signatures.unsigned(employee) if row.pk in asked]
    signatures.sign(employee, versions)
    if versions:
        messages.success(request, _("Thank you: it is noted that you have read it."))
    back = request.POST.get("back", "")
    if not url_has_allowed_host_and_scheme(back, {request.get_host()}):
        back = reverse("regulations")
    return redirect(back)
