"""The door at which Telegram rings, where a secret for it is set: keep the update, answer, look into it later."""

import json

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.crypto import constant_time_compare
from django.views.decorators.csrf import csrf_exempt

from core import moment
from notices import listening

LARGEST_BODY = 1_000_000  # bytes
HEADER = "X-Telegram-Bot-Api-Secret-Token"


@csrf_exempt
@login_not_required
def ring(request: HttpRequest) -> HttpResponse:
    """200 for what is kept; a wrong secret is 404, anything but POST 405, what is too long 413, what is no JSON 400."""
    secret = settings.TELEGRAM_HOOK_SECRET
    if not secret or not constant_time_compare(request.headers.get(HEADER, ""), secret):
        raise Http404
    if request.method != "POST":
        return HttpResponse(status=405, headers={"Allow": "POST"})
    if int(request.META.get("CONTENT_LENGTH") or 0) > LARGEST_BODY:
        return HttpResponse(status=413)
    try:
        update = json.loads(request.body)
    except (ValueError, RecursionError):
        return HttpResponse(status=400)
    if isinstance(update, dict):
        listening.keep_updates([update], moment.now())
    return HttpResponse(status=200)
