"""Background work: three queues and the whole schedule.

``amo`` carries what reads from amoCRM by the clock (its workers share one request budget), ``hooks`` what somebody
waits for: answering hooks and judging what they have changed, which no load may hold up; ``work`` the rest.
Tasks are declared in `jobs` and hold no logic of their own.
"""

import os
from collections.abc import Callable
from typing import Any

from celery import Celery
from celery.schedules import crontab
from celery.signals import task_postrun, task_prerun, worker_process_init

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "salesops.settings")

app = Celery("salesops")


def broker_url(redis_url: str) -> str:
    """Celery's spelling of a Redis address: kombu names sockets ``redis+socket`` and the database ``virtual_host``."""
    if redis_url.startswith("unix://"):
        return redis_url.replace("unix://", "redis+socket://", 1).replace("?db=", "?virtual_host=")
    return redis_url


app.conf.update(
    broker_url=broker_url(os.environ.get("REDIS_URL", "redis://127.0.0.1:6379/0")),
    broker_connection_retry_on_startup=True,
    broker_transport_options={"visibility_timeout": 3600},
    task_ignore_result=True,
    task_acks_late=True,
    task_reject_on_worker_lost=True,
    worker_prefetch_multiplier=1,
    include=[
        "jobs.alerts",
        "jobs.analytics",
        "jobs.mirror",
        "jobs.judgement",
        "jobs.effects",
        "jobs.pay",
        "jobs.desk",
        "jobs.lives",
        "jobs.reports",
        "jobs.retention",
        "jobs.weeks",
    ],
    task_default_queue="work",
    task_routes={
        "jobs.mirror.answer_hooks": {"queue": "hooks"},
        "jobs.mirror.*": {"queue": "amo"},
    },
    task_time_limit=3600,
    timezone="Europe/Moscow",
    beat_schedule={
        "increments": {"task": "jobs.mirror.pull_changes", "schedule": 60.0, "options": {"expires": 55}},
        "hooks left behind": {
            "task": "jobs.mirror.answer_hooks",
            "schedule": 30.0,
            "options": {"expires": 25},
        },
        "dictionaries": {
            "task": "jobs.mirror.pull_dictionaries",
            "schedule": 900.0,
            "options": {"expires": 600},
        },
        "comparison": {
            "task": "jobs.mirror.sweep",
            "schedule": crontab(minute="30", hour="3"),
            "options": {"expires": 3600},
        },
        "comparison left behind": {
            "task": "jobs.mirror.sweep",
            "args": [True],
            "schedule": crontab(minute="*/30", hour="4-7"),
            "options": {"expires": 1500},
        },
        "judgement": {"task": "jobs.judgement.judge_waiting", "schedule": 3.0, "options": {"expires": 3}},
        "judgement of everything": {
            "task": "jobs.judgement.demand_all",
            "schedule": crontab(minute="30", hour="2"),
            "options": {"expires": 3600},
        },
        "old notices": {
            "task": "jobs.retention.purge_notices",
            "schedule": crontab(minute="35", hour="4"),
            "options": {"expires": 3600},
        },
        "withdrawn findings": {
            "task": "jobs.retention.purge_findings",
            "schedule": crontab(minute="45", hour="4"),
            "options": {"expires": 3600},
        },
        "terms": {
            "task": "jobs.judgement.demand_by_changed_terms",
            "schedule": 300.0,
            "options": {"expires": 280},
        },
        "effects": {
            "task": "jobs.effects.measure_effects",
            "schedule": 120.0,
            "options": {"expires": 110},
        },
        "lives": {"task": "jobs.lives.pack_lives", "schedule": 60.0, "options": {"expires": 55}},
        "weeks": {"task": "jobs.weeks.count_weeks", "schedule": 600.0, "options": {"expires": 590}},
        "alerts": {"task": "jobs.alerts.compare_weeks", "schedule": 600.0, "options": {"expires": 590}},
        "reports": {"task": "jobs.reports.issue_reports", "schedule": 300.0, "options": {"expires": 280}},
        "desk": {"task": "jobs.desk.count_desk", "schedule": 300.0, "options": {"expires": 280}},
        "proposals": {
            "task": "jobs.reports.refresh_proposals",
            "schedule": 600.0,
            "options": {"expires": 580},
        },
        "statements": {
            "task": "jobs.pay.refresh_statements",
            "schedule": crontab(minute="*/5"),
            "options": {"expires": 240},
        },
    },
)

_running: dict[str, Callable[[], None]] = {}


def _begin(task_id: str = "", task: Any = None, **kwargs: Any) -> None:
    """What a task changes is told to the audit as the task's."""
    from audit.origin import begin_origin  # Django is not set up when this module is imported

    name = getattr(task, "name", "")
    _running[task_id] = begin_origin(lambda: {"via": "task", "name": name})


def _end(task_id: str = "", **kwargs: Any) -> None:
    if end := _running.pop(task_id, None):
        end()


def _set_loaded_aside(**kwargs: Any) -> None:
    from core.collecting import set_loaded_aside

    set_loaded_aside()


worker_process_init.connect(_set_loaded_aside)
task_prerun.connect(_begin)
task_postrun.connect(_end)
