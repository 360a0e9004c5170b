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

CODE = "person.mass_close"


@dataclass(frozen=True)
class Burst:
    count: int = parameter(Count(_("Deals lost at once"), least=2), _("Deals lost at once"), default=10)
    window: timedelta | None = parameter(
        Length(_("Within what time")), _("Within what time"), default=timedelta(hours=1)
    )


@rule(
    CODE,
    _("Many deals closed as lost at once"),
    QUESTION,
    unit=PERSON,
    clock=CALENDAR,
    icon="circle-question-mark",
    weight=0,
    sentence=_("Deals closed as lost one after another since %(since)s: %(count)s. What happened?"),
    check="none: a question is answered, and counts in nobody's quality",
    norm=Burst,
    reads=("losses",),
)
def mass_close(person: PersonLife, terms: Terms) -> Iterable[Check]:
    """Deals that are closed in a row, without a word, may be a tidying of the list before somebody looks at it.

    Fix: say what happened: a campaign that ended, a base that was cleaned, or deals that must be opened again.
    """
    rows = find_bursts(person.losses, lambda at: terms.portal_norm(Burst, CODE, at))
    return checks({}, [question(person.id, *row) for row in rows])
