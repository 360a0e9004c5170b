"""«Регламенты»: what must hold on each stage. Everybody signed in reads, an admin writes, tries and publishes."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.contrib import messages
from django.db.models import Count
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from core import moment
from pipelines.models import Pipeline, Stage
from qc import backtest, drafts, regulations, rule_modes, signatures, wording
from qc.criteria import field_names, read_fields
from qc.models import Finding, Regulation, RegulationDraft, RuleMode
from qc.version_wording import tell_changes
from team.models import Role
from web.regulations import reading
from web.regulations.editing import (
    as_written,
    draw_stay,
    examples,
    find_stage,
    in_force,
    keep_draft,
    list_stages,
    make_form,
    read_context,
    working_people,
)
from web.regulations.form import RegulationForm
from web.regulations.publishing import publish


@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """Pipelines and their stages in amoCRM's order."""
    open_now = Finding.objects.shown_to(request.user).open(moment.now()).order_by()
    counts = dict(open_now.values_list("stage").annotate(Count("pk")))
    stages = Stage.objects.filter(deleted_at=None).order_by("sort", "pk")
    present = regulations.in_force()
    admin = request.user.administers
    missing = signatures.missing_by_stage() if request.user.directs else {}
    written = (
        set(RegulationDraft.objects.filter(editor=request.user.pk).values_list("stage", flat=True))
        if admin
        else set()
    )
    waiting = {row.stage_id: row for row in regulations.waiting()}
    to_read = {row.stage_id for row in signatures.unsigned(request.user)}  # type: ignore[arg-type]  # signed in
    by_pipeline: dict[int | None, list[dict[str, Any]]] = {}
    for stage in stages:
        regulation = present.get(stage.pk)
        row = {
            "stage": stage,
            "regulation": regulation,
            "pills": wording.pills(regulation) if regulation else [],
            "findings": counts.get(stage.pk, 0),
            "missing": missing.get(stage.pk, 0),
            "draft": stage.pk in written,
            "waiting": waiting.get(stage.pk),
            "to_read": stage.pk in to_read,
        }
        by_pipeline.setdefault(stage.pipeline_id, []).append(row)
    pipelines = Pipeline.objects.filter(deleted_at=None, is_archived=False)
    return render(
        request,
        "regulations/regulations.html",
        {
            "pipelines": [(one, by_pipeline.get(one.pk, [])) for one in pipelines],
            "to_read": len(to_read),
        },
    )


