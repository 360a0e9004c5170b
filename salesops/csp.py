"""The content security policy: everything from our own origin, no inline code, no eval."""

from csp.constants import NONE, SELF

PLOTLY_STYLES = [
    # plotly.js 4.1.1 adds three <style> elements; recheck in a browser's console when plotly moves.
    "'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='",
    "'sha256-faU7yAF8NxuMTNEwVmBz+VcYeIoBQ2EMHW3WaVxCvnk='",
    "'sha256-ji27qzEtxXZW+7dun6UwjHXJ18e6WAin1VvNtkzIE/o='",
]
DIRECTIVES = {
    "default-src": [SELF],
    "img-src": [SELF, "data:"],
    "style-src": [SELF, *PLOTLY_STYLES],
    "object-src": [NONE],
    "base-uri": [SELF],
    "form-action": [SELF],
    "frame-ancestors": [NONE],
}
