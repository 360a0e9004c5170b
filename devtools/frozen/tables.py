"""What is asked of the portal: values of arguments, and queries of lists, blocks and questions."""

from typing import Any

from qc.rules import RULES

# fmt: off
BLOCKS = [
    "figures", "today", "feed", "stuck", "people", "heat", "overdue", "untasked", "won", "managers", "nothing",
]
METRICS = [
    "deals_created", "deals_won", "won_sum", "deals_lost", "lost_sum", "win_rate", "cycle_days", "avg_deal",
    "calls_out", "calls_in", "talk_minutes", "first_contact_minutes", "tasks_on_time", "tasks_overdue", "no_task_hours",
    "quality", "quality_time", "findings_per_100_deal_days", "stuck_deals", "stuck_sum", "velocity",
    "conversion", "nothing",
]
OCTOBER = "from=2026-10&to=2026-11"
SCOPE = ["pipeline={pipeline}", "group={group}", "manager={manager}", "pipeline={pipeline}&group={group}"]
MONEY = ("won_sum", "lost_sum", "avg_deal", "velocity")


def sorts(*columns: str) -> list[str]:
    return [f"sort={sign}{column}" for column in columns for sign in ("", "-")]


LISTS = {
    "deals": [
        *SCOPE, *sorts("name", "price", "created", "stage", "since", "task"), "stuck=1", "stuck=1&manager={manager}",
        "no_task=1", "open=0", "open=0&page=3", "result=won", "result=lost&page=2", "page=2", "page=999",
        "stage={stage}", "result=won&since=2026-10-01&until=2026-11-01", "result=won&closed_by={manager}",
        "manager=none", "result=won&closed_group={group}", "pipeline={pipeline}&stage={stage}", "pipeline=x", "sort=x",
        "since=x",
    ],
    "tasks": [
        *SCOPE, *sorts("due", "created", "deal", "manager"), "overdue=1", "completed=1", "completed=1&page=2", "page=2",
        "deal={deal}", "deal={deal}&completed=", "since=2026-11-01&until=2026-11-20", "manager=none", "manager=x",
    ],
    "findings": [
        *SCOPE, *sorts("opened", "deal", "amount", "manager"), "page=2", "state=upcoming", "state=closed", "state=",
        "severity=violation", "severity=remark", "mode=shadow", "mode=warn", "mode=money", "stage={stage}",
        "deal={deal}", "since=2026-11-01&until=2026-11-20", "rule=x",
        "held_since=2026-10-01&held_until=2026-10-31&manager={manager}",
        "closed_since=2026-11-01&closed_until=2026-11-20", *(f"rule={code}&state=" for code in RULES),
    ],
}

# Which queries are asked besides none: the first expression that is found in the route tells.
QUERIES: list[tuple[str, list[str]]] = [
    (r"^api/v1/metrics/", [OCTOBER, f"by=manager&{OCTOBER}", *(
        f"by={name}" for name in ("manager", "pipeline", "stage", "month", "loss_reason"))]),
    (r"^(api/v1/\^)?deals/\$?$", LISTS["deals"]),
    (r"^(api/v1/\^)?tasks/\$?$", LISTS["tasks"]),
    (r"^(api/v1/\^)?findings/\$?$", LISTS["findings"]),
    (r"^api/v1/\^stages/\$$", ["pipeline={pipeline}", "pipeline=x"]),
    (r"^api/v1/funnel/", ["pipeline={pipeline}", "pipeline={pipeline}&" + OCTOBER, "pipeline={service}", "pipeline=x"]),
    (r"^api/v1/transitions/", ["stage={stage}", "next_stage={stage}", OCTOBER, "from=x"]),
    (r"^api/v1/statements/", ["period=2026-10", "period=2026-08", "manager={manager}", "manager=x", "period=x"]),
    (r"^api/v1/schema/", ["format=json"]),
    (r"^desk/(<|$)", [*SCOPE, "manager=x"]),
    (r"^desk/pulse/", ["seen=x"]),
    (r"^my/$", [
        "period=2026-10", "period=2026-08", "manager={manager}", "manager={other}", "period=2026-10&manager={manager}",
        "period=2026-09&manager={other}", "period=x", "period=2027-01", "manager=x",
    ]),
    (r"^team/$", ["month=2026-10", "month=2026-12", "month=x"]),
    (r"^deals/<int:pk>/diary/", ["people=1"]),
    (r"^connect/$", ["key=1", "check=1", "pipelines=1"]),
    (r"^connect/callback/", ["error=access_denied", "code=x&state=y"]),
    (r"^login/", ["next=/deals/"]),
    (r"^admin/\w+/\w+/$", ["o=-1", "q=а"]),
]

# A POST that changes nothing is a page too: (route, what is sent).
TRIALS: list[tuple[str, dict[str, Any]]] = [
    (r"^regulations/<str:stage>/try/", {
        "version": 1, "max_stay_0": "2", "max_stay_1": "days", "stay_clock": "owner", "needs_task": "on",
        "task_grace_0": "1", "task_grace_1": "hours", "fields_grace_0": "", "fields_grace_1": "hours"}),
    (r"^api/v1/regulations/.*/backtest/", {"max_stay": 172800, "needs_task": True}),
]

# Values of arguments: (route, argument, values or what of the choice has them); the first that fits tells.
ARGUMENTS: list[tuple[str, str, str | list[Any]]] = [
    (r"^desk/", "block", BLOCKS),
    (r"metrics/", "code", METRICS),
    (r"import/", "code", ["nothing"]),
    (r"pipelines/", "pk", "pipelines"),
    (r"stages/", "pk", "stages"),
    (r"managers/", "pk", "people"),
    (r"tasks/", "pk", "tasks"),
    (r"^api/v1/.*findings/", "pk", "findings"),
    (r"deals?/", "pk", "deals"),
    (r"^my/correct/", "pk", [1]),
    (r"", "stage", "stages"),
    (r"", "secret", ["nothing"]),
    (r"^admin/", "app_label", ["auth"]),
    (r"^admin/", "content_type_id", [1]),
    (r"^admin/", "url", ["nothing"]),
]
