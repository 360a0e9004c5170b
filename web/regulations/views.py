"""«Регламенты»: what must hold on each stage. Everybody signed in reads, an admin writes, tries and publishes."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db.models import Count
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from core import formats, moment
from core.periods import month_of
from core.zone import portal_zone
from kpi.backtest import try_violations
from pipelines.models import Pipeline, Stage
from qc import backtest, drafts, dwell, regulations, rule_modes, signatures, wording
from qc.criteria import field_names, read_fields
from qc.models import Finding, Regulation, RegulationDraft, RuleMode
from qc.options import FieldNames
from qc.rules import CALENDAR, RULES
from qc.stalled import SHOWN
from team.models import Employee, Role
from web.frame.permissions import for_admins
from web.regulations import distribution, reading
from web.regulations.form import RegulationForm


@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """Pipelines and their stages in amoCRM's order."""
    open_now = Finding.objects.visible_to(request.user).filter(mode__in=SHOWN).open(moment.now()).order_by()
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
    to_read = {row.stage_id for row in signatures.unsigned(request.user)}  # type: ignore[arg-type]
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
    unsigned = list(signatures.unsigned(request.user))  # type: ignore[arg-type]
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
    context |= _pictures(stage, present, fresh)
    if form is not None:
        context |= {
            "examples": examples(people),
            "targets": targets,
            "others": others,
            "asked_by_amo": _unasked(demanded, present),
        }
    context |= read_context(stage, present, fresh, names)
    return render(request, "regulations/regulation.html", context, status=status)


def read_context(
    stage: Stage, present: Regulation | None, fresh: Regulation | None, names: Mapping[str, str]
) -> dict[str, Any]:
    """What people read, and what the draft changes about it."""
    shown = fresh or present or Regulation(stage=stage)
    base = present or (Regulation(stage=stage) if fresh else None)
    return {
        "texts": reading.read_texts(base, shown),
        "lines": reading.read_lines(base, shown),
        "changes": wording.changes(base or shown, shown, names) if fresh else [],
        "was": reading.changed_rules(base, shown, names) if fresh else {},
        "remarks": reading.remarks(shown) if fresh or present else [],
    }


def _pictures(stage: Stage, present: Regulation | None, fresh: Regulation | None) -> dict[str, Any]:
    norm, before = calendar_norm(fresh or present), calendar_norm(present)
    picture = dwell.picture(stage.pk, [norm, before], moment.now())
    of_stay = [rule.code for rule in RULES.values() if rule.stay is not None]  # whose norm is drawn
    return {"picture": picture, "drawing": distribution.draw(picture, norm, before), "of_stay": of_stay}


@require_POST
@for_admins
def attempt(request: HttpRequest, stage: str) -> HttpResponse:
    """The draft sent along is kept, and tried on history: parts of the card for htmx, else a page."""
    one = find_stage(stage)
    names, present = field_names(), in_force(one)
    kept = keep_draft(request, one)
    form = RegulationForm(one, names, request.POST, present)
    context: dict[str, Any] = {
        "stage": one,
        "days": backtest.DAYS,
        "draft": kept,
        "form": form,
        "regulation": present,
    }
    context["signatures"] = signatures.read_signatures(present) if present else None
    if not form.is_valid():
        context["problems"] = [
            f"{form.fields[name].label}: {problem}" if name in form.fields else problem
            for name, found in form.errors.items()
            for problem in found
        ]
        return render(request, _attempt_template(request), context, status=422)
    values = form.chosen
    month = month_of(moment.now(), portal_zone())
    try:
        draft = regulations.draft(one.pk, **values)
        trial = backtest.try_draft(one.pk, values, read_days(request), month.start)
    except (ValueError, ValidationError) as error:
        return render(
            request, _attempt_template(request), context | {"problems": sentences_of(error)}, status=422
        )
    money = try_violations(month.first, trial.backtest.more) if trial.whole.changed else {}
    context |= {"trial": trial, "days": trial.backtest.days, "month": month, "draft_of": draft}
    context |= {"people": people_rows(trial, money), "money": sum(money.values()) if money else None}
    context |= _pictures(one, present, draft) | read_context(one, present, draft, names)
    if kept is not None:
        drafts.tell(
            kept, {"new": trial.whole.new_now, "gone": trial.whole.gone_now, "doubts": trial.doubts.number}
        )
    chosen = request.POST.get("person", "")
    someone = next((person for person in examples() if str(person.pk) == chosen), None)
    limit = regulations.longest_stay(draft.norms)
    if limit and someone:
        context["example"] = backtest.word_example(*limit, someone, moment.now())
    return render(request, _attempt_template(request), context)


def people_rows(trial: backtest.Trial, money: Mapping[int, Any]) -> list[dict[str, Any]]:
    """People whom a change touches, those who lose most first; a bar as long as its share of the largest sum."""
    most = max([abs(amount) for amount in money.values()] or [0])
    rows = [
        {
            "person": person,
            "name": name,
            "tally": tally,
            "shift": tally.new - tally.gone,
            "money": money.get(person) if person is not None else None,
            "share": float(abs(money[person]) / most)
            if person is not None and person in money and most
            else 0.0,
        }
        for person, name, tally in trial.managers
        if tally.changed
    ]
    return sorted(rows, key=lambda row: (row["money"] is None, row["money"] or 0, -row["shift"]))


