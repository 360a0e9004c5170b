"""Companies invented for demonstrations. Plain data in the API v4 read shape; no knowledge of the portal."""

from datetime import datetime
from typing import Any

from . import zolotarev
from .staff import rota
from .weeks import first_monday

NAMES = ("zolotarev",)


def build(name: str, seed: int, now: datetime) -> dict[str, Any]:
    """The company's whole life up to `now` (aware), as `--load` takes it; same arguments, same dict.

    Raises ValueError for an unknown name or a naive moment.
    """
    _known(name)
    return zolotarev.build(seed, now)


def staff(name: str, now: datetime) -> list[dict[str, Any]]:
    """Who works there: ids, roles, rotas, hired and left, as `build` at the same `now` has it."""
    _known(name)
    return rota(first_monday(now))


def _known(name: str) -> None:
    if name not in NAMES:
        raise ValueError(f"no scenario {name!r}; there are: {', '.join(NAMES)}")
