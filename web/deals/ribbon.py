"""The ribbon of a deal's stages on its card."""

from datetime import datetime
from typing import Any

from django.contrib.postgres.aggregates import JSONBAgg
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from core import formats
from pipelines.models import Deal, Stage, Stay
from qc.regulations import longest_stay
from qc.rules import behind
from web.deals.ageing import Ageing
from web.deals.deal_rows import standing


def segments(deal: Deal, now: datetime) -> list[dict[str, Any]]:
    """What ``{% ribbon %}`` draws: a piece of life under one stage and one owner each, in order.

    The colour follows the judgement: a visit's deadline is the moment its «stuck» finding opens. A finished visit
    without one kept its norm; where the stage has none, the piece is plain. The closing stage is not a piece.
    """
    rows = deal.stays.select_related("stage", "manager").annotate(norms=JSONBAgg("stage__regulations__norms"))
    stays = list(rows.order_by("entered_at", "id"))
    if stays and stays[-1].stage and stays[-1].stage.kind in {Stage.Kind.WON, Stage.Kind.LOST}:
        stays.pop()
    stuck = [finding for finding in standing(deal) if finding.rule in behind("ageing")]
    ends = {stay.visit: stay.left_at or now for stay in stays}
    pieces, before = [], None
    for stay in stays:
        deadline = next(
            (
                found.opens_at
                for found in stuck
                if found.stage_id == stay.stage_id and stay.visit_since <= found.since < ends[stay.visit]
            ),
            None,
        )
        visit = Ageing(stay.visit_since, ends[stay.visit], deadline)
        tone = visit.tone or (
            "good" if stay.left_at and any(map(longest_stay, filter(None, stay.norms))) else ""
        )
        pieces.append(
            _segment(stay, visit, tone, now) | {"gap": bool(before and _pipeline(before) != _pipeline(stay))}
        )
        before = stay
    return pieces


def _pipeline(stay: Stay) -> int | None:
    return stay.stage.pipeline_id if stay.stage else None


def _segment(stay: Stay, visit: Ageing, tone: str, now: datetime) -> dict[str, Any]:
    locale = get_language() or "en"
    until = stay.left_at or now
    title = _("%(who)s, %(since)s – %(until)s") % {
        "who": stay.manager.name if stay.manager else _("no owner"),
        "since": _moment(stay.entered_at, now),
        "until": _moment(stay.left_at, now) if stay.left_at else _("now"),
    }
    if visit.deadline:
        title += ". " + _("Norm until %(deadline)s") % {"deadline": _moment(visit.deadline, now)}
    return {
        "name": stay.stage.name if stay.stage else _("unknown stage"),
        "seconds": (until - stay.entered_at).total_seconds(),
        "text": formats.duration(until - stay.entered_at, locale),
        "tone": tone,
        "title": title,
        "inferred": stay.inferred,
    }


def _moment(moment: datetime, now: datetime) -> str:
    return formats.stamp(timezone.localtime(moment), timezone.localtime(now), get_language() or "en")
