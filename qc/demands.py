"""What the regulation demands of a deal here and now, each demand met or not."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from pipelines.models import CustomField, Deal
from qc.models import Finding, Regulation
from salesops.lib import formats

PRICE = "price"


@dataclass(frozen=True)
class Demand:
    """``until``: the moment by which it must be met, as the judgement sees it; None = no term or already met."""

    text: str
    met: bool
    until: datetime | None = None


def in_force(stage: str | None) -> Regulation | None:
    """The newest published regulation of the stage."""
    return Regulation.objects.filter(stage=stage, published_at__isnull=False).order_by("-version").first()


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
    for field, name in names(regulation.required_fields).items():
        asked.append(
            Demand(
                _("Fill in “%(field)s”") % {"field": name}, filled(deal, field), terms.get("field.missing")
            )
        )
    return asked


def names(fields: Collection[Any]) -> Mapping[str, str]:
    """Required fields in their order, with the names that amoCRM shows."""
    keys = [str(field) for field in fields]
    known = dict(
        CustomField.objects.filter(pk__in=[key for key in keys if key.isdecimal()]).values_list("pk", "name")
    )
    return {
        key: _("Amount") if key == PRICE else known[int(key)]
        for key in keys
        if key == PRICE or int(key) in known
    }


def filled(deal: Deal, field: str) -> bool:
    if field == PRICE:
        return deal.price > 0
    return deal.fields.get(field) not in (None, "", [], {})


def _length(norm: timedelta) -> str:
    return formats.duration(norm, get_language() or "en")
