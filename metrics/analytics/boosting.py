"""Gradient boosting on histograms for a chance between 0 and 1, in numpy alone. Pure and deterministic.

Small on purpose: some dozens of shallow trees on columns cut into a few dozens of bins by their quantiles.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from metrics.analytics.columns import Floats, Ints

BINS = 32
DEPTH = 3
TREES = 70
RATE = 0.1
LEAST = 40.0  # rows in a leaf: those of one deal on following days are hardly more than one
RIDGE = 15.0
SHARE = 0.6  # of the deals for each tree


@dataclass(frozen=True)
class Model:
    """``edges`` of the bins by column; trees as arrays by node: column (-1 = leaf), bin, value.

    The children of node i are 2i + 1 and 2i + 2.
    """

    base: float
    edges: list[list[float]]
    trees: list[dict[str, list[Any]]]

    def predict(self, rows: Floats) -> Floats:
        binned = put_in_bins(rows, self.edges)
        score: Floats = np.full(len(rows), self.base)
        for tree in self.trees:
            score += _walk(tree, binned)
        return 1 / (1 + np.exp(-score))


def fit(rows: Floats, hits: Floats, groups: Ints, seed: int = 1) -> Model:
    """``groups``: the deal of each row; rows of one deal are drawn together."""
    chance = np.random.default_rng(seed)
    edges = [_edges(rows[:, column]) for column in range(rows.shape[1])]
    binned = put_in_bins(rows, edges)
    share = float(np.clip(hits.mean() if len(hits) else 0.5, 1e-3, 1 - 1e-3))
    base = float(np.log(share / (1 - share)))
    score = np.full(len(rows), base)
    people, group = np.unique(groups, return_inverse=True)
    trees: list[dict[str, list[Any]]] = []
    for _ in range(TREES if len(rows) >= 4 * LEAST else 0):
        drawn = np.flatnonzero((chance.random(len(people)) < SHARE)[group])
        p = 1 / (1 + np.exp(-score))
        trees.append(_grow(binned.take(drawn, axis=1), (hits - p)[drawn], (p * (1 - p))[drawn]))
        score += _walk(trees[-1], binned)
    return Model(base, edges, trees)


def put_in_bins(rows: Floats, edges: list[list[float]]) -> Ints:
    """One line a column: sums by bins are taken column by column, and read what lies side by side."""
    found = np.empty(rows.shape[::-1], dtype=np.int64)
    for column, marks in enumerate(edges):
        found[column] = np.searchsorted(np.array(marks), rows[:, column], side="right")
    return found


def _edges(column: Floats) -> list[float]:
    values = np.unique(column)
    if len(values) <= BINS:
        return [float(value) for value in (values[1:] + values[:-1]) / 2]
    return [float(mark) for mark in np.unique(np.quantile(column, np.arange(1, BINS) / BINS))]


def _grow(binned: Ints, pull: Floats, weight: Floats) -> dict[str, list[Any]]:
    """One tree, level by level: in each node the split that helps the most."""
    size, (columns, rows) = 2 ** (DEPTH + 1) - 1, binned.shape
    split, bound, value = np.full(size, -1), np.zeros(size, dtype=np.int64), np.zeros(size)
    node = np.zeros(rows, dtype=np.int64)
    for level in range(DEPTH + 1):
        first, width = 2**level - 1, 2**level
        alive = np.flatnonzero(node >= first)
        local, pulls, weights = node[alive] - first, pull[alive], weight[alive]
        sums = np.bincount(local, pulls, width), np.bincount(local, weights, width)
        value[first : first + width] = RATE * sums[0] / (sums[1] + RIDGE)
        if level == DEPTH:
            break
        g, h, n = (np.empty((width, columns, BINS)) for _ in range(3))
        for column, bins in enumerate(binned):
            keys, total = local * BINS + bins[alive], width * BINS
            g[:, column] = np.bincount(keys, pulls, total).reshape(width, BINS)
            h[:, column] = np.bincount(keys, weights, total).reshape(width, BINS)
            n[:, column] = np.bincount(keys, minlength=total).reshape(width, BINS)
        g, h, n = g.cumsum(axis=2), h.cumsum(axis=2), n.cumsum(axis=2)
        g_all, h_all, n_all = g[:, :, -1:], h[:, :, -1:], n[:, :, -1:]
        gain = g**2 / (h + RIDGE) + (g_all - g) ** 2 / (h_all - h + RIDGE) - g_all**2 / (h_all + RIDGE)
        gain[(n < LEAST) | (n_all - n < LEAST)] = 0.0
        best = gain.reshape(width, -1).argmax(axis=1)
        helps = gain.reshape(width, -1)[np.arange(width), best] > 1e-6
        split[first : first + width] = np.where(helps, best // BINS, -1)
        bound[first : first + width] = best % BINS
        own = split[node]
        goes = (node >= first) & (own >= 0)
        right = binned[np.maximum(own, 0), np.arange(rows)] > bound[node]
        node = np.where(goes, 2 * node + 1 + right, node)
    return {"column": split.tolist(), "bin": bound.tolist(), "value": value.tolist()}


def _walk(tree: dict[str, list[Any]], binned: Ints) -> Floats:
    value: Floats = np.array(tree["value"])
    node = np.zeros(binned.shape[1], dtype=np.int64)
    for level in range(DEPTH):
        for place in range(2**level - 1, 2 ** (level + 1) - 1):
            if (column := tree["column"][place]) >= 0:
                here = np.flatnonzero(node == place)
                node[here] = 2 * place + 1 + (binned[column, here] > tree["bin"][place])
    return value[node]
