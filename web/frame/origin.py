"""Where a request comes from: the address of the client, behind as many proxies as the settings say."""

from ipaddress import IPv6Address, ip_address, ip_network

from django.conf import settings
from django.http import HttpRequest

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
