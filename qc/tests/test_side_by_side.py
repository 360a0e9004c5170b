"""Several processes and threads at the same deals."""

from collections.abc import Iterator
from threading import Barrier, Thread

import pytest
from django.db import connection

from core import moment
from qc import engine, parallel
from qc.models import Finding
from qc.tests import world
from qc.tests.lives import at, hours

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def company() -> Iterator[None]:
    world.company()
    world.regulation("offer", max_stay=hours(24), needs_task=True)
    for pk in range(1, 21):
        world.deal(pk, f"{pk} offer anna; {pk + 40} lead boris")
    moment.fix(at(500).isoformat())
    yield
    moment.fix(None)


def test_two_who_judge_the_same_deals_in_another_order_agree() -> None:
    start = Barrier(4)
    failures = []

    def judge(ids: list[int]) -> None:
        try:
            start.wait()
            for _ in range(5):
                engine.judge(ids)
        except Exception as error:
            failures.append(error)
        finally:
            connection.close()

    ids = list(range(1, 21))
    threads = [Thread(target=judge, args=(order,)) for order in (ids, ids[::-1], ids[5:], ids[:15])]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == [] and Finding.objects.standing().count() == 40


def test_several_processes_do_what_one_does(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "BATCH", 3)
    monkeypatch.setattr(parallel, "ENOUGH", 1)
    counts = parallel.judge(range(1, 21), processes=2)
    assert counts == {("deal.stuck", "new"): 20, ("task.none", "new"): 20}
    assert parallel.judge(range(1, 21), ["deal.stuck"], processes=2) == {("deal.stuck", "standing"): 20}