def read_days(request: HttpRequest) -> int:
    """Raises ValueError with one sentence."""
    text = request.POST.get("days", "") or str(backtest.DAYS)
    return backtest.check_days(int(text) if text.isdecimal() and len(text) < 5 else 0)


def keep_draft(request: HttpRequest, stage: Stage) -> RegulationDraft | None:
    """Whatever was written is kept, also what makes no sense yet."""
    version = request.POST.get("version", "")
    basis = int(version) if version.isdecimal() and len(version) < 9 else 0
    return drafts.save(stage.pk, request.user, dict(request.POST.lists()), basis)  # type: ignore[arg-type]


def make_form(
    stage: Stage,
    names: FieldNames,
    present: Regulation | None,
    draft: RegulationDraft | None,
    demanded: Sequence[str],
) -> RegulationForm:
    """With the draft as it was left; without one, with the version in force or with the fields that amoCRM itself
    demands."""
    if draft is None:
        return RegulationForm(stage, names, None, present, [] if present else demanded)
    sent = QueryDict(mutable=True)
    for name, values in draft.sent.items():
        sent.setlist(name, values)
    sent["version"] = str(present.version if present else 0)  # the page tells what has come meanwhile
    return RegulationForm(stage, names, sent, present)


def as_written(stage: Stage, form: RegulationForm, present: Regulation | None) -> Regulation | None:
    """The version that the draft would make; None where nothing was written, or it makes no sense yet."""
    if not form.is_bound or not form.is_valid():
        return None
    try:
        return regulations.draft(stage.pk, basis=present, **form.chosen)
    except (ValueError, ValidationError):
        return None


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
                "sentences": wording.changes(old, row, names) if old else [],
                "first": old is None,
            }
        )
    return found


def _attempt_template(request: HttpRequest) -> str:
    return "regulations/regulation_try.html" if request.htmx else "regulations/regulation_try_alone.html"  # type: ignore[attr-defined]


def find_stage(pk: str) -> Stage:
    return get_object_or_404(Stage.objects.filter(deleted_at=None).select_related("pipeline"), pk=pk)


def in_force(stage: Stage) -> Regulation | None:
    return stage.regulations.published().first()


def list_stages() -> list[Stage]:
    """Those that amoCRM has, in its order within each pipeline."""
    return list(Stage.objects.filter(deleted_at=None).select_related("pipeline").order_by("sort", "pk"))


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


def working_people() -> list[Employee]:
    """Managers and heads who work here."""
    working = Employee.objects.filter(role__in=[Role.MANAGER, Role.HEAD], left_on=None, is_active=True)
    return list(working.prefetch_related("rota_assignments__rota"))


def examples(people: Iterable[Employee] | None = None) -> list[Employee]:
    """People (of these, or of all who work here) whose shifts a norm can be shown on."""
    working = working_people() if people is None else people
    return [one for one in working if one.person_id is not None]


def calendar_norm(regulation: Regulation | None) -> timedelta | None:
    """The norm that may be drawn into calendar time."""
    limit = regulations.longest_stay(regulation.norms) if regulation else None
    return limit[0] if limit and limit[1] == CALENDAR else None


def publish(request: HttpRequest, stage: Stage, present: Regulation | None, form: RegulationForm) -> bool:
    """Whether the new version is in force or waits (or nothing differed); what was wrong stands in the form."""
    author: Any = request.user
    try:
        draft = regulations.draft(stage.pk, **form.chosen)
        if not regulations.sentences(present, draft):
            messages.info(request, _("Nothing was changed, so there is no new version."))
            drafts.drop(stage.pk, author)
            return True
        published = regulations.publish(
            stage, author, form.cleaned_data["version"], at=form.effective_at, **form.chosen
        )
    except regulations.Superseded as late:
        form.look_again(late.version)
        return False
    except (ValueError, ValidationError) as error:
        for sentence in sentences_of(error):
            form.add_error(None, sentence)
        return False
    drafts.drop(stage.pk, author)
    say_published(request, published)
    return True


def say_published(request: HttpRequest, published: Regulation) -> None:
    words: dict[str, Any] = {"version": published.version}
    if published.published_at is None and published.effective_at is not None:
        words["day"] = formats.day(published.effective_at.astimezone(portal_zone()).date(), _locale(), True)
        messages.success(request, _("Version %(version)s waits: it will be in force from %(day)s.") % words)
        return
    messages.success(
        request, _("Version %(version)s is in force. The deals of the stage are being judged by it.") % words
    )


def sentences_of(error: ValueError | ValidationError) -> list[str]:
    return error.messages if isinstance(error, ValidationError) else [str(error)]


def _locale() -> str:
    return get_language() or "en"
