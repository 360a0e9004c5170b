"""What the demo is shown for is really in the data."""

from collections import Counter
from typing import Any

from sandbox.scenarios.company import STAGES
from sandbox.scenarios.people import FORMER, MANAGERS, MASS_CLOSERS, NEWCOMER, NOVICE, STAFF, STAR
from sandbox.scenarios.shifts import Shifts
from sandbox.scenarios.tests.conftest import NOW
from sandbox.scenarios.weeks import DAY, HOUR, WEEKS, at, first_monday, local, week_start

Data = dict[str, Any]


def standing(company: Data, stage: str) -> list[dict]:
    place = STAGES[stage]
    return [lead for lead in company["leads"] if not lead["is_deleted"] and
            (lead["pipeline_id"], lead["status_id"]) == (place.pipeline, place.status)]  # fmt: skip


def moves(company: Data, stage: str) -> list[dict]:
    place = {"id": STAGES[stage].status, "pipeline_id": STAGES[stage].pipeline}
    return [e for e in company["events"] if e["type"] == "lead_status_changed"
            and e["value_after"][0]["lead_status"] == place]  # fmt: skip


def test_some_five_hundred_target_clients_are_forgotten(company: Data) -> None:
    forgotten = [lead for lead in standing(company, "sales.target") if lead["closest_task_at"] is None]
    assert 430 <= len(forgotten) <= 580
    assert sum(lead["price"] for lead in forgotten) > 3_000_000


def test_ordered_goods_lie_on_ready_worth_millions(company: Data) -> None:
    graveyard = [lead for lead in standing(company, "sales.ready") if lead["closest_task_at"] is None]
    assert len(graveyard) > 100 and sum(lead["price"] for lead in graveyard) > 2_500_000


def test_the_first_stage_is_jammed_and_some_leads_were_never_looked_at(company: Data) -> None:
    assert 85 <= len(standing(company, "sales.taken")) <= 160
    assert 20 <= len(standing(company, "sales.unsorted")) <= 80


def test_the_waiting_base_says_seldom_why(company: Data) -> None:
    waiting = standing(company, "sales.waiting")
    reasons = [
        f for lead in waiting for f in lead["custom_fields_values"] if f["field_name"] == "Причина ожидания"
    ]
    assert len(waiting) > 60 and 0 < len(reasons) < 0.8 * len(waiting)


def test_on_one_friday_two_managers_close_dozens_within_an_hour(company: Data) -> None:
    lost = moves(company, "sales.lost")
    bursts: dict[int, set[str]] = {}
    for person in MASS_CLOSERS:
        times = [e["created_at"] for e in lost if e["created_by"] == person.user_id]
        for i, start in enumerate(times):
            if sum(t < start + HOUR for t in times[i : i + 80]) >= 30:
                bursts.setdefault(person.user_id, set()).add(f"{local(start):%F %a}")
    assert set(bursts) == {person.user_id for person in MASS_CLOSERS}
    days = set.union(*bursts.values())
    assert len(days) == 1 and days.pop().endswith("Fri")


def test_the_former_employee_left_open_deals_that_nobody_took(company: Data) -> None:
    gone = week_start(first_monday(NOW), FORMER.left_week)
    assert not [e for e in company["events"] if e["created_by"] == FORMER.user_id and e["created_at"] >= gone]
    left = [
        lead
        for lead in company["leads"]
        if lead["responsible_user_id"] == FORMER.user_id and not lead["closed_at"]
    ]
    assert len(left) > 60
    assert 7 <= (NOW.timestamp() - gone) / (7 * DAY) <= 10


def late_by_person(company: Data, since: int, until: int) -> Counter[int]:
    """Tasks done (or still open) more than two hours of their owner's own shifts after the deadline."""
    spans = {p.user_id: Shifts(p, first_monday(NOW)).days() for p in STAFF}
    done = {e["entity_id"]: e["created_at"] for e in company["events"] if e["type"] == "task_completed"}
    late: Counter[int] = Counter()
    for task in company["tasks"]:
        owner, due = task["responsible_user_id"], task["complete_till"]
        if since <= due < until:
            end = done.get(task["id"], int(NOW.timestamp()))
            worked = sum(max(0, min(end, b) - max(due, a)) for a, b in spans[owner] if a < end and b > due)
            late[owner] += worked > 2 * HOUR
    return late


def test_the_novice_makes_nearly_half_of_the_early_faults_and_few_lately(company: Data) -> None:
    begin = first_monday(NOW)
    early = late_by_person(company, week_start(begin, 4), week_start(begin, 16))
    lately = late_by_person(company, week_start(begin, WEEKS - 2), week_start(begin, WEEKS))
    assert early[NOVICE.user_id] > 0.4 * early.total()
    assert lately[NOVICE.user_id] < 0.2 * lately.total()


def test_some_lost_deals_are_opened_again(company: Data) -> None:
    reopened = {e["entity_id"] for e in company["events"] if e["type"] == "lead_status_changed"
                and e["value_before"][0]["lead_status"]["id"] == 143}  # fmt: skip
    assert 30 < len(reopened) < 300


def test_a_quarter_or_so_passes_from_target_and_most_of_those_buy(company: Data) -> None:
    entered, passed, won = (len({e["entity_id"] for e in moves(company, f"sales.{key}")})
                            for key in ("target", "contact", "won"))  # fmt: skip
    assert 0.25 <= passed / entered <= 0.31
    assert won / passed > 0.6


def test_whole_months_bring_five_to_eight_millions(company: Data) -> None:
    won: Counter[str] = Counter()
    for lead in company["leads"]:
        if lead["status_id"] == 142:
            won[f"{local(lead['closed_at']):%m}"] += lead["price"]
    assert all(4_200_000 < won[month] < 9_000_000 for month in ("07", "08", "09", "10"))


def test_this_month_is_alive_for_every_manager_and_they_differ(company: Data) -> None:
    month = at(local(int(NOW.timestamp())).date().replace(day=1))
    won: Counter[int] = Counter()
    for lead in company["leads"]:
        if lead["status_id"] == 142 and lead["closed_at"] >= month:
            won[lead["responsible_user_id"]] += lead["price"]
    active = [p.user_id for p in MANAGERS if p is not FORMER]
    assert len(active) == 8 and all(won[user] > 0 for user in active)
    assert won[STAR.user_id] > 2 * won[NEWCOMER.user_id]


def test_there_are_tasks_for_today_and_overdue_ones(company: Data) -> None:
    still_open = [task for task in company["tasks"] if not task["is_completed"]]
    now = NOW.timestamp()
    today = [
        t for t in still_open if now <= t["complete_till"] and local(t["complete_till"]).date() == NOW.date()
    ]
    overdue = Counter(t["responsible_user_id"] for t in still_open if t["complete_till"] < now)
    assert len(today) >= 10
    assert all(overdue[p.user_id] for p in MANAGERS)
