"""Work on all cores, and where that is not allowed."""

import multiprocessing
import os

from core import process_pool


def tell_process(number: int) -> tuple[int, int]:
    return number, os.getpid()


def spread_in_child(answers: "multiprocessing.SimpleQueue[list[tuple[int, int]]]") -> None:
    answers.put(process_pool.spread(tell_process, [(1,), (2,)], 2))


def test_processes_answer_in_the_order_of_the_parts() -> None:
    told = process_pool.spread(tell_process, [(number,) for number in range(5)], 2)

    assert [number for number, _ in told] == [0, 1, 2, 3, 4]
    assert os.getpid() not in {process for _, process in told}


def test_a_child_of_a_pool_works_alone() -> None:
    """Celery's children are daemons, which Python forbids to have children."""
    forking = multiprocessing.get_context("fork")
    answers = forking.SimpleQueue()
    child = forking.Process(target=spread_in_child, args=(answers,), daemon=True)
    child.start()
    told = answers.get()
    child.join()

    assert told == [(1, child.pid), (2, child.pid)]
