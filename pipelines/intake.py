"""The door at which amoCRM rings. Fast and gullible: keep the body, answer, look into it later."""

import logging

from django.contrib.auth.decorators import login_not_required
from django.db import connection
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.crypto import constant_time_compare
from django.views.decorators.csrf import csrf_exempt
from kombu.exceptions import OperationalError

from pipelines.models import Account
from pipelines.tasks import answer_hooks
from salesops.lib import moment

log = logging.getLogger(__name__)

LARGEST_BODY = 1_000_000  # bytes; amoCRM's own bodies have some thousand


@csrf_exempt
@login_not_required
def hook(request: HttpRequest, secret: str) -> HttpResponse:
    """Keep one delivery and answer 204. A wrong secret is 404, a body over 1 MB 413, anything but POST 405."""
    known = Account.objects.exclude(hook_secret="").values_list("hook_secret", flat=True)
    if not any(constant_time_compare(secret, one) for one in known):
        raise Http404
    if request.method != "POST":
        return HttpResponse(status=405, headers={"Allow": "POST"})
    if int(request.META.get("CONTENT_LENGTH") or 0) > LARGEST_BODY:
        return HttpResponse(status=413)
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO pipelines_hook (received_at, body, attempts, error) VALUES (%s, %s, 0, '')",
            [moment.now(), request.body],
        )
    try:
        answer_hooks.apply_async(retry=False)
    except OperationalError as error:
        log.warning("the hook is kept, the schedule will answer it: %s", error)
    return HttpResponse(status=204)
