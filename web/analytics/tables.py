"""Reports as tables: every figure in words of the reader's language, with the address of the deals behind it."""

from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _

from core import formats
from metrics.analytics.terms import EPOCH
from web.analytics.asking import Asked
from web.analytics.cells import Figure, Table, counted, days, money, month, number, percent, whisker, words
from web.analytics.lead_tables import tell_journeys, tell_speed
from web.frame.filters import write_moment


def tell_stage_times(asked: Asked, answer: dict[str, Any]) -> Table:
    heads = [
        _("Stage"),
        _("Visits"),
        _("Ended"),
        _("Stand there"),
        _("Mean"),
        _("Median"),
        _("p75"),
        _("p90"),
        _("KM median"),
    ]
    rows = [
        [
            words(row["name"], note=_pipeline(asked, row["stage"])),
            counted(asked, row["visits"], stage=row["stage"], what="visits"),
            counted(asked, row["ended"], stage=row["stage"], what="ended"),
            counted(asked, row["open"], stage=row["stage"], what="open"),
            *(Figure(days(row[name])) for name in ("mean", "median", "p75", "p90", "km_median")),
        ]
        for row in answer["rows"]
        if row["visits"]
    ]
    return Table(heads, rows)


def tell_transitions(asked: Asked, answer: dict[str, Any]) -> Table:
    whole: dict[str, int] = {}
    for row in answer["rows"]:
        whole[row["from"]] = whole.get(row["from"], 0) + row["n"]
    rows = [
        [
            words(asked.stage(row["from"]), note=_pipeline(asked, row["from"])),
            words(asked.stage(row["to"])),
            counted(asked, row["n"], **{"from": row["from"], "to": row["to"] or ""}),
            Figure(
                percent(row["n"] / whole[row["from"]]), note=_("of %(n)s") % {"n": number(whole[row["from"]])}
            ),
        ]
        for row in answer["rows"]
    ]
    return Table([_("From"), _("To"), _("Moves"), _("Share of those who left")], rows)


def tell_expected(asked: Asked, answer: dict[str, Any]) -> Table:
    heads = [
        _("Stage"),
        _("Won"),
        _("Lost"),
        _("Stand there"),
        _("Straight to lost"),
        _("Days to closing"),
        _("Visits"),
    ]
    rows = [
        [
            words(row["name"], note=_pipeline(asked, row["stage"])),
            Figure(percent(row["won"], 1)),
            Figure(percent(row["lost"], 1)),
            Figure(percent(row["standing"]), note=number(row["standing_n"])),
            Figure(percent(row["leak"]), note=number(row["lost_straight"])),
            Figure(days(row["days_to_close"])),
            Figure(number(row["n"])),
        ]
        for row in answer["rows"]
        if row["n"]
    ]
    return Table(heads, rows)


def tell_reached(asked: Asked, answer: dict[str, Any]) -> Table:
    rows = [
        [
            words(row["name"], note=_pipeline(asked, row["stage"])),
            counted(asked, row["reached"], stage=row["stage"]),
            Figure(percent(row["share"], 1), note=_("of %(n)s") % {"n": number(row["n"])}),
            Figure(whisker(row)),
            Figure(percent(row["of_previous"])),
            counted(asked, row["entered"], stage=row["stage"], what="entered"),
        ]
        for row in answer["rows"]
        if row["n"]
    ]
    return Table(
        [_("Stage"), _("Reached"), _("Share"), _("95 %"), _("Of the stage before"), _("Stood on it")], rows
    )


def list_periods(rows: list[dict[str, Any]], label: str) -> list[tuple[Figure, dict[str, Any]]]:
    """Periods and what they are called, from the first in which there is anything: a year that begins before the
    account's first deal would be half a page of zeros. The API has them all."""
    empty = 0
    while empty < len(rows) and not any(
        value for value in rows[empty].values() if isinstance(value, int | float)
    ):
        empty += 1
    note = _("nothing before") if empty else ""
    return [
        (words(month(row[label]), note="" if place else note), row) for place, row in enumerate(rows[empty:])
    ]


def tell_flow(asked: Asked, answer: dict[str, Any]) -> Table:
    in_money = answer["value"] == "price"
    names = [
        "start",
        "created",
        "reopened",
        *(["repriced"] if in_money else []),
        "won",
        "lost",
        "left",
        "end",
    ]
    titles = {
        "start": _("At the start"), "created": _("+ Created"), "reopened": _("+ Reopened"), "repriced": _("± Repriced"),
        "won": _("− Won"), "lost": _("− Lost"), "left": _("− Left"), "end": _("= At the end"),
    }  # fmt: skip
    rows = []
    for title, row in list_periods(answer["rows"], "period"):
        line = [title]
        for name in names:
            cell = {"period": row["period"], "what": name}
            if in_money:
                line.append(
                    Figure(money(row[name]), asked.rows(**cell) if row[name] and name != "repriced" else "")
                )
            else:
                line.append(counted(asked, row[name], **cell))
        rows.append(line)
    return Table([_("Period"), *(titles[name] for name in names)], rows)


