"""What rules look at beside deals, as frozen values: a person, a contact, a stage. Every moment is aware."""

from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple


class Loss(NamedTuple):
    """A deal that somebody closed as lost."""

    at: datetime
    deal: int
    stage: str


@dataclass(frozen=True)
class PersonLife:
    """``losses``: the deals that this person closed as lost, whosesoever they were, in the order of time."""

    id: int
    losses: tuple[Loss, ...] = ()


class ContactDeal(NamedTuple):
    """A deal of a contact, from its creation until it was closed or deleted."""

    id: int
    pipeline: int | None
    owner: int | None
    created_at: datetime
    ended_at: datetime | None


@dataclass(frozen=True)
class ContactLife:
    """``deals`` in the order of their creation."""

    id: int
    deals: tuple[ContactDeal, ...] = ()


@dataclass(frozen=True)
class StageLife:
    id: str
    name: str
    kind: str
