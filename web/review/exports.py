"""The lists of «Проверка» as files: all that waits, not only what the page unfolds."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.http import HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from qc import queries, rulings
from qc.wording import because
from team.models import Employee
from web.frame import listing

OF_FINDING: listing.Columns = (
    (gettext_lazy("Rule"), lambda one: str(queries.title(one.rule))),
    (gettext_lazy("Deal"), lambda one: str(one.deal) if one.deal_id else None),
    (gettext_lazy("Stage"), lambda one: str(one.stage) if one.stage_id else None),
    (gettext_lazy("Manager"), lambda one: str(one.manager) if one.manager_id else None),
    (gettext_lazy("Opened"), lambda one: one.opens_at),
    (gettext_lazy("Fixed"), lambda one: one.closes_at),
    (gettext_lazy("Why"), lambda one: because(one, max(one.opens_at, one.closes_at or one.opens_at))),
)
RELATED = ("deal", "stage", "manager", "task", "contact")


def export_list(
    form: str, tab: str, shown: dict[str, Any], user: Employee, now: datetime, rule: str
) -> HttpResponse:
    """``shown`` is what the page has read of the list."""
    title = _("Review")
    if tab == "queue":
        waiting = rulings.list_waiting(user, now).select_related(*RELATED).order_by("opens_at", "pk")
        return listing.export_rows(title, form, waiting.filter(rule=rule) if rule else waiting, OF_FINDING)
    if tab == "own":
        return listing.export_rows(title, form, [case.finding for case in shown["cases"]], OF_FINDING)
    if tab == "appeals":
        columns = _around("finding", OF_FINDING, APPEALED)
        return listing.export_rows(title, form, [one for one, _state in shown["appeals"]], columns)
    return listing.export_rows(title, form, shown["rulings"], _around("finding", OF_FINDING, RULED))


def _around(name: str, inner: listing.Columns, own: listing.Columns) -> listing.Columns:
    """Columns of what a row points at, then its own."""
    return [*((title, lambda row, cell=cell: cell(getattr(row, name))) for title, cell in inner), *own]


APPEALED: listing.Columns = (
    (gettext_lazy("Author"), lambda one: str(one.author)),
    (gettext_lazy("Reason"), lambda one: one.get_reason_display()),
    (gettext_lazy("Filed"), lambda one: one.filed_at),
    (gettext_lazy("Due"), lambda one: one.due_at),
    (gettext_lazy("Decided"), lambda one: one.decided_at),
    (gettext_lazy("Decision"), lambda one: one.get_decision_display() or None),
)
RULED: listing.Columns = (
    (gettext_lazy("Ruling"), lambda one: one.get_kind_display()),
    (gettext_lazy("Author"), lambda one: str(one.author)),
    (gettext_lazy("When"), lambda one: one.at),
    (gettext_lazy("Until"), lambda one: one.until),
)
REVIEWERS: listing.Columns = (
    (gettext_lazy("Reviewer"), lambda one: str(one.employee)),
    (gettext_lazy("Ruled"), lambda one: one.ruled),
    (gettext_lazy("Confirmed"), lambda one: one.confirmed),
    (gettext_lazy("Appealed against"), lambda one: one.appealed),
    (gettext_lazy("Stood on appeal"), lambda one: one.upheld),
    (gettext_lazy("Median time, hours"), lambda one: _hours(one.length)),
    (gettext_lazy("Of how many"), lambda one: one.n),
    (gettext_lazy("Appeals decided"), lambda one: one.decisions),
    (gettext_lazy("Answered in, hours"), lambda one: _hours(one.decided_in)),
    (gettext_lazy("Manual"), lambda one: one.manual),
    ("κ", lambda one: one.agreement.kappa),
    (gettext_lazy("Answers given twice"), lambda one: one.agreement.n),
)
PRECISION: listing.Columns = (
    (gettext_lazy("Rule"), lambda row: str(row[0])),
    (gettext_lazy("Right"), lambda row: row[1].confirmed),
    (gettext_lazy("Errors of the rule"), lambda row: row[1].mistaken),
    (gettext_lazy("Of how many"), lambda row: row[1].n),
)


def export_reviewers(form: str, reviewers: Sequence[Any], precision: Sequence[Any]) -> HttpResponse:
    """A quarter of reviewers; the precision of rules is a second sheet."""
    sheet = listing.write_table(_("Precision of the rules, 90 days"), precision, PRECISION)
    return listing.export_rows(_("Reviewers"), form, reviewers, REVIEWERS, lambda rows: rows, sheet)


def _hours(length: timedelta | None) -> float | None:
    return None if length is None else round(length.total_seconds() / 3600, 2)
