"""What a kind of notice is, and the list of all. Texts are English msgids; `notices.sentences` translates them."""

import inspect
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, TypeVar

# Whom a rung of the chain reaches: the person himself, who heads him, whoever directs, whoever administers.
PERSON, HEAD, DIRECTOR, ADMIN = "person", "head", "director", "admin"
AUDIENCES = (PERSON, HEAD, DIRECTOR, ADMIN)
# What a kind is told from.
FINDING, APPEAL, MONTH, MIRROR, RULE, SHIFT, CHANNEL, STATE, WISH, DECISION, REPORT, ALERT = (
    "finding",
    "appeal",
    "month",
    "mirror",
    "rule",
    "shift",
    "channel",
    "state",
    "wish",
    "decision",
    "report",
    "alert",
)
# Buttons below a message; `notices.buttons` has what each does.
ACCEPT, LATER, DISPUTE, OPEN = "accept", "later", "dispute", "open"
OF_ANYBODY = (APPEAL, CHANNEL, WISH)  # what somebody without deals of his own may be told of himself
NOTHING = timedelta()


@dataclass(frozen=True)
class Rung:
    """Who is told, and how much working time of the person after the fact, if nothing has happened by then."""

    audience: str
    after: timedelta = NOTHING


@dataclass(frozen=True)
class Fact:
    """Something that is worth telling, known by ``key`` for ever.

    ``at``: when it is told at the earliest; may lie ahead. ``until``: after it the notice is stale and is not sent any
    more. ``person`` is the amoCRM user whom it is about, ``employee`` the portal's; ``values`` fill the sentences.
    """

    key: str
    at: datetime
    until: datetime | None = None
    person: int | None = None
    employee: int | None = None
    finding: int | None = None
    deal: int | None = None
    values: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Said:
    """A sentence with what is put in: ``values`` are (how it is written, value); ``plural`` goes by ``number``.

    Written as: text, number, money, month (its first day), day, stamp (a moment), rule (its title), measure (in words),
    rate (of a measure, with its sign).
    """

    text: str
    values: Mapping[str, tuple[str, Any]] = field(default_factory=dict)
    plural: str = ""
    number: int = 0


Function = Callable[[Any, "Terms"], Iterable[Fact]]
F = TypeVar("F", bound=Function)


@dataclass(frozen=True)
class Terms:
    """What the admin has said of a kind; ``ahead`` is how early a kind that warns does so."""

    on: bool = True
    loud: bool = True
    ahead: timedelta = NOTHING
    rungs: tuple[Rung, ...] = ()


@dataclass(frozen=True, eq=False)
class Kind:
    """A kind of the catalogue: all there is to say of it; ``why`` it is worth a message comes from the docstring.

    ``loud``: sent to a channel that rings, else it stands behind the bell only. ``repeats``: whether it is sent again
    when nobody knows whether it has arrived. ``lives``: for how long it is worth sending. ``ahead``: how early it
    warns; zero for a kind that does not. ``says``: its sentence, from a fact's values (a finding has one already).
    ``fixed`` is what an edited message says. ``rules``: of a kind told from findings, the rules it takes (empty:
    those no other kind takes). ``urgent``: goes out alone, however many have gone out before.
    ``for_chats``: a group chat may subscribe to it.
    """

    code: str
    title: str
    source: str
    icon: str
    tone: str
    headline: str
    many: tuple[str, str]
    tell: Function
    why: str
    rungs: tuple[Rung, ...]
    buttons: tuple[str, ...] = ()
    rules: tuple[str, ...] = ()
    ahead: timedelta = NOTHING
    repeats: bool = False
    loud: bool = True
    urgent: bool = False
    for_chats: bool = False
    lives: timedelta = timedelta(days=1)
    fixed: str = ""
    says: Callable[[Mapping[str, Any]], Said] | None = None

    @property
    def follows_finding(self) -> bool:
        """Whether there is nothing to tell any more once its finding is closed."""
        return self.source in (FINDING, WISH)

    @property
    def terms(self) -> Terms:
        """As it is where no admin has said anything."""
        return Terms(True, self.loud, self.ahead, self.rungs)


KINDS: dict[str, Kind] = {}


def gettext_noop(text: str) -> str:
    """Mark a text for translators. Django's own marker would bring Django into the kinds."""
    return text


def ngettext_noop(one: str, many: str) -> tuple[str, str]:
    """The same of a text that has a plural."""
    return one, many


def kind(
    code: str,
    title: str,
    *,
    source: str,
    icon: str,
    tone: str,
    headline: str,
    many: tuple[str, str],
    rungs: tuple[Rung, ...],
    why: str = "",
    **more: Any,
) -> Callable[[F], F]:
    """Put a function into the catalogue. Codes are for ever: kept notices name them.

    ``why`` it is worth a message is said by the docstring of a kind that has a file of its own. Raises ValueError for a
    code that is taken, a chain without a rung or that goes back in time, an unknown audience, and without a reason.
    """

    def register(function: F) -> F:
        reason = why or " ".join(inspect.cleandoc(function.__doc__ or "").split())
        if code in KINDS:
            raise ValueError(f"The kind {code} is taken.")
        if not rungs or any(rung.audience not in AUDIENCES for rung in rungs):
            raise ValueError(f"The kind {code} must say whom it tells.")
        if any(after.after < before.after for before, after in zip(rungs, rungs[1:], strict=False)):
            raise ValueError(f"The chain of {code} goes back in time.")
        if not reason:
            raise ValueError(f"The kind {code} must say why it is worth a message.")
        KINDS[code] = Kind(
            code, title, source, icon, tone, headline, many, function, reason, tuple(rungs), **more
        )
        return function

    return register


def told_from(source: str) -> list[Kind]:
    return [one for one in KINDS.values() if one.source == source]


def reaches(one: Kind, role: str, *, sells: bool) -> bool:
    """Whether a kind may ever reach somebody of this role, who has deals of his own or not (``sells``)."""
    audiences = {rung.audience for rung in one.rungs}
    if role in audiences:
        return True
    return PERSON in audiences and (
        sells or one.source in OF_ANYBODY or (one.source == SHIFT and role == HEAD)
    )


def rules_of(one: Kind, known: Iterable[str]) -> list[str]:
    """Codes of the rules whose findings a kind is told from, among those that there are."""
    if one.rules:
        return [code for code in one.rules if code in set(known)]
    taken = {code for other in KINDS.values() for code in other.rules}
    return [code for code in known if code not in taken]