@require_safe
def book(request: HttpRequest) -> HttpResponse:
    """All regulations in force as one page that prints, and one button for a manager who has read it."""
    names, present = field_names(), regulations.in_force()
    modes = dict(RuleMode.objects.values_list("rule", "mode"))
    chosen = request.GET.get("pipeline", "")
    rows: dict[int | None, list[dict[str, Any]]] = {}
    for stage in Stage.objects.filter(deleted_at=None).order_by("sort", "pk"):
        if (one := present.get(stage.pk)) is not None:
            rows.setdefault(stage.pipeline_id, []).append(
                {
                    "stage": stage,
                    "regulation": one,
                    "texts": reading.read_texts(None, one),
                    "lines": reading.read_lines(None, one),
                    "facts": wording.facts(one, names),
                }
            )
    pipelines = [one for one in Pipeline.objects.filter(deleted_at=None, is_archived=False) if one.pk in rows]
    shown = [one for one in pipelines if not chosen or str(one.pk) == chosen]
    unsigned = list(signatures.unsigned(request.user))  # type: ignore[arg-type]  # signed in
    context = {
        "book": [(one, rows[one.pk]) for one in shown],
        "pipelines": pipelines,
        "chosen": chosen,
        "unsigned": [one.pk for one in unsigned if not chosen or str(one.stage.pipeline_id) == chosen],
        "costs": [code for code, mode in modes.items() if mode == RuleMode.Mode.MONEY],
    }
    return render(request, "regulations/book.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def card(request: HttpRequest, stage: str) -> HttpResponse:
    """One stage. A POST publishes a new version (or keeps the draft), or says at the field what is wrong with it."""
    if request.method != "POST":
        stages = list_stages()
        shown = next((row for row in stages if row.pk == stage), None)
        if shown is None:
            raise Http404
        return show_card(request, shown, stages=stages)
    one = find_stage(stage)
    if not request.user.administers:
        raise Http404
    editor: Any = request.user
    action = request.POST.get("action", "publish")
    if action == "drop":
        drafts.drop(one.pk, editor)
        messages.info(request, _("The draft was thrown away."))
        return redirect("regulation", one.pk)
    present = in_force(one)
    kept = keep_draft(request, one)
    if action == "save":
        if kept is None:
            messages.error(request, _("This draft is too long to be kept."))
        else:
            messages.info(request, _("The draft is kept. Nobody but you is judged or told by it."))
        return redirect("regulation", one.pk)
    form = RegulationForm(one, field_names(), request.POST, present)
    if form.is_valid() and publish(request, one, present, form):
        return redirect("regulation", one.pk)
    return show_card(request, one, form, status=422)


def show_card(
    request: HttpRequest,
    stage: Stage,
    form: RegulationForm | None = None,
    status: int = 200,
    stages: Sequence[Stage] | None = None,
) -> HttpResponse:
    versions, in_force_anywhere = regulations.versions_of(stage.pk)
    published = sorted(
        (row for row in versions if row.published_at),
        key=lambda row: (row.published_at, row.version),
        reverse=True,
    )
    present = in_force_anywhere.get(stage.pk)
    names, demanded = read_fields(stage.pk)
    user: Any = request.user
    draft, others = drafts.of_stage(stage.pk, user) if user.administers else (None, [])
    if form is None and user.administers:
        form = make_form(stage, names, present, draft, demanded)
    fresh = as_written(stage, form, present) if form is not None else None
    stages = list_stages() if stages is None else stages
    if form is not None:
        form.offer_stages(stages)
        form.switched_off = rule_modes.list_switched_off()
    siblings, targets = _around(stage, stages, in_force_anywhere)
    people = working_people() if form is not None else None
    context: dict[str, Any] = {
        "stage": stage,
        "siblings": siblings,
        "regulation": present,
        "facts": wording.facts(present, names) if present else [],
        "form": form,
        "draft": draft,
        "versions": _tell_versions(versions, published, names),
        "waiting": next((row for row in versions if row.effective_at and not row.published_at), None),
        "signatures": signatures.read_signatures(present, people) if present and user.directs else None,
        "to_sign": present is not None
        and user.role == Role.MANAGER
        and present.pk in {row.pk for row in signatures.unsigned(user)},
        "days": backtest.DAYS,
    }
    context |= draw_stay(stage, present, fresh)
    if form is not None:
        context |= {
            "examples": examples(people),
            "targets": targets,
            "others": others,
            "asked_by_amo": _unasked(demanded, present),
        }
    context |= read_context(stage, present, fresh, names)
    return render(request, "regulations/regulation.html", context, status=status)


def _unasked(demanded: Iterable[str], present: Regulation | None) -> list[str]:
    """Fields that amoCRM itself demands on the stage and that the regulation does not."""
    known = {
        field for code in (present.norms if present else {}).values() for field in code.get("fields", [])
    }
    return [field for field in demanded if field not in known]


def _tell_versions(
    versions: list[Regulation], published: list[Regulation], names: Mapping[str, str]
) -> list[dict[str, Any]]:
    """Each version with what it changed about the one before it."""
    found = []
    for row in versions:
        earlier = [one for one in published if one.version < row.version]
        old = earlier[0] if earlier else None
        state = "planned" if row.effective_at and not row.published_at else "earlier"
        if row.published_at is None and row.effective_at is None:
            state = "called off"
        if published and row.pk == published[0].pk:
            state = "in force"
        found.append(
            {
                "version": row,
                "state": state,
                "sentences": tell_changes(old, row, names) if old else [],
                "first": old is None,
            }
        )
    return found


def _around(
    stage: Stage, stages: Iterable[Stage], known: Mapping[str, Regulation]
) -> tuple[list[tuple[Stage, str]], list[tuple[Pipeline | None, list[Stage]]]]:
    """The stages of its pipeline, each with its norms in a word or two, and where a regulation can be copied to."""
    siblings, others = [], dict[int | None, list[Stage]]()
    for row in stages:
        if row.pk != stage.pk:
            others.setdefault(row.pipeline_id, []).append(row)
        if row.pipeline_id == stage.pipeline_id:
            words = _("no regulation")
            if row.pk in known:
                words = " · ".join(pill.text for pill in wording.pills(known[row.pk])) or _("no norms")
            siblings.append((row, words))
    targets = [(rows[0].pipeline, rows) for rows in others.values()]
    own = stage.pipeline_id
    targets.sort(key=lambda pair: (pair[1][0].pipeline_id != own, pair[0].sort if pair[0] else 0))
    return siblings, targets
