"""A page of figures about a built company, to look at before it is shown to anybody."""

from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from .company import LOST, WON
from .weeks import local


def summary(data: dict[str, Any], now: datetime) -> str:
    shown = [lead for lead in data["leads"] if not lead["is_deleted"]]
    data = {**data, "leads": shown}
    return "\n".join((*_sizes(data), *_stages(data), *_months(data), *_people(data, int(now.timestamp()))))


def _sizes(data: dict[str, Any]) -> Iterator[str]:
    kinds = ("leads", "contacts", "companies", "tasks", "notes", "talks", "events")
    yield " · ".join(f"{key} {len(data[key]):,}" for key in kinds)


def _stages(data: dict[str, Any]) -> Iterator[str]:
    count: Counter[tuple[int, int]] = Counter()
    bare: Counter[tuple[int, int]] = Counter()
    money: Counter[tuple[int, int]] = Counter()
    for lead in data["leads"]:
        place = lead["pipeline_id"], lead["status_id"]
        count[place] += 1
        money[place] += lead["price"]
        bare[place] += lead["closest_task_at"] is None
    for pipeline in data["pipelines"]:
        yield f"\n{pipeline['name']}"
        for status in pipeline["_embedded"]["statuses"]:
            place = pipeline["id"], status["id"]
            line = f"  {status['name']:<26} {count[place]:>6}"
            if status["id"] not in (WON, LOST) and count[place]:
                line += f"   without a task {bare[place]:>4}   {money[place]:>12,} ₽"
            elif money[place]:
                line += f"   {money[place]:>35,} ₽"
            yield line


def _months(data: dict[str, Any]) -> Iterator[str]:
    won: Counter[str] = Counter()
    for lead in data["leads"]:
        if lead["status_id"] == WON:
            won[f"{local(lead['closed_at']):%Y-%m}"] += lead["price"]
    yield "\nWon by month: " + " · ".join(f"{month} {total:,} ₽" for month, total in sorted(won.items()))


def _people(data: dict[str, Any], now: int) -> Iterator[str]:
    this_month, today = f"{local(now):%Y-%m}", local(now).date()
    won, due, overdue, bare = Counter[int](), Counter[int](), Counter[int](), Counter[int]()
    for lead in data["leads"]:
        owner, closed = lead["responsible_user_id"], lead["closed_at"]
        if lead["status_id"] == WON and f"{local(closed):%Y-%m}" == this_month:
            won[owner] += lead["price"]
        bare[owner] += closed is None and lead["closest_task_at"] is None
    for task in data["tasks"]:
        if not task["is_completed"]:
            overdue[task["responsible_user_id"]] += task["complete_till"] < now
            due[task["responsible_user_id"]] += local(task["complete_till"]).date() == today
    yield f"\n{'':<20} {'won ' + this_month:>16} {'due today':>10} {'overdue':>8} {'no task':>8}"
    for user in data["users"]:
        id_ = user["id"]
        yield f"{user['name']:<20} {won[id_]:>14,} ₽ {due[id_]:>10} {overdue[id_]:>8} {bare[id_]:>8}"
