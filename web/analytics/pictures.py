"""Reports as pictures: lengths and places in the units of an SVG, with words and links; the templates draw them."""

from typing import Any

from django.utils.translation import gettext as _

from web.analytics.asking import Asked
from web.analytics.cells import Context, counted, minutes, month, number, percent, whisker

WIDE, HIGH = 560, 260


def draw_curve(asked: Asked, answer: dict[str, Any]) -> Context:
    """Won from below, lost from above, still open between: 100 % on every day."""
    points = answer.get("curve") or []
    if not points:
        return {}
    last = points[-1][0] or 1

    def x(day: float) -> float:
        return round(day / last * WIDE, 1)

    def y(share: float) -> float:
        return round(HIGH * (1 - share), 1)

    won = " ".join(f"L{x(day)} {y(share)}" for day, share, _lost in points)
    lost = " ".join(f"L{x(day)} {y(1 - gone)}" for day, _won, gone in points)
    marks = [
        {
            "day": number(row["day"]),
            "x": x(row["day"]),
            "won_y": y(row["won"]),
            "lost_y": y(1 - row["lost"]),
            "won": percent(row["won"], 1),
            "lost": percent(row["lost"], 1),
            "open": percent(row["open"], 1),
            "at_risk": number(row["at_risk"]),
        }
        for row in answer["rows"]
        if row["won"] is not None
    ]
    closed = answer["won"] + answer["lost"]
    final = answer["rows"][-1]
    return {
        "wide": WIDE,
        "high": HIGH,
        "won_area": f"M0 {HIGH} {won} L{WIDE} {HIGH} Z",
        "lost_area": f"M0 0 {lost} L{WIDE} 0 Z",
        "won_line": "M" + won[1:],
        "lost_line": "M" + lost[1:],
        "grid": [(y(share / 100), share) for share in (0, 25, 50, 75, 100)],
        "marks": marks,
        "naive": [
            (percent(answer["naive_won_of_closed"], 1), _("won ÷ closed"), asked.rows(what="closed"), closed,
             _("Too high: open ones are not seen (%(n)s)") % {"n": number(answer["open"])}),
            (percent(answer["naive_won_of_all"], 1), _("won ÷ all"), asked.rows(what="all"), answer["n"],
             _("Too low: the young ones have had no time")),
        ],
        "honest": (percent(final["won"], 1), number(final["day"])),
        "parts": [
            (_("won"), counted(asked, answer["won"], what="won")),
            (_("lost"), counted(asked, answer["lost"], what="lost")),
            (_("still open"), counted(asked, answer["open"], what="open")),
        ],
    }  # fmt: skip


def draw_cohorts(asked: Asked, answer: dict[str, Any]) -> Context:
    """A heat table: «early» where nobody has been followed so long, dashed where not everybody has."""
    lengths = sorted({row["days"] for row in answer["rows"]})
    cells = {(row["cohort"], row["days"]): row for row in answer["rows"]}
    highest = max((row["rate"] or 0 for row in answer["rows"]), default=0) or 1
    lines = []
    for cohort in dict.fromkeys(row["cohort"] for row in answer["rows"]):
        line = []
        for length in lengths:
            row = cells[cohort, length]
            whole = {"cohort": cohort, "days": length}
            line.append(
                {
                    "early": row["followed"] == 0,
                    "partly": 0 < row["followed"] < row["deals"],
                    "level": 0 if not row["rate"] else 1 + min(4, int(row["rate"] / highest * 5)),
                    "rate": percent(row["rate"], 1),
                    "hit": counted(asked, row["hit"], what="hit", **whole),
                    "followed": counted(asked, row["followed"], what="followed", **whole),
                    "whisker": whisker(row),
                }
            )
        first = cells[cohort, lengths[0]]
        name = _("In all") if cohort == "all" else month(cohort)
        lines.append((name, counted(asked, first["deals"], cohort=cohort), line))
    shown = [line for line in lines if line[1].n]
    return {"lengths": lengths, "lines": shown}


def draw_rates(asked: Asked, answer: dict[str, Any]) -> Context:
    """Whiskers on one axis, in percent of its width; no places are awarded."""
    labels = {
        "above": _("above"),
        "below": _("below"),
        "unproven": _("difference not proven"),
        "few": _("too few"),
    }
    tones = {"above": "good", "below": "bad", "unproven": "neutral", "few": "neutral"}
    named = name_keys(asked, answer)
    rows = [
        {
            "name": named(row["key"]),
            "won": counted(asked, row["won"], key=row["key"] if row["key"] is not None else "", what="won"),
            "n": counted(asked, row["n"], key=row["key"] if row["key"] is not None else ""),
            "rate": percent(row["rate"]),
            "few": row["verdict"] == "few",
            "lo": round(100 * row["lo"], 1),
            "width": round(100 * (row["hi"] - row["lo"]), 1),
            "at": round(100 * row["rate"], 1),
            "whisker": whisker(row),
            "tone": tones[row["verdict"]],
            "verdict": labels[row["verdict"]],
            "proven": row["verdict"] in ("above", "below"),
        }
        for row in answer["rows"][:60]
    ]
    whole = answer["overall"]
    return {
        "rates": rows,
        "whole": whole and round(100 * whole["rate"], 1),
        "whole_text": percent(whole["rate"], 1) if whole else "",
        "by_value": percent(whole["by_value"], 1) if whole else "",
        "pairs": number(answer["pairs"]),
        "separated": number(len(answer["separated"])),
        "several": len(rows) > 1,
    }


