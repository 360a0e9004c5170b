# ruff: noqa: E501 - tables of names, a line each
"""Every figure of bpi2012-analytics.json against the API; a figure that nothing looked at is told as well."""

import json
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

PIPELINE = 8001
ROBOT = 112
JITTER = 1e-7  # lifelines puts ties apart by chance
ALL_TIME = {"from": "2011-01-01", "to": "2012-04-01"}
Ask = Callable[..., Any]


class Comparison:
    """Counts what it compares, and collects what differs by more than 1e-9 (of one, or of the figure where larger)."""

    def __init__(self) -> None:
        self.compared = 0
        self.wrong: list[str] = []
        self.unread: list[str] = []

    def equal(self, what: str, ours: Any, theirs: Any) -> None:
        self.compared += 1
        if theirs is None or ours is None or isinstance(theirs, str | bool):
            same = ours == theirs
        else:
            same = abs(ours - theirs) <= 1e-9 * max(1.0, abs(theirs))
        if not same:
            self.wrong.append(f"{what}: {ours} instead of {theirs}")

    def spread(
        self, what: str, ours: Mapping[str, Any], theirs: Mapping[str, Any], names: str = "n mean p50 p75 p90"
    ) -> None:
        """A table of {n, mean_s, mean_days, …} against our {n, mean, median, …} in days."""
        for name in names.split():
            mine = ours["median" if name == "p50" else name]
            if name == "n":
                self.equal(f"{what}.n", mine, theirs["n"])
                continue
            if f"{name}_s" in theirs:
                told = theirs[f"{name}_s"]
                self.equal(f"{what}.{name}", mine, None if told is None else told / 86_400)
            if f"{name}_days" in theirs:
                self.equal(f"{what}.{name} in days", mine, theirs[f"{name}_days"])

    def near(self, what: str, ours: float, theirs: float, within: float) -> None:
        """Another program's answer, which is less exact by so much."""
        self.compared += 1
        if abs(ours - theirs) > within:
            self.wrong.append(f"{what}: {ours} is not within {within} of {theirs}")


def key(stage: int) -> str:
    return f"{PIPELINE}:{stage}"


def stages_of(ask: Ask, told: Any) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    rows = {row["stage"]: row for row in ask("stage-times")["rows"]}
    for row in told["1_stage_visits"]:
        yield rows[key(row["stage"])], row


class Told(dict[str, Any]):
    """The file's tables, which remember which of their figures were looked at."""

    def __init__(self, values: Mapping[str, Any], path: str, seen: set[str]) -> None:
        self.path, self.seen = path, seen
        super().__init__({name: told(value, f"{path}/{name}", seen) for name, value in values.items()})

    def __getitem__(self, name: str) -> Any:
        self.seen.add(f"{self.path}/{name}")
        return super().__getitem__(name)

    def get(self, name: str, default: Any = None) -> Any:
        return self[name] if name in self else default  # noqa: SIM401 - it has to pass by the other door

    def items(self) -> Any:
        return [(name, self[name]) for name in self]

    def values(self) -> Any:
        return [self[name] for name in self]


def told(value: Any, path: str, seen: set[str]) -> Any:
    if isinstance(value, dict):
        return Told(value, path, seen)
    if isinstance(value, list) and value and isinstance(value[0], dict):
        return [told(one, f"{path}/{place}", seen) for place, one in enumerate(value)]
    return value


def list_figures(value: Any, path: str = "") -> Iterator[str]:
    """The paths of all numbers, lists of numbers and nulls; texts are no figures."""
    if isinstance(value, dict):
        for name, one in value.items():
            yield from list_figures(one, f"{path}/{name}")
    elif isinstance(value, list) and value and isinstance(value[0], dict):
        for place, one in enumerate(value):
            yield from list_figures(one, f"{path}/{place}")
    elif not isinstance(value, str):
        yield path


