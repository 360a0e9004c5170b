"""Passwords that are tried through the web: counted, and hashed one at a time, whichever page asks for them."""

import hashlib
import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Any

from django.conf import settings
from django.core.exceptions import SuspiciousOperation
from django.core.signing import BadSignature
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from access.attempts import Attempt, TooOften, fold_name, hash_alone
from access.passwords import LONGEST
from team.models import Employee
from web.frame.origin import client_address, network_of

FRESH = 600  # seconds for which a password that was given counts as just given
PROVED, AGAIN = "proved_at", "password_again"
YEAR = 365 * 86_400  # seconds for which a device is remembered
View = Callable[..., HttpResponse]
SALT = "device on which a name has signed in"


@contextmanager
def attempt(request: HttpRequest, name: str) -> Iterator[Attempt]:
    """Around whatever hashes. Raises TooOften before it does; say ``succeed()`` of a right password."""
    one = Attempt(name, network_of(client_address(request)), known_device(request, name))
    one.begin()
    with hash_alone(known=bool(one.device)):
        yield one


def is_his_password(request: HttpRequest, user: Employee, password: str) -> bool:
    """Whether the one who is signed in knows his own password. Raises TooOften."""
    with attempt(request, user.get_username()) as one:
        right = user.check_password(password)
        if right:
            one.succeed()
        return right


def note_proof(request: HttpRequest) -> None:
    request.session[PROVED] = time.time()


def asks_password(view: View) -> View:
    """Before what hurts most: whoever sits at an open browser proves once more to be its owner.

    What was posted goes on after the password as it came, so that nothing is typed twice.
    """

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if 0 <= time.time() - request.session.get(PROVED, 0) < FRESH:
            return view(request, *args, **kwargs)
        problem, given = "", request.POST.get(AGAIN) if request.method == "POST" else None
        if given is not None:
            try:
                if is_his_password(request, request.user, given[:LONGEST]):  # type: ignore[arg-type]  # signed in
                    note_proof(request)
                    sent = "sent" in request.POST.getlist("after_password")
                    return view(request, *args, **kwargs) if sent else redirect(request.get_full_path())
                problem = _("The password is wrong.")
            except TooOften as error:
                problem = waits(error)
        own = {AGAIN, "after_password", "csrfmiddlewaretoken"}
        fields = [
            (name, value) for name, values in request.POST.lists() for value in values if name not in own
        ]
        sent = request.method == "POST" and (
            given is None or "sent" in request.POST.getlist("after_password")
        )
        context = {"fields": fields, "sent": sent, "problem": problem}
        return render(request, "registration/password_again.html", context, status=422 if problem else 200)

    return guarded


def refuse(request: HttpRequest, error: TooOften) -> HttpResponse:
    """429, with the seconds that it takes."""
    context = {"seconds": error.seconds}
    response = render(request, "registration/locked.html", context, status=429)
    response.headers["Retry-After"] = str(error.seconds)
    return response


def sender(request: HttpRequest) -> tuple[str, str]:
    """By which device and from which address."""
    return request.META.get("HTTP_USER_AGENT", ""), client_address(request)


def waits(error: TooOften) -> str:
    return _("Too many attempts: wait %(seconds)s s, then try again.") % {"seconds": error.seconds}


def remember_device(response: HttpResponse, name: str) -> None:
    """Failures of others no longer slow this name down on this device."""
    options: dict[str, Any] = {"httponly": True, "samesite": "Lax", "secure": settings.SESSION_COOKIE_SECURE}
    response.set_signed_cookie(_cookie(name), secrets.token_urlsafe(16), salt=SALT, max_age=YEAR, **options)


def known_device(request: HttpRequest, name: str) -> str:
    """The device's secret, empty where the name has never signed in there. Signed together with the cookie's name."""
    try:
        return request.get_signed_cookie(_cookie(name), "", salt=SALT, max_age=YEAR) or ""
    except (BadSignature, SuspiciousOperation):
        return ""


def _cookie(name: str) -> str:
    return f"device_{hashlib.blake2b(fold_name(name).encode(errors='replace'), digest_size=6).hexdigest()}"
