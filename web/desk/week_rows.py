"""The rows behind a number of a week, or of several: what happened in them, or of what stood at their end, what stands
now."""

from datetime import date, datetime
from typing import Any

from django.urls import reverse

from metrics.week_measures import MEASURES
from metrics.weeks import STOCKS
from web.frame.scope import Scope


def find_rows(code: str, by: str, key: Any, scope: Scope, since: date, until: date) -> str:
    """The address of the list that a measure counts of a person, a stage or a rule, from ``since`` up to ``until``: a
    moment where the week still goes on. Empty where no list counts the same: a stock of a week that is over is no list
    any more."""
    if MEASURES[code].top in STOCKS and not isinstance(until, datetime):
        return ""
    span = {"since": since, "until": until.isoformat()}
    if by == "rules":
        of_rule = {"state": "open"} if code == "standing" else span | {"counted": 1}
        return reverse("findings") + scope.query(rule=key, **of_rule)
    who = {"manager": "none" if key is None else key} if by == "people" else {"stage": key}
    if code == "standing":
        return reverse("findings") + scope.query(**who, state="open")
    if code == "density":
        return reverse("findings") + scope.query(**who, **span, counted=1)
    if by != "people" and code in ("overdue", "lost", "leak"):
        return ""
    if code == "overdue":
        return reverse("tasks") + scope.query(**who, overdue=1, closed_deal=0)
    if code in ("lost", "leak"):
        return reverse("deals") + scope.query(**who, **span, result="lost")
    return reverse("deals") + scope.query(**who, open=1, **{"stuck" if code == "stuck" else "no_task": 1})


def find_rows_of_owners(code: str, whose: str, scope: Scope, since: date, until: date) -> str:
    """The same of a person, a stage or (``""``) everybody, without what has no owner. Empty where no list leaves out
    just that."""
    if whose and whose not in scope.all_stages:
        return find_rows(code, "people", int(whose), scope, since, until)
    if code != "density":
        return ""
    who = {"stage": whose} if whose else {}
    return reverse("findings") + scope.query(**who, since=since, until=until, counted=1, owned=1)
