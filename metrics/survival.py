"""The median of waits of which some have not ended yet."""

from collections.abc import Iterable
from decimal import Decimal
from math import isclose
from typing import NamedTuple


class Wait(NamedTuple):
    length: Decimal
    ended: bool  # False: it has lasted so long and goes on


def median(waits: Iterable[Wait]) -> Decimal | None:
    """The Kaplan–Meier median: when half of the waits are over; None while less than half are.

    A wait that goes on is evidence of a longer one and is never counted as ended. Where exactly half is over between
    two ends the middle of the two counts, so without open waits this is the ordinary median.
    """
    rows = sorted(waits, key=lambda wait: (wait.length, not wait.ended))
    waiting = 1.0  # the estimated share of waits longer than the ones seen so far
    half: Decimal | None = None
    for place, wait in enumerate(rows):
        if not wait.ended:
            continue
        if half is not None:
            return (half + wait.length) / 2
        left = len(rows) - place
        waiting *= (left - 1) / left
        if isclose(waiting, 0.5, rel_tol=1e-9):
            half = wait.length
        elif waiting < 0.5:
            return wait.length
    return half
