"""Judging very many deals on all cores: the same engine in several processes."""

import os
from collections import Counter
from collections.abc import Collection, Sequence
from functools import partial

from django.db import connection

from core import process_pool
from qc import engine

ENOUGH = 4 * engine.BATCH  # below, starting processes costs more than it brings


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
    return sum(process_pool.spread(partial(engine.judge, around=around), parts, workers), Counter())


def processes_for(deals: int, processes: int | None = None) -> int:
    """How many are worth their start. What a transaction has not committed others cannot see: it has one."""
    if deals < ENOUGH or connection.in_atomic_block:
        return 1
    return os.cpu_count() or 1 if processes is None else processes
