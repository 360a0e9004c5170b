from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta

from qc.rules.bursts import find_bursts, question
from qc.rules.checks import Breach, Check, checks
from qc.rules.parameters import CALENDAR, Count, Length, parameter
from qc.rules.registry import PERSON, QUESTION, rule
from qc.rules.registry import gettext_noop as _
from qc.rules.terms import Terms
from timeline.subjects import Deed, PersonLife

CODE = "task.copied"


@dataclass(frozen=True)
class Copies:
    count: int = parameter(
        Count(_("Tasks with one text"), least=2), _("Tasks with one text, from"), default=20
    )
    window: timedelta | None = parameter(
        Length(_("Within what time")), _("Within what time"), default=timedelta(hours=1)
    )


@rule(
    CODE,
    _("One text for many tasks"),
    QUESTION,
    unit=PERSON,
    clock=CALENDAR,
    icon="copy-check",
    weight=0,
    sentence=_(
        "Tasks with one and the same text set in a row since %(since)s: %(count)s. Is there a plan behind them?"
    ),
    check="none: a question is answered, and counts in nobody's quality",
    norm=Copies,
    reads=("plans",),
)
def copied(person: PersonLife, terms: Terms) -> Iterable[Check]:
    """Fifty tasks «call the client» for tomorrow satisfy a rule, and say nothing about fifty clients.

    Fix: say what was meant: one campaign, or tasks that must be written anew, each by its deal.
    """
    return checks({}, _questions(person, terms))


def _questions(person: PersonLife, terms: Terms) -> Iterator[Breach]:
    by_text: dict[int, list[Deed]] = {}
    for deed in person.plans:
        by_text.setdefault(deed.mark, []).append(deed)
    asked = set()
    for deeds in by_text.values():
        for row, full in find_bursts(deeds, lambda at: terms.portal_norm(Copies, CODE, at)):
            if row[0].at not in asked:  # two texts begun in one second are one question
                asked.add(row[0].at)
                yield question(person.id, row, full)
