"""«Разделить этап»: stages that hold several kinds of work and fill up, with where they could be cut."""

from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from core import moment
from metrics.stage_cuts import FIELD, Cut, StageLoad, Work
from metrics.stage_work import weigh_stages, work_names
from pipelines.models import Stage
from web.frame import listing
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


def _shares(row: Row) -> str | None:
    return ", ".join(f"{work} {share:.0%}" for work, share in row.works) or None


COLUMNS: listing.Columns = (
    (gettext_lazy("Pipeline"), lambda row: str(row.stage.pipeline)),
    (gettext_lazy("Stage"), lambda row: row.stage.name),
    (gettext_lazy("Standing"), lambda row: row.load.standing),
    (gettext_lazy("Came in 8 weeks"), lambda row: row.load.entered),
    (gettext_lazy("Left in 8 weeks"), lambda row: row.load.left),
    (gettext_lazy("Twice as long as usual"), lambda row: row.load.old),
    (gettext_lazy("Visits"), lambda row: row.load.visits),
    (gettext_lazy("Kinds of work"), _shares),
    (gettext_lazy("Cut it after"), lambda row: row.cut_after if row.load.is_named else None),
    (
        gettext_lazy("Share of visits with it"),
        lambda row: round(row.cut.share, 4) if row.load.is_named and row.cut else None,
    ),
)


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
    if form := listing.asked_file(request):
        return listing.export_rows(_("Stages to split"), form, rows, COLUMNS)
    named = [row for row in rows if row.load.is_named]
    context: dict[str, Any] = {"named": named, "others": [row for row in rows if not row.load.is_named]}
    context["verbs"] = listing.file_addresses(request)
    return render(request, "regulations/splits.html", context)
