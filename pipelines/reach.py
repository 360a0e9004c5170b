"""Whether amoCRM can ring at the portal's address: it wants a public name, and says so only when asked to ring."""

from ipaddress import ip_address
from urllib.parse import urlsplit

from django.utils.translation import gettext as _

from pipelines.amo import hosts


def doubt(portal_url: str, account_url: str) -> str:
    """One sentence for a person; empty when nothing speaks against it. A sandbox rings at any address."""
    host = urlsplit(portal_url).hostname or ""
    if hosts.is_sandbox(account_url):
        return ""
    if not host.isascii() or "xn--" in host:
        reason = _("amoCRM does not accept names outside of Latin letters")
    elif is_number(host):
        reason = _("amoCRM does not accept bare IP addresses")
    elif "." not in host or host.endswith((".local", ".localhost", ".internal", ".lan", ".test")):
        reason = _("such a name is known only inside your network")
    else:
        return ""
    return _(
        "amoCRM cannot ring at %(address)s: %(reason)s. Set PORTAL_URL to the public address; until then changes are "
        "asked for every minute."
    ) % {"address": portal_url, "reason": reason}


def is_number(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True
