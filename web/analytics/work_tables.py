"""Reports about work as tables: tasks, hand-overs, deal-days, stock, velocity, what is known, plain forecasts."""

from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from core import formats
from pipelines.models import TaskType
from web.analytics.asking import Asked
from web.analytics.cells import (
    Figure,
    Table,
    counted,
    days,
    locale,
    money,
    month,
    number,
    percent,
    whisker,
    words,
)


def tell_tasks(asked: Asked, answer: dict[str, Any]) -> Table:
    by = answer["by"]
    types = dict(TaskType.objects.values_list("pk", "name")) if by == "type" else {}

    def name(key: Any) -> str:
        if by == "month":
            return month(key)
        if by == "type":
            return types.get(key, _("No type"))
        return _("All") if by == "all" else asked.scope.name(key)

    rows = []
    for row in answer["rows"]:
        cell = {"key": "" if row["key"] is None else row["key"]}
        rows.append(
            [
                words(name(row["key"])),
                *(
                    counted(asked, row[what], **cell, what=what if what != "n" else None)
                    for what in ("n", "on_time", "late", "open", "overdue")
                ),
                Figure(percent(row["rate"]), note=whisker(row)),
                Figure(days(row["late_by"]["median"])),
                Figure(days(row["done_within"]["median"])),
            ]
        )
    heads = [
        {"month": _("Term"), "type": _("Type")}.get(by, _("Responsible")), _("Tasks"), _("In time"), _("Late"),
        _("Open"), _("Overdue"), _("In time, of those due"), _("Late by, median"), _("Done within, median"),
    ]  # fmt: skip
    return Table(heads, rows)


def tell_hand_overs(asked: Asked, answer: dict[str, Any]) -> Table:
    rows = [
        [
            words(asked.scope.name(row["from"])),
            words(asked.scope.name(row["to"])),
            counted(asked, row["n"], **{"from": row["from"] or 0, "to": row["to"] or 0}),
            Figure(percent(row["n"] / answer["changes"])),
        ]
        for row in answer["rows"]
    ]
    if rest := answer["changes"] - sum(row["n"] for row in answer["rows"]):
        pairs = answer["pairs_in_all"] - len(answer["rows"])
        told = ngettext("%(n)s pair more", "%(n)s pairs more", pairs) % {"n": number(pairs)}
        rows.append(
            [words(_("Others")), words(told), Figure(number(rest)), Figure(percent(rest / answer["changes"]))]
        )
    return Table([_("From"), _("To"), _("Hand-overs"), _("Share")], rows)


def tell_deal_days(asked: Asked, answer: dict[str, Any]) -> Table:
    rows = [
        [
            words(asked.scope.name(row["manager"])),
            Figure(number(row["deal_days"], 1)),
            counted(asked, row["deals"], manager=row["manager"] or 0, what="deals"),
            counted(asked, row["n"], manager=row["manager"] or 0),
            Figure(number(row["late_tasks"])),
            Figure(formats.DASH if row["per_100_deal_days"] is None else number(row["per_100_deal_days"], 2)),
        ]
        for row in answer["rows"]
    ]
    heads = [
        _("Owner"),
        _("Deal-days"),
        _("Deals"),
        _("Times held"),
        _("Late tasks"),
        _("Late per 100 deal-days"),
    ]
    return Table(heads, rows)


def tell_stock(asked: Asked, answer: dict[str, Any]) -> Table:
    rows = [
        [
            words(_("In all") if row["period"] == "all" else month(row["period"])),
            Figure(formats.DASH if row["stock"] is None else number(row["stock"], 1)),
            counted(asked, row["closed"], period=row["period"]),
            Figure(formats.DASH if row["closed_a_day"] is None else number(row["closed_a_day"], 2)),
            Figure(days(row["life_days"])),
            Figure(formats.DASH if row["stock_by_little"] is None else number(row["stock_by_little"], 1)),
            Figure(days(row["days_by_little"])),
        ]
        for row in answer["rows"]
    ]
    heads = [
        _("Month"), _("In work on average"), _("Closed"), _("Closed a day"), _("Life of the closed"),
        _("Stock by Little’s law"), _("Days of work for a closed deal"),
    ]  # fmt: skip
    return Table(heads, rows)


def tell_velocity(asked: Asked, answer: dict[str, Any]) -> Table:
    rows = [
        [
            words(str(asked.scope.pipelines.get(row["pipeline"], row["pipeline"]))),
            counted(asked, row["open"], pipeline=row["pipeline"], what="open"),
            counted(asked, row["n"], pipeline=row["pipeline"]),
            Figure(percent(row["rate"], 1)),
            Figure(money(row["average"])),
            Figure(days(row["cycle_median"])),
            Figure(money(row["velocity_median"])),
        ]
        for row in answer["rows"]
    ]
    heads = [
        _("Pipeline"), _("Open"), _("Closed"), _("Won of closed"), _("Average won deal"), _("Cycle, median"),
        _("Money a day"),
    ]  # fmt: skip
    return Table(heads, rows)


