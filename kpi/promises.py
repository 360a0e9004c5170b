"""What a pay scheme promises: a sentence for each component, before any number of the month is known."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from kpi.formulas.components import Bonus, Coefficient, Gate, Limit, Matrix, Rate, Salary
from kpi.measures import Measure
from kpi.pay_schemes import Plan
from kpi.sentences import measured, money, percent, plain


@dataclass(frozen=True)
class Term:
    """``kind`` is the component's, for an icon."""

    code: str
    kind: str
    title: str
    text: str


def terms(plan: Plan) -> Iterator[Term]:
    """In the order of the scheme, in the reader's language."""
    for component in plan.components:
        yield Term(
            component.code,
            component.kind,
            _named(plan, component.code),
            _TEXTS[type(component)](component, plan),
        )


def _named(plan: Plan, code: str) -> str:
    titles = plan.titles[code]
    return titles.get((get_language() or "en")[:2], titles["en"])


def _measure(name: str) -> str:
    return str(Measure.read(name).title)


def _salary(component: Salary, plan: Plan) -> str:
    return _("%(amount)s for all shifts of the month, by the shifts worked.") % {
        "amount": money(component.amount)
    }


def _rate(component: Rate, plan: Plan) -> str:
    measure = _measure(component.measure)
    if component.scale == "flat":
        return _("%(rate)s of “%(measure)s”.") % {
            "rate": percent(component.tiers[0].rate),
            "measure": measure,
        }
    words = {"measure": measure, "tiers": ", ".join(_tiers(component))}
    if component.scale == "marginal":
        return _("Of “%(measure)s”: %(tiers)s. Each rate counts for its own part of the sum.") % words
    return _("Of “%(measure)s”: %(tiers)s. The rate reached counts for the whole sum.") % words


def _tiers(component: Rate) -> Iterator[str]:
    for tier in component.tiers:
        if tier.upto is None:
            yield _("%(rate)s beyond that") % {"rate": percent(tier.rate)}
        else:
            yield _("%(rate)s up to %(share)s of the plan") % {
                "rate": percent(tier.rate),
                "share": percent(tier.upto),
            }


def _bonus(component: Bonus, plan: Plan) -> str:
    return _("%(amount)s when the plan is met exactly; %(points)s.") % {
        "amount": money(component.amount),
        "points": "; ".join(
            _("at %(x)s of the plan %(y)s of it") % {"x": percent(x), "y": percent(y)}
            for x, y in component.points
        ),
    }


def _matrix(component: Matrix, plan: Plan) -> str:
    rows = (
        _("%(title)s, plan %(plan)s, weight %(weight)s")
        % {
            "title": _measure(row.measure),
            "plan": measured(row.measure, row.plan),
            "weight": percent(row.weight),
        }
        for row in component.indicators
    )
    return _("A fund of %(fund)s by how far the indicators are met: %(rows)s.") % {
        "fund": money(component.fund),
        "rows": "; ".join(rows),
    }


def _coefficient(component: Coefficient, plan: Plan) -> str:
    points = (
        _("%(fact)s gives × %(factor)s") % {"fact": measured(component.measure, x), "factor": plain(y, 3)}
        for x, y in component.points
    )
    return _("“%(of)s” is multiplied by “%(measure)s”: %(points)s; in between by a straight line.") % {
        "of": _together(plan, component.of),
        "measure": _measure(component.measure),
        "points": ", ".join(points),
    }


def _gate(component: Gate, plan: Plan) -> str:
    return _("“%(of)s” counts in full from “%(measure)s” of %(limit)s; below that × %(factor)s.") % {
        "of": _together(plan, component.of),
        "measure": _measure(component.measure),
        "limit": measured(component.measure, component.at_least),
        "factor": plain(component.otherwise),
    }


def _limit(component: Limit, plan: Plan) -> str:
    words = {"amount": money(component.amount)}
    if component.kind == "cap":
        return _("No more than %(amount)s together.") % words
    return _("No less than %(amount)s together.") % words


def _together(plan: Plan, codes: tuple[str, ...]) -> str:
    return ", ".join(_named(plan, code) for code in codes)


_TEXTS: dict[type, Callable[[Any, Plan], str]] = {
    Salary: _salary,
    Rate: _rate,
    Bonus: _bonus,
    Matrix: _matrix,
    Coefficient: _coefficient,
    Gate: _gate,
    Limit: _limit,
}
