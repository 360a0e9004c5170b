"""Whether amoCRM can ring at the portal's address: it wants a public name, and says so only when asked to ring."""

from ipaddress import ip_address
from urllib.parse import urlsplit

from django.utils.translation import gettext as _

from pipelines.amo import hosts


def doubt_address(portal_url: str, account_url: str) -> str:
    """One sentence for a person; empty when nothing speaks against it. A sandbox rings at any address."""
    host, place = urlsplit(portal_url).hostname or "", {"address": portal_url}
    if hosts.is_sandbox(account_url):
        return ""
    if not host.isascii() or "xn--" in host:
        return _("amoCRM rings at names of Latin letters only, not at %(address)s.") % place
    if is_number(host):
        return _("amoCRM does not ring at bare IP addresses such as %(address)s.") % place
    if "." not in host or host.endswith((".local", ".localhost", ".internal", ".lan", ".test")):
        return _("amoCRM cannot ring at %(address)s: the name is known only inside your network.") % place
    return ""


def is_number(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True
