"""The door at which amoCRM rings. Fast and gullible: keep the body, answer, look into it later."""

import hashlib
import io
import logging
import re
from collections.abc import Callable, Iterable
from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.db import InterfaceError, OperationalError, connection
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.crypto import constant_time_compare
from django.views.decorators.csrf import csrf_exempt
from kombu.exceptions import OperationalError as QueueIsDown
from redis import RedisError

from core import moment
from jobs.mirror import answer_hooks
from pipelines.mirror import hooks
from pipelines.models import Account

log = logging.getLogger(__name__)

Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]

LARGEST_BODY = 1_000_000  # bytes; amoCRM's own bodies have some thousand
ADDRESS = re.compile(r"/hooks/amocrm/([^/]+)/")
# Digests are compared, so that the time it takes tells nothing about the secret.
KEEP = """
    INSERT INTO pipelines_hook (received_at, body, attempts, error) SELECT %s::timestamptz, %s::bytea, 0, ''
    WHERE EXISTS (SELECT FROM pipelines_account
                  WHERE hook_secret <> '' AND sha256(convert_to(hook_secret, 'UTF8')) = %s)
"""


@csrf_exempt
@login_not_required
def hook(request: HttpRequest, secret: str) -> HttpResponse:
    """Keep one delivery and answer 204. A wrong secret is 404, a body over 1 MB 413, anything but POST 405, and 411
    where the server before us cannot tell how long the body is."""
    known = Account.objects.exclude(hook_secret="").values_list("hook_secret", flat=True)
    if not any(constant_time_compare(secret, one) for one in known):
        raise Http404
    if request.method != "POST":
        return HttpResponse(status=405, headers={"Allow": "POST"})
    if not request.META.get("CONTENT_LENGTH") and "HTTP_TRANSFER_ENCODING" in request.META:
        return HttpResponse(status=411)
    if int(request.META.get("CONTENT_LENGTH") or 0) > LARGEST_BODY:
        return HttpResponse(status=413)
    keep_delivery(secret, request.body)
    return HttpResponse(status=204)


def at_the_door(portal: Application) -> Application:
    """Takes sound deliveries before the portal's middleware, of which none concerns them; all else is the portal's."""

    def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        address = ADDRESS.fullmatch(environ.get("PATH_INFO", ""))
        if not (address and environ["REQUEST_METHOD"] == "POST"):
            return portal(environ, start_response)
        if environ.get("wsgi.input_terminated") and "HTTP_TRANSFER_ENCODING" in environ:
            measure(environ)
        length = environ.get("CONTENT_LENGTH") or ""
        if not length.isdecimal() or int(length) > LARGEST_BODY:
            return portal(environ, start_response)
        body = environ["wsgi.input"].read(int(length))
        if len(body) < int(length):  # half of an id is another id
            start_response("400 Bad Request", [])
            return []
        try:
            known = keep(address[1], body)
        except (OperationalError, InterfaceError) as error:
            log.error("a hook was sent away, the database does not answer: %s", error)
            start_response("503 Service Unavailable", [("Retry-After", "60")])
            return []
        if not known:
            return portal(environ, start_response)
        start_response("204 No Content", [])
        return []

    return application


def measure(environ: dict[str, Any]) -> None:
    """A body that comes in chunks, whose end the server knows, becomes one of known length; no more of it than tells
    that it is too long."""
    body = environ["wsgi.input"].read(LARGEST_BODY + 1)
    environ |= {"wsgi.input": io.BytesIO(body), "CONTENT_LENGTH": str(len(body))}
    del environ["HTTP_TRANSFER_ENCODING"]


def keep(secret: str, body: bytes) -> bool:
    """`keep_delivery`, once more where the database session has ended.

    Django would ask before each request whether it lives.
    """
    try:
        return keep_delivery(secret, body)
    except (OperationalError, InterfaceError):
        connection.close()
        return keep_delivery(secret, body)


def keep_delivery(secret: str, body: bytes) -> bool:
    """Keep a delivery and have it answered; False for a secret that nobody knows."""
    with connection.cursor() as cursor:
        cursor.execute(KEEP, [moment.now(), body, hashlib.sha256(secret.encode()).digest()])
        if not cursor.rowcount:
            return False
    try:
        if hooks.note_delivery():
            answer_hooks.apply_async(retry=False)
    except (RedisError, QueueIsDown) as error:
        log.warning("the hook is kept, the schedule will answer it: %s", error)
    return True
