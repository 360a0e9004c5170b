"""Sentences in the reader's language: translates the texts of components and puts their values in.

Lines keep values, not texts, so the same statement reads in Russian and in English, this year and next.
"""

from collections.abc import Mapping
from decimal import Decimal

from django.utils.translation import get_language, gettext, ngettext

from core import formats
from kpi.calculation.wording import (
    Day,
    Difference,
    Listing,
    Measured,
    MeasureTitle,
    Money,
    Percent,
    Plain,
    Said,
    Text,
    Titles,
    Word,
)
from kpi.measures import read_measure

Names = Mapping[str, Mapping[str, str]]  # titles of a scheme's components, by code and language


def say(text: Text, names: Names | None = None) -> str:
    """The text in the reader's language; ``names`` are those that the scheme gives to its components."""
    words = {place: _word(word, names or {}) for place, word in text.words.items()}
    if text.plural is None:
        return gettext(text.msgid) % words
    return ngettext(text.msgid, text.plural, text.number) % words


def choose_title(titles: Mapping[str, str]) -> str:
    """A text of a document in the reader's language."""
    return titles.get(locale()[:2], titles["en"])


def money(amount: Decimal | str) -> str:
    """In the account's currency, with kopecks only where there are any."""
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
    unit = read_measure(name).unit
    if unit == "share":
        return percent(value)
    return money(value) if unit.startswith("money") else plain(value, 1)


def locale() -> str:
    return get_language() or "en"


def _word(word: Word, names: Names) -> str:
    match word:
        case Text():
            return say(word, names)
        case Money(amount):
            return money(amount)
        case Difference(amount):
            return signed(amount)
        case Percent(share):
            return percent(share)
        case Plain(number, places):
            return plain(number, places)
        case Said(words):
            return words
        case Day(day):
            return formats.day(day, locale(), True)
        case Measured(measure, value):
            return measured(measure, value)
        case MeasureTitle(measure):
            return str(read_measure(measure).title)
        case Titles(codes):
            return ", ".join(choose_title(names[code]) for code in codes)
        case Listing(words, separator):
            return separator.join(_word(one, names) for one in words)
    return str(word)
