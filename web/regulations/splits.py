"""«Разделить этап»: stages that hold several kinds of work and fill up, with where they could be cut."""

from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from core import moment
from metrics.stage_cuts import FIELD, Cut, StageLoad, Work
from metrics.stage_work import weigh_stages, work_names
from pipelines.models import Stage
from web.frame.permissions import for_heads


@dataclass(frozen=True)
class Row:
    stage: Stage
    load: StageLoad
    works: list[tuple[str, float]]
    roads: list[tuple[str, float]]
    cut_after: str

    @property
    def cut(self) -> Cut | None:
        return self.load.cut


@require_safe
@for_heads
def splits(request: HttpRequest) -> HttpResponse:
    """Everybody who directs sees the whole department's stages."""
    names, stages = work_names(), dict(Stage.objects.values_list("id", "name"))

    def word(work: Work) -> str:
        name = names.get(work, work.id) or _("Amount")
        return (
            _("field “%(name)s”") % {"name": name}
            if work.kind == FIELD
            else _("task “%(name)s”") % {"name": name}
        )

    rows = [
        Row(
            stage,
            load,
            [(word(work), share) for work, share in load.works[:6]],
            [(stages.get(road, road), share) for road, share in load.roads[:6]],
            word(load.cut.after) if load.cut else "",
        )
        for stage, load in weigh_stages(moment.now())
    ]
    named = [row for row in rows if row.load.is_named]
    context: dict[str, Any] = {"named": named, "others": [row for row in rows if not row.load.is_named]}
    return render(request, "regulations/splits.html", context)
