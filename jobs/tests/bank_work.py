"""Their figures of work: hand-overs, tasks, stock, deal-days."""

from typing import Any

from jobs.tests.bank_comparison import ROBOT, Ask, Comparison


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
    "open_overdue": "overdue", "overdue_stock": "overdue_share", "due_by_now": "due",
    "due_by_now_on_time": "due_on_time", "on_time_rate": "rate",
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
