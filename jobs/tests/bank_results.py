"""Their figures of results: sums, shares of the won, flow, accumulation, cycle."""

from typing import Any

from jobs.tests.bank_comparison import ALL_TIME, Ask, Comparison, key
from jobs.tests.bank_forecasts import unix


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
    known = ask("coverage")
    counts = {row["what"]: row["n"] for row in known["rows"]}
    for ours, name in (
        ("without_price", "price_zero_deals"), ("same_stage", "self_transitions_dropped"),
        ("inferred", "gaps_to_infer"), ("backwards", "negative_durations"),
        ("never_moved", "deals_without_status_events"),
        ("closed_at_once", "of_these_closed"), ("instant", "zero_second_visits"), ("reopened", "reopenings"),
    ):  # fmt: skip
        found.equal(name, counts[ours], theirs[name])
    for ours, name in (
        ("first_created", "first_created"), ("last_created", "last_created"), ("last_event", "last_event_or_close"),
    ):  # fmt: skip
        found.equal(name, unix(known[ours]), theirs[name])
    found.equal("now", unix(known["as_of"].replace("Z", "+00:00")), told["source"]["now_unix"])
    found.equal("events at now", known["moved_now"], theirs["events_exactly_at_now"])
    found.equal("changes of the owner", ask("hand-overs")["changes"], theirs["owner_events"])
    rows = ask("transitions")["rows"]
    stages = {row[side].partition(":")[2] for row in rows for side in ("from", "to")}
    found.equal("stages", str(sorted(stages)), str(sorted(str(one["id"]) for one in told["stages"])))
    reasons = {str(row["key"]): row["n"] for row in ask("metrics/deals_lost", by="loss_reason", **ALL_TIME)}
    for reason, n in theirs["lost_by_reason"].items():
        found.equal(f"lost for {reason}", reasons[reason], n)
    last = whole["last_day"] * 86_400
    found.equal("last", last, told["3_cumulative_incidence"]["from_creation"]["last_time_s"])


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
    passed_on = ask("win-rates", credit="closing")["passed_on"]
    found.equal("another owner now", passed_on, whole["owner_at_close_differs_from_current"])
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
                found.equal(f"flow {row['period']} from", unix(mine["from"]), row["from"])
                end = unix(mine["to"])
                found.equal(
                    f"flow {row['period']} to",
                    None if end == told["source"]["now_unix"] else end,
                    row["to_excl"],
                )
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
    curve = theirs["km_time_to_close"]
    found.equal("km", ours["all"]["km_median"], curve["median_days"])
    for name in ("median_s", "lifelines_median_s"):
        found.equal(f"km {name}", ours["all"]["km_median"] * 86_400, curve[name])
    found.equal("km n", ours["all"]["km_n"], curve["n"])
    found.equal("km ended", ours["all"]["n"], curve["ended"])
    [mine] = ask("velocity")["rows"]
    for name, ours_name in (
        ("N", "open"), ("WR", "rate"), ("AOV", "average"), ("L_median_days", "cycle_median"),
        ("L_mean_days", "cycle_mean"), ("V_median", "velocity_median"), ("V_mean", "velocity_mean"),
        ("median_won_price", "median_price"), ("share_of_won_with_price_0", "without_price"),
    ):  # fmt: skip
        found.equal(f"velocity {name}", mine[ours_name], theirs["velocity_per_day"][name])
    rows = {row["stage"]: row for row in ask("ageing", by="stage")["rows"]} | {
        "all": ask("ageing", by="all")["rows"][0]
    }
    for row in theirs["ageing_at_now"]:
        if row["n"] == 0:
            found.equal(f"ageing {row['stage']}: none", key(row["stage"]) in rows, False)
            for table in (row, row["deal_age"], row["time_in_current_stage"]):
                for name, value in table.items():
                    if name != "stage" and not isinstance(value, dict):
                        found.equal(f"ageing {row['stage']}: no {name}", value or None, None)
            continue
        mine = rows["all" if row["stage"] == "all" else key(row["stage"])]
        found.equal(f"ageing {row['stage']}", mine["n"], row["n"])
        found.equal(f"ageing {row['stage']} price", mine["sum"], row["price"])
        for ours_name, name in (("age_days", "deal_age"), ("stay_days", "time_in_current_stage")):
            spread = mine[ours_name] | {"n": mine["n"]}
            found.spread(f"ageing {row['stage']} {name}", spread, row[name], "n mean p50 p75 p90 min max")
        found.equal("older than p90", mine["older_than_p90_of_won"], row["older_than_p90_of_won_cycle"])
        found.equal("older than any", mine["older_than_any_closed"], row["older_than_longest_closed"])
