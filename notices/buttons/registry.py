"""A press of a button, and what it leads to."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from notices.models import Delivery
from notices.telegram.markup import Button
from team.models import Employee


@dataclass(frozen=True)
class Press:
    """Whose message it stands below, who pressed (he may press), what stood behind the code, and when."""

    delivery: Delivery
    employee: Employee
    argument: str
    now: datetime


@dataclass(frozen=True)
class Pressed:
    """What the presser is told in a word; ``ask`` are buttons with a question that follow as a message."""

    text: str
    alert: bool = False
    question: str = ""
    ask: tuple[tuple[Button, ...], ...] = ()


BUTTONS: dict[str, Callable[[Press], Pressed]] = {}


def button(code: str) -> Callable[[Callable[[Press], Pressed]], Callable[[Press], Pressed]]:
    """Put a function into the catalogue. It runs in a transaction, may run twice, and then does its work once."""

    def register(function: Callable[[Press], Pressed]) -> Callable[[Press], Pressed]:
        BUTTONS[code] = function
        return function

    return register
