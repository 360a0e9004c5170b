"""Bytes over the wire, as a browser asks for them: compressed files once, then pages."""

import re
from collections.abc import Iterator
from urllib.parse import urljoin

from django.test import Client
from django.urls import reverse

from bench import company, pages
from bench.report import Line, below
from bench.setting import Setting
from web.desk.views import BLOCKS

ACCEPTED = {"Accept-Encoding": "br, gzip"}
LATER = ("deals", "tasks", "findings", "my-month", "team")
AFTERWARDS = "plotly"  # loads behind the content, once


def bytes_(setting: Setting) -> Iterator[Line]:
    company.hold(setting.small)
    client = pages.signed_in("director")
    page = size(client, reverse("desk"))
    files = sum(size(client, address) for address in assets(client, reverse("desk")))
    blocks = sum(size(client, reverse("desk-block", args=[block]), pages.HTMX) for block in BLOCKS)
    parts = f" (page {page / 1000:.1f}, files {files / 1000:.0f}, blocks {blocks / 1000:.0f})"
    yield below("the first page (desk), before charts", (page + files + blocks) / 1000, 300, "KB", also=parts)
    later = {name: size(client, reverse(name)) for name in LATER}
    longest = max(later, key=lambda name: later[name])
    yield below(
        "a later page", later[longest] / 1000, 60, "KB", also=f" ({longest}, the longest of {len(later)})"
    )


def assets(client: Client, address: str) -> set[str]:
    """Style sheets, scripts and fonts that the page asks for by itself, and what the style sheets ask for."""
    html = client.get(address).content.decode()
    found = set(re.findall(r"<(?:link|script)[^>]*?(?:href|src)=\"(/static/[^\"]+)\"", html))
    for sheet in [one for one in found if one.endswith(".css")]:
        css = body(client, sheet).decode()
        found |= {urljoin(sheet, url) for url in re.findall(r"url\([\"']?(?!data:)([^\"')]+)", css)}
    return {one for one in found if AFTERWARDS not in one}


def size(client: Client, address: str, headers: dict[str, str] | None = None) -> int:
    return len(body(client, address, ACCEPTED | (headers or {})))


def body(client: Client, address: str, headers: dict[str, str] | None = None) -> bytes:
    response = client.get(address, headers=headers)
    if response.status_code != 200:
        raise RuntimeError(f"{address} answers {response.status_code}")
    return b"".join(response)
