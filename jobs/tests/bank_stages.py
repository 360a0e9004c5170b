"""Their figures of stages: visits, moves, winning curves, conversion, ways."""

from typing import Any

from jobs.tests.bank_comparison import JITTER, Ask, Comparison, key, stages_of


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
