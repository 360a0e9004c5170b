"""What can go wrong between us and amoCRM, one class per thing to do about it.

::

    AmoError                      anything below; carries amoCRM's request id, which its support asks for
    ├── Transient                 try again, after ``retry_after`` seconds when amoCRM names a time
    │   ├── Unreachable           no answer at all: name, network, time-out
    │   ├── RateLimited           429: everybody waits
    │   └── TooHeavy              504: the question was too big, ask for less
    ├── Blocked                   403 with a web page: the ban for abuse; every further call prolongs it
    ├── AuthError                 401: the token is wrong, expired or revoked; a person must act
    ├── Forbidden                 403 with a reason: this token may not do that
    ├── PaymentRequired           402: the subscription ended
    ├── NotFound                  404
    ├── RequestRefused            400, 422: amoCRM read our request and says no
    ├── Endless                   a list that repeats its pages: whether more is behind them nobody can tell
    └── BadAnswer                 not an answer of amoCRM; closed by default: whatever is unknown lands here
"""

LONGEST = 1000  # characters of a message


def printable(text: str) -> str:
    """What a database and a page can hold: what others wrote may carry NUL or half a character."""
    return text.encode("utf-8", "backslashreplace").decode().replace("\0", "")[:LONGEST]


class AmoError(Exception):
    def __init__(self, message: str, *, request_id: str = "") -> None:
        super().__init__(printable(message))
        self.request_id = printable(request_id)

    def __str__(self) -> str:
        text = super().__str__()
        return f"{text} (X-Request-Id {self.request_id})" if self.request_id else text


class Transient(AmoError):
    def __init__(self, message: str, *, request_id: str = "", retry_after: float | None = None) -> None:
        super().__init__(message, request_id=request_id)
        self.retry_after = retry_after


class Unreachable(Transient):
    pass


class RateLimited(Transient):
    pass


class TooHeavy(Transient):
    pass


class Blocked(AmoError):
    pass


class AuthError(AmoError):
    pass


class Forbidden(AmoError):
    pass


class PaymentRequired(AmoError):
    pass


class NotFound(AmoError):
    pass


class RequestRefused(AmoError):
    pass


class Endless(AmoError):
    pass


class BadAnswer(AmoError):
    pass
