"""What is learnt of past deals: trees beside plainly grown ones, and processes beside one."""

from typing import Any

import numpy as np
import pytest

from metrics.analytics import boosting, forecast


def grow_plainly(binned: Any, pull: Any, weight: Any) -> dict[str, list[Any]]:
    """`boosting._grow` with one sum over all columns; rows × columns."""
    size, columns = 2 ** (boosting.DEPTH + 1) - 1, binned.shape[1]
    split, bound, value = np.full(size, -1), np.zeros(size, dtype=np.int64), np.zeros(size)
    node = np.zeros(len(binned), dtype=np.int64)
    flat = binned + np.arange(columns) * boosting.BINS
    for level in range(boosting.DEPTH + 1):
        first, width = 2**level - 1, 2**level
        alive = node >= first
        local = node[alive] - first
        pulls, weights = np.bincount(local, pull[alive], width), np.bincount(local, weight[alive], width)
        value[first : first + width] = boosting.RATE * pulls / (weights + boosting.RIDGE)
        if level == boosting.DEPTH:
            break
        keys = (local[:, None] * (columns * boosting.BINS) + flat[alive]).ravel()
        shape, total = (width, columns, boosting.BINS), width * columns * boosting.BINS
        g = np.bincount(keys, np.repeat(pull[alive], columns), total).reshape(shape).cumsum(axis=2)
        h = np.bincount(keys, np.repeat(weight[alive], columns), total).reshape(shape).cumsum(axis=2)
        n = np.bincount(keys, minlength=total).reshape(shape).cumsum(axis=2)
        g_all, h_all, n_all, ridge = g[:, :, -1:], h[:, :, -1:], n[:, :, -1:], boosting.RIDGE
        gain = g**2 / (h + ridge) + (g_all - g) ** 2 / (h_all - h + ridge) - g_all**2 / (h_all + ridge)
        gain[(n < boosting.LEAST) | (n_all - n < boosting.LEAST)] = 0.0
        best = gain.reshape(width, -1).argmax(axis=1)
        helps = gain.reshape(width, -1)[np.arange(width), best] > 1e-6
        split[first : first + width] = np.where(helps, best // boosting.BINS, -1)
        bound[first : first + width] = best % boosting.BINS
        own = split[node]
        right = binned[np.arange(len(binned)), np.maximum(own, 0)] > bound[node]
        node = np.where(alive & (own >= 0), 2 * node + 1 + right, node)
    return {"column": split.tolist(), "bin": bound.tolist(), "value": value.tolist()}


@pytest.mark.parametrize("seed", range(5))
def test_a_tree_grows_as_by_one_sum_over_all_columns(seed: int) -> None:
    chance = np.random.default_rng(seed)
    n = 3_000
    twice = chance.integers(0, 5, n)  # two columns that tell the same: the first one is taken
    binned = np.column_stack([twice, twice, *(chance.integers(0, boosting.BINS, n) for _ in range(6))])
    hits = chance.random(n) < 0.1 + 0.1 * twice + 0.01 * binned[:, 3]
    p = np.full(n, hits.mean())
    wanted = grow_plainly(binned, hits - p, p * (1 - p))
    assert boosting._grow(np.ascontiguousarray(binned.T), hits - p, p * (1 - p)) == wanted
    assert wanted["column"][0] >= 0


@pytest.mark.django_db(transaction=True)  # in a transaction nothing is learnt by processes
def test_processes_learn_what_one_does(monkeypatch: pytest.MonkeyPatch) -> None:
    chance, n = np.random.default_rng(3), 2_000
    moment, deal, stage, age = (chance.integers(0, 40, n) for _ in range(4))
    rows = chance.random((n, 5))
    lessons = forecast.Lessons(moment, deal, stage, age, chance.random(n) < rows[:, 0], rows)
    taught = [lessons, lessons.before(20, 0)]
    one = forecast.learn(taught)
    monkeypatch.setattr(forecast, "MANY_ROWS", 0)
    assert forecast.learn(taught) == one
    assert one[0] != one[1]
