"""Who has too much to do and who has to learn: load beside cases for a hundred deal-days, in four whole weeks."""

from typing import Any

from django.utils.translation import gettext_lazy as _

from metrics import discipline  # none of its names: it reads by this package, and so either may come first
from metrics.analytics.report import Answer, Report, register
from metrics.analytics.terms import Terms
from metrics.weeks import list_last_weeks
from team.schedules import load_clocks

WEEKS = 4
FULL = 1.0  # more work than fits into a shift
OVERLOADED, TEACH, HOLDS, SPARE = "overloaded", "teach", "holds", "spare"
WHEN = _("the last four whole weeks, whatever the period")


def find_load(found: "discipline.Discipline") -> Answer:
    """A corner for whom both are known; the middle lines are a full load and the department's density."""
    middle = found.whole.whole.density
    rows: list[dict[str, Any]] = []
    for line in found.people:
        whole = line.whole
        corner = None
        if line.load is not None and whole.density is not None and middle is not None:
            dense, full = whole.density > middle, line.load > FULL
            corner = (OVERLOADED if full else TEACH) if dense else (HOLDS if full else SPARE)
        rows.append(
            {
                "manager": line.key,
                "n": whole.cases,
                "cases": whole.cases,
                "deal_days": whole.days,
                "density": whole.density,
                "load": line.load,
                "corner": corner,
            }
        )
    return {"rows": rows, "density": middle, "full": FULL, "touch_minutes": found.touch, "acts": found.acts}


def answer(terms: Terms) -> Answer:
    weeks = list_last_weeks(terms.now, WEEKS + 1, terms.zone)[:-1]
    return find_load(discipline.measure_discipline(weeks, terms.people, load_clocks(terms.people), terms.now))


register(
    Report(
        code="load",
        title=_("Load and discipline"),
        icon="scale",
        about=_(
            "Load = deals of each stage × how often a deal is touched there a day × minutes of a touch ÷ (minutes of "
            "the shifts × 0.8). Above one there is more work than fits, so cases come from overload; below it from "
            "habit."
        ),
        chooses=WHEN,
        answer=answer,
    )
)
