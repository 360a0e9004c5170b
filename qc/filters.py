"""Filters of the list of findings, the same on the page and in the API. Nonsense is refused with a sentence."""

import django_filters as filters
from django.db.models import F, QuerySet
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _

from pipelines.filters import (
    NO_SUCH,
    Cascading,
    Number,
    One,
    OneStage,
    Since,
    Sort,
    department,
    owner,
    stages,
)
from pipelines.models import Pipeline
from qc.models import Finding, FindingQuerySet, Severity
from qc.rules import RULES
from salesops.lib import moment


def rules() -> list[tuple[str, str]]:
    return [(code, _t(rule.title)) for code, rule in RULES.items()]


class FindingFilter(Cascading):
    """``since`` and ``until`` bound the moment of opening, half-open; ``closed_since`` that of closing."""

    RARE = ("severity", "group", "since", "until", "deal", "closed_since")
    rule = filters.ChoiceFilter(
        choices=rules, label=_("Rule"), empty_label=_("All rules"), error_messages=NO_SUCH
    )
    state = filters.ChoiceFilter(
        method="by_state",
        choices=[("open", _("open now")), ("upcoming", _("to come")), ("closed", _("fixed by now"))],
        label=_("State"),
        empty_label=_("all"),
        error_messages=NO_SUCH,
    )
    severity = filters.ChoiceFilter(
        choices=Severity.choices, label=_("Severity"), empty_label=_("all"), error_messages=NO_SUCH
    )
    pipeline = One(
        field_name="stage__pipeline",
        queryset=Pipeline.objects.filter(deleted_at=None),
        label=_("Pipeline"),
        empty_label=_("All pipelines"),
    )
    stage = OneStage(queryset=stages, label=_("Stage"), empty_label=_("All stages"))
    group = department()
    manager = owner()
    since = Since("opens_at", label=_("Opened since"))
    until = Since("opens_at", "lt", label=_("Opened before"))
    deal = Number("deal_id", label=_("Deal"))
    closed_since = Since("closes_at", label=_("Fixed since"))
    sort = Sort(
        {
            "opened": F("opens_at"),
            "deal": F("deal__name"),
            "amount": F("deal__price"),
            "manager": F("manager__name"),
        }
    )

    class Meta:
        model = Finding
        fields: list[str] = []

    def by_state(self, findings: FindingQuerySet, name: str, state: str) -> QuerySet[Finding]:
        now = moment.now()
        return {"open": findings.open, "upcoming": findings.upcoming, "closed": findings.closed}[state](now)
