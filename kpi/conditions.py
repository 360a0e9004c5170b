"""A scheme written out for the bonus regulation: who is paid, for what, by which order, in the reader's language."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from django.utils.translation import gettext as _

import metrics
from core import formats
from kpi.calculation.running import MONTH, QUARTER
from kpi.measures import read_measure
from kpi.objections import TERM
from kpi.pay_schemes import PayScheme
from kpi.sentences import choose_title, locale, money, say
from metrics.words import NO_DENOMINATOR


@dataclass(frozen=True)
class Clause:
    """A numbered paragraph; ``title`` may be empty."""

    title: str
    text: str


@dataclass(frozen=True)
class Chapter:
    title: str
    clauses: tuple[Clause, ...]


def write_conditions(scheme: PayScheme) -> tuple[Chapter, ...]:
    """It names no employee."""
    return (
        Chapter(_("General"), tuple(_general(scheme))),
        Chapter(_("What is paid"), tuple(_parts(scheme))),
        Chapter(_("How the measures are counted"), tuple(_measures(scheme))),
        Chapter(_("The order"), tuple(_order(scheme))),
    )


def _general(scheme: PayScheme) -> Iterator[Clause]:
    since = formats.day(scheme.effective_from, locale(), True)
    yield Clause(
        "", _("These conditions are in force from %(day)s until others replace them.") % {"day": since}
    )
    if scheme.people is None:
        yield Clause("", _("They are for sales managers to whom no conditions of their own apply."))
    else:
        yield Clause("", _("They are for the employees who have signed them."))
    if scheme.quota:
        told = {"plan": money(scheme.quota)}
        yield Clause(
            "", _("The plan of a month is %(plan)s, unless the employee is given another one.") % told
        )
    yield Clause(
        "",
        _(
            "Pay is counted for a calendar month, in the currency of the account, by the data of amoCRM and of "
            "the rota."
        ),
    )


def _parts(scheme: PayScheme) -> Iterator[Clause]:
    for component in scheme.components:
        text = say(component.clause(), scheme.titles)
        if component.period != MONTH:
            text = f"{text} {_by_quarter() if component.period == QUARTER else _by_year()}"
        yield Clause(choose_title(scheme.titles[component.code]), text)


def _by_quarter() -> str:
    return _(
        "It counts by the quarter: a month pays what the quarter has earned so far less what its earlier months "
        "have paid."
    )


def _by_year() -> str:
    return _(
        "It counts by the year: a month pays what the year has earned so far less what its earlier months have paid."
    )


def _measures(scheme: PayScheme) -> Iterator[Clause]:
    for name in scheme.measures:
        measure = read_measure(name)
        if measure.kept:
            told = _(
                "The share of occasions on which the rule was kept, of all on which it could have been broken."
            )
        else:
            metric = metrics.METRICS[measure.code]
            told = _("Credited to: %(who)s. Clock: %(clock)s.") % {
                "who": metric.attribution,
                "clock": metric.clock,
            }
            if metric.denominator is not NO_DENOMINATOR:
                told = f"{told} " + _("Share of: %(of)s.") % {"of": metric.denominator}
        options = ", ".join(f"{key} = {value}" for key, value in measure.options.items())
        yield Clause(str(measure.title) + (f" ({options})" if options else ""), told)


def _order(scheme: PayScheme) -> Iterator[Clause]:
    said = [
        _(
            "First what is earned, then coefficients and conditions, then caps and guarantees, then what is returned "
            "for sales that came back, then advances, then what an order takes from bonuses. Each line is rounded "
            "once, to the kopeck."
        ),
        _(
            "What is not known takes nothing: a coefficient or a condition without data is not applied, and an "
            "indicator without data leaves the matrix."
        ),
    ]
    if any(read_measure(name).is_quality for name in scheme.measures):
        said.append(
            _(
                "Quality is a condition of earning the bonus, by the scale above; it takes nothing from pay for the "
                "work itself."
            )
        )
    days = TERM // timedelta(days=1)
    said += [
        _(
            "During the month the sum is preliminary. When the month is closed it does not change; what turns out "
            "later is a line of its own with its reason."
        ),
        _(
            "The employee sees how each line came about and may object to it; the answer comes within %(days)s "
            "calendar days."
        )
        % {"days": days},
    ]
    yield from (Clause("", text) for text in said)
