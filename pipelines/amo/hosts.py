"""Which addresses are amoCRM's: nothing secret is sent anywhere else."""

import re
from urllib.parse import urlsplit

ZONES = ("amocrm.ru", "amocrm.com", "kommo.com")
ACCOUNT = re.compile(
    rf"(?P<name>[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)\.(?P<zone>{'|'.join(map(re.escape, ZONES))})"
)
SHARED = re.compile(r"www|api-[a-z]")  # amoCRM's own hosts, which are nobody's account
LOOPBACK = ("127.0.0.1", "localhost")


def account_address(text: str, *, sandbox: bool = False) -> str:
    """``https://name.amocrm.ru`` from whatever a person or a redirect gives: a host, an address, a link into a page.

    With ``sandbox`` a loopback host stays as it is, over plain HTTP. Raises ValueError for all else.
    """
    text = text.strip()
    try:
        parts = urlsplit(text if "://" in text else f"https://{text}")
        host, port = (parts.hostname or "").lower(), parts.port
    except ValueError:
        raise ValueError(f"{text!r} is not an address") from None
    if sandbox and host in LOOPBACK:
        return f"http://{host}:{port}" if port else f"http://{host}"
    found = ACCOUNT.fullmatch(host)
    if not found or SHARED.fullmatch(found["name"]) or parts.username or port not in (None, 443):
        raise ValueError(f"{text!r} is not an address of an amoCRM account")
    return f"https://{host}"


def is_sandbox(address: str) -> bool:
    return urlsplit(address).hostname in LOOPBACK


def consent_page(address: str) -> str:
    """Where the administrators of the account at ``address`` agree: a page that all accounts of a zone share."""
    if is_sandbox(address):
        return f"{address}/oauth"
    return f"https://www.{zone(address)}/oauth"


def directory(address: str, api_domain: object) -> str:
    """Who knows where an account lives now: the ``api_domain`` of its token, else the zone's own host."""
    if is_sandbox(address):
        return address
    named = isinstance(api_domain, str) and ACCOUNT.fullmatch(api_domain)
    return f"https://{api_domain}" if named else f"https://www.{zone(address)}"


def zone(address: str) -> str:
    return (urlsplit(address).hostname or "").partition(".")[2]
