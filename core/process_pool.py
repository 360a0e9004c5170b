"""Work on all cores, by processes that are forked from this one."""

import gc
import multiprocessing
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from django.db import connections

from core import collecting

T = TypeVar("T")
_inherited: list[Any] = []


def spread(work: Callable[..., T], parts: Sequence[tuple[Any, ...]], workers: int) -> list[T]:
    """``work`` on every part, by so many processes at once; answers in the order of the parts.

    A child of Celery's may have no children: it does one part after another.
    """
    if multiprocessing.current_process().daemon:
        return [work(*part) for part in parts]
    collecting.set_loaded_aside()
    with multiprocessing.get_context("fork").Pool(workers, _begin) as pool:
        return pool.starmap(work, parts, chunksize=1)


def _begin() -> None:
    """A forked process must not speak over its parent's connection, nor end it: that stays with the locks it holds.

    What it makes comes and goes without cycles: looking for them would be a quarter of its time.
    """
    gc.disable()
    for one in connections.all(initialized_only=True):
        _inherited.append(one.connection)
        one.connection = None
