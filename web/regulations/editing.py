"""What the pages of a stage share: its version in force, the form with its draft, and what people read of both."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import Prefetch
from django.http import HttpRequest, QueryDict
from django.shortcuts import get_object_or_404

from core import moment
from pipelines.models import Stage
from qc import drafts, dwell, regulations
from qc.models import Regulation, RegulationDraft
from qc.options import FieldNames
from qc.rules import CALENDAR, RULES
from qc.version_wording import tell_changes
from team.models import Employee, Role, RotaAssignment
from web.regulations import distribution, reading
from web.regulations.form import RegulationForm


def read_context(
    stage: Stage, present: Regulation | None, fresh: Regulation | None, names: Mapping[str, str]
) -> dict[str, Any]:
    """What people read, and what the draft changes about it."""
    shown = fresh or present or Regulation(stage=stage)
    base = present or (Regulation(stage=stage) if fresh else None)
    return {
        "texts": reading.read_texts(base, shown),
        "lines": reading.read_lines(base, shown),
        "changes": tell_changes(base or shown, shown, names) if fresh else [],
        "was": reading.changed_rules(base, shown, names) if fresh else {},
        "remarks": reading.remarks(shown) if fresh or present else [],
    }


def draw_stay(stage: Stage, present: Regulation | None, fresh: Regulation | None) -> dict[str, Any]:
    norm, before = calendar_norm(fresh or present), calendar_norm(present)
    picture = dwell.picture(stage.pk, [norm, before], moment.now())
    of_stay = [rule.code for rule in RULES.values() if rule.stay is not None]  # whose norm is drawn
    return {"picture": picture, "drawing": distribution.draw(picture, norm, before), "of_stay": of_stay}


def keep_draft(request: HttpRequest, stage: Stage) -> RegulationDraft | None:
    """Whatever was written is kept, also what makes no sense yet."""
    version = request.POST.get("version", "")
    basis = int(version) if version.isdecimal() and len(version) < 9 else 0
    return drafts.save(stage.pk, request.user, dict(request.POST.lists()), basis)  # type: ignore[arg-type]  # signed in


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


def find_stage(pk: str) -> Stage:
    return get_object_or_404(Stage.objects.filter(deleted_at=None).select_related("pipeline"), pk=pk)


def in_force(stage: Stage) -> Regulation | None:
    return stage.regulations.published().first()


def list_stages() -> list[Stage]:
    """Those that amoCRM has, in its order within each pipeline."""
    return list(Stage.objects.filter(deleted_at=None).select_related("pipeline").order_by("sort", "pk"))


def working_people() -> list[Employee]:
    """Managers and heads who work here."""
    working = Employee.objects.filter(role__in=[Role.MANAGER, Role.HEAD], left_on=None, is_active=True)
    rotas = Prefetch("rota_assignments", RotaAssignment.objects.select_related("rota"))
    return list(working.prefetch_related(rotas))


def examples(people: Iterable[Employee] | None = None) -> list[Employee]:
    """People (of these, or of all who work here) whose shifts a norm can be shown on."""
    working = working_people() if people is None else people
    return [one for one in working if one.person_id is not None]


def calendar_norm(regulation: Regulation | None) -> timedelta | None:
    """The norm that may be drawn into calendar time."""
    limit = regulations.longest_stay(regulation.norms) if regulation else None
    return limit[0] if limit and limit[1] == CALENDAR else None