def compare_all(ask: Ask, path: Path) -> Comparison:
    read, seen = json.loads(path.read_text()), set[str]()
    figures, found = Told(read, "", seen), Comparison()
    for part in PARTS:
        part(found, ask, figures)
    found.unread = [path for path in list_figures(read) if path not in seen]
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
    known = ask("coverage")
    counts = {row["what"]: row["n"] for row in known["rows"]}
    for ours, name in (
        ("without_price", "price_zero_deals"), ("same_stage", "self_transitions_dropped"), ("inferred", "gaps_to_infer"),
        ("backwards", "negative_durations"), ("never_moved", "deals_without_status_events"),
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
        curve = theirs["km_all_visits"]
        found.equal(f"{what}.km", ours["km_median"], curve["median_days"])
        for name in ("median_s", "lifelines_median_s"):
            found.equal(f"{what}.km {name}", ours["km_median"] * 86_400, curve[name])
        found.equal(f"{what}.km n", ours["visits"], curve["n"])
        found.equal(f"{what}.km ended", ours["ended"], curve["ended"])


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
            found.equal(f"{what}.{point['day']} statsmodels", mine["won"], point["statsmodels_won"])
            found.equal(f"{what}.{point['day']} its error", mine["won_se"], point["statsmodels_won_se"])
            found.near(
                f"{what}.{point['day']} lifelines", mine["won"], point["lifelines_won_jittered"], JITTER
            )
        for mine_name, name in (
            ("won_and_lost", "times_with_won_and_lost_tied"),
            ("ended", "times_with_any_tie"),
        ):
            found.equal(f"{what}.{name}", ours["ties"][mine_name], row[name])


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


def process(found: Comparison, ask: Ask, told: Any) -> None:
    theirs, ours = told["9_process_map"], ask("process")
    edges = {(edge["from"], edge["to"]): edge for edge in ours["edges"]}
    found.equal("edges", len(edges), len(theirs["edges_top15"]))
    for row in theirs["edges_top15"]:
        edge, what = edges[key(row["from"]), key(row["to"])], f"edge {row['from']}→{row['to']}"
        found.equal(f"{what}.n", edge["n"], row["n"])
        mine = {name: edge[f"{name}_days"] for name in ("mean", "median", "p75", "p90", "min", "max")}
        found.spread(what, mine, row, "mean p50 p75 p90 min max")
    found.equal("variants", ours["variants_in_all"], theirs["variants_all"])
    paths = {tuple(variant["path"]): variant for variant in ours["variants"]}
    for row in theirs["variants_top10"]:
        mine = paths[tuple(key(stage) for stage in row["sequence"])]
        found.equal("variant n", mine["n"], row["n"])
        found.equal("variant share", mine["share"], row["share"])
    found.equal("rework", ours["rework"]["deals"], theirs["rework"]["deals_with_a_stage_visited_twice"])
    found.equal("rework share", ours["rework"]["share"], theirs["rework"]["share"])


def hand_overs(found: Comparison, ask: Ask, told: Any) -> None:
    theirs = told["9_process_map"]["hand_overs"]
    whole, people = ask("hand-overs"), ask("hand-overs", without=str(ROBOT))
    for name in ("changes", "deals_with_any", "after_the_close"):
        found.equal(f"hand-overs {name}", whole[name], theirs[name])
    for name in ("mean", "median", "p90", "max"):
        found.equal(f"hand-overs per deal {name}", whole["per_deal"][name], theirs[f"per_deal_{name}"])
        if name != "median":
            told_of = theirs[f"between_people_per_deal_{name}"]
            found.equal(f"between people per deal {name}", people["per_deal"][name], told_of)
    found.equal("between people", people["changes"], theirs["between_people"])
    found.equal("deals between people", people["deals_with_any"], theirs["deals_with_any_between_people"])
    for ours, pairs in ((whole, "top15_pairs_all"), (people, "top15_pairs_between_people")):
        for mine, row in zip(ours["rows"], theirs[pairs], strict=False):
            for name in ("from", "to", "n"):
                found.equal(f"{pairs} {name}", mine[name], row[name])


TASK_FIGURES = {
    "created": "n", "completed": "done", "completed_on_time": "on_time", "completed_late": "late", "open": "open",
    "open_overdue": "overdue", "overdue_stock": "overdue_share", "due_by_now": "due", "due_by_now_on_time": "due_on_time",
    "on_time_rate": "rate",
}  # fmt: skip


def tasks(found: Comparison, ask: Ask, told: Any) -> None:
    theirs = told["10_tasks"]
    parts: list[tuple[Any, Any]] = [(ask("tasks", by="all")["rows"][0], theirs["all"])]
    for by, name in (("type", "by_type"), ("month", "by_due_month"), ("manager", "by_responsible_top10")):
        rows = ask("tasks", by=by)["rows"]
        mine = {str(row["key"]): row for row in rows}
        parts += [(mine[one], row) for one, row in theirs[name].items()]
        if by == "manager":
            found.equal("the ten", str([str(row["key"]) for row in rows[:10]]), str(list(theirs[name])))
        else:
            found.equal(f"no others by {by}", len(mine), len(theirs[name]))
    for ours, row in parts:
        for name, ours_name in TASK_FIGURES.items():
            found.equal(f"tasks {ours['key']} {name}", ours[ours_name], row[name])
        for name, ours_name in (
            ("lateness_completed", "late_by"),
            ("lateness_completed_and_overdue", "late_or_overdue_by"),
            ("time_to_complete", "done_within"),
        ):
            found.spread(f"tasks {ours['key']} {name}", ours[ours_name], row[name], "n mean p50 p90 min max")
    whole, without = ask("tasks"), theirs["open_deals_without_open_task"]
    for mine, figure in (
        ("open_deals_without_a_task", without["without"]),
        ("open_deals", without["open_deals"]),
        ("share_without", without["share"]),
        ("open_on_closed_deals", theirs["open_tasks_on_closed_deals"]),
        ("deals_with_a_type_repeated", theirs["deals_with_a_task_type_repeated"]),
        ("deals_with_tasks", theirs["deals_with_tasks"]),
    ):
        found.equal(f"tasks {mine}", whole[mine], figure)


def stock(found: Comparison, ask: Ask, told: Any) -> None:
    mine = {row["period"]: row for row in ask("stock")["rows"]}
    for period, row in told["11_weekly"]["little"].items():
        ours, what = mine["all" if period == "whole" else period], f"stock {period}"
        # Our own numbers of seconds begin in 2000.
        found.equal(f"{what} from", ours["from_seconds"] + 946_684_800, row["from"])
        found.equal(f"{what} to", ours["from_seconds"] + 946_684_800 + ours["days"] * 86_400, row["to"])
        for name, ours_name, unit in (
            ("deal_seconds", "deal_days", 86_400),
            ("average_wip", "stock", 1),
            ("closed", "closed", 1),
            ("throughput_per_day", "closed_a_day", 1),
            ("mean_life_of_closed_s", "life_days", 86_400),
            ("wip_by_little", "stock_by_little", 1),
            ("little_time_s", "days_by_little", 86_400),
        ):
            found.equal(f"{what} {name}", ours[ours_name] * unit, row[name])


def deal_days(found: Comparison, ask: Ask, told: Any) -> None:
    theirs, ours = told["2.6_deal_days"], ask("deal-days")
    found.equal("deal-days", ours["deal_days"], theirs["total_deal_days"])
    found.equal("deal-seconds", ours["deal_days"] * 86_400, theirs["total_seconds"])
    mine = {row["manager"]: row for row in ours["rows"]}
    found.equal("owners", len(mine), len(theirs["by_owner"]))
    for row in theirs["by_owner"]:
        one = mine[row["owner"]]
        found.equal(f"deal-days {row['owner']}", one["deal_days"], row["deal_days"])
        found.equal(f"deal-seconds {row['owner']}", one["deal_days"] * 86_400, row["seconds"])
        found.equal(f"deals {row['owner']}", one["deals"], row["deals"])
        found.equal(f"pieces {row['owner']}", one["n"], row["pieces"])
    for row in theirs["example_density"]:
        one = mine[row["owner"]]
        found.equal(f"late tasks {row['owner']}", one["late_tasks"], row["late_or_overdue_tasks"])
        found.equal(f"density {row['owner']}", one["per_100_deal_days"], row["per_100_deal_days"])


FLOORS = {
    "a_global_rate": "rate", "b_stage": "stage", "c_stage_x_age": "stage_age",
    "d_stage_won_of_closed_no_horizon": "won_of_closed", "e_conditional_incidence": "incidence",
}  # fmt: skip
TREES = "x_boosted_trees_headroom"  # of scikit-learn: what is possible, and ours has to reach


def unix(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp())


def as_good(found: Comparison, what: str, ours: Any, theirs: Any) -> None:
    """Other trees on the same rows, of scikit-learn: to the digit only with its version, so ours have to come as near.

    On a single snapshot within a twentieth.
    """
    most = 1.0 if what.startswith("pooled") else 1.05
    if ours is None:
        found.wrong.append(f"{what}: no forecast of ours")
        return
    for name, value in theirs.items():
        mine = ours[name]
        if name == "auc":
            found.compared += 1
            if mine * most < value:
                found.wrong.append(f"{what} auc: ours has {mine}, their trees {value}")
        elif name in ("brier", "log_loss"):
            found.compared += 1
            if mine > most * value:
                found.wrong.append(f"{what} {name}: ours has {mine}, their trees {value}")
        else:  # sums and errors of sums
            money = (
                theirs["expected_price"] if name == "price_error" else 1 if name.endswith("_price") else value
            )
            found.near(f"{what} {name}", mine, value, 0.05 * (value if name == "expected_price" else money))


def floors(found: Comparison, ask: Ask, told: Any) -> None:
    tried = ask("forecast", days="30")["calibration"]
    ours_then = {one["snapshot"]: one for one in tried["snapshots"]}
    for by in ("month", "week"):
        theirs, ours = told["12_forecast_floors"][f"{by}ly"], ask("forecast-floors", by=by)
        found.equal(f"{by}s", len(ours["rows"]), len(theirs["snapshots"]))
        for mine, row in zip(ours["rows"], theirs["snapshots"], strict=True):
            what = f"{by} {row['snapshot']}"
            found.equal(f"{what} moment", unix(mine["snapshot"]), row["unix"])
            for name, ours_name in (
                ("training_landmarks", "learnt_from"), ("training_wins", "learnt_wins"),
                ("training_days", "learnt_days"), ("open", "n"), ("open_price", "price"),
                ("won_in_30_days", "won"), ("won_price", "price_won"),
            ):  # fmt: skip
                found.equal(f"{what} {name}", mine[ours_name], row[name])
            for model, figures in row.get("models", {}).items():
                if model == TREES:
                    other = ours_then.get(mine["snapshot"])
                    as_good(found, what, other, figures)
                    continue
                for name, value in figures.items():
                    found.equal(f"{what} {model} {name}", mine["models"][FLOORS[model]][name], value)
        for name, table in theirs.items():
            if not name.startswith("pooled_") or isinstance(table, str):
                continue
            mine = ours["all" if name == "pooled_all" else "worth"]
            for figure, ours_name in (("snapshots", "snapshots"), ("open", "n"), ("won", "won")):
                found.equal(f"{name} {figure}", mine[ours_name], table[figure])
            for model, figures in table.items():
                if model == TREES:
                    as_good(found, name, tried, figures)
                elif model in FLOORS:
                    for figure, value in figures.items():
                        found.equal(f"{name} {model} {figure}", mine["models"][FLOORS[model]][figure], value)


PARTS = (
    totals, visits, transitions, incidence, conversion, win_rates, flow, accumulation, cycle, process, hand_overs, tasks,
    stock, deal_days, floors,
)  # fmt: skip
