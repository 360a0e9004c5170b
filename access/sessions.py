"""Where somebody is signed in: noted at the door, seen about once a minute, ended by one's own hand."""

import time
from collections import OrderedDict
from importlib import import_module

from django.conf import settings
from django.contrib.sessions.models import Session
from django.db.models import Exists, OuterRef, QuerySet

from access.models import OpenSession
from core.locks import lease_now
from team.models import Employee

EVERY = 60.0  # seconds; a page must not cost a statement for it
KNOWN = 2_000  # sessions whose last note a process remembers

_noted: "OrderedDict[str, float]" = OrderedDict()


def open_session(user: Employee, key: str, device: str, address: str) -> None:
    """Note a session that has begun; those of the user that have ended since are forgotten."""
    now = lease_now()
    OpenSession.objects.filter(user=user).exclude(_alive()).delete()
    facts = {"user": user, "device": device[:300], "address": address[:45], "started_at": now, "seen_at": now}
    OpenSession.objects.update_or_create(session_key=key, defaults=facts)
    _note(key)


def see_session(user: Employee, key: str, device: str, address: str) -> None:
    """It is used. A session from before there was a list of them gets its place there."""
    if time.monotonic() - _noted.get(key, -EVERY) < EVERY:
        return
    now = lease_now()
    rows = OpenSession.objects.filter(session_key=key, user=user)
    if not rows.update(seen_at=now, address=address[:45], device=device[:300]):
        open_session(user, key, device, address)
    _note(key)


def list_sessions(user: Employee) -> QuerySet[OpenSession]:
    return OpenSession.objects.filter(_alive(), user=user)


def end_sessions(user: Employee, *, but: str = "", only: str = "") -> int:
    """All of the user's, all ``but`` one, or ``only`` one. Gives how many."""
    rows = OpenSession.objects.filter(user=user).exclude(session_key=but)
    if only:
        rows = rows.filter(session_key=only)
    keys = list(rows.values_list("session_key", flat=True))
    store = import_module(settings.SESSION_ENGINE).SessionStore
    for key in keys:
        store(key).delete()
    rows.delete()
    return len(keys)


def _alive() -> Exists:
    return Exists(Session.objects.filter(pk=OuterRef("session_key"), expire_date__gt=lease_now()))


def _note(key: str) -> None:
    _noted[key] = time.monotonic()
    _noted.move_to_end(key)
    while len(_noted) > KNOWN:
        _noted.popitem(last=False)
