from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

from qc.rules.bursts import find_bursts, question
from qc.rules.checks import Check, checks
from qc.rules.parameters import CALENDAR, Count, Length, parameter
from qc.rules.registry import PERSON, QUESTION, rule
from qc.rules.registry import gettext_noop as _
from qc.rules.terms import Terms
from timeline.subjects import PersonLife

CODE = "person.mass_move"


@dataclass(frozen=True)
class Burst:
    count: int = parameter(Count(_("Deals moved at once"), least=2), _("Deals moved at once"), default=30)
    window: timedelta | None = parameter(
        Length(_("Within what time")), _("Within what time"), default=timedelta(hours=1)
    )


@rule(
    CODE,
    _("Many deals moved at once"),
    QUESTION,
    unit=PERSON,
    clock=CALENDAR,
    icon="move-right",
    weight=0,
    sentence=_("Deals moved to other stages one after another since %(since)s: %(count)s. What happened?"),
    check="none: a question is answered, and counts in nobody's quality",
    norm=Burst,
    reads=("moves",),
)
def mass_move(person: PersonLife, terms: Terms) -> Iterable[Check]:
    """Deals that are moved in a row, without a word to the clients, make a funnel look alive before a meeting.

    Fix: say what happened: a change of the pipeline, a day of catching up, or deals that must be moved back.
    """
    rows = find_bursts(person.moves, lambda at: terms.portal_norm(Burst, CODE, at))
    return checks({}, [question(person.id, *row) for row in rows])
