"""«Регламенты»: what must hold on each stage. Everybody signed in reads, an admin tries a draft and publishes it."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db.models import Count
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from core import moment
from pipelines.models import Pipeline, Stage
from qc import backtest, dwell, regulations, wording
from qc.criteria import field_names
from qc.models import Finding, Regulation
from qc.rules import CALENDAR
from qc.stalled import SHOWN
from team.models import Employee, Role
from web.frame.permissions import for_admins
from web.regulations.form import RegulationForm


@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """Pipelines and their stages in amoCRM's order."""
    open_now = Finding.objects.visible_to(request.user).filter(mode__in=SHOWN).open(moment.now()).order_by()
    counts = dict(open_now.values_list("stage").annotate(Count("pk")))
    stages = Stage.objects.filter(deleted_at=None).order_by("sort", "pk")
    present = regulations.in_force()
    by_pipeline: dict[int | None, list[dict[str, Any]]] = {}
    for stage in stages:
        regulation = present.get(stage.pk)
        row = {
            "stage": stage,
            "regulation": regulation,
            "pills": wording.pills(regulation) if regulation else [],
            "findings": counts.get(stage.pk, 0),
        }
        by_pipeline.setdefault(stage.pipeline_id, []).append(row)
    pipelines = Pipeline.objects.filter(deleted_at=None, is_archived=False)
    return render(
        request,
        "regulations/regulations.html",
        {"pipelines": [(one, by_pipeline.get(one.pk, [])) for one in pipelines]},
    )


@require_http_methods(["GET", "HEAD", "POST"])
def card(request: HttpRequest, stage: str) -> HttpResponse:
    """One stage. A POST publishes a new version, or says at the field what is wrong with it and changes nothing."""
    one = _stage(stage)
    versions = list(one.regulations.published().select_related("author"))
    present, names = versions[0] if versions else None, field_names()
    form = None
    if request.user.administers:
        form = RegulationForm(one, names, request.POST if request.method == "POST" else None, present)
    if request.method == "POST":
        if form is None:
            raise Http404
        if form.is_valid() and _publish(request, one, present, form):
            return redirect("regulation", one.pk)
    changes = [
        (new, wording.changes(old, new, names) if old else [])
        for new, old in zip(versions, [*versions[1:], None], strict=False)  # no version yet: none to compare
    ]
    context = {
        "stage": one,
        "siblings": _siblings(one),
        "regulation": present,
        "facts": wording.facts(present, names) if present else [],
        "form": form,
        "picture": dwell.picture(one.pk, _calendar_norm(present)),
        "changes": changes,
        "examples": _examples() if form else [],
    }
    return render(
        request, "regulations/regulation.html", context, status=422 if form and form.errors else 200
    )


@require_POST
@for_admins
def attempt(request: HttpRequest, stage: str) -> HttpResponse:
    """The draft sent along, tried on history: a part of the card for htmx, else a page. Writes nothing."""
    one = _stage(stage)
    form = RegulationForm(one, field_names(), request.POST)
    context: dict[str, Any] = {"stage": one, "days": backtest.DAYS}
    if not form.is_valid():
        context["problems"] = [
            f"{form.fields[name].label}: {problem}" if name in form.fields else problem
            for name, found in form.errors.items()
            for problem in found
        ]
        return render(request, _attempt_template(request), context, status=422)
    values = form.chosen
    try:
        draft = regulations.draft(one.pk, **values)
        context |= {"trial": backtest.try_draft(one.pk, values), "values": values}
    except (ValueError, ValidationError) as error:
        return render(
            request, _attempt_template(request), context | {"problems": _sentences(error)}, status=422
        )
    context["picture"] = dwell.picture(one.pk, _calendar_norm(draft))
    chosen = request.POST.get("person", "")
    someone = next((person for person in _examples() if str(person.pk) == chosen), None)
    limit = regulations.longest_stay(draft.norms)
    if limit and someone:
        context["example"] = backtest.word_example(*limit, someone, moment.now())
    return render(request, _attempt_template(request), context)


def _attempt_template(request: HttpRequest) -> str:
    return "regulations/regulation_try.html" if request.htmx else "regulations/regulation_try_alone.html"  # type: ignore[attr-defined]


def _stage(pk: str) -> Stage:
    return get_object_or_404(Stage.objects.filter(deleted_at=None).select_related("pipeline"), pk=pk)


def _siblings(stage: Stage) -> list[tuple[Stage, bool]]:
    """The stages of its pipeline, each with whether a regulation is in force."""
    known = set(Regulation.objects.published().order_by().values_list("stage", flat=True))
    rows = Stage.objects.filter(pipeline=stage.pipeline_id, deleted_at=None).order_by("sort", "pk")
    return [(row, row.pk in known) for row in rows]


def _examples() -> list[Employee]:
    """People whose shifts a norm can be shown on."""
    working = Employee.objects.filter(role__in=[Role.MANAGER, Role.HEAD], left_on=None, is_active=True)
    return list(working.exclude(person=None).prefetch_related("rota_assignments__rota"))


def _calendar_norm(regulation: Regulation | None) -> Any:
    """The norm that may be drawn into calendar time."""
    limit = regulations.longest_stay(regulation.norms) if regulation else None
    return limit[0] if limit and limit[1] == CALENDAR else None


def _publish(request: HttpRequest, stage: Stage, present: Regulation | None, form: RegulationForm) -> bool:
    """Whether the new version is in force (or nothing differed); what was wrong stands in the form."""
    try:
        draft = regulations.draft(stage.pk, **form.chosen)
        if not regulations.sentences(present, draft):
            messages.info(request, _("Nothing was changed, so there is no new version."))
            return True
        published = regulations.publish(
            stage,
            request.user,  # type: ignore[arg-type]
            form.cleaned_data["version"],
            **form.chosen,
        )
    except regulations.Superseded as late:
        form.look_again(late.version)
        return False
    except (ValueError, ValidationError) as error:
        for sentence in _sentences(error):
            form.add_error(None, sentence)
        return False
    words = {"version": published.version}
    messages.success(
        request, _("Version %(version)s is in force. The deals of the stage are being judged by it.") % words
    )
    return True


def _sentences(error: ValueError | ValidationError) -> list[str]:
    return error.messages if isinstance(error, ValidationError) else [str(error)]