def tell_weekly(asked: Asked, answer: dict[str, Any]) -> Table:
    heads = [
        _("Week from"), _("In work at the start"), _("Created"), _("Won"), _("Lost"),
        _("Findings opened"), _("Findings closed"),
    ]  # fmt: skip
    rows = [
        [
            title,
            counted(asked, row["in_work_at_start"], week=row["week"], what="start"),
            counted(asked, row["created"], week=row["week"], what="created"),
            counted(asked, row["won"], week=row["week"], what="won"),
            counted(asked, row["lost"], week=row["week"], what="lost"),
            _found(asked, row["findings_opened"], row["week"], "since", "until"),
            _found(asked, row["findings_closed"], row["week"], "closed_since", "closed_until"),
        ]
        for title, row in list_periods(answer["rows"], "week")
    ]
    return Table(heads, rows)


def _found(asked: Asked, n: int, week: str, since: str, until: str) -> Figure:
    """Findings of a week, of which the outer ones are cut off where the time asked about begins and ends."""
    first = datetime.combine(date.fromisoformat(week), time(), asked.terms.zone)
    last = datetime.combine(first.date() + timedelta(days=7), time(), asked.terms.zone)
    ends = EPOCH + timedelta(microseconds=asked.terms.end)
    span = {since: write_moment(max(first, asked.period.start)), until: write_moment(min(last, ends))}
    return Figure(number(n), reverse("findings") + asked.scope.query(**span) if n else "", n=n)


def tell_cycle(asked: Asked, answer: dict[str, Any]) -> Table:
    titles = {"won": _("Won"), "lost": _("Lost"), "all": _("Won and lost")}
    rows = [
        [
            words(titles[row["key"]]),
            counted(asked, row["n"], key=row["key"]),
            *(Figure(days(row[name])) for name in ("mean", "median", "p75", "p90")),
            Figure(
                days(row["km_median"]),
                asked.rows(key="km"),
                _("n = %(n)s") % {"n": number(row["km_n"])},
                row["km_n"],
            )
            if row["km_median"] is not None
            else Figure(formats.DASH),
        ]
        for row in answer["rows"]
    ]
    heads = [
        _("Result"),
        _("Deals"),
        _("Mean"),
        _("Median"),
        _("p75"),
        _("p90"),
        _("KM median with open deals"),
    ]
    return Table(heads, rows)


def tell_ageing(asked: Asked, answer: dict[str, Any]) -> Table:
    by_stage, by_owner = (any(row[name] for row in answer["rows"]) for name in ("stage", "manager"))
    heads = [*([_("Stage")] if by_stage else []), *([_("Manager")] if by_owner else [])]
    heads += [
        _("Deals"),
        _("Amount"),
        _("Median"),
        _("Oldest"),
        _("Expected"),
        _("Older than p90 of the won"),
    ]
    rows = []
    for row in sorted(answer["rows"], key=lambda row: -row["sum"])[:200]:
        cell = {"stage": row["stage"], "manager": (row["manager"] or "none") if by_owner else None}
        rows.append(
            [
                *(
                    [words(asked.stage(row["stage"]), note=_pipeline(asked, row["stage"]))]
                    if by_stage
                    else []
                ),
                *([words(asked.scope.name(row["manager"]))] if by_owner else []),
                counted(asked, row["n"], **cell),
                Figure(money(row["sum"])),
                Figure(days(row["median_days"])),
                Figure(days(row["oldest_days"])),
                Figure(money(row["expected"])),
                Figure(number(row.get("older_than_p90_of_won"))),
            ]
        )
    return Table(heads, rows)


def tell_periods(asked: Asked, answer: dict[str, Any]) -> Table:
    rows = [
        [
            words(month(row["cohort"])),
            Figure(number(row["into_from"])),
            Figure(number(row["into_to"])),
            Figure(percent(row["rate"])),
        ]
        for row in answer["rows"]
    ]
    return Table([_("Month"), _("Came to the first"), _("Came to the second"), _("Ratio")], rows)


def tell_forecast(asked: Asked, answer: dict[str, Any]) -> Table:
    rows = [
        [
            Figure(f"№ {row['deal']}", reverse("deal", args=[row["deal"]]), css=""),
            words(asked.stage(row["stage"])),
            Figure(days(row["days_on_stage"])),
            Figure(money(row["price"])),
            Figure(percent(row["p"])),
            Figure(money(row["expected"])),
        ]
        for row in answer["rows"][:100]
    ]
    return Table([_("Deal"), _("Stage"), _("On the stage"), _("Amount"), _("Chance"), _("Expected")], rows)


def _pipeline(asked: Asked, stage: str | None) -> str:
    """The name of a stage's pipeline, where there are several to tell apart."""
    known = asked.scope.all_stages.get(stage or "")
    if known is None or "pipeline" in asked.scope.chosen or len(asked.scope.pipelines) < 2:
        return ""
    return str(known.pipeline or "")


TABLES: dict[str, Callable[[Asked, dict[str, Any]], Table]] = {
    "stage-times": tell_stage_times,
    "transitions": tell_transitions,
    "expected-win": tell_expected,
    "reached": tell_reached,
    "flow": tell_flow,
    "weekly": tell_weekly,
    "cycle": tell_cycle,
    "ageing": tell_ageing,
    "period-conversion": tell_periods,
    "forecast": tell_forecast,
    "speed-to-lead": tell_speed,
    "journeys": tell_journeys,
}
