"""Parts of pages that draw themselves anew when something has changed, and answer 204 while nothing has.

The browser says in the header X-Seen which drawing it shows (`static/js/app.js`). A redrawing that changes
nothing would cost a page every few seconds, and a screen reader would read it out.
"""

import hashlib
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils.cache import patch_vary_headers
from django.utils.safestring import SafeString

SEEN = "X-Seen"
FRESH = "fresh from:body"  # the pulse says that there is something new


@dataclass(frozen=True)
class Part:
    """What ``parts/live.html`` draws; ``url`` answers with the part alone, asked for on ``trigger``."""

    id: str
    url: str
    html: SafeString
    css: str = ""
    trigger: str = FRESH

    @property
    def seen(self) -> str:
        return hashlib.blake2b((self.trigger + self.html).encode(), digest_size=8).hexdigest()


def draw_part(
    request: HttpRequest, template: str, context: dict[str, Any], *, id: str, url: str, **options: Any
) -> Part:
    """A masked CSRF token is another one each time: forms stand outside of parts."""
    return Part(id, url, render_to_string(template, context, request), **options)


def answer_part(
    request: HttpRequest, part: Part, page: str, context: dict[str, Any], *, bare: bool, status: int = 200
) -> HttpResponse:
    """The ``bare`` part (204 when the browser shows it already), else the whole page around it."""
    if bare and request.headers.get(SEEN) == part.seen:
        response = HttpResponse(status=204)
    else:
        response = render(
            request, "parts/live.html" if bare else page, context | {"part": part}, status=status
        )
    patch_vary_headers(response, ["HX-Request", SEEN])  # or «back» would show a part for the page
    return response


def read_here(request: HttpRequest) -> tuple[str, str]:
    """Path and query of the page on which the browser stands, as htmx says; empty where that is no address."""
    with suppress(ValueError):  # «http://[»: a header may say anything
        at = urlsplit(request.headers.get("HX-Current-URL", ""))
        return at.path, at.query
    return "", ""
