# ruff: noqa: E501 - tables of names, a line each
# ruff: noqa: E501 - tables of names, a line each
"""Every figure of bpi2012-analytics.json against the API; `LEFT_OUT` names what the API does not answer."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

PIPELINE = 8001
LEFT_OUT = {
    "source": "about the file",
    "definitions": "about the file",
    "12_forecast_floors": "floors of other forecasts: the test of the forecast compares those that it beats",
}
Ask = Callable[..., Any]


class Comparison:
    """Counts what it compares, and collects what differs by more than 1e-9 (of one, or of the figure where larger)."""

    def __init__(self) -> None:
        self.compared, self.wrong = 0, []

    def equal(self, what: str, ours: Any, theirs: Any) -> None:
        self.compared += 1
        if theirs is None or ours is None or isinstance(theirs, str | bool):
            same = ours == theirs
        else:
            same = abs(ours - theirs) <= 1e-9 * max(1.0, abs(theirs))
        if not same:
            self.wrong.append(f"{what}: {ours} instead of {theirs}")

    def spread(
        self, what: str, ours: dict[str, Any], theirs: dict[str, Any], names: str = "n mean p50 p75 p90"
    ) -> None:
        """A table of {n, mean_days, p50_days, …} against our {n, mean, median, …} in days."""
        for name in names.split():
            if name == "n":
                self.equal(f"{what}.n", ours["n"], theirs["n"])
            elif f"{name}_s" in theirs:
                told = theirs[f"{name}_s"]
                self.equal(
                    f"{what}.{name}",
                    ours["median" if name == "p50" else name],
                    None if told is None else told / 86_400,
                )


def key(stage: int) -> str:
    return f"{PIPELINE}:{stage}"


def stages_of(ask: Ask, told: Any) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    rows = {row["stage"]: row for row in ask("stage-times")["rows"]}
    for row in told["1_stage_visits"]:
        yield rows[key(row["stage"])], row


def compare_all(ask: Ask, path: Path) -> Comparison:
    told = json.loads(path.read_text())
    found = Comparison()
    for part in PARTS:
        part(found, ask, told)
    return found


def totals(found: Comparison, ask: Ask, told: Any) -> None:
    theirs, whole = told["0_totals"], ask("incidence")
    for name in ("won", "lost", "open"):
        found.equal(name, whole[name], theirs[name])
    found.equal("deals", whole["n"], theirs["deals"])
    rates, ageing = ask("win-rates", by="all")["overall"], ask("ageing", by="all")
    found.equal("price won", rates["price_won"], theirs["price_won"])
    found.equal("price lost", rates["price_lost"], theirs["price_lost"])
    found.equal("price open", ageing["sum"], theirs["price_open"])
    found.equal("price all", rates["price_won"] + rates["price_lost"] + ageing["sum"], theirs["price_all"])
    found.equal("moves", ask("transitions")["n"], theirs["status_events"])
    flow = ask("flow")["rows"]
    found.equal("reopenings", sum(row["reopened"] for row in flow), theirs["reopenings"])
    last = whole["last_day"] * 86_400
    found.equal("last", last, told["3_cumulative_incidence"]["from_creation"]["last_time_s"])


def visits(found: Comparison, ask: Ask, told: Any) -> None:
    for ours, theirs in stages_of(ask, told):
        what = theirs["name"]
        for mine, name in (
            ("visits", "visits"),
            ("deals", "deals"),
            ("ended", "ended"),
            ("open", "open"),
            ("name", "name"),
        ):
            found.equal(f"{what}.{name}", ours[mine], theirs[name])
        found.equal(f"{what}.twice", ours["returned"], theirs["deals_with_more_than_one_visit"])
        found.spread(what, ours | {"n": ours["ended"]}, theirs["dwell_ended"], "n mean p50 p75 p90 min max")
        found.spread(
            f"{what}.forward",
            ours["forward"],
            theirs["dwell_moved_forward"],
            "n mean p50 p75 p80 p90 min max",
        )
        found.equal(f"{what}.km", ours["km_median"], theirs["km_all_visits"]["median_days"])


def transitions(found: Comparison, ask: Ask, told: Any) -> None:
    theirs = told["2_transitions"]
    ours = {(row["from"], row["to"]): row["n"] for row in ask("transitions")["rows"]}
    for row in theirs["counts"]:
        found.equal(f"{row['from']}→{row['to']}", ours.pop((key(row["from"]), key(row["to"]))), row["n"])
    found.equal("no other moves", len(ours), 0)
    rows = {row["stage"]: row for row in ask("expected-win")["rows"]}
    for row in theirs["expected_win"]:
        mine, what = rows[key(row["stage"])], f"expected {row['stage']}"
        found.equal(f"{what}.won", mine["won"], row["won"])
        found.equal(f"{what}.lost", mine["lost"], row["lost"])
        found.equal(f"{what}.close", mine["days_to_close"], row["expected_seconds_to_close"] / 86_400)
        for other, visits in row["expected_visits_of_each_stage"].items():
            found.equal(f"{what}.visits.{other}", mine["visits"][key(other)], visits)
    for row in theirs["leak"]:
        mine = rows[key(row["stage"])]
        for name, ours_name in (("lost", "lost_straight"), ("exits", "exits"), ("leak", "leak")):
            found.equal(f"leak {row['stage']}.{name}", mine[ours_name], row[name])
    for stage, exits in theirs["exits"].items():
        found.equal(f"exits {stage}", rows[key(stage)]["exits"], exits)


def incidence(found: Comparison, ask: Ask, told: Any) -> None:
    theirs = told["3_cumulative_incidence"]
    for row in [theirs["from_creation"], *theirs["from_first_entry"]]:
        stage = row.get("stage")
        ours = ask("incidence", days="7,14,30,60,90", **({"stage": key(stage)} if stage else {}))
        what = f"curve {stage or 'created'}"
        for name in ("n", "won", "lost", "open", "naive_won_of_closed", "naive_won_of_all"):
            found.equal(f"{what}.{name}", ours[name], row[name])
        found.equal(f"{what}.last", ours["won_at_last"], row["cif_won_at_last_time"])
        found.equal(f"{what}.last day", ours["last_day"], row["last_time_s"] / 86_400)
        for mine, point in zip(ours["rows"], row["cif"], strict=True):
            for name in ("day", "won", "lost", "open"):
                found.equal(f"{what}.{point['day']}.{name}", mine[name], point[name])
            found.equal(f"{what}.{point['day']}.risk", mine["at_risk"], point["at_risk_after"])


def conversion(found: Comparison, ask: Ask, told: Any) -> None:
    theirs = told["4_conversion"]
    tables = [(theirs["cohort_created_to_won"], {}), (theirs["cohort_created_to_won_utc"], {"zone": "UTC"})]
    tables += [(step["rows"], ends(step)) for step in theirs["cohort_steps"]]
    for rows, asked in tables:
        days = sorted({row["D"] for row in rows})
        ours = ask("cohorts", days=",".join(map(str, days)), **asked)["rows"]
        mine = {(row["cohort"], row["days"]): row for row in ours}
        for row in rows:
            one = mine.pop((row["month"], row["D"]))
            for name in ("deals", "followed", "hit", "rate"):
                found.equal(f"cohort {asked} {row['month']} {row['D']} {name}", one[name], row[name])
        found.equal(f"cohort {asked}: no other rows", sum(row["deals"] for row in mine.values()), 0)
    for step in theirs["period_steps"]:
        mine = {row["cohort"]: row for row in ask("period-conversion", **ends(step))["rows"]}
        for row in step["rows"]:
            one = mine[row["month"]]
            for name, ours_name in (("into_A", "into_from"), ("into_B", "into_to"), ("rate", "rate")):
                found.equal(f"period {ends(step)} {row['month']} {name}", one[ours_name], row[name])
    mine = {row["stage"]: row for row in ask("reached")["rows"]}
    for row in theirs["reached"]:
        for name in ("name", "reached", "entered", "share", "lo", "hi", "of_previous"):
            found.equal(f"reached {row['stage']} {name}", mine[key(row["stage"])][name], row[name])


def ends(step: dict[str, Any]) -> dict[str, str]:
    asked = {} if step["from"] == "created" else {"stage": key(step["from"])}
    return asked | {"to_stage": key(step["to"])}


def win_rates(found: Comparison, ask: Ask, told: Any) -> None:
    theirs = told["5_win_rate"]
    for name, credit in (
        ("owner_at_close", "closing"),
        ("current_owner", "now"),
        ("owner_at_last_stage", f"stage:{key(80014)}"),
    ):
        table, ours = theirs[name], ask("win-rates", credit=credit)
        mine = {row["key"]: row for row in ours["rows"]}
        found.equal(f"{name}: owners", len(mine), len(table["all"]))
        for row in table["all"]:
            one = mine.get(row["owner"], {})
            for part in ("n", "won", "lost", "rate", "lo", "hi", "price_won"):
                found.equal(f"{name} {row['owner']} {part}", one.get(part), row[part])
        robot = [one["key"] for one in ours["rows"] if one["key"] != 112][:10]
        for top, pairs, order in (
            (
                table["top10"],
                table["separated_pairs_top10_higher_lower"],
                [one["key"] for one in ours["rows"][:10]],
            ),
            (table["top10_without_112"], table["separated_pairs_top10_without_112"], robot),
        ):
            found.equal(f"{name}: top", str(order), str(top))
            apart = sorted(pair for pair in ours["separated"] if pair[0] in top and pair[1] in top)
            found.equal(f"{name}: pairs", len(apart), len(pairs))
            found.equal(f"{name}: the same pairs", str(apart), str(sorted(pairs)))
        found.equal(
            f"{name}: not separated",
            45 - len(table["separated_pairs_top10_higher_lower"]),
            table["pairs_not_separated_top10"],
        )
        found.equal(f"{name}: eleventh", ours["rows"][10]["n"], table["eleventh_n"])
    whole, ours = theirs["overall"], ask("win-rates", by="all")["overall"]
    for name, ours_name in (
        ("won", "won"),
        ("lost", "lost"),
        ("narrow", "rate"),
        ("lo", "lo"),
        ("hi", "hi"),
        ("by_value", "by_value"),
    ):
        found.equal(f"overall {name}", ours[ours_name], whole[name])
    found.equal("won of all", ask("incidence")["naive_won_of_all"], whole["won_of_all"])
    mine = {row["key"]: row for row in ask("win-rates", by="month")["rows"]}
    for row in theirs["by_closing_month"]:
        one = mine[row["month"]]
        for name in ("won", "lost", "rate", "price_won", "price_lost"):
            found.equal(f"closed in {row['month']} {name}", one[name], row[name])
        found.equal(f"closed in {row['month']}", one["n"], row["closed"])


def flow(found: Comparison, ask: Ask, told: Any) -> None:
    theirs = told["6_pipeline_flow"]
    names = ("start", "created", "won", "lost", "reopened", "end")
    for table, asked in ((theirs["monthly"], {}), (theirs["monthly_utc"], {"zone": "UTC"})):
        for part, value in (("n", "count"), ("price", "price")):
            rows = ask("flow", value=value, **asked)["rows"]
            found.equal(
                f"flow {asked}: periods",
                [row["period"] for row in rows] == [row["period"] for row in table],
                True,
            )
            for mine, row in zip(rows, table, strict=True):
                for name in names:
                    found.equal(f"flow {asked} {row['period']} {part} {name}", mine[name], row[part][name])
    by_stage: dict[tuple[int, str], dict[str, dict[str, Any]]] = {}
    for stage in {row["stage"] for row in theirs["monthly_by_stage"]}:
        for value in ("count", "price"):
            rows = ask("flow", value=value, stage=key(stage))["rows"]
            by_stage[stage, value] = {row["period"]: row for row in rows}
    for row in theirs["monthly_by_stage"]:
        for part, value in (("n", "count"), ("price", "price")):
            mine = by_stage[row["stage"], value].get(
                row["period"], dict.fromkeys(("start", "created", "left", "won", "lost", "end"), 0)
            )
            for name, ours_name in (
                ("start", "start"),
                ("entered", "created"),
                ("moved", "left"),
                ("won", "won"),
                ("lost", "lost"),
                ("end", "end"),
            ):
                found.equal(
                    f"flow of {row['stage']} {row['period']} {part} {name}", mine[ours_name], row[part][name]
                )
    weeks = told["11_weekly"]
    for table, asked in ((weeks["weeks"], {}), (weeks["weeks_utc"], {"zone": "UTC"})):
        counted = ask("weekly", **asked)["rows"]
        money = ask("flow", by="week", value="price", **asked)["rows"]
        for mine, priced, row in zip(counted, money, table, strict=True):
            found.equal("week", mine["week"], row["week"])
            for name, ours_name in (
                ("start", "in_work_at_start"),
                ("created", "created"),
                ("won", "won"),
                ("lost", "lost"),
                ("end", "in_work_at_end"),
            ):
                found.equal(f"week {asked} {row['week']} {name}", mine[ours_name], row[name])
            for name, value in row.get("price", {}).items():
                found.equal(f"week {asked} {row['week']} price {name}", priced[name], value)


def accumulation(found: Comparison, ask: Ask, told: Any) -> None:
    for table, asked in (
        (told["7_accumulation"]["monthly"], {}),
        (told["7_accumulation"]["monthly_utc"], {"zone": "UTC"}),
    ):
        mine = {row["cohort"]: row for row in ask("accumulation", **asked)["rows"]}
        found.equal(f"cohorts {asked}", len(mine) >= len(table), True)
        for row in table:
            one = mine[row["month"]]
            for name in ("deals", "won", "open"):
                found.equal(f"cohort {asked} {row['month']} {name}", one[name], row[name])
            for ours, theirs in zip(one["offsets"], row["months"], strict=False):
                what = f"cohort {asked} {row['month']} + {theirs['offset']}"
                for name, ours_name in (
                    ("offset", "offset"),
                    ("won", "won"),
                    ("share_of_wins", "share_of_wins"),
                    ("cumulative_share_of_deals", "share_of_deals"),
                    ("month_complete", "complete"),
                    ("price_won", "price_won"),
                ):
                    found.equal(f"{what} {name}", ours[ours_name], theirs[name])
            later = sum(ours["won"] for ours in one["offsets"][6:]) + one["won_later"]
            found.equal(f"cohort {asked} {row['month']} later", later, row["won_later_than_5"])


def cycle(found: Comparison, ask: Ask, told: Any) -> None:
    theirs, ours = told["8_cycle"], ask("cycle")
    for name, ours_name in (("won", "won"), ("lost", "lost"), ("closed", "all")):
        found.spread(name, ours[ours_name], theirs[name], "n mean p50 p75 p90 min max")
    found.equal("km", ours["all"]["km_median"], theirs["km_time_to_close"]["median_days"])
    found.equal("km n", ours["all"]["km_n"], theirs["km_time_to_close"]["n"])
    rows = {row["stage"]: row for row in ask("ageing", by="stage")["rows"]} | {
        "all": ask("ageing", by="all")["rows"][0]
    }
    for row in theirs["ageing_at_now"]:
        if row["n"] == 0:
            found.equal(f"ageing {row['stage']}: none", key(row["stage"]) in rows, False)
            continue
        mine = rows["all" if row["stage"] == "all" else key(row["stage"])]
        found.equal(f"ageing {row['stage']}", mine["n"], row["n"])
        found.equal(f"ageing {row['stage']} price", mine["sum"], row["price"])
        found.spread(
            f"ageing {row['stage']} age", mine["age_days"], row["deal_age"], "mean p50 p75 p90 min max"
        )
        found.spread(
            f"ageing {row['stage']} stay",
            mine["stay_days"],
            row["time_in_current_stage"],
            "mean p50 p75 p90 min max",
        )
        found.equal("older than p90", mine["older_than_p90_of_won"], row["older_than_p90_of_won_cycle"])
        found.equal("older than any", mine["older_than_any_closed"], row["older_than_longest_closed"])


def process(found: Comparison, ask: Ask, told: Any) -> None:
    theirs, ours = told["9_process_map"], ask("process")
    edges = {(edge["from"], edge["to"]): edge for edge in ours["edges"]}
    found.equal("edges", len(edges), len(theirs["edges_top15"]))
    for row in theirs["edges_top15"]:
        edge, what = edges[key(row["from"]), key(row["to"])], f"edge {row['from']}→{row['to']}"
        found.equal(f"{what}.n", edge["n"], row["n"])
        for name in ("mean", "p50", "p75", "p90", "min", "max"):
            found.equal(
                f"{what}.{name}",
                edge["median_days" if name == "p50" else f"{name}_days"],
                row[f"{name}_s"] / 86_400,
            )
    found.equal("variants", ours["variants_in_all"], theirs["variants_all"])
    paths = {tuple(variant["path"]): variant for variant in ours["variants"]}
    for row in theirs["variants_top10"]:
        mine = paths[tuple(key(stage) for stage in row["sequence"])]
        found.equal("variant n", mine["n"], row["n"])
        found.equal("variant share", mine["share"], row["share"])
    found.equal("rework", ours["rework"]["deals"], theirs["rework"]["deals_with_a_stage_visited_twice"])
    found.equal("rework share", ours["rework"]["share"], theirs["rework"]["share"])


PARTS = (totals, visits, transitions, incidence, conversion, win_rates, flow, accumulation, cycle, process)
