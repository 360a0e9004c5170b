"""What an open deal without an amount is worth: the average sale, times the chance of one from its stage."""

from collections.abc import Iterable, Mapping
from decimal import Decimal

from msgspec import Struct

ENOUGH = 20  # closed deals: below that, a share says next to nothing


class Chance(Struct, frozen=True):
    """Of the deals that were on a stage and have closed since: how many, how many were won; of the won ones with an
    amount, how many and their sum."""

    stage: str
    closed: int
    won: int
    priced: int
    money: Decimal

    @property
    def share(self) -> float | None:
        """won ÷ closed; null where fewer than ENOUGH have closed."""
        return self.won / self.closed if self.closed >= ENOUGH else None

    @property
    def average(self) -> Decimal | None:
        """The mean amount of the won ones; null without any."""
        return self.money / self.priced if self.priced else None

    @property
    def value(self) -> Decimal | None:
        """average × won ÷ closed, unrounded; null where either is not known."""
        if self.closed < ENOUGH or self.average is None:
            return None
        return self.average * (Decimal(self.won) / self.closed)  # in this order it never exceeds the average


def by_stage(chances: Iterable[Chance]) -> Mapping[str, Chance]:
    return {one.stage: one for one in chances}
