"""What rules look at beside deals, as frozen values: a person, a contact, a stage. Every moment is aware."""

from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple


class Loss(NamedTuple):
    """A deal that somebody closed as lost."""

    at: datetime
    deal: int
    stage: str


class Deed(NamedTuple):
    """Something that somebody did on a deal; ``mark``: of a task's text."""

    at: datetime
    deal: int
    mark: int = 0


class Card(NamedTuple):
    """A deal that somebody had on a stage of work from ``since`` until ``until``."""

    stage: str
    deal: int
    since: datetime
    until: datetime | None


@dataclass(frozen=True)
class PersonLife:
    """What one person did and had, each in the order of time, whosesoever the deals were.

    ``losses``: closed as lost; ``moves``: from stage to stage of work; ``reschedules``: tasks whose due moment was
    moved; ``plans``: tasks set; ``cards``: held. Each is there only when it was asked for.
    """

    id: int
    losses: tuple[Loss, ...] = ()
    moves: tuple[Deed, ...] = ()
    reschedules: tuple[Deed, ...] = ()
    plans: tuple[Deed, ...] = ()
    cards: tuple[Card, ...] = ()


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
