from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from qc.rules.checks import Breach, Check, checks
from qc.rules.parameters import CALENDAR, Count, Length, parameter
from qc.rules.registry import PERSON, QUESTION, rule
from qc.rules.registry import gettext_noop as _
from qc.rules.terms import Terms
from timeline.subjects import Loss, PersonLife

CODE = "person.mass_close"
ASKED = timedelta(days=14)  # afterwards nobody remembers


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
)
def mass_close(person: PersonLife, terms: Terms) -> Iterator[Check]:
    """Deals that are closed in a row, without a word, may be a tidying of the list before somebody looks at it.

    Fix: say what happened: a campaign that ended, a base that was cleaned, or deals that must be opened again.
    """
    return checks({}, _bursts(person, terms))


def _bursts(person: PersonLife, terms: Terms) -> Iterator[Breach]:
    row: list[Loss] = []
    full: Loss | None = None
    for place, loss in enumerate(person.losses):
        norm = terms.portal_norm(Burst, CODE, loss.at)
        first = place - norm.count + 1
        if first < 0 or norm.window is None or loss.at - person.losses[first].at > norm.window:
            continue
        begun = person.losses[first]
        if full is not None and begun.at <= row[-1].at:
            row += [one for one in person.losses[first : place + 1] if one not in row]
            continue
        if full is not None:
            yield _asked(person, row, full)
        row, full = list(person.losses[first : place + 1]), loss
    if full is not None:
        yield _asked(person, row, full)


def _asked(person: PersonLife, row: list[Loss], full: Loss) -> Breach:
    deals = tuple(loss.deal for loss in row)
    values = {"count": len(deals), "deals": list(deals)}
    return Breach(row[0].at, full.at, full.at + ASKED, person.id, None, values)
