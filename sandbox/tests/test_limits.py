from dataclasses import dataclass, field

from sandbox.app import App
from sandbox.limits import Limiter
from sandbox.tests.conftest import Api
from sandbox.world import World


@dataclass
class Gate:
    """A limiter with a clock in the hand of the test."""

    rate: int = 7
    account_rate: int = 50
    ban_after: int = 0
    now: float = 100.0
    limiter: Limiter = field(init=False)

    def __post_init__(self) -> None:
        self.limiter = Limiter(self.rate, lambda: self.now)

    def ask(self, token: str = "a", after: float = 0.0) -> int:
        self.now += after
        return self.limiter.check(
            token, window=1.0, account_rate=self.account_rate, ban_after=self.ban_after, ban_seconds=60
        )


def test_the_eighth_request_of_a_second_is_refused() -> None:
    gate = Gate()
    assert [gate.ask() for _ in range(8)] == [200] * 7 + [429]
    assert gate.ask(after=1.0) == 200


def test_a_client_that_paces_itself_is_never_refused() -> None:
    gate = Gate()
    assert {gate.ask(after=1 / 7 + 1e-6) for _ in range(200)} == {200}
    assert gate.limiter.busiest_second == 7


def test_refused_requests_do_not_count_against_the_limit() -> None:
    gate = Gate()
    for _ in range(30):
        gate.ask()
    assert [gate.ask(after=1.0), *[gate.ask() for _ in range(6)]] == [200] * 7


def test_each_token_has_its_own_limit_and_the_account_one_for_all() -> None:
    gate = Gate(account_rate=20)
    answers = [gate.ask(token) for token in "abcd" for _ in range(7)]
    assert answers == [200] * 20 + [429] * 8


def test_a_rate_of_zero_means_no_limit() -> None:
    gate = Gate(rate=0)
    assert {gate.ask() for _ in range(500)} == {200}


def test_who_keeps_pushing_is_banned_for_a_while() -> None:
    gate = Gate(ban_after=3)
    assert [gate.ask() for _ in range(11)] == [200] * 7 + [429] * 3 + [403]
    assert gate.ask("another token") == 403
    assert gate.ask(after=59) == 403
    assert gate.ask(after=1) == 200
    assert [gate.ask() for _ in range(7)] == [200] * 6 + [429]
    assert gate.ask() == 429


def test_over_the_limit_the_answer_is_a_page_without_retry_after(world: World) -> None:
    api = Api(App(world, token="t", rate=2))
    answers = [api.raw("GET", "account") for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert answers[2].content_type == "text/html; charset=utf-8"
    assert b"429 Too Many Requests" in answers[2].data
    assert "Retry-After" not in answers[2].headers
    counters = api.control("requests", method="GET")[1]
    assert (counters["requests"], counters["answered_429"]) == (3, 1)


def test_a_ban_reaches_the_token_endpoint_too(world: World) -> None:
    api = Api(App(world, token="t", rate=1))
    api.control("switches", {"ban_after": 1})
    api.get("account")
    assert api.raw("GET", "account").status_code == 429
    answer = api.raw("POST", "/oauth2/access_token", {})
    assert answer.status_code == 403
    assert b"403 Forbidden" in answer.data
