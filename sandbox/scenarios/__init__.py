"""Companies invented for demonstrations. Plain data in the API v4 read shape; no knowledge of the portal."""

import threading
from datetime import datetime
from random import Random
from typing import TYPE_CHECKING, Any

from sandbox.load import without_collection

from . import living, zolotarev
from .people import rota
from .weeks import first_monday

if TYPE_CHECKING:
    from sandbox.world import World

NAMES = ("zolotarev",)


def build(name: str, seed: int, now: datetime) -> dict[str, Any]:
    """The company's whole life up to `now` (aware), as `--load` takes it; same arguments, same dict.

    Raises ValueError for an unknown name or a naive moment.
    """
    _known(name)
    with without_collection():
        return zolotarev.build(seed, now)


def live(name: str, world: "World", rng: Random, stop: threading.Event | None = None) -> None:
    """Keep the loaded company living in real time until `stop` is set; blocks."""
    _known(name)
    living.live(world, rng, stop or threading.Event())


def staff(name: str, now: datetime) -> list[dict[str, Any]]:
    """Who works there: ids, roles, rotas, hired and left, as `build` at the same `now` has it."""
    _known(name)
    return rota(first_monday(now))


def _known(name: str) -> None:
    if name not in NAMES:
        raise ValueError(f"no scenario {name!r}; there are: {', '.join(NAMES)}")
