"""What the regulation demands of a deal here and now, each demand met or not."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from core import formats
from pipelines.models import Deal
from qc import wording
from qc.criteria import field_names
from qc.models import Finding, Regulation
from timeline.timeline import PRICE, is_filled


@dataclass(frozen=True)
class Demand:
    """``until``: the moment by which it must be met, as the judgement sees it; None = no term or already met."""

    text: str
    met: bool
    until: datetime | None = None


def in_force(stage: str | None) -> Regulation | None:
    """The newest published regulation of the stage."""
    return Regulation.objects.published().filter(stage=stage).first()


def demands(deal: Deal, regulation: Regulation, findings: Collection[Finding], now: datetime) -> list[Demand]:
    """In the order of the regulation; ``findings`` are the deal's open and upcoming ones. At most one query."""
    terms = {finding.rule: finding.opens_at for finding in findings}
    opened = {finding.rule for finding in findings if finding.opens_at <= now}
    asked = []
    if regulation.max_stay is not None:
        text = _("Stand here no longer than %(norm)s (%(clock)s)") % {
            "norm": _length(regulation.max_stay),
            "clock": regulation.get_stay_clock_display(),
        }
        asked.append(Demand(text, "deal.stuck" not in opened, terms.get("deal.stuck")))
    if regulation.needs_task:
        asked.append(Demand(_("Have a next task"), "task.none" not in terms, terms.get("task.none")))
    asked.append(Demand(_("Have no overdue task"), "task.overdue" not in opened))
    required = regulation.required_fields and wording.required(regulation, field_names())
    for field, name in dict(required).items():
        text = _("Fill in “%(field)s”") % {"field": name}
        asked.append(Demand(text, filled(deal, field), terms.get("field.missing")))
    return asked


def filled(deal: Deal, field: str) -> bool:
    return is_filled(deal.price if field == PRICE else deal.fields.get(field))


def _length(norm: timedelta) -> str:
    return formats.duration(norm, get_language() or "en")
