"""Two forms at once, where there is no row to lock before the first: the second changes nothing."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from threading import Barrier, BrokenBarrierError, Thread
from types import ModuleType
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection

from core import moment
from qc import first_times, in_due_time, manual_reviews, newcomers
from qc.models import ControlOff, Sample
from qc.tests import world
from qc.tests.lives import at
from team.models import Employee, Role

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def monday() -> Iterator[None]:
    moment.fix(at(500).isoformat())
    yield
    moment.fix(None)


def meeting(work: Callable[..., Any]) -> Callable[..., Any]:
    """The other comes here, too, unless it waits for this one."""
    meet = Barrier(2)

    def wait(*args: Any, **more: Any) -> Any:
        with suppress(BrokenBarrierError):
            meet.wait(1)
        return work(*args, **more)

    return wait


def twice(send: Callable[[], Any]) -> list[Any]:
    told: list[Any] = []

    def work() -> None:
        try:
            told.append(send())
        except ValueError as error:
            told.append(str(error))
        finally:
            connection.close()

    threads = [Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return told


@pytest.mark.parametrize(
    ("room", "present", "change"),
    [
        (newcomers, "present_days", newcomers.set_grace),
        (first_times, "present_cases", first_times.set_cases),
    ],
)
def test_a_grace_is_given_once(
    room: ModuleType, present: str, change: Callable[..., bool], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(room, present, meeting(getattr(room, present)))
    assert sorted(twice(lambda: change(3, None))) == [False, True]


def test_times_without_control_do_not_meet(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ControlOff.objects, "create", meeting(ControlOff.objects.create))
    told = twice(lambda: in_due_time.switch_control_off(at(510), at(520), "Переезд", None))
    assert sum(isinstance(one, str) for one in told) == ControlOff.objects.count() == 1


def test_a_form_draws_one_sample(monkeypatch: pytest.MonkeyPatch) -> None:
    world.company()
    world.deal(1, "400 lead anna")
    author, key = Employee.objects.create(username="c", role=Role.CONTROLLER), uuid4()
    monkeypatch.setattr(manual_reviews, "draw", meeting(manual_reviews.draw))
    one, other = twice(lambda: manual_reviews.draw_sample(at(390), at(470), 1, 0, 7, author, key))
    assert one == other == Sample.objects.get()
