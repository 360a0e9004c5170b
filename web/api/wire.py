"""How the API speaks: JSON with exact decimal numbers, pages, and one sentence for every error."""

from typing import Any

import msgspec
from rest_framework.exceptions import ParseError, ValidationError
from rest_framework.pagination import PageNumberPagination
from rest_framework.parsers import JSONParser
from rest_framework.renderers import JSONRenderer
from rest_framework.response import Response
from rest_framework.views import exception_handler

from web.frame.scope import BadScope


def answer_error(error: Exception, context: dict[str, Any]) -> Response | None:
    """What an address asks in vain is a 400 with the sentence that pages show."""
    return exception_handler(
        ValidationError({"detail": str(error)}) if isinstance(error, BadScope) else error, context
    )


class Page(PageNumberPagination):
    page_size = 50
    page_size_query_param = "page_size"
    max_page_size = 500


class JsonBody(JSONParser):
    """A body of nothing but brackets is no JSON, either: the standard library breaks down on it."""

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Any = None) -> Any:
        try:
            return super().parse(stream, media_type, parser_context)
        except RecursionError:
            raise ParseError from None


class Json(JSONRenderer):
    """Decimals go out as JSON numbers with all their digits, neither as strings nor through binary floats."""

    _encoder = msgspec.json.Encoder(decimal_format="number", enc_hook=str)

    def render(
        self, data: Any, accepted_media_type: str | None = None, renderer_context: Any = None
    ) -> bytes:
        return b"" if data is None else self._encoder.encode(data)
