from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from msgspec.structs import replace

from qc.rules.checks import Breach, Check, checks
from qc.rules.parameters import CALENDAR, Count, parameter
from qc.rules.registry import PERSON, QUESTION, rule
from qc.rules.registry import gettext_noop as _
from qc.rules.sentences import Fact, Said
from qc.rules.terms import Terms
from timeline.subjects import Card, PersonLife

MICROSECOND = timedelta(microseconds=1)
LASTING = timedelta(days=1)  # a crowd that is gone by tomorrow is a busy morning


@dataclass(frozen=True)
class MostCards:
    """``most`` 0: no limit."""

    most: int = parameter(
        Count(_("Most cards of one manager"), least=0),
        _("Most cards of one manager (0: no limit)"),
        default=0,
    )


def fact(norm: MostCards) -> Fact | None:
    if not norm.most:
        return None
    return Fact(_("Most cards of one manager"), Said("%(count)s", {"count": norm.most}))


@rule(
    "person.overloaded",
    _("Too many cards on a stage"),
    QUESTION,
    unit=PERSON,
    clock=CALENDAR,
    icon="layers",
    weight=0,
    sentence=_(
        "On the stage “%(stage)s” more cards than one person can lead since %(since)s: up to %(count)s. Who helps?"
    ),
    check="none: too much work is not a fault of whoever has it",
    norm=MostCards,
    facts=fact,
    by_stages=True,
    reads=("cards",),
)
def overloaded(person: PersonLife, terms: Terms) -> Iterable[Check]:
    """Whoever has a hundred and twenty cards on one stage leads none of them.

    Fix: the head of sales shares them out, or closes what will not be bought.
    """
    by_stage: dict[str, list[Card]] = {}
    for card in person.cards:
        by_stage.setdefault(card.stage, []).append(card)
    breaches: list[Breach] = []
    told: set[datetime] = set()
    for stage, cards in sorted(by_stage.items()):
        for breach in _stretches(person.id, stage, cards, terms):
            since = breach.since
            while since in told:  # two stages that overflow in one second are two findings
                since += MICROSECOND
            told.add(since)
            breaches.append(replace(breach, since=since))
    return checks({}, breaches)


def _stretches(person: int, stage: str, cards: list[Card], terms: Terms) -> Iterator[Breach]:
    steps: dict[datetime, int] = {}
    for card in cards:
        steps[card.since] = steps.get(card.since, 0) + 1
        if card.until is not None:
            steps[card.until] = steps.get(card.until, 0) - 1
    for one in terms.norms.get(stage, ()):
        if one.published_at is not None:
            steps.setdefault(one.published_at, 0)
    since: datetime | None = None
    standing = most = 0
    regulation = None
    for at in sorted(steps):
        standing += steps[at]
        versions = terms.versions_at(MostCards, stage, at)
        allowed = versions.last.norm.most if versions is not None else 0
        if allowed and standing > allowed:
            if since is None:
                since, most = at, 0
                regulation = versions.last.regulation if versions is not None else None
            most = max(most, standing)
        elif since is not None:
            if at > since + LASTING:
                yield Breach(
                    since, since + LASTING, at, person, stage, {"count": most}, regulation=regulation
                )
            since = None
    if since is not None:
        yield Breach(since, since + LASTING, None, person, stage, {"count": most}, regulation=regulation)
