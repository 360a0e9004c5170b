"""One HTTP client for API v4: keep-alive, pacing, one retry decision, and answers that are what they claim to be."""

import json
import logging
from collections.abc import Callable, Iterable
from contextlib import suppress
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import Any, Protocol

import httpx2
import msgspec
import stamina

from core import moment
from pipelines.amo import errors
from pipelines.amo.errors import AmoError
from pipelines.amo.pace import LONGEST_REST, PATIENCE

Params = Iterable[tuple[str, str | int]]

stamina.instrumentation.set_on_retry_hooks([])  # we tell in our own words, where somebody reads them
log = logging.getLogger(__name__)

HOLD_AFTER_429 = 2.0  # seconds of silence for everybody when amoCRM does not name a time
ACCOUNT = "/api/v4/account"  # never missing, except where the account has been renamed


class Budget(Protocol):
    """The shared request budget of the installation (`pipelines.amo.pace.Pace`)."""

    def wait(self, lane: str) -> None: ...
    def hold(self, seconds: float) -> None: ...
    def block(self) -> None: ...


class Client:
    """Calls of one account. Safe to share between threads.

    ``token`` is asked before every call, so that a rotated one is taken up; ``refused`` is told of one that amoCRM does
    not accept and says whether to try again. ``lane`` is "bulk" or "interactive": to somebody who waits, a longer pause
    than `PATIENCE` is a failure. ``attempts`` bounds how often a transient failure of an idempotent call is tried.
    ``page_limits`` holds, by path, the page that is asked for where amoCRM refuses a longer one.
    """

    def __init__(
        self,
        base_url: str,
        token: Callable[[], str],
        *,
        refused: Callable[[str], bool] = lambda token: False,
        pace: Budget | None = None,
        lane: str = "bulk",
        attempts: int = 6,
        transport: httpx2.BaseTransport | None = None,
    ) -> None:
        self.base_url = base_url
        self.page_limits: dict[str, int] = {}
        self._token, self._refused = token, refused
        self._pace, self._lane, self._attempts = pace, lane, attempts
        self._http = httpx2.Client(
            base_url=base_url,
            transport=transport,
            timeout=httpx2.Timeout(30.0, connect=5.0),
            headers={"User-Agent": "salesops/1", "Accept": "application/hal+json"},
        )

    def close(self) -> None:
        self._http.close()

    def __enter__(self) -> "Client":
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def get(self, path: str, params: Params = ()) -> dict[str, Any] | None:
        """The decoded answer, or None for amoCRM's 204 «nothing found». Raises AmoError."""
        return self._persist("GET", path, params=list(params))

    def put_in_place(self, path: str, body: dict[str, Any]) -> dict[str, Any] | None:
        """POST of something that may be said twice, such as a hook subscription. Raises AmoError."""
        return self._persist("POST", path, json=body)

    def _persist(self, method: str, path: str, **request: Any) -> dict[str, Any] | None:
        for attempt in stamina.retry_context(
            on=self._again,
            attempts=self._attempts,
            timeout=60,
            wait_initial=0.5,
            wait_max=20,
            wait_jitter=0.5,
        ):
            with attempt:
                return self._call(method, path, **request)
        raise AssertionError("unreachable")

    def _again(self, error: Exception) -> bool | float:
        """The one retry decision: transient failures, except a question that is too big; at the time amoCRM names."""
        if not isinstance(error, errors.Transient) or isinstance(error, errors.TooHeavy):
            return False
        if self._lane != "bulk" and (error.retry_after or 0) > PATIENCE:
            return False
        log.debug("trying again: %s", error)
        return True if error.retry_after is None else error.retry_after

    def _call(self, method: str, path: str, **request: Any) -> dict[str, Any] | None:
        token = self._token()
        try:
            return self._send(token, method, path, **request)
        except (errors.AuthError, errors.NotFound) as error:
            if isinstance(error, errors.NotFound) and path != ACCOUNT or not self._refused(token):
                raise
        return self._send(self._token(), method, path, **request)

    def _send(self, token: str, method: str, path: str, **request: Any) -> dict[str, Any] | None:
        if self._pace:
            self._pace.wait(self._lane)
        headers = {"Authorization": f"Bearer {token}"}
        try:
            response = self._http.request(method, path, headers=headers, **request)
        except (httpx2.UnsupportedProtocol, httpx2.InvalidURL) as error:
            raise errors.BadAnswer(f"{self.base_url} is not an address: {error}") from error
        except httpx2.RequestError as error:
            raise errors.Unreachable(
                f"{self.base_url} does not answer: {error or type(error).__name__}"
            ) from error
        try:
            return read_answer(response)
        except errors.RateLimited as error:
            if self._pace:
                self._pace.hold(error.retry_after or HOLD_AFTER_429)
            raise
        except errors.Blocked:
            if self._pace:
                self._pace.block()
            raise