def tell_load(asked: Asked, answer: dict[str, Any]) -> Table:
    titles = {
        "overloaded": _("overloaded: take deals off"), "teach": _("teach"), "holds": _("holds the load"),
        "spare": _("has room"),
    }  # fmt: skip
    rows = [
        [
            words(asked.scope.name(row["manager"])),
            Figure(formats.DASH if row["load"] is None else number(row["load"], 2)),
            Figure(formats.DASH if row["density"] is None else number(row["density"], 1)),
            Figure(number(row["cases"])),
            Figure(number(row["deal_days"], 1)),
            words(titles.get(row["corner"], formats.DASH)),
        ]
        for row in answer["rows"]
    ]
    heads = [
        _("Manager"),
        _("Load"),
        _("Cases per 100 deal-days"),
        _("Cases"),
        _("Deal-days"),
        _("What it says"),
    ]
    return Table(heads, rows)


def tell_saturation(asked: Asked, answer: dict[str, Any]) -> Table:
    rows = []
    for row in answer["rows"]:
        last = row["months"][-1]
        full = month(row["saturated"]) if row["saturated"] else formats.DASH
        rows.append(
            [
                words(asked.scope.name(row["manager"])),
                Figure(
                    full, note=_("month %(n)s") % {"n": row["after_months"] + 1} if row["saturated"] else ""
                ),
                counted(asked, row["n"], manager=row["manager"] or 0, what="came"),
                Figure(number(max(one["won"] for one in row["months"]))),
                Figure(number(last["stock"])),
            ]
        )
    heads = [_("Manager"), _("Full since"), _("Came"), _("Won in the best month"), _("In work now")]
    return Table(heads, rows)


def tell_service(asked: Asked, answer: dict[str, Any]) -> Table:
    rows = [
        [
            words(_("In all") if row["period"] == "all" else month(row["period"])),
            counted(asked, row["cases"], period=row["period"], what="cases"),
            counted(asked, row["won"], period=row["period"], what="won"),
            Figure(percent(row["share"], 1), note=whisker(row)),
        ]
        for row in answer["rows"]
    ]
    return Table([_("Month"), _("Cases"), _("Won"), _("Cases per sale")], rows)


def title_coverage() -> dict[str, str]:
    return {
        "deals": _("Deals"), "visits": _("Visits to stages"), "instant": _("Instant visits"),
        "backwards": _("Visits that end before they begin"), "same_stage": _("Moves from a stage to itself"),
        "inferred": _("Inferred moves"), "never_moved": _("Deals that never moved"),
        "closed_at_once": _("Closed where they began"), "without_price": _("Deals without an amount"),
        "reopened": _("Reopenings"),
    }  # fmt: skip


def tell_coverage(asked: Asked, answer: dict[str, Any]) -> Table:
    titles = title_coverage()
    rows = [
        [words(titles[row["what"]]), counted(asked, row["n"], what=row["what"])] for row in answer["rows"]
    ]
    return Table([_("What"), _("Number")], rows)


def tell_floors(asked: Asked, answer: dict[str, Any]) -> Table:
    titles = {
        "rate": _("one rate for all"), "stage": _("by stage"), "stage_age": _("by stage and age"),
        "won_of_closed": _("usual share of a stage"), "incidence": _("winning curve"),
    }  # fmt: skip
    rows = []
    for name, row in answer["worth"]["models"].items():
        ranked = formats.DASH if row["auc"] is None else formats.number(row["auc"], locale(), 3)
        rows.append(
            [
                words(titles[name]),
                Figure(number(row["brier"], 4)),
                Figure(number(row["log_loss"], 4)),
                Figure(ranked),
                Figure(
                    number(row["expected_wins"]), note=_("won: %(n)s") % {"n": number(answer["worth"]["won"])}
                ),
                Figure(money(row["expected_price"])),
                Figure(percent(row["wape_price"], 1)),
            ]
        )
    heads = [
        _("Forecast"), _("Brier"), _("Log loss"), _("AUC"), _("Said to be won"), _("Said to bring"),
        _("Error of money"),
    ]  # fmt: skip
    return Table(heads, rows)


TABLES = {
    "tasks": tell_tasks,
    "hand-overs": tell_hand_overs,
    "deal-days": tell_deal_days,
    "stock": tell_stock,
    "velocity": tell_velocity,
    "load": tell_load,
    "saturation": tell_saturation,
    "service": tell_service,
    "coverage": tell_coverage,
    "forecast-floors": tell_floors,
}
