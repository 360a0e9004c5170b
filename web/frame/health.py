"""What machines ask the portal: is it alive, is it ready, and a few figures for a monitor."""

from datetime import datetime
from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from drf_spectacular.utils import extend_schema
from redis import RedisError
from rest_framework.request import Request
from rest_framework.views import APIView

from core import moment, redis
from notices import pulse
from pipelines.mirror import comparisons, freshness, quarantine
from pipelines.models import Account, Hook


@login_not_required
def alive(request: HttpRequest) -> HttpResponse:
    return HttpResponse("ok\n", content_type="text/plain")


@login_not_required
def ready(request: HttpRequest) -> JsonResponse:
    """503 while the database or Redis does not answer. Old data is reported, but a page with its age beats no page."""
    parts: dict[str, Any] = {
        "database": _database(),
        "redis": _redis(),
        "data": "unknown",
        "amocrm": "unknown",
    }
    if parts["database"] == "ok":
        entities, compared = freshness.read_freshness(moment.now()), comparisons.comparisons()
        parts["data"] = freshness.worst_freshness(entities).state
        parts["entities"] = {one.entity: one.state for one in entities}
        parts["drift"] = {
            name: {"rows": one.drift, "finished_at": one.finished_at} for name, one in compared.items()
        }
        parts["refused"] = quarantine.count_set_aside()
        parts["amocrm"] = _amocrm()
        parts["notices"] = _notices(moment.now())
    sound = parts["database"] == parts["redis"] == "ok"
    return JsonResponse(parts, status=200 if sound else 503)


class Figures(APIView):
    """The text format that Prometheus scrapes (with an API token): rows (also those set aside), age and drift of
    entities, waiting hooks."""

    @extend_schema(exclude=True)
    def get(self, request: Request) -> HttpResponse:
        now = moment.now()
        lines = [
            "# TYPE salesops_rows gauge",
            "# TYPE salesops_age_seconds gauge",
            "# TYPE salesops_drift_rows gauge",
            "# TYPE salesops_refused_rows gauge",
            "# TYPE salesops_hooks_waiting gauge",
        ]
        for entity in freshness.read_freshness(now):
            lines.append(f'salesops_rows{{entity="{entity.entity}"}} {entity.rows}')
            if entity.as_of:
                age = (now - entity.as_of).total_seconds()
                lines.append(f'salesops_age_seconds{{entity="{entity.entity}"}} {age:.0f}')
        for name, one in comparisons.comparisons().items():
            lines.append(f'salesops_drift_rows{{entity="{name}"}} {one.drift}')
        for name, rows in quarantine.count_set_aside().items():
            lines.append(f'salesops_refused_rows{{entity="{name}"}} {rows}')
        lines.append(f"salesops_hooks_waiting {Hook.objects.filter(handled_at=None).count()}")
        return HttpResponse("\n".join(lines) + "\n", content_type="text/plain; version=0.0.4")


def _database() -> str:
    try:
        connection.ensure_connection()
    except DatabaseError:
        return "does not answer"
    return "ok"


def _amocrm() -> str:
    """What is known without asking: a lost consent needs an administrator."""
    account = Account.objects.exclude(credentials=None).first()
    if account is None:
        return "not connected"
    if account.refused_at:
        return "consent lost: give it again at /connect/"
    return "ok" if account.mirrored_since else "waits for a choice of pipelines at /connect/"


def _notices(now: datetime) -> str:
    beat = pulse.last_beat()
    if beat is None:
        return "never began"
    return f"silent since {beat.isoformat(timespec='seconds')}" if pulse.is_late(beat, now) else "ok"


def _redis() -> str:
    try:
        redis.client().ping()
    except RedisError:
        return "does not answer"
    return "ok"
