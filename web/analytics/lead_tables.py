"""Reports as tables: how soon a client hears from somebody, and from whom to whom he is passed on."""

from typing import Any

from django.utils.translation import gettext as _

from web.analytics.asking import Asked
from web.analytics.cells import Figure, Table, counted, days, percent, whisker, words


def title_buckets() -> dict[str, str]:
    return {
        "5m": _("up to 5 minutes"), "15m": _("up to 15 minutes"), "30m": _("up to half an hour"),
        "1h": _("up to an hour"),
        "4h": _("up to 4 hours"), "12h": _("up to 12 hours"), "later": _("later"), "none": _("no contact"),
    }  # fmt: skip


def tell_speed(asked: Asked, answer: dict[str, Any]) -> Table:
    titles = title_buckets()
    rows = [
        [
            words(titles[row["bucket"]]),
            counted(asked, row["deals"], bucket=row["bucket"]),
            counted(asked, row["won"], bucket=row["bucket"], what="won"),
            counted(asked, row["n"], bucket=row["bucket"], what="closed"),
            Figure(percent(row["rate"], 1)),
            Figure(whisker(row)),
        ]
        for row in answer["rows"]
    ]
    heads = [
        _("First contact, working time"),
        _("Deals"),
        _("Won"),
        _("Closed"),
        _("Won of closed"),
        _("95 %"),
    ]
    return Table(heads, rows)


def tell_journeys(asked: Asked, answer: dict[str, Any]) -> Table:
    def name(pipeline: int) -> str:
        return str(asked.scope.pipelines.get(pipeline, pipeline))

    rows = []
    for row in answer["rows"]:
        way = {"from": row["from"], "to": row["to"]}
        rows.append(
            [
                words(name(row["from"])),
                words(name(row["to"])),
                counted(asked, row["n"], **way),
                counted(asked, row["lost_at_once"], **way, what="lost_at_once"),
                Figure(percent(row["lost_share"], 1), note=whisker(row)),
                counted(asked, row["won"], **way, what="won"),
                counted(asked, row["open"], **way, what="open"),
                Figure(days(row["median_days"])),
            ]
        )
    heads = [
        _("From"),
        _("To"),
        _("Hand-overs"),
        _("Lost at once"),
        _("Share"),
        _("Won in the end"),
        _("Still open"),
    ]
    return Table([*heads, _("First visit, median")], rows)
