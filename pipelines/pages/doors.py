"""Pages that not everybody may open; for all others they do not exist (404)."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse

View = Callable[..., HttpResponse]


def _for(allowed: str) -> Callable[[View], View]:
    def guard(view: View) -> View:
        @wraps(view)
        def guarded(request: HttpRequest, **arguments: Any) -> HttpResponse:
            if not getattr(request.user, allowed):
                raise Http404
            return view(request, **arguments)

        return guarded

    return guard


for_heads = _for("directs")
for_admins = _for("administers")
