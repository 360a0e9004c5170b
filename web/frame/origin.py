"""Where a request comes from: the client's address behind as many proxies as the settings say, and who sends it."""

from collections.abc import Callable
from ipaddress import IPv6Address, ip_address, ip_network
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.functional import LazyObject, empty

from audit.origin import tell_origin
from team.models import Employee

UNKNOWN = "unknown"  # a server that listens on a socket file tells none
NETWORK = 64  # bits of an IPv6 address that one household has to itself


def client_address(request: HttpRequest) -> str:
    """Each of our ``PROXIES`` appends whom it has heard to X-Forwarded-For: more to the left anybody may write.

    A request that has passed fewer of them than that has not come our way; it is known by its sender.
    """
    sender = request.META.get("REMOTE_ADDR") or UNKNOWN
    if not settings.PROXIES:
        return _plain(sender)
    heard = request.META.get("HTTP_X_FORWARDED_FOR", "")[:2000].split(",")
    if len(heard) < settings.PROXIES or not heard[0]:
        return _plain(sender)
    said = _plain(heard[-settings.PROXIES].strip())
    return _plain(sender) if said == UNKNOWN else said


def network_of(address: str) -> str:
    """What one client can change at will is one place: of an IPv6 address, its network."""
    try:
        if isinstance(ip_address(address), IPv6Address):
            return str(ip_network(f"{address}/{NETWORK}", strict=False))
    except ValueError:
        pass
    return address


def _plain(said: str) -> str:
    try:
        found = ip_address(said)
    except ValueError:
        return UNKNOWN
    mapped = getattr(found, "ipv4_mapped", None)
    return str(mapped or found)


def middleware(answer: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """What a request changes is told to the audit as its sender's."""

    def tell(request: HttpRequest) -> HttpResponse:
        with tell_origin(lambda: origin_of(request)):
            return answer(request)

    return tell


def known_user(request: HttpRequest) -> Employee | None:
    """Who is signed in, if anybody has asked so far."""
    user = request.__dict__.get("user")
    if isinstance(user, LazyObject):
        user = None if user._wrapped is empty else user._wrapped
    return user if isinstance(user, Employee) else None


def origin_of(request: HttpRequest) -> dict[str, Any]:
    """By what is known at this moment: asks nobody, as it is called amid a statement."""
    user, token = known_user(request), request.__dict__.get("auth")
    told: dict[str, Any] = {
        "via": "api" if request.path_info.startswith("/api/") else "web",
        "address": client_address(request),
        "url": f"{request.method} {request.path_info}"[:500],
    }
    if user is not None:
        told |= {"user": user.pk, "user_name": str(user)}
    if token is not None:
        told["token"] = str(token)
    return told
