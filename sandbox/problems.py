"""Refusals as amoCRM words them: problem+json for what it understood, HTML for what its gate refused."""

from collections.abc import Sequence
from typing import Any

import msgspec
from werkzeug import Response

from sandbox.refused import Refused

PHRASES = {
    200: "OK",
    201: "Created",
    202: "Accepted",
    204: "No Content",
    302: "Found",
    303: "See Other",
    400: "Bad Request",
    401: "Unauthorized",
    402: "Payment Required",
    403: "Forbidden",
    404: "Not Found",
    405: "Not Allowed",
    422: "Unprocessable Entity",
    429: "Too Many Requests",
    500: "Internal Server Error",
    502: "Bad Gateway",
    503: "Service Temporarily Unavailable",
    504: "Gateway Time-out",
}
"""What nginx writes behind the number in the first line of an answer and on its own pages."""
TITLES = {**PHRASES, 405: "Method Not Allowed"}
"""What amoCRM itself calls its problems."""
OAUTH_TYPE = "https://developers.amocrm.ru/v3/errors/OAuthProblemJson"


class Problem(Exception):
    """Ends a request with a problem+json body."""

    def __init__(self, status: int, detail: str, **more: Any) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.more = more

    def response(self) -> Response:
        body = {
            **self.more,
            "title": TITLES[self.status],
            "type": f"https://httpstatus.es/{self.status}",
            "status": self.status,
            "detail": self.detail,
        }
        return _json(self.status, body)


def unauthorized() -> Problem:
    return Problem(401, "Invalid user name or password")


def forbidden() -> Problem:
    return Problem(403, "Недостаточно прав для выполнения действия (код ошибки 244)")


def not_found() -> Problem:
    return Problem(404, "Not found")


def validation(faults: Sequence[tuple[str, Refused]]) -> Problem:
    """400 with every item's faults; each comes with its `request_id`."""
    errors: dict[str, list[dict[str, str]]] = {}
    for request_id, fault in faults:
        item = {"code": fault.code, "path": fault.path, "detail": fault.detail}
        errors.setdefault(request_id, []).append(item)
    listed = [{"request_id": request_id, "errors": found} for request_id, found in errors.items()]
    return Problem(400, "Request validation failed", **{"validation-errors": listed})


def oauth(hint: str | None) -> Response:
    """401 of the token endpoint; without a hint: the client itself is not known."""
    if hint is None:
        body = {"title": "Некорректный клиент", "type": OAUTH_TYPE, "status": 401}
        return _json(401, {**body, "detail": "Авторизация клиента не прошла"})
    body = {"hint": hint, "title": "Некорректный запрос", "type": OAUTH_TYPE, "status": 401}
    return _json(401, {**body, "detail": "В запросе отсутствует ряд параметров или параметры невалидны"})


def html(status: int) -> Response:
    """The page of the gate in front of amoCRM."""
    title = f"{status} {PHRASES[status]}"
    page = (
        f"<html>\r\n<head><title>{title}</title></head>\r\n<body>\r\n<center><h1>{title}</h1></center>\r\n"
        "<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n"
    )
    return Response(page, status=status, content_type="text/html; charset=utf-8")


def _json(status: int, body: dict[str, Any]) -> Response:
    return Response(msgspec.json.encode(body), status=status, content_type="application/problem+json")
