"""Judging very many deals on all cores: the same engine in several processes."""

import gc
import multiprocessing
import os
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from functools import partial
from typing import Any, TypeVar

from django.db import connection, connections

from qc import engine

ENOUGH = 4 * engine.BATCH  # below, starting processes costs more than it brings
T = TypeVar("T")
_inherited: list[Any] = []


def judge(
    deal_ids: Sequence[int],
    rules: Collection[str] | None = None,
    processes: int | None = None,
    *,
    around: bool = True,
) -> Counter[tuple[str, str]]:
    """What `engine.judge` does, by ``processes`` at once (None = one for each core)."""
    workers = processes_for(len(deal_ids), processes)
    if workers == 1:
        return engine.judge(deal_ids, rules, around=around)
    parts = [
        (deal_ids[start : start + engine.BATCH], rules) for start in range(0, len(deal_ids), engine.BATCH)
    ]
    return sum(spread(partial(engine.judge, around=around), parts, workers), Counter())


def processes_for(deals: int, processes: int | None = None) -> int:
    """How many are worth their start. What a transaction has not committed others cannot see: it has one."""
    if deals < ENOUGH or connection.in_atomic_block:
        return 1
    return os.cpu_count() or 1 if processes is None else processes


def spread(work: Callable[..., T], parts: Sequence[tuple[Any, ...]], workers: int) -> list[T]:
    """``work`` on every part, by so many processes at once."""
    gc.freeze()  # timelines come and go without cycles: collecting them costs a quarter of the time
    with multiprocessing.get_context("fork").Pool(workers, _begin) as pool:
        return pool.starmap(work, parts, chunksize=1)


def _begin() -> None:
    """A forked process must not speak over its parent's connection, nor end it: that stays with the locks it holds."""
    gc.disable()
    for one in connections.all(initialized_only=True):
        _inherited.append(one.connection)
        one.connection = None