def read_answer(response: httpx2.Response) -> dict[str, Any] | None:
    """The JSON object of a good answer, None for 204; raises the AmoError that says what to do otherwise.

    A web page is never parsed: amoCRM sends one with 403, 429 and 5xx.
    """
    if response.status_code == 204:
        return None
    if not response.is_success:
        raise classify_failure(response)
    request_id = response.headers.get("X-Request-Id", "")
    if is_page(response):
        raise errors.BadAnswer(
            f"{response.request.url.host} answers with a web page, not with data", request_id=request_id
        )
    try:
        data = decoded(response.content)
    except ValueError as error:
        raise errors.Transient(f"the answer is cut off: {error}", request_id=request_id) from error
    if not isinstance(data, dict):
        raise errors.BadAnswer("the answer is not an object", request_id=request_id)
    return data


def decoded(content: bytes) -> Any:
    """JSON, also where some text in it is broken: half a character, or bytes that are no UTF-8, stay in that string.

    Whoever takes the string sets its row aside (`pipelines.mirror.quarantine`); the rows around it are sound. Raises
    ValueError for what is no JSON.
    """
    try:
        return msgspec.json.decode(content)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        text = content.decode("utf-8-sig", "surrogateescape")
    try:
        return json.loads(text, strict=False, parse_constant=str)  # NaN is no JSON
    except RecursionError as error:
        raise ValueError("it has too many levels") from error


def is_page(response: httpx2.Response) -> bool:
    return "html" in response.headers.get("Content-Type", "") or response.content.lstrip()[:1] == b"<"


def classify_failure(response: httpx2.Response) -> AmoError:
    """The error that an answer outside 2xx stands for."""
    code, request_id = response.status_code, response.headers.get("X-Request-Id", "")
    text = f"{code} {detail(response)}".rstrip()
    if code == 429:
        return errors.RateLimited(text, request_id=request_id, retry_after=retry_after(response))
    if code == 504:
        return errors.TooHeavy(text, request_id=request_id)
    if code == 408 or code >= 500:
        return errors.Transient(text, request_id=request_id, retry_after=retry_after(response))
    if code == 403 and is_page(response):
        return errors.Blocked("amoCRM has blocked this address for too many calls", request_id=request_id)
    kinds: dict[int, type[AmoError]] = {
        400: errors.RequestRefused,
        401: errors.AuthError,
        402: errors.PaymentRequired,
        403: errors.Forbidden,
        404: errors.NotFound,
        422: errors.RequestRefused,
    }
    return kinds.get(code, errors.BadAnswer)(text, request_id=request_id)


def retry_after(response: httpx2.Response) -> float | None:
    """Seconds from ``Retry-After``, as a number or a date; amoCRM does not send it today, proxies before it may.

    Whatever is asked for, we wait for minutes: how long the portal stands still is not for others to say.
    """
    value = response.headers.get("Retry-After", "").strip()
    if value.isascii() and value.isdecimal():
        return min(float(value), LONGEST_REST)
    with suppress(ValueError):
        at = parsedate_to_datetime(value)
        seconds = (at if at.tzinfo else at.replace(tzinfo=UTC)) - moment.now()
        return min(max(0.0, seconds.total_seconds()), LONGEST_REST)
    return None


def detail(response: httpx2.Response) -> str:
    """What a problem document says, in one line; nothing for a web page."""
    if is_page(response):
        return ""
    try:
        problem = decoded(response.content)
    except ValueError:
        return ""
    if not isinstance(problem, dict):
        return ""
    faults = []
    with suppress(AttributeError, TypeError):  # in another shape than amoCRM's
        faults = [
            f"{fault.get('path')}: {fault.get('detail')}"
            for item in problem.get("validation-errors") or ()
            for fault in item.get("errors") or ()
        ]
    return " ".join(
        str(part)
        for part in (problem.get("hint") or problem.get("detail") or problem.get("title"), *faults)
        if part
    )
