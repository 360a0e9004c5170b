"""How good chances were that came true or not. Pure."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from metrics.analytics.columns import Flags, Floats, Ints


def score(chances: Floats, won: Flags) -> dict[str, float | int | None]:
    """Brier's score and the logarithmic loss; the smaller the better."""
    if not len(won):
        return {"n": 0, "brier": None, "log_loss": None}
    p = np.clip(chances, 1e-6, 1 - 1e-6)
    loss = -np.where(won, np.log(p), np.log(1 - p)).mean()
    return {"n": len(won), "brier": float(((chances - won) ** 2).mean()), "log_loss": float(loss)}


def rank_pairs(chances: Floats, won: Flags) -> float | None:
    """The area under the curve: how often a deal that was won had the higher chance of two; ties count a half."""
    wins, losses = int(won.sum()), int((~won).sum())
    if not wins or not losses:
        return None
    _values, number, counts = np.unique(chances, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[number]
    return float((ranks[won].sum() - wins * (wins + 1) / 2) / (wins * losses))


def judge(chances: Floats, won: Flags, price: Ints) -> dict[str, Any]:
    expected, came = float((chances * price).sum()) / 100, float(price[won].sum()) / 100
    return {
        **{name: value for name, value in score(chances, won).items() if name != "n"},
        "auc": rank_pairs(chances, won),
        "expected_wins": float(chances.sum()),
        "expected_price": expected,
        "price_error": expected - came,
    }


def judge_all(tried: Sequence[tuple[Floats, Flags, Ints]]) -> dict[str, Any]:
    """Several forecasts as one; errors of money add up whatever their signs (``wape``), or cancel (``bias``)."""
    said, won, price = (np.concatenate(column) for column in zip(*tried, strict=True))
    whole, came = judge(said, won, price), float(price[won].sum()) / 100
    errors = sum(abs(judge(*one)["price_error"]) for one in tried)
    return whole | {
        "wape_price": errors / came if came else None,
        "bias_price": whole["price_error"] / came if came else None,
    }


def calibrate(chances: Floats, won: Flags) -> list[dict[str, Any]]:
    """What was said against what came, by tenths of the chance."""
    tenth = np.minimum((chances * 10).astype(np.int64), 9)
    return [
        {
            "from": place / 10,
            "n": int(mine.sum()),
            "said": float(chances[mine].mean()),
            "came": float(won[mine].mean()),
        }
        for place in range(10)
        for mine in [tenth == place]
        if mine.any()
    ]
