"""What of a rule's findings is told in messages of their own. Pure; `notices.kinds.of_rules` makes kinds of it."""

from dataclasses import dataclass
from datetime import timedelta

NOTHING = timedelta()


@dataclass(frozen=True)
class Telling:
    """A message about findings of one rule; those of a rule without any are told as «another rule is broken».

    ``code`` is the kind's, for ever. ``ahead``: how early it warns; zero for one that tells what has opened. ``head``
    and ``director`` hear of it after so much working time of the person, if nothing has happened by then (None: never).
    ``loud``: whether it rings. ``fixed`` is what the message says once the finding is closed, ``why`` it is worth one.
    """

    code: str
    title: str
    headline: str
    many: tuple[str, str]
    fixed: str
    why: str
    ahead: timedelta = NOTHING
    head: timedelta | None = None
    director: timedelta | None = None
    loud: bool = True
