"""The content security policy: everything from our own origin, no inline code, no eval.

Two places that are not our own pages need more: the admin's Alpine evaluates expressions, and both it and the
API's Swagger page carry inline code. They get their own, looser policy; nobody's texts are shown there as HTML.
"""

from csp.constants import NONE, SELF, UNSAFE_EVAL, UNSAFE_INLINE
from csp.middleware import CSPMiddleware, PolicyParts
from django.http import HttpRequest, HttpResponseBase

PLOTLY_STYLES = [
    # plotly.js 4.1.1 adds three <style> elements; recheck in a browser's console when plotly moves.
    "'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='",
    "'sha256-faU7yAF8NxuMTNEwVmBz+VcYeIoBQ2EMHW3WaVxCvnk='",
    "'sha256-ji27qzEtxXZW+7dun6UwjHXJ18e6WAin1VvNtkzIE/o='",
]
DIRECTIVES: dict[str, list[str]] = {
    "default-src": [SELF],
    "img-src": [SELF, "data:"],
    "style-src": [SELF, *PLOTLY_STYLES],
    "object-src": [NONE],
    "base-uri": [SELF],
    "form-action": [SELF],
    "frame-ancestors": [NONE],
}
LOOSE_PATHS = ("/admin/", "/api/v1/docs/")
LOOSE = DIRECTIVES | {
    "script-src": [SELF, UNSAFE_INLINE, UNSAFE_EVAL],
    "style-src": [SELF, UNSAFE_INLINE],
}


class PolicyMiddleware(CSPMiddleware):
    def get_policy_parts(
        self, request: HttpRequest, response: HttpResponseBase, report_only: bool = False
    ) -> PolicyParts:
        parts = super().get_policy_parts(request, response, report_only)
        if request.path_info.startswith(LOOSE_PATHS) and not report_only:
            parts.replace = LOOSE
        return parts
