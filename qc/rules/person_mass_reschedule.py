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

CODE = "person.mass_reschedule"


@dataclass(frozen=True)
class Burst:
    count: int = parameter(Count(_("Tasks put off at once"), least=2), _("Tasks put off at once"), default=20)
    window: timedelta | None = parameter(
        Length(_("Within what time")), _("Within what time"), default=timedelta(hours=1)
    )


@rule(
    CODE,
    _("Many tasks put off at once"),
    QUESTION,
    unit=PERSON,
    clock=CALENDAR,
    icon="calendar-sync",
    weight=0,
    sentence=_("Tasks moved to other dates one after another since %(since)s: %(count)s. What happened?"),
    check="none: a question is answered, and counts in nobody's quality",
    norm=Burst,
    reads=("reschedules",),
)
def mass_reschedule(person: PersonLife, terms: Terms) -> Iterable[Check]:
    """Tasks that are put off in a row in the evening are kept in time on paper, and no client was called.

    Fix: say what happened: an illness, a day of a system that was down, or work that is too much for one person.
    """
    rows = find_bursts(person.reschedules, lambda at: terms.portal_norm(Burst, CODE, at))
    return checks({}, [question(person.id, *row) for row in rows])
