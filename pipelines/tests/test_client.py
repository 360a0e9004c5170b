import json
from collections.abc import Callable, Iterator
from typing import Any

import httpx2
import pytest
import stamina

from pipelines.amo import errors
from pipelines.amo.client import Client, Params

PAGE = "<html><head><title>403 Forbidden</title></head></html>"
PROBLEM = {
    "title": "Unauthorized",
    "type": "https://httpstatus.es/401",
    "status": 401,
    "detail": "Invalid user name or password",
}
INVALID = {
    "validation-errors": [
        {
            "request_id": "0",
            "errors": [{"code": "NotSupportedChoice", "path": "destination", "detail": "Not a URL."}],
        }
    ],
    "title": "Bad Request",
    "status": 400,
    "detail": "Request validation failed",
}


@pytest.fixture(autouse=True)
def without_pauses() -> Iterator[None]:
    with stamina.set_testing(True, attempts=4, cap=True):
        yield


class Amo:
    """Answers one after the other, the last one for ever; remembers what was asked."""

    def __init__(self, *answers: httpx2.Response | Exception) -> None:
        self.answers, self.requests = list(answers), []

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        self.requests.append(request)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer


def client(amo: Amo, token: Callable[[], str] = lambda: "T", **more: Any) -> Client:
    return Client("https://example.amocrm.ru", token, transport=httpx2.MockTransport(amo), **more)


def page(code: int, **headers: str) -> httpx2.Response:
    return httpx2.Response(code, html=PAGE, headers={"X-Request-Id": "r-1", **headers})


def problem(code: int, body: object = PROBLEM) -> httpx2.Response:
    return httpx2.Response(
        code, headers={"Content-Type": "application/problem+json", "X-Request-Id": "r-1"}, json=body
    )


def good(body: object = None) -> httpx2.Response:
    return httpx2.Response(200, headers={"Content-Type": "application/hal+json"}, json=body or {"id": 1})


def ask(amo: Amo, params: Params = ()) -> object:
    with client(amo) as one:
        return one.get("/api/v4/leads", params)


def test_a_good_answer_is_its_object() -> None:
    amo = Amo(good({"id": 7, "name": "Ёж"}))
    assert ask(amo, [("filter[id][]", 1), ("filter[id][]", 2)]) == {"id": 7, "name": "Ёж"}
    assert amo.requests[0].headers["Authorization"] == "Bearer T"
    assert amo.requests[0].url.query == b"filter%5Bid%5D%5B%5D=1&filter%5Bid%5D%5B%5D=2"


def test_204_is_nothing_and_no_error() -> None:
    assert ask(Amo(httpx2.Response(204))) is None


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (problem(400, INVALID), errors.RequestRefused),
        (problem(401), errors.AuthError),
        (problem(402), errors.PaymentRequired),
        (problem(403), errors.Forbidden),
        (page(403), errors.Blocked),
        (page(404), errors.NotFound),
        (problem(404), errors.NotFound),
        (problem(422), errors.RequestRefused),
        (page(504), errors.TooHeavy),
        (page(418), errors.BadAnswer),
        (httpx2.Response(302, headers={"Location": "https://elsewhere"}), errors.BadAnswer),
        (httpx2.Response(200, html=PAGE), errors.BadAnswer),
        (httpx2.Response(200, content=b" <!doctype html>"), errors.BadAnswer),
        (httpx2.Response(200, json=[1]), errors.BadAnswer),
    ],
)
def test_an_answer_that_another_try_does_not_better_is_asked_for_once(
    answer: httpx2.Response, kind: type
) -> None:
    amo = Amo(answer)
    with pytest.raises(errors.AmoError) as caught:
        ask(amo)
    assert type(caught.value) is kind
    assert len(amo.requests) == 1


@pytest.mark.parametrize(
    "answer",
    [
        page(429),
        page(500),
        page(502),
        page(503),
        problem(500),
        httpx2.Response(
            200, headers={"Content-Type": "application/hal+json"}, content=json.dumps({"id": 1})[:5]
        ),
        httpx2.ReadTimeout("slow"),
        httpx2.ConnectError("refused"),
        httpx2.RemoteProtocolError("cut off"),
    ],
    ids=str,
)
def test_a_transient_failure_is_tried_again(answer: httpx2.Response | Exception) -> None:
    amo = Amo(answer, answer, good())
    assert ask(amo) == {"id": 1}
    assert len(amo.requests) == 3


def test_after_enough_attempts_the_failure_is_told() -> None:
    amo = Amo(page(503))
    with pytest.raises(errors.Transient):
        ask(amo)
    assert len(amo.requests) == 4


def test_the_request_id_and_the_reason_are_kept() -> None:
    with pytest.raises(
        errors.RequestRefused,
        match=r"400 Request validation failed destination: Not a URL\. \(X-Request-Id r-1\)",
    ):
        ask(Amo(problem(400, INVALID)))


def test_retry_after_is_kept_when_it_is_sent() -> None:
    with pytest.raises(errors.RateLimited) as caught:
        ask(Amo(page(429, **{"Retry-After": "3"})))
    assert caught.value.retry_after == 3.0


def test_a_named_time_is_the_pause() -> None:
    decide = client(Amo(good()))._again
    assert decide(errors.RateLimited("429", retry_after=3.0)) == 3.0
    assert decide(errors.Transient("500")) is True
    assert decide(errors.TooHeavy("504")) is False
    assert decide(errors.AuthError("401")) is False
    assert decide(ValueError()) is False


def test_a_rotated_token_is_taken_up_at_the_next_try() -> None:
    tokens = iter(["old", "new"])
    amo = Amo(page(500), good())
    with client(amo, lambda: next(tokens)) as one:
        one.get("/api/v4/account")
    assert [request.headers["Authorization"] for request in amo.requests] == ["Bearer old", "Bearer new"]


class Told:
    def __init__(self) -> None:
        self.story: list[object] = []

    def wait(self, lane: str) -> None:
        self.story.append(lane)

    def hold(self, seconds: float) -> None:
        self.story.append(seconds)

    def block(self) -> None:
        self.story.append("blocked")


def test_everybody_is_told_of_429_and_of_a_ban() -> None:
    told = Told()
    with (
        client(Amo(page(429, **{"Retry-After": "9"}), page(403)), pace=told) as one,
        pytest.raises(errors.Blocked),
    ):
        one.get("/api/v4/leads")
    assert told.story == ["bulk", 9.0, "bulk", "blocked"]


def test_an_address_that_is_none_is_said_at_once() -> None:
    with Client("ftp://example", lambda: "T") as one, pytest.raises(errors.BadAnswer):
        one.get("/api/v4/account")
