"""Why a line is what it is: a full sentence with the values put in, in the reader's language.

Lines keep values, not texts, so the same statement reads in Russian and in English, this year and next.
"""

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from core import formats
from kpi.measures import Measure

Values = Mapping[str, Any]


def because(kind: str, values: Values, amount: Decimal) -> str:
    """The sentence of a line of that kind."""
    return _SENTENCES[kind](values, amount)


def money(amount: Decimal | str) -> str:
    """Roubles, with kopecks only where there are any."""
    exact = formats.rounded(Decimal(amount), 2)
    return formats.money(exact, locale(), kopecks=exact != exact.to_integral_value())


def signed(amount: Decimal) -> str:
    return formats.signed(money(amount))


def percent(share: Decimal | str) -> str:
    """A share as a percentage, with a decimal only where there is one: «90 %», «4,5 %»."""
    points = formats.rounded(Decimal(share) * 100, 1)
    return formats.percent(Decimal(share), locale(), 0 if points == points.to_integral_value() else 1)


def plain(number: Decimal | str, places: int = 2) -> str:
    """A number without needless zeros: «0,98», «88»."""
    exact = formats.rounded(Decimal(number), places)
    needed = next(count for count in range(places + 1) if exact == formats.rounded(exact, count))
    return formats.number(exact, locale(), needed)


def measured(name: str, value: Decimal | str) -> str:
    """A measure's value in its own unit."""
    unit = Measure.read(name).unit
    if unit == "share":
        return percent(value)
    return money(value) if unit.startswith("money") else plain(value, 1)


def locale() -> str:
    return get_language() or "en"


def _title(name: str) -> str:
    return str(Measure.read(name).title)


def _salary(values: Values, amount: Decimal) -> str:
    if values["outcome"] == "no_shifts":
        return _(
            "No shifts are planned for this month: the salary of %(amount)s cannot be counted by shifts"
        ) % {"amount": money(values["amount"])}
    return ngettext(
        "%(worked)s of %(planned)s shift × %(amount)s = %(result)s",
        "%(worked)s of %(planned)s shifts × %(amount)s = %(result)s",
        values["planned"],
    ) % {
        "worked": values["worked"],
        "planned": values["planned"],
        "amount": money(values["amount"]),
        "result": money(amount),
    }


def _rate(values: Values, amount: Decimal) -> str:
    if values["outcome"] == "no_data":
        return _("There is no data on sales")
    words = {"sold": money(values["sold"]), "result": money(amount)}
    if values["outcome"] == "no_quota":
        return _("Sales of %(sold)s, but there is no plan for the month: the rate cannot be found") % words
    if values["outcome"] == "flat":
        return _("Sales of %(sold)s × %(rate)s = %(result)s") % (words | {"rate": percent(values["rate"])})
    words |= {"quota": money(values["quota"]), "attainment": percent(values["attainment"])}
    if values["outcome"] == "whole":
        sentence = _(
            "Sales of %(sold)s out of a plan of %(quota)s (%(attainment)s): %(rate)s of the whole sum → %(result)s"
        )
        return sentence % (words | {"rate": percent(values["rate"])})
    if not values["tiers"]:
        return _("No sales yet out of a plan of %(quota)s") % words
    sentence = _("Sales of %(sold)s out of a plan of %(quota)s (%(attainment)s): %(tiers)s → %(result)s")
    return sentence % (words | {"tiers": ", ".join(_tiers(values["tiers"]))})


def _tiers(tiers: list[Values]) -> list[str]:
    """«2 % up to 70 %, 3 % beyond»: what each tier reached pays."""
    shown = []
    for number, tier in enumerate(tiers):
        rate = percent(tier["rate"])
        if number and tier is tiers[-1]:
            shown.append(_("%(rate)s beyond that") % {"rate": rate})
        elif tier["upto"] is None:
            shown.append(rate)
        else:
            shown.append(_("%(rate)s up to %(share)s") % {"rate": rate, "share": percent(tier["upto"])})
    return shown


def _bonus(values: Values, amount: Decimal) -> str:
    if values["outcome"] == "no_data":
        return _("There is no data on sales")
    if values["outcome"] == "no_quota":
        return _("Sales of %(sold)s, but there is no plan for the month: the bonus cannot be found") % {
            "sold": money(values["sold"])
        }
    return _("The plan is met by %(attainment)s: %(share)s of %(amount)s = %(result)s") % {
        "attainment": percent(values["attainment"]),
        "share": percent(values["share"]),
        "amount": money(values["amount"]),
        "result": money(amount),
    }


def _matrix(values: Values, amount: Decimal) -> str:
    if values["outcome"] == "no_data":
        return _("None of the indicators has data yet: the fund of %(fund)s is not counted") % {
            "fund": money(values["fund"])
        }
    rows = "; ".join(_indicator(row) for row in values["rows"])
    return _("%(rows)s: %(share)s of the fund of %(fund)s = %(result)s") % {
        "rows": rows,
        "share": percent(values["share"]),
        "fund": money(values["fund"]),
        "result": money(amount),
    }


def _indicator(row: Values) -> str:
    words = {"title": _title(row["measure"]), "weight": percent(row["weight"])}
    if row["fact"] is None:
        return _("%(title)s: no data, does not count") % words
    return _("%(title)s: %(fact)s of %(plan)s with a weight of %(weight)s") % (
        words | {"fact": measured(row["measure"], row["fact"]), "plan": measured(row["measure"], row["plan"])}
    )


def _coefficient(values: Values, amount: Decimal) -> str:
    if values["outcome"] == "no_data":
        return _("%(title)s: no data yet, the coefficient is not applied") % {
            "title": _title(values["measure"])
        }
    return _("%(title)s %(fact)s: × %(factor)s → %(difference)s") % {
        "title": _title(values["measure"]),
        "fact": measured(values["measure"], values["fact"]),
        "factor": plain(values["factor"], 3),
        "difference": signed(amount),
    }


def _gate(values: Values, amount: Decimal) -> str:
    words = {"title": _title(values["measure"]), "limit": measured(values["measure"], values["at_least"])}
    if values["outcome"] == "no_data":
        return _("%(title)s: no data yet, the condition is not applied") % words
    words["fact"] = measured(values["measure"], values["fact"])
    if values["outcome"] == "passed":
        return _("%(title)s %(fact)s, at least %(limit)s is needed: the condition is met") % words
    return _("%(title)s %(fact)s, at least %(limit)s is needed: × %(factor)s → %(difference)s") % (
        words | {"factor": plain(values["otherwise"]), "difference": signed(amount)}
    )


def _cap(values: Values, amount: Decimal) -> str:
    words = {"earned": money(values["earned"]), "limit": money(values["limit"]), "difference": signed(amount)}
    if values["outcome"] == "free":
        return _("%(earned)s is within the limit") % words
    return _("%(earned)s is above the limit of %(limit)s → %(difference)s") % words


def _floor(values: Values, amount: Decimal) -> str:
    words = {"earned": money(values["earned"]), "limit": money(values["limit"]), "difference": signed(amount)}
    if values["outcome"] == "free":
        return _("%(earned)s is not below the guaranteed %(limit)s") % words
    return _("%(earned)s is below the guaranteed %(limit)s → %(difference)s") % words


def _correction(values: Values, amount: Decimal) -> str:
    return str(values["reason"])


_SENTENCES: dict[str, Callable[[Values, Decimal], str]] = {
    "salary": _salary,
    "rate": _rate,
    "bonus": _bonus,
    "matrix": _matrix,
    "coefficient": _coefficient,
    "gate": _gate,
    "cap": _cap,
    "floor": _floor,
    "correction": _correction,
}
