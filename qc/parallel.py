"""Judging very many deals on all cores: the same engine in several processes."""

import gc
import multiprocessing
import os
from collections import Counter
from collections.abc import Collection, Sequence

from django.db import connections

from qc import engine

ENOUGH = 4 * engine.BATCH  # below, starting processes costs more than it brings


def judge(
    deal_ids: Sequence[int], rules: Collection[str] | None = None, processes: int | None = None
) -> Counter[tuple[str, str]]:
    """What `engine.judge` does, by ``processes`` at once (None = one for each core). Not inside of a transaction."""
    workers = os.cpu_count() or 1 if processes is None else processes
    if workers == 1 or len(deal_ids) < ENOUGH:
        return engine.judge(deal_ids, rules)
    parts = [
        (deal_ids[start : start + engine.BATCH], rules) for start in range(0, len(deal_ids), engine.BATCH)
    ]
    gc.freeze()  # timelines come and go without cycles: collecting them costs a quarter of the time
    connections.close_all()  # a forked process must not speak over its parent's connection
    with multiprocessing.get_context("fork").Pool(workers, gc.disable) as pool:
        return sum(pool.starmap(engine.judge, parts, chunksize=1), Counter())
