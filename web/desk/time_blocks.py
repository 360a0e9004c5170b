"""Beside the lines of «then and now»: a share of all at both ends, a time without control, and any date."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from django.utils.translation import gettext as _

from core.periods import Period
from core.zone import portal_zone
from metrics import week_lines
from metrics.week_lines import Count, Line, PersonPart
from metrics.week_measures import MEASURES, Measure, base_of
from metrics.weeks import Fact
from qc import effects
from team.schedules import employment
from web.desk.week_rows import find_rows_of_owners
from web.frame.scope import Scope

TRAINED = timedelta(days=90)  # of work here, when control was switched off
DAY, WEEK = timedelta(days=1), timedelta(weeks=1)
SPAN = 8  # weeks before and after a date


def tell_share(
    asked: Mapping[str, Any],
    lines: Sequence[Line],
    then: Sequence[int],
    now: Sequence[int],
    weeks: Sequence[Period],
    scope: Scope,
    code: str,
    gone: Collection[int],
) -> dict[str, Any] | None:
    """One person's part of everybody's, four weeks at each end, over his part of the work.

    ``listed``: whether what is counted is a list of rows, and not the standing of four weeks added up.
    """
    if not now:
        return None
    person = asked.get("person")
    key = int(person) if person else week_lines.changed_most(lines, then, now, {None, *gone})
    if key is None:
        return None
    rows = []
    for name, places in (("then", then), ("now", now)):
        share = week_lines.share_of(lines, key, places)
        first, end = weeks[places[0]], weeks[places[-1]]
        others = sorted(
            (
                (week_lines.share_of(lines, line.key, places), scope.name(line.key))
                for line in lines
                if line.key != key
            ),
            key=lambda row: -(row[0].of_top or 0),
        )
        rows.append(
            {
                "name": name,
                "share": share,
                "first": first.first,
                "last": end.last,
                "others": others,
                "after": end.last + timedelta(days=1),
                "listed": code == "density",
            }
            | {"segments": _segments([(share, scope.name(key)), *others])}
        )
    return {"key": key, "name": scope.name(key), "rows": rows}


def _segments(rows: Sequence[tuple[week_lines.Share, str]]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    start = 0.0
    for share, name in rows:
        width = 100 * (share.of_top or 0)
        if width > 0:
            found.append(
                {
                    "x": f"{start:.2f}%",
                    "wide": f"{max(0.0, width - 0.4):.2f}%",
                    "name": name,
                    "own": not found,
                }
            )
            found[-1] |= {"middle": f"{start + width / 2:.2f}%", "share": share.of_top, "fits": width > 7}
        start += width
    return found


def tell_control(
    marks: Sequence[dict[str, Any]],
    facts: Sequence[Fact],
    measure: Measure,
    weeks: Sequence[Period],
    now: datetime,
) -> dict[str, Any] | None:
    """Before control was off, while it was, and after: of those who had worked under it, and of newer ones.

    Whole weeks: one that is cut by an edge belongs to neither side."""
    off = next((row for row in reversed(marks) if row["is_off"]), None)
    if off is None:
        return None
    since, until = off["mark"].at, off["mark"].until or now
    hired = employment()
    groups: dict[tuple[str, bool], dict[int, Count]] = defaultdict(dict)
    times = {}
    for week in weeks:
        if week.end <= since and week.start >= since - timedelta(days=7 * SPAN):
            times[week.first] = "before"
        elif week.start >= since and week.end <= until:
            times[week.first] = "without"
        elif week.start >= until and week.end <= now:
            times[week.first] = "after"
    for fact in facts:
        if fact.week not in times or fact.manager is None:
            continue
        begun = hired.get(fact.manager, (None, None))[0]
        is_new = begun is not None and begun > since - TRAINED
        people = groups[times[fact.week], is_new]
        top = float(fact.n) if fact.measure == measure.top else 0.0
        people[fact.manager] = people.get(fact.manager, Count()).plus(top, base_of(fact, measure))
    rows: list[dict[str, Any]] = []
    for time in ("before", "without", "after"):
        trained, new = (week_lines.measure_rate(groups.get((time, is_new), {})) for is_new in (False, True))
        rows.append({"time": time, "trained": trained, "new": new})
    most = (
        max(
            [one.high or one.rate_of.rate or 0 for row in rows for one in (row["trained"], row["new"])] or [1]
        )
        or 1
    )
    for row in rows:
        for name in ("trained", "new"):
            one = row[name]
            rate = one.rate_of.rate
            row[f"{name}_x"] = None if rate is None else f"{96 * rate / most:.2f}%"
            row[f"{name}_low"] = None if one.low is None else f"{96 * one.low / most:.2f}%"
            row[f"{name}_high"] = None if one.high is None else f"{96 * one.high / most:.2f}%"
    return {"rows": rows, "since": since, "until": off["mark"].until, "reason": off["mark"].reason}


def tell_comparison(
    asked: Mapping[str, Any],
    facts: Sequence[Fact],
    code: str,
    scope: Scope,
    days: Collection[date],
    now: datetime,
) -> dict[str, Any] | None:
    """``days``: the weeks that are counted. ``rows``: the lists behind the numbers of both sides."""
    day = asked.get("date")
    if day is None:
        return None
    today, measure = now.astimezone(portal_zone()).date(), MEASURES[code]
    whose = asked.get("whose") or ""
    parts = []
    pipeline = scope.all_stages[whose].pipeline_id if whose in scope.all_stages else None
    for fact in facts:
        if fact.week + WEEK > today or fact.manager is None:
            continue
        if pipeline is not None and (fact.stage or "").partition(":")[0] != str(pipeline):
            continue
        group = not whose or (fact.stage == whose if pipeline is not None else str(fact.manager) == whose)
        top = float(fact.n) if fact.measure == measure.top else 0.0
        parts.append(PersonPart(fact.week, group, fact.manager, top, base_of(fact, measure)))
    effect, (end, begin) = week_lines.compare_date(parts, day, SPAN, alone=not whose)
    sides = [(end - SPAN * WEEK, end), (begin, min(begin + SPAN * WEEK, today - today.weekday() * DAY))]
    over = sum(1 for one in days if one >= begin and one + WEEK <= today)
    verdict = effects.decide(effect, over >= week_lines.ENDS)
    words = {
        "helped": _("it is lower, and that is proven"),
        "worse": _("it is higher, and that is proven"),
        "unproven": _("no difference proven"),
        "early": _("too early"),
        "little": _("too little to judge by"),
    }
    name = (
        scope.all_stages[whose].name if whose in scope.all_stages else scope.name(int(whose)) if whose else ""
    )
    return {
        "day": day,
        "end": end,
        "begin": begin,
        "effect": effect,
        "rates": {f"{group}_{time}": rate for (group, time), rate in effect.rates.items()},
        "verdict": words[verdict],
        "tone": {"helped": "good", "worse": "bad"}.get(verdict, "neutral"),
        "whose": name,
        "over": over,
        "rows": [
            find_rows_of_owners(code, whose, scope, since, until) if _are_known(since, until, days) else ""
            for since, until in sides
        ],
    }


def _are_known(since: date, until: date, days: Collection[date]) -> bool:
    """Whether every week of the span is counted: else its list has more rows than its number says."""
    return all(since + place * WEEK in days for place in range((until - since).days // 7))
