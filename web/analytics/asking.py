"""What an address of analytics asks: the scope of the desk, a period, and what the report alone knows."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from core import moment
from core.periods import Period
from core.zone import local_day, portal_zone
from metrics import is_too_long
from metrics.analytics import REPORTS, Report, Terms
from pipelines.models import CustomField
from web.frame.scope import BadScope, Scope, ScopeForm, read_period, read_scope

MONTHS = 12  # without a period: these last ones
ORDER = (
    "incidence", "process", "cohorts", "win-rates", "stage-times", "transitions", "expected-win", "reached", "flow",
    "weekly", "cycle", "ageing", "accumulation", "speed-to-lead", "journeys", "period-conversion", "forecast",
    "forecast-floors", "velocity", "stock", "tasks", "hand-overs", "deal-days", "load",
    "saturation", "service", "coverage",
)  # fmt: skip
CELL = "c-"  # before the parameters that name one number of a report


@dataclass(frozen=True)
class Asked:
    """One question of a page: the report, its terms, and how its addresses are written."""

    report: Report
    scope: Scope
    terms: Terms
    period: Period
    chosen: Mapping[str, str]

    def query(self, **values: object) -> str:
        """The query of the same question with these parameters changed; an empty one goes."""
        asked = {**self.scope.chosen, **self.chosen} | {name: str(value) for name, value in values.items()}
        text = urlencode({name: value for name, value in asked.items() if value})
        return f"?{text}" if text else ""

    def rows(self, **cell: object) -> str:
        """The address of the deals behind one number."""
        named = {f"{CELL}{name}": value for name, value in cell.items() if value is not None}
        return reverse("analytics-rows", args=[self.report.code]) + self.query(**named)

    @cached_property
    def stages(self) -> dict[str, str]:
        return {key: stage.name for key, stage in self.scope.all_stages.items()}

    def stage(self, key: str | None) -> str:
        return str(_("elsewhere")) if key is None else self.stages.get(key, key)


def ask(request: HttpRequest, report: Report) -> Asked:
    """Reads the address. Raises BadScope."""
    scope, now = read_scope(request), moment.now()
    period = read_period(request.GET)
    if period is None:
        period = last_months(local_day(now))
    if is_too_long(period):
        raise BadScope(str(_("A period may be of ten years at most.")))
    options: dict[str, str] = {
        name: request.GET[name] for name in report.options or {} if request.GET.get(name)
    }
    chosen = dict(options) | {name: request.GET[name] for name in ("from", "to") if request.GET.get(name)}
    pipeline = scope.chosen.get("pipeline")
    people = None if scope.everybody else frozenset(scope.people)
    terms = Terms(now, portal_zone(), period, people, int(pipeline) if pipeline else None, options)
    return Asked(report, scope, terms, period, chosen)


def last_months(today: date) -> Period:
    """From the first of the month a year ago up to tomorrow: whole months to compare, and the one that lasts."""
    start = today.replace(year=today.year - 1, day=1)
    return Period.parse(start.isoformat(), (today + timedelta(days=1)).isoformat(), portal_zone())


def read_cell(request: HttpRequest) -> dict[str, str]:
    return {
        name.removeprefix(CELL): str(value) for name, value in request.GET.items() if name.startswith(CELL)
    }


class ReportForm(ScopeForm):
    """The desk's filters, the period, and the report's own choices."""

    def __init__(self, asked: Asked, *, own: bool = True) -> None:
        super().__init__(asked.scope)
        self.data = {**self.data, **asked.chosen, "from": asked.period.first.isoformat()}
        self.data["to"] = asked.period.end.date().isoformat()
        self.fields["from"] = forms.DateField(
            label=_("From"), required=False, widget=forms.DateInput({"type": "date"})
        )
        self.fields["to"] = forms.DateField(
            label=_("Before"), required=False, widget=forms.DateInput({"type": "date"})
        )
        for name, (label, choices) in (choices_of(asked) if own else {}).items():
            self.fields[name] = forms.ChoiceField(label=label, required=False, choices=choices)


def choices_of(asked: Asked) -> dict[str, tuple[Any, list[tuple[str, Any]]]]:
    """The selects of a report's own parameters; parameters without one stand in the address alone."""
    stages = [(key, asked.stages[key]) for key in asked.scope.stages]
    code = asked.report.code
    if code == "incidence":
        return {"stage": (_("Clock from"), [("", _("creation")), *stages])}
    if code in ("cohorts", "period-conversion"):
        return {
            "stage": (_("Cohort"), [("", _("created")), *stages]),
            "to_stage": (_("Until"), [("", _("won")), *stages]),
        }
    if code == "flow":
        return {
            "by": (_("Period"), [("", _("months")), ("week", _("weeks"))]),
            "value": (_("Counted in"), [("", _("deals")), ("price", _("money"))]),
            "stage": (_("Stage"), [("", _("the whole funnel")), *stages]),
        }
    if code == "ageing":
        return {
            "by": (_("By"), [("", _("stage and owner")), ("stage", _("stage")), ("manager", _("owner"))]),
        }
    if code == "tasks":
        return {"by": (_("By"), [("", _("manager")), ("type", _("type")), ("month", _("month of the term"))])}
    if code == "forecast-floors":
        return {"by": (_("Snapshots"), [("", _("months")), ("week", _("weeks"))])}
    if code == "win-rates":
        return {
            "by": (_("By"), [("", _("manager")), *_splits()]),
            "credit": (
                _("Credited to"),
                [
                    ("", _("who closed it")),
                    ("now", _("the owner now")),
                    *((f"stage:{key}", name) for key, name in stages),
                ],
            ),
        }
    return {}


def _splits() -> list[tuple[str, Any]]:
    fields = CustomField.objects.filter(deleted_at=None).exclude(type__in=["numeric", "date", "textarea"])
    named = [(f"field:{pk}", name) for pk, name in fields.order_by("name").values_list("pk", "name")[:60]]
    return [("group", _("department")), ("pipeline", _("pipeline")), ("month", _("month of closing")), *named]


def tabs(asked: Asked | None, code: str) -> list[tuple[Any, str, bool]]:
    """The reports as choices of `parts/switch.html`, with the scope and the period kept."""
    query = "" if asked is None else asked.query(**dict.fromkeys(asked.report.options or {}, ""))
    shown: list[tuple[Any, str, bool]] = [(_("Overview"), reverse("analytics") + query, code == "")]
    for report in (REPORTS[one] for one in ORDER):
        shown.append(
            (report.title, reverse("analytics-report", args=[report.code]) + query, code == report.code)
        )
    return shown