def name_keys(asked: Asked, answer: dict[str, Any]) -> Any:
    def name(key: Any) -> str:
        if answer["by"] == "manager":
            return asked.scope.name(key)
        if key is None:
            return _("not set") if answer["by"] != "all" else _("In all")
        if answer["by"] == "pipeline":
            return str(asked.scope.pipelines.get(key, key))
        return month(key) if answer["by"] == "month" else str(key)

    return name


def draw_accumulation(asked: Asked, answer: dict[str, Any]) -> Context:
    """Shares of each cohort's wins by months later; the share that came in the fourth to sixth month."""
    widest = max((len(row["offsets"]) for row in answer["rows"]), default=0)
    lines = []
    for row in answer["rows"]:
        cells = [
            {
                "level": 0 if not part["share_of_wins"] else 1 + min(4, int(part["share_of_wins"] * 5)),
                "share": percent(part["share_of_wins"]),
                "won": counted(asked, part["won"], cohort=row["cohort"], offset=part["offset"]),
                "partly": not part["complete"],
            }
            for part in row["offsets"]
        ]
        lines.append(
            (
                month(row["cohort"]),
                counted(asked, row["deals"], cohort=row["cohort"]),
                counted(asked, row["won"], cohort=row["cohort"], what="won"),
                cells + [None] * (widest - len(cells)),
            )
        )
    watched = [row for row in answer["rows"] if sum(part["complete"] for part in row["offsets"]) >= 6]
    wins = sum(row["won"] for row in watched)
    later = sum(part["won"] for row in watched for part in row["offsets"][3:6])
    return {
        "offsets": range(widest),
        "lines": lines,
        "later": percent(later / wins, 1) if wins else "",
        "later_n": number(later),
        "later_of": number(wins),
    }


def draw_calibration(asked: Asked, answer: dict[str, Any]) -> Context:
    tried = answer["calibration"]
    better = tried.get("better_by") or {}
    return {
        "tried": tried["n"],
        "n": number(tried["n"]),
        "brier": number(tried["brier"], 4),
        "log_loss": number(tried["log_loss"], 4),
        "floor_brier": number(tried["floor"]["brier"], 4) if tried["floor"] else "",
        "floor_log_loss": number(tried["floor"]["log_loss"], 4) if tried["floor"] else "",
        "better": percent(better.get("brier"), 1) if better else "",
        "better_loss": percent(better.get("log_loss"), 1) if better else "",
        "won": number(tried.get("won")),
        "said_won": number(tried.get("expected_won")),
        "months": [
            (month(one["snapshot"][:10]), number(one["n"]), number(one["won"]), number(one["expected_won"]),
             number(one["brier"], 4), number(one["floor"]["brier"], 4))
            for one in tried["snapshots"]
        ],
        "bins": [
            {name: percent(one[name]) for name in ("said", "came")} | {"n": number(one["n"])} for one in tried["curve"]
        ],
        "expected_won": number(answer["expected_won"], 0),
        "expected": answer["expected"],
        "sum": answer["sum"],
        "days": answer["days"],
        "learnt": number(answer["learnt_from"]["rows"]),
    }  # fmt: skip


def draw_speed(asked: Asked, answer: dict[str, Any]) -> Context:
    """The median wait and its parts on average: they add up to the calendar wait."""
    titles = {
        "hand_over": _("until it was his who answered"),
        "notice": _("until his first trace on the deal"),
        "reaction": _("until he called or wrote"),
        "closed_hours": _("outside of company hours"),
    }
    parts = [
        (titles[name], minutes(part["mean_minutes"]), minutes(part["median_minutes"]))
        for name, part in answer["parts"].items()
    ]
    whole = [part["mean_minutes"] for part in answer["parts"].values()]
    return {
        "median": minutes(answer["km_median_minutes"]),
        "naive": minutes(answer["median_minutes"]),
        "p90": minutes(answer["p90_minutes"]),
        "answered": number(answer["answered"]),
        "waiting": number(answer["waiting"]),
        "never": number(answer["never"]),
        "parts": parts if answer["answered"] else [],
        "whole": minutes(sum(whole)) if answer["answered"] else "",
    }


def draw_paths(asked: Asked, answer: dict[str, Any]) -> Context:
    def name(pipeline: int) -> str:
        return str(asked.scope.pipelines.get(pipeline, pipeline))

    return {
        "crossed": number(answer["crossed"]),
        "paths_in_all": number(answer["paths_in_all"]),
        "paths": [
            (
                " → ".join(name(pipeline) for pipeline in path["path"]),
                counted(asked, path["n"], path="-".join(map(str, path["path"]))),
                percent(path["share"], 1),
            )
            for path in answer["paths"][:15]
        ],
    }
