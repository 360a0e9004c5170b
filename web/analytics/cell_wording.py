"""What a number of a report counts, in words: the heading of the rows behind it."""

from django.utils.translation import gettext as _

from web.analytics import cells
from web.analytics.asking import Asked
from web.analytics.lead_tables import title_buckets
from web.analytics.work_tables import title_coverage


def title_numbers() -> dict[str, str]:
    """Every ``what`` that a report links with."""
    return title_coverage() | {
        "all": _("all"), "won": _("won"), "lost": _("lost"), "open": _("still open"), "closed": _("won and lost"),
        "ended": _("ended visits"), "visits": _("all visits"), "created": _("created"), "reopened": _("reopened"),
        "left": _("left"), "start": _("at the start"), "end": _("at the end"), "hit": _("got there"),
        "followed": _("followed"), "lost_at_once": _("lost at once"), "rework": _("on a stage more than once"),
        "progressed": _("went on"), "regressed": _("went back"), "repriced": _("repriced"), "entered": _("Stood on it"),
        "came": _("Came"), "cases": _("Cases"), "on_time": _("In time"), "late": _("Late"), "overdue": _("Overdue"),
    }  # fmt: skip


def tell_cell(asked: Asked, cell: dict[str, str]) -> str:
    """In words as far as there are any."""
    numbers, buckets = title_numbers(), title_buckets()
    told = []
    for name, value in cell.items():
        if name in ("stage", "from", "to"):
            told.append(asked.stage(value or None))
        elif name in ("cohort", "period", "week") and value != "all":
            told.append(cells.month(value) if len(value) in (7, 10) and value[:4].isdigit() else value)
        elif name == "manager" or (name == "key" and value.isdecimal()):
            told.append(asked.scope.name(int(value[:18])) if value.isdecimal() else _("No owner"))
        elif name == "days":
            told.append(_("%(days)s days") % {"days": value})
        elif name == "bucket":
            told.append(buckets.get(value, value))
        elif name in ("what", "key"):
            told.append(numbers.get(value, value))
    return " · ".join(str(one) for one in told if one)
