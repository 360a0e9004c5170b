"""Two questions to PostgreSQL at once: one of them is asked beside, by a thread with a connection of its own."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from django.db import connection

T = TypeVar("T")


def ask_beside(question: Callable[[], T]) -> Callable[[], T]:
    """Begin to ask; what is returned waits for the answer, or raises what asking has raised.

    For questions of a second: the connection costs some milliseconds. Within a transaction the question is asked when
    its answer is wanted, in the same connection: another one would not see what the transaction has written.
    """
    if connection.in_atomic_block:
        return question
    pool = ThreadPoolExecutor(1, "beside")
    answer = pool.submit(_ask, question)
    pool.shutdown(wait=False)
    return answer.result


def _ask(question: Callable[[], T]) -> T:
    try:
        return question()
    finally:
        connection.close()
