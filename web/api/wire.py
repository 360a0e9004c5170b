"""How the API speaks: JSON with exact decimal numbers, pages, and one sentence for every error."""

from typing import Any

import msgspec
from rest_framework.pagination import PageNumberPagination
from rest_framework.renderers import JSONRenderer


class Page(PageNumberPagination):
    page_size = 50
    page_size_query_param = "page_size"
    max_page_size = 500


class Json(JSONRenderer):
    """Decimals go out as JSON numbers with all their digits, neither as strings nor through binary floats."""

    _encoder = msgspec.json.Encoder(decimal_format="number", enc_hook=str)

    def render(
        self, data: Any, accepted_media_type: str | None = None, renderer_context: Any = None
    ) -> bytes:
        return b"" if data is None else self._encoder.encode(data)
